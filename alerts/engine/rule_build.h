// SPDX-License-Identifier: Apache-2.0
// One rule: from its YAML mapping to struct rule, with programs and slots. Pure. Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_BUILD_H
#define ALERTS_ENGINE_RULE_BUILD_H
#include "alerts/engine/compile.h"
#include "alerts/engine/param.h"
#include "alerts/engine/rule_set.h"

struct rule_build {
	struct problem_where where; // with the group's name; the alert's is set within
	const struct rule_params *params;
	struct slot_table *slots;
	const struct rule_yaml_node *group_labels; // 0: none
};

// Fills *rule as far as it can; problems tell of the rest. Always followed by rule_build_free().
void rule_build(const struct rule_build *build, const struct rule_yaml_node *node, struct rule *rule);
void rule_build_free(struct rule *rule);

#endif
