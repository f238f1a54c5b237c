// SPDX-License-Identifier: Apache-2.0
// The agent's own events (events.def) as a table, for people: a firmware does not link it. Constant. Thread: any.
#ifndef MU_PROTO_EVENT_WORDS_H
#define MU_PROTO_EVENT_WORDS_H

enum mu_own_event {
#define EVENT(name, unit, meaning, text) MU_OWN_EVENT_##name,
#include "proto/events.def"
	MU_OWN_EVENT_COUNT
};

struct mu_event_words {
	const char *name, *unit, *meaning, *text; // unit and meaning of the value; what the text holds
};

extern const struct mu_event_words mu_event_words[MU_OWN_EVENT_COUNT];

// Index 0 .. MU_OWN_EVENT_COUNT-1; MU_ERR_NOT_FOUND: an application's event.
int mu_event_find(const char *name);

#endif
