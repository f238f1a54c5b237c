// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: a rule set as the engine runs it: which slots a record feeds, and when silence must be looked at.
// Immutable but for the counts and the cache. Pure but for the heap. Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_PLAN_H
#define ALERTS_ENGINE_RULE_PLAN_H
#include "alerts/engine/evaluate.h"

// A silent() of a rule.
struct plan_silence {
	uint64_t ms;
	uint32_t rule;
};

// The slots of a rule that only counts events, and is false while there are none. count 0: another kind of rule.
struct plan_events {
	uint32_t first, count; // in rule_plan.idle_slots
};

struct plan_count {
	size_t pending, firing;
};

struct rule_plan {
	struct rule_set *rules;
	uint32_t *metric_slots, *event_slots; // indexes into rules->slots
	size_t metric_slot_count, event_slot_count;
	struct plan_silence *silences; // by ms, then rule; one a rule and ms
	size_t silence_count;
	struct plan_events *events; // by rule
	uint32_t *idle_slots;
	struct plan_count *counts; // of alerts, by rule
	struct evaluation_cache cache;
};

// Takes the rules over. 0: no memory; the rules are still the caller's. Rules that break the bounds of rule_set.h are a bug: it asserts.
struct rule_plan *rule_plan_new(struct rule_set *rules);
void rule_plan_free(struct rule_plan *plan);
struct rule_set *rule_plan_release(struct rule_plan *plan); // frees the plan, but gives the rules back

// Whether the rule is false for this state of a device without a look at it: most rules that count events, on most devices.
bool rule_plan_is_idle(const struct rule_plan *plan, uint32_t rule, const void *state);

bool rule_plan_has_silent(const struct rule_plan *plan, uint32_t rule);

// The rule of this uid, or -1.
int64_t rule_plan_find(const struct rule_plan *plan, const char *uid);
// Whether two rules do the same and say the same. Slots are compared by their hash.
bool rule_plan_is_same(const struct rule_plan *a, uint32_t rule_a, const struct rule_plan *b, uint32_t rule_b);

#endif
