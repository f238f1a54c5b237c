// SPDX-License-Identifier: Apache-2.0
// Inside of the checker: single values (numbers, parameters, metrics, states) and how two of them are brought to one unit. See check.h.
#ifndef ALERTS_ENGINE_CHECK_VALUE_H
#define ALERTS_ENGINE_CHECK_VALUE_H
#include "alerts/engine/check.h"

// A problem that marks the node; an error counts in check->errors.
struct rules_problem *check_problem(struct check *check, const struct node *node, enum problem_code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void check_literal(struct check *check, struct node *node);
void check_text(struct check *check, struct node *node);
void check_param(struct check *check, struct node *node);
void check_name(struct check *check, struct node *node);

// The metric of a name without window and matchers; tells of an unknown one, then -1.
int check_metric(struct check *check, const struct node *node);

// The metric if the node names one that is an enum, else -1.
int check_enum_of(const struct node *node);
// Reads a name, text or parameter as a value of the metric's enum. false: it is something else, to be checked as ever.
bool check_enum_value(struct check *check, struct node *node, int metric);
bool check_states_fit(struct check *check, const struct node *left, const struct node *right);

// Brings both sides to one unit; false: they do not fit, and it was said.
bool check_align(struct check *check, struct node *node);
bool check_align_pair(struct check *check, struct node *left, struct node *right);
// Likewise for * and /; sets the node's unit.
bool check_scale_product(struct check *check, struct node *node);

#endif
