// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: rules as the compiler leaves them and the evaluator reads them. Immutable once compiled.
//
// Two parts: slots, the state that a device needs (last values and windows; equal ones are shared by all rules), and for each rule small
// programs for a stack machine over these slots. A number is a double; NaN is `unknown`: it comes from a metric that was never reported,
// an empty window, a division by zero; unknown and false = false, unknown or true = true, else unknown stays unknown.
#ifndef ALERTS_ENGINE_RULE_SET_H
#define ALERTS_ENGINE_RULE_SET_H
#include "alerts/engine/rules.h"
#include "alerts/engine/event_kind.h"
#include "proto/metrics.h"

enum { RULE_STACK_MAX = 32, RULE_OPS_MAX = 256, RULE_LEVELS_MAX = 3, SLOT_BUCKETS = 8, SLOT_EVENT_BUCKETS = 16 };

// What a device keeps for a slot; window.h says how each works.
enum slot_kind {
	SLOT_VALUE,   // last value of the metric and when
	SLOT_TOTAL,   // sum and count in the window: avg, sum, count _over_time
	SLOT_MIN,
	SLOT_MAX,
	SLOT_DELTA,   // last minus first in the window
	SLOT_COUNTER, // growth in the window, resets and reboots corrected: increase, rate
	SLOT_SLOPE,   // least squares: deriv
	SLOT_CHANGES,
	SLOT_EVENTS,  // weight of the events in the window
};

struct rule_slot {
	enum slot_kind kind;
	int metric;                 // enum mu_metric; -1 for SLOT_EVENTS
	struct event_filter filter; // SLOT_EVENTS
	uint64_t window_ms;         // 0 for SLOT_VALUE
	uint64_t hash;              // of all of the above by name: a reload or a restart finds its state again by it
	uint32_t offset, size;      // in the state of a device; 8-byte aligned
};

enum rule_opcode {
	OP_CONST,    // push number
	OP_VALUE,    // push the last value of slot
	OP_AGE,      // push seconds since the last value of slot was reported
	OP_AVG,
	OP_SUM,
	OP_COUNT,
	OP_MIN,
	OP_MAX,
	OP_DELTA,
	OP_INCREASE,
	OP_RATE,
	OP_DERIV,
	OP_CHANGES,
	OP_EVENTS, // push, of slot
	OP_SILENT,   // push 1 or 0: no record for number milliseconds, by receive time
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
	OP_MODULO,
	OP_NEGATE,
	OP_EQUAL,
	OP_NOT_EQUAL,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_GREATER,
	OP_GREATER_EQUAL, // push 1 or 0; the first true one gives $value and $threshold
	OP_AND,
	OP_OR,
	OP_UNLESS,
	OP_NOT,
	OP_IN,       // pop count numbers, then x: is x one of them
};

struct rule_op {
	enum rule_opcode code;
	union {
		double number;  // OP_CONST, OP_SILENT
		uint32_t slot;  // index into rule_set.slots
		uint32_t count; // OP_IN
	};
};

struct rule_program {
	struct rule_op *ops;
	unsigned count; // 0: there is none
};

struct rule_text {
	char *name, *text; // of an annotation: a template
};

struct rule {
	char *uid, *name, *group, *file, *expression;
	unsigned line;
	unsigned level_count; // the lowest severity first
	struct {
		enum alert_severity severity;
		struct rule_program program;
	} levels[RULE_LEVELS_MAX];
	struct rule_program clear;
	uint64_t for_ms, keep_firing_for_ms;
	uint64_t silent_ms;   // the least argument of silent() in any program, 0: none: a timer is needed
	bool reads_heartbeat; // some slot is fed by metrics
	uint64_t events;      // bits by enum event_kind that feed its slots
	struct rule_text labels[RULES_LABELS_MAX], annotations[RULES_LABELS_MAX]; // labels are plain text
	unsigned label_count, annotation_count;
	unsigned device_bytes;
	double value_scale;   // of $value and $threshold: to seconds, a share of 1, else 1; for filters in templates
};

struct rule_set {
	struct rule *rules;
	size_t count;
	struct rule_slot *slots;
	size_t slot_count;
	uint32_t slot_bytes; // of all slots of a device
	struct rule_text *params; // name, effective value as text: for templates and `rules list`
	size_t param_count;
};

#endif
