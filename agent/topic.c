// SPDX-License-Identifier: Apache-2.0
#include "agent/topic.h"
#include "proto/limits.h"
#include "proto/text.h"
#include <string.h>

static const char prefix[] = "muster/v1/";

_Static_assert(sizeof prefix + MU_DEVICE_ID_MAX + sizeof "/state" <= MU_TOPIC_MAX, "the longest topic fits");

void mu_topic(char out[MU_TOPIC_MAX], const char *id, const char *leaf)
{
	const char *const parts[] = { prefix, id, "/", leaf }, *end = out + MU_TOPIC_MAX;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		out = mu_text_put(out, end, parts[i]);
}

bool mu_topic_is(const char *topic, const char *id, const char *leaf)
{
	char wanted[MU_TOPIC_MAX];
	mu_topic(wanted, id, leaf);
	return topic && strcmp(topic, wanted) == 0;
}
