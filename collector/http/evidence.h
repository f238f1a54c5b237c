// SPDX-License-Identifier: Apache-2.0
// What speaks for a condition of a device: boots, losses, measurements, each with its time; and what is known of the condition in general: the
// likely cause and what to do. One row a condition in evidence.c.
// Pure. Thread: the loop's only (it reads devices).
#ifndef COLLECTOR_HTTP_EVIDENCE_H
#define COLLECTOR_HTTP_EVIDENCE_H
#include <jansson.h>
#include "alerts/alerts.h"
#include "collector/fleet/condition.h"

const char *evidence_cause(enum condition_state state);
const char *evidence_remedy(enum condition_state state);

// [{"at_ms", "text"}], newest first, at most EVIDENCE_MAX. since_ms gets the time of the oldest, 0: not known. A new reference.
json_t *evidence_json(const struct device *device, enum condition_state state, const struct condition_view *view, uint64_t *since_ms);

// Appends what the device last said of everything that a rule reads: the metrics, and the boots and losses that it counts.
void evidence_of_inputs(json_t *list, const struct device *device, const struct rule_inputs *inputs);

// Appends {"at_ms", "text"} to a list; at_ms 0 is null.
void evidence_add(json_t *list, uint64_t at_ms, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Sentences that speak for its health: session, uptime, memory, radio, records. Texts only.
json_t *evidence_of_health(const struct device *device, const struct condition_view *view);

enum { EVIDENCE_MAX = 12, EVIDENCE_TEXT_BYTES = 600 };

#endif
