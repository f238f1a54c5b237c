// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/check_value.h"
#include "alerts/engine/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "alerts/engine/enum_names.h"
#include "proto/metrics.h"

struct rules_problem *check_problem(struct check *check, const struct node *node, enum problem_code code, const char *format, ...)
{
	char what[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	check->errors++;
	return problem_at(check->where, node->offset, node->width, code, "%s", what);
}

static void set_number(struct node *node, double number, struct unit unit, bool is_literal)
{
	node->value.type = VALUE_NUMBER;
	node->value.unit = unit;
	node->value.is_const = true;
	node->value.is_literal = is_literal;
	node->value.number = number;
}

void check_literal(struct check *check, struct node *node)
{
	(void)check;
	if (node->kind == NODE_NUMBER)
		set_number(node, node->number, unit_any, false);
	else
		set_number(node, node->number, node->kind == NODE_PERCENT ? unit_percent : unit_milliseconds, true);
}

void check_text(struct check *check, struct node *node)
{
	problem_hint(check_problem(check, node, PROBLEM_TYPES, "a text cannot stand here"),
		"texts are compared with states, as in ota_state == \"failed\", and stand in matchers of events");
}

static void set_flag(struct node *node, bool value)
{
	node->value.type = VALUE_FLAG;
	node->value.unit = unit_any;
	node->value.is_const = true;
	node->value.number = value;
}

// true and false; false is returned if it is neither.
static bool read_flag(struct node *node, const char *text)
{
	bool is_true = strcmp(text, "true") == 0;
	if (!is_true && strcmp(text, "false") != 0)
		return false;
	set_flag(node, is_true);
	return true;
}

static const struct rule_param *find_param(struct check *check, const struct node *node)
{
	const struct rule_param *param = rule_params_find(check->params, node->name);
	if (param)
		return param;
	struct rules_problem *problem = check_problem(check, node, PROBLEM_UNKNOWN_PARAM, "unknown parameter `$%s`", node->name);
	const char *nearest = problem ? nearest_name(node->name, rule_params_name, check->params) : 0;
	problem_hint(problem, nearest ? "did you mean `$%s`?" : "define it under `params:`%s", nearest ? nearest : "");
	return 0;
}

void check_param(struct check *check, struct node *node)
{
	const struct rule_param *param = find_param(check, node);
	if (!param)
		return;
	switch (param->value.kind) {
	case TOKEN_NUMBER: set_number(node, param->value.number, unit_any, false); return;
	case TOKEN_PERCENT: set_number(node, param->value.number, unit_percent, true); return;
	case TOKEN_DURATION: set_number(node, param->value.number, unit_milliseconds, true); return;
	default: break;
	}
	if (!read_flag(node, param->text))
		problem_hint(check_problem(check, node, PROBLEM_UNKNOWN_PARAM, "the parameter `$%s` is a text, not a number", node->name),
			"its value is `%s`, in %s:%u", param->text, param->file, param->line);
}

static const char *metric_name(const void *unused, size_t i)
{
	(void)unused;
	return i < MU_METRIC_COUNT ? mu_metric_words[i].name : 0;
}

int check_metric(struct check *check, const struct node *node)
{
	int metric = mu_metric_find(node->name);
	if (node->has_matchers) {
		problem_hint(check_problem(check, node, PROBLEM_EXPRESSION_OUTSIDE,
				     "matchers of a metric are not part of the rule language"),
			"each rule is evaluated for each device; write `%s` alone", node->name);
		return -1;
	}
	if (metric >= 0)
		return metric;
	const char *refused = rule_function_refused(node->name);
	bool is_function = rule_function_find(node->name) || event_kind_find(node->name) >= 0;
	struct node name = { .offset = node->offset, .width = strlen(node->name) };
	struct rules_problem *problem = check_problem(check, &name, PROBLEM_UNKNOWN_METRIC, "unknown metric `%s`", node->name);
	if (!problem) // it is only counted: nothing is looked for
		return -1;
	const char *nearest = nearest_name(node->name, metric_name, 0);
	if (refused)
		problem_hint(problem, "%s", refused);
	else if (is_function)
		problem_hint(problem, "that is the name of %s; see alerts/README.md",
			rule_function_find(node->name) ? "a function: write it with its argument" : "an event: event_count(EVENT[WINDOW])");
	else
		problem_hint(problem, nearest ? "did you mean `%s`?" : "%s", nearest ? nearest : "metrics.def lists them");
	return -1;
}

void check_name(struct check *check, struct node *node)
{
	if (!node->has_matchers && !node->window && read_flag(node, node->name))
		return;
	int metric = check_metric(check, node);
	if (metric < 0)
		return;
	if (node->window) {
		problem_hint(check_problem(check, node, PROBLEM_ARGUMENTS, "a window outside of a function"),
			"write avg_over_time(%s[...]), for example", node->name);
		return;
	}
	node->value.metric = metric;
	node->value.unit = unit_any;
	switch (mu_metrics[metric].type) {
	case MU_METRIC_ENUM: node->value.type = VALUE_ENUM; break;
	case MU_METRIC_BOOL: node->value.type = VALUE_FLAG; break;
	default:
		node->value.type = VALUE_NUMBER;
		unit_find(mu_metric_words[metric].unit, &node->value.unit);
		break;
	}
}

// --- states ---

int check_enum_of(const struct node *node)
{
	if (node->kind != NODE_NAME || node->has_matchers || node->window)
		return -1;
	int metric = mu_metric_find(node->name);
	return metric >= 0 && mu_metrics[metric].type == MU_METRIC_ENUM ? metric : -1;
}

// What a node says as a text that could be a state; 0: it is something else.
static const char *state_text(const struct check *check, const struct node *node)
{
	if (node->kind == NODE_TEXT)
		return node->name;
	if (node->kind == NODE_PARAM) {
		const struct rule_param *param = rule_params_find(check->params, node->name);
		return param && param->value.kind == TOKEN_TEXT ? param->text : 0;
	}
	bool is_name = node->kind == NODE_NAME && !node->has_matchers && !node->window && mu_metric_find(node->name) < 0;
	return is_name ? node->name : 0;
}

bool check_enum_value(struct check *check, struct node *node, int metric)
{
	struct enum_names names;
	int value;
	const char *text = state_text(check, node);
	if (!text)
		return false;
	enum_names_of(metric, &names);
	if (enum_names_find(&names, text, &value)) {
		set_number(node, value, unit_any, false);
		node->value.type = VALUE_ENUM;
		node->value.metric = metric;
		return true;
	}
	char known[200];
	const char *nearest = nearest_name(text, enum_names_at, &names);
	problem_hint(check_problem(check, node, PROBLEM_UNKNOWN_ENUM_VALUE, "unknown enum value `%s` for metric `%s`", text,
			     mu_metric_words[metric].name),
		"%s%s%sknown: %s", nearest ? "did you mean `" : "", nearest ? nearest : "", nearest ? "`?  " : "",
		enum_names_list(&names, known, sizeof known));
	return true;
}

// States of one enum fit, and plain numbers: a device may report a state that this version has no name for.
bool check_states_fit(struct check *check, const struct node *left, const struct node *right)
{
	struct enum_names a, b;
	const struct node *other = left->value.type == VALUE_ENUM ? right : left;
	if (left->value.type == VALUE_ENUM && right->value.type == VALUE_ENUM) {
		enum_names_of(left->value.metric, &a);
		enum_names_of(right->value.metric, &b);
		if (a.identity == b.identity)
			return true;
		problem_hint(check_problem(check, right, PROBLEM_TYPES, "states of different kinds"),
			"`%s` and `%s` have no value in common", mu_metric_words[left->value.metric].name,
			mu_metric_words[right->value.metric].name);
		return false;
	}
	if (other->value.type == VALUE_NUMBER && other->value.is_const && other->value.unit.dimension == DIMENSION_ANY)
		return true;
	problem_hint(check_problem(check, other, PROBLEM_TYPES, "this cannot be compared with a state"), "write the name of a state");
	return false;
}

// --- units ---

static void convert(struct node *node, struct unit target)
{
	struct value_info *value = &node->value;
	double num = value->unit.num * target.den, den = value->unit.den * target.num;
	if (value->is_const)
		value->number = value->number * num / den;
	else {
		value->num *= num;
		value->den *= den;
	}
	value->unit.num = target.num;
	value->unit.den = target.den;
	value->is_literal = false;
}

static void normalise(struct node *node)
{
	convert(node, unit_base(node->value.unit));
}

bool check_align_pair(struct check *check, struct node *left, struct node *right)
{
	struct unit a = left->value.unit, b = right->value.unit;
	if (!unit_fits(a, b)) {
		char left_text[40], right_text[40];
		problem_hint(check_problem(check, right, PROBLEM_UNITS, "%s does not fit %s", unit_text(b, right_text, sizeof right_text),
				     unit_text(a, left_text, sizeof left_text)),
			"a plain number fits everything");
		return false;
	}
	bool has_plain = a.dimension == DIMENSION_ANY || b.dimension == DIMENSION_ANY;
	if (has_plain || (left->value.is_literal && right->value.is_literal)) {
		if (left->value.is_literal)
			normalise(left);
		if (right->value.is_literal)
			normalise(right);
	} else if (left->value.is_literal)
		convert(left, b);
	else
		convert(right, a);
	return true;
}

bool check_align(struct check *check, struct node *node)
{
	return check_align_pair(check, node->left, node->right);
}

static bool is_plain(struct unit unit)
{
	return unit.dimension == DIMENSION_ANY;
}

// A share or a plain number leaves the other side in its unit; all else is brought to base units.
static void scale_factor(struct node *node, struct unit other)
{
	struct unit unit = node->value.unit;
	bool is_factor = is_plain(unit) || is_plain(other);
	bool keeps = is_factor || other.dimension == DIMENSION_SHARE;
	if (node->value.is_literal || !keeps || (!is_factor && unit.dimension == DIMENSION_SHARE))
		normalise(node);
}

bool check_scale_product(struct check *check, struct node *node)
{
	struct node *left = node->left, *right = node->right;
	struct unit a = left->value.unit, b = right->value.unit;
	bool divides = node->op == OP_DIVIDE;
	if (divides && a.dimension == b.dimension && a.per_second == b.per_second)
		check_align_pair(check, left, right);
	else {
		scale_factor(left, b);
		scale_factor(right, a);
	}
	if ((divides ? unit_divide : unit_multiply)(left->value.unit, right->value.unit, &node->value.unit))
		return true;
	char left_text[40], right_text[40];
	problem_hint(check_problem(check, node, PROBLEM_UNITS, "%s %s %s has no unit here", unit_text(a, left_text, sizeof left_text),
			     divides ? "divided by" : "times", unit_text(b, right_text, sizeof right_text)),
		"compare each with its own limit and join them with `and`");
	return false;
}
