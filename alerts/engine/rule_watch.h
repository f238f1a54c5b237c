// SPDX-License-Identifier: Apache-2.0
// The alerts that are pending or firing, as the engine's transitions tell of them, and how they compare with what a test expects.
//
// Pure. Memory: the heap, freed by rule_watch_clear(). Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_WATCH_H
#define ALERTS_ENGINE_RULE_WATCH_H
#include <stdio.h>
#include "alerts/engine/engine.h"
#include "alerts/engine/rule_yaml.h"

struct watched_alert;

struct rule_watch {
	struct watched_alert *alerts;
	uint64_t transitions;
};

// For struct alert_engine_calls; the context is the watch. 0: no memory.
uint64_t rule_watch_transition(void *watch, const struct alert_transition *transition);
void rule_watch_clear(struct rule_watch *watch);

// Whether exactly the alerts of `expected` (a list of {exp_labels, exp_annotations}; 0: none) fire under this name. If not, writes what is
// expected and what fires.
bool rule_watch_agrees(const struct rule_watch *watch, const char *name, const struct rule_yaml_node *expected, FILE *out);

// Whether an alert of this name fires for this device.
bool rule_watch_fires(const struct rule_watch *watch, const char *name, uint32_t dev);

#endif
