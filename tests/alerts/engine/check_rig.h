// SPDX-License-Identifier: Apache-2.0
// For tests of the type checker: an expression with parameters, read and checked as a condition.
#ifndef TESTS_ALERTS_ENGINE_CHECK_RIG_H
#define TESTS_ALERTS_ENGINE_CHECK_RIG_H
#include "alerts/engine/check.h"
#include "tests/alerts/engine/written.h"

struct check_rig {
	struct written written;
	struct expression expression;
	struct rule_params params; // floor: 50000, hold: 5m, share: 90%, wanted: downloading, yes: true
	struct check check;
};

// Reads and checks; the codes of all problems. Then check_rig_end().
const char *check_rig_codes(struct check_rig *rig, const char *text);
void check_rig_end(struct check_rig *rig);

// Rows of expression and codes.
void check_rig_expect(const char *const (*rows)[2], size_t count);

#endif
