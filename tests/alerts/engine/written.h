// SPDX-License-Identifier: Apache-2.0
// For tests of the rule compiler: a text as if it stood in a rule file, and the problems that it has.
#ifndef TESTS_ALERTS_ENGINE_WRITTEN_H
#define TESTS_ALERTS_ENGINE_WRITTEN_H
#include "alerts/engine/param.h"
#include "alerts/engine/problem.h"

struct written {
	struct rules_problems problems;
	struct source_map map;
	struct source_scalar scalar; // the whole text, plain, at 1:1
	struct problem_where where;
};

void written_begin(struct written *written, const char *text);
void written_end(struct written *written);

// The codes of all problems in order, with a blank between: "E203 W402".
const char *written_codes(const struct written *written);

// Parameters from lines `name: value`; freed with rule_params_free().
void written_params(struct rule_params *params, const char *text);

#endif
