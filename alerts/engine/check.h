// SPDX-License-Identifier: Apache-2.0
// Gives each node of an expression its type and unit, scales values to each other (5s against a metric in milliseconds), and computes what
// is constant. Everything that does not fit is a problem at its place; one error does not hide others beside it.
//
// Pure. Thread: any one at a time.
#ifndef ALERTS_ENGINE_CHECK_H
#define ALERTS_ENGINE_CHECK_H
#include "alerts/engine/expression.h"
#include "alerts/engine/param.h"

enum { RULE_WINDOW_MS_MIN = 1000 };
#define RULE_DURATION_MS_MAX (366ull * 86400 * 1000)

// The left side of comparisons, what $value in a template is.
struct checked_value {
	bool is_known, is_mixed; // not one unit
	struct unit unit;
};

struct check {
	const struct problem_where *where;
	const struct rule_params *params;
	struct checked_value value;
	unsigned errors;
};

// true if the expression is a condition without an error.
bool check_condition(struct check *check, struct node *root);

#endif
