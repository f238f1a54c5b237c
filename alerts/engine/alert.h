// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: one alert, which is what its latest transition says, and the table of its states.
//
// An alert never changes: the next transition makes another one. So a transition is taken back by putting the old one back.
// Pure but for the heap. Thread: any one at a time.
#ifndef ALERTS_ENGINE_ALERT_H
#define ALERTS_ENGINE_ALERT_H
#include "alerts/engine/engine.h"

#define ALERT_NO_RULE UINT32_MAX // the rule of this alert is gone

struct alert {
	struct alert *next; // of the device, by rule
	uint32_t rule;      // index, or ALERT_NO_RULE
	enum alert_state state;
	enum alert_severity severity;
	uint64_t at_ms, started_ms, fired_ms, incident;
	double value, threshold;
	const char *uid, *name;
	struct alert_text *labels, *annotations;
	unsigned label_count, annotation_count;
};

// What a rule says of an alert; LONG: and for as long as the rule asks (`for`, `keep_firing_for`; these may be 0).
enum alert_input { ALERT_TRUE, ALERT_TRUE_LONG, ALERT_HELD, ALERT_FALSE, ALERT_FALSE_LONG, ALERT_UNKNOWN, ALERT_INPUTS };

enum alert_state alert_next(enum alert_state state, enum alert_input input);

// The alert after this transition; texts are copied. 0: no memory.
struct alert *alert_new(const struct alert_transition *transition, uint32_t rule);
void alert_free(struct alert *alert);

// In a list that is in the order of rules.
struct alert *alert_find(struct alert *list, uint32_t rule);
void alert_put(struct alert **list, struct alert *alert);
void alert_take(struct alert **list, struct alert *alert);

#endif
