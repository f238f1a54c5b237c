// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: runs the programs of a rule for one device at one time. A stack machine with three-valued logic: NaN is unknown;
// unknown and false = false, unknown or true = true, else unknown stays unknown. What is not finite becomes unknown.
//
// Value and threshold are the two sides of the leftmost comparison that was true. Pure, no allocation. Thread: any.
#ifndef ALERTS_ENGINE_EVALUATE_H
#define ALERTS_ENGINE_EVALUATE_H
#include "alerts/engine/rule_set.h"

// What slots gave at one moment of one device, so that each is read once for all rules. codes: 0: not read yet.
struct evaluation_cache {
	double *numbers;  // by slot
	uint8_t *codes;   // of the function that gave the number
};

// The device and the time.
struct evaluation_input {
	const struct rule_slot *slots;
	const uint8_t *state;  // of the device: slots lie at their offsets
	uint64_t now_ms;       // event time
	uint64_t quiet_ms;     // since the last record, by receive time
	uint64_t heard_ms;     // how much of it the collector could hear, up to now; at most quiet_ms
	struct evaluation_cache *cache; // 0: none
};

// What a rule says now.
enum evaluation { EVALUATION_FALSE, EVALUATION_HELD, EVALUATION_TRUE, EVALUATION_UNKNOWN };

struct evaluation_result {
	enum evaluation is;           // HELD: false, but `clear` is not true
	enum alert_severity severity; // of the highest level that is true
	double value, threshold;      // NaN: none
};

// with_clear: the alert fires, so `clear` matters.
void evaluate_rule(const struct rule *rule, const struct evaluation_input *input, bool with_clear, struct evaluation_result *result);

// The number that a program leaves. value and threshold may be null.
double evaluate_program(const struct rule_program *program, const struct evaluation_input *input, double *value, double *threshold);

// Whether a program keeps to the bounds of stack and slots and leaves one number; others must never be run.
bool evaluate_can_run(const struct rule_program *program, const struct rule_slot *slots, size_t slot_count);

#endif
