// SPDX-License-Identifier: Apache-2.0
// Labels and annotations of a rule, from YAML into struct rule. Labels are plain text; the label `severity` is the rule's level and not kept
// among them. Templates of annotations are checked against what the rule has: its labels, its parameters, the unit of its value.
//
// Pure. Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_TEXTS_H
#define ALERTS_ENGINE_RULE_TEXTS_H
#include "alerts/engine/check.h"
#include "alerts/engine/rule_set.h"

enum { RULE_LABEL_BYTES = 128, RULE_ANNOTATION_BYTES = 2048 };

// Tells of labels that cannot be; once for each mapping of labels.
void rule_labels_check(const struct problem_where *where, const struct rule_yaml_node *labels);

// Adds the labels (0: none) to the rule; one that it has already is replaced.
void rule_labels_add(const struct problem_where *where, const struct rule_yaml_node *labels, struct rule *rule);

// value: what the comparisons of the rule's expressions compare.
void rule_annotations_add(const struct problem_where *where, const struct rule_yaml_node *annotations, const struct rule_params *params,
	const struct checked_value *value, struct rule *rule);

#endif
