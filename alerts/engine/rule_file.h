// SPDX-License-Identifier: Apache-2.0
// One rule file: its parameters, then its groups and their rules. Files of a set are opened first, all of them, then their parameters are
// read, then their rules: a rule may use a parameter of any file. Pure. Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_FILE_H
#define ALERTS_ENGINE_RULE_FILE_H
#include "alerts/engine/rule_build.h"

struct rule_file {
	struct source_map map;
	struct problem_where where;
	struct rule_yaml_node *root; // 0: nothing can be read of it
};

// Always followed by rule_file_close(). An empty file is one without rules. -1: no memory.
int rule_file_open(struct rule_file *file, const struct rules_source *source, struct rules_problems *problems);
void rule_file_close(struct rule_file *file);

void rule_file_read_params(const struct rule_file *file, struct rule_params *params);

// Adds the rules to the set (at most RULES_MAX) and their slots to the table.
void rule_file_read_rules(const struct rule_file *file, const struct rule_params *params, struct slot_table *slots, struct rule_set *set);

#endif
