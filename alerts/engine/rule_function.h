// SPDX-License-Identifier: Apache-2.0
// The functions of the rule language as a table, and what of PromQL is refused by name with what to use instead. Pure. Thread: any.
#ifndef ALERTS_ENGINE_RULE_FUNCTION_H
#define ALERTS_ENGINE_RULE_FUNCTION_H
#include "alerts/engine/rule_set.h"

enum rule_argument {
	ARGUMENT_RANGE,    // metric[window]
	ARGUMENT_METRIC,   // metric
	ARGUMENT_DURATION, // 10m or a parameter
	ARGUMENT_EVENTS,   // event{matchers}[window]
};

enum rule_result {
	RESULT_SAME,       // in the unit of the metric
	RESULT_PER_SECOND, // in the unit of the metric, per second
	RESULT_COUNT,
	RESULT_SECONDS,
	RESULT_CONDITION,
};

struct rule_function {
	const char *name;
	enum rule_argument argument;
	enum rule_result result;
	enum rule_opcode code;
	enum slot_kind slot;
	bool needs_amount; // of the metric: not an enum, an index or bits
	const char *usage; // "avg_over_time(METRIC[WINDOW])"
};

const struct rule_function *rule_function_find(const char *name); // 0: no such
const char *rule_function_name(const void *unused, size_t i);    // for nearest_name(); 0: behind the last

// What to write instead of a function, aggregation or keyword of PromQL or of later versions; 0: it is not known at all.
const char *rule_function_refused(const char *name);

#endif
