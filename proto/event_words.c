// SPDX-License-Identifier: Apache-2.0
#include "proto/event_words.h"
#include "agent/image/err.h"
#include <string.h>

const struct mu_event_words mu_event_words[MU_OWN_EVENT_COUNT] = {
#define EVENT(name, unit, meaning, text) { #name, #unit, meaning, text },
#include "proto/events.def"
};

int mu_event_find(const char *name)
{
	for (int i = 0; i < MU_OWN_EVENT_COUNT; i++)
		if (strcmp(mu_event_words[i].name, name) == 0)
			return i;
	return MU_ERR_NOT_FOUND;
}
