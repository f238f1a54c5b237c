// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/check.h"

#include <math.h>
#include <string.h>
#include "alerts/engine/check_call.h"
#include "alerts/engine/check_value.h"
#include "proto/metrics.h"

static void check_node(struct check *check, struct node *node);

// Takes errors within it as its own.
static bool is_wrong(const struct node *node)
{
	return node->value.type == VALUE_WRONG;
}

static bool is_condition(const struct node *node)
{
	return node->value.type == VALUE_CONDITION || node->value.type == VALUE_FLAG;
}

static void set_condition(struct node *node)
{
	node->value.type = VALUE_CONDITION;
	node->value.unit = unit_any;
}

static void set_constant(struct node *node, double number)
{
	node->value.is_const = true;
	node->value.number = number;
}

static void want_condition(struct check *check, const struct node *node)
{
	if (is_wrong(node) || is_condition(node))
		return;
	problem_hint(check_problem(check, node, PROBLEM_TYPES, "a %s where true or false is wanted",
			     node->value.type == VALUE_ENUM ? "state" : "number"),
		"compare it with something, for example %s", node->value.type == VALUE_ENUM ? "STATE == NAME" : "METRIC > 0");
}

// --- and, or, unless, not ---

static void fold_logic(struct node *node)
{
	bool left = node->left->value.number != 0, right = node->right->value.number != 0;
	bool result = node->op == OP_OR ? left || right : node->op == OP_AND ? left && right : left && !right;
	set_constant(node, result);
}

static void check_logic(struct check *check, struct node *node)
{
	check_node(check, node->left);
	check_node(check, node->right);
	want_condition(check, node->left);
	want_condition(check, node->right);
	if (!is_condition(node->left) || !is_condition(node->right))
		return;
	set_condition(node);
	if (node->left->value.is_const && node->right->value.is_const)
		fold_logic(node);
}

static void check_not(struct check *check, struct node *node)
{
	check_node(check, node->left);
	want_condition(check, node->left);
	if (!is_condition(node->left))
		return;
	set_condition(node);
	if (node->left->value.is_const)
		set_constant(node, node->left->value.number == 0);
}

// --- comparison ---

static bool compare(enum rule_opcode op, double left, double right)
{
	switch (op) {
	case OP_EQUAL: return left == right;
	case OP_NOT_EQUAL: return left != right;
	case OP_LESS: return left < right;
	case OP_LESS_EQUAL: return left <= right;
	case OP_GREATER: return left > right;
	default: return left >= right;
	}
}

// Numbers and flags; a flag is 0 or 1.
static bool want_number(struct check *check, struct node *node)
{
	if (node->value.type == VALUE_FLAG) {
		node->value.type = VALUE_NUMBER;
		node->value.unit = unit_any;
	}
	if (node->value.type == VALUE_NUMBER)
		return true;
	if (node->value.type == VALUE_CONDITION)
		problem_hint(check_problem(check, node, PROBLEM_TYPES, "true or false where a number is wanted"),
			"join conditions with `and` and `or`, or write `bool` behind the comparison's sign to make it 1 or 0");
	else if (node->value.type == VALUE_ENUM)
		problem_hint(check_problem(check, node, PROBLEM_TYPES, "a state where a number is wanted"),
			"compare it with ==, != or `in`");
	return false;
}

// A metric in its own unit against a constant.
static bool is_limit(const struct node *node)
{
	const struct node *left = node->left;
	return left->kind == NODE_NAME && left->value.metric >= 0 && node->right->value.is_const && left->value.num == left->value.den;
}

// A limit that the metric never reaches, or never leaves.
static void lint_range(const struct check *check, const struct node *node)
{
	if (!is_limit(node))
		return;
	const struct mu_metric_info *info = &mu_metrics[node->left->value.metric];
	double limit = node->right->value.number;
	bool low = compare(node->op, (double)info->min, limit), high = compare(node->op, (double)info->max, limit);
	bool is_within = limit >= (double)info->min && limit <= (double)info->max;
	bool is_equality = node->op == OP_EQUAL || node->op == OP_NOT_EQUAL;
	if (low != high || (is_within && is_equality))
		return;
	problem_hint(problem_at(check->where, node->offset, node->width, PROBLEM_CONSTANT, "this is %s true", low ? "always" : "never"),
		"`%s` is between %lld and %lld", mu_metric_words[node->left->value.metric].name, (long long)info->min,
		(long long)info->max);
}

static void check_numbers(struct check *check, struct node *node)
{
	bool left = want_number(check, node->left), right = want_number(check, node->right);
	if (!left || !right || !check_align(check, node))
		return;
	set_condition(node);
	if (node->left->value.is_const && node->right->value.is_const)
		set_constant(node, compare(node->op, node->left->value.number, node->right->value.number));
	else
		lint_range(check, node);
}

static void check_states(struct check *check, struct node *node)
{
	if (node->op != OP_EQUAL && node->op != OP_NOT_EQUAL) {
		problem_hint(check_problem(check, node, PROBLEM_TYPES, "states have no order"), "compare with ==, != or `in (...)`");
		return;
	}
	if (!check_states_fit(check, node->left, node->right))
		return;
	set_condition(node);
}

// A side of a comparison, the other side of which may be a state.
static void check_side(struct check *check, struct node *side, int metric)
{
	if (metric < 0 || !check_enum_value(check, side, metric))
		check_node(check, side);
}

static void check_comparison(struct check *check, struct node *node)
{
	struct node *left = node->left, *right = node->right;
	int metric = check_enum_of(left) >= 0 ? check_enum_of(left) : check_enum_of(right);
	check_side(check, left, metric);
	check_side(check, right, metric);
	if (is_wrong(left) || is_wrong(right))
		return;
	if (metric >= 0)
		check_states(check, node);
	else
		check_numbers(check, node);
	if (node->is_bool && node->value.type == VALUE_CONDITION)
		node->value.type = VALUE_NUMBER;
}

static bool check_item(struct check *check, struct node *left, struct node *item, int metric)
{
	check_side(check, item, metric);
	if (is_wrong(item) || is_wrong(left))
		return false;
	if (!item->value.is_const) {
		problem_hint(check_problem(check, item, PROBLEM_TYPES, "a list of `in` holds constants"), "join comparisons with `or`");
		return false;
	}
	return metric >= 0 ? check_states_fit(check, left, item) : want_number(check, item) && check_align_pair(check, left, item);
}

static void check_in(struct check *check, struct node *node)
{
	int metric = check_enum_of(node->left);
	check_node(check, node->left);
	bool fits = metric >= 0 || want_number(check, node->left);
	for (struct node *item = node->right; item; item = item->next)
		if (fits && !check_item(check, node->left, item, metric))
			fits = false;
	if (fits)
		set_condition(node);
}

// --- arithmetic ---

static double calculate(enum rule_opcode op, double left, double right)
{
	switch (op) {
	case OP_ADD: return left + right;
	case OP_SUBTRACT: return left - right;
	case OP_MULTIPLY: return left * right;
	case OP_DIVIDE: return left / right;
	default: return fmod(left, right);
	}
}

static void fold_arithmetic(struct check *check, struct node *node)
{
	double number = calculate(node->op, node->left->value.number, node->right->value.number);
	set_constant(node, number);
	if (isfinite(number))
		return;
	node->value.type = VALUE_WRONG;
	check_problem(check, node, PROBLEM_BAD_TOKEN, "a number that is too large");
}

static bool is_zero_division(struct check *check, const struct node *node)
{
	const struct node *right = node->right;
	bool divides = node->op == OP_DIVIDE || node->op == OP_MODULO;
	bool is_it = divides && right->value.is_const && right->value.number == 0;
	if (is_it)
		problem_hint(check_problem(check, right, PROBLEM_ZERO_DIVISION, "a division by zero"), "this would never be true or false");
	return is_it;
}

// Brings both sides to their units and gives the node its own.
static bool set_unit(struct check *check, struct node *node)
{
	if (node->op == OP_MULTIPLY || node->op == OP_DIVIDE)
		return check_scale_product(check, node);
	if (!check_align(check, node))
		return false;
	struct unit left = node->left->value.unit;
	node->value.unit = left.dimension == DIMENSION_ANY ? node->right->value.unit : left;
	return true;
}

static void check_arithmetic(struct check *check, struct node *node)
{
	check_node(check, node->left);
	check_node(check, node->right);
	bool left = want_number(check, node->left), right = want_number(check, node->right);
	if (!left || !right || is_zero_division(check, node) || !set_unit(check, node))
		return;
	node->value.type = VALUE_NUMBER;
	if (node->left->value.is_const && node->right->value.is_const)
		fold_arithmetic(check, node);
}

static void check_negate(struct check *check, struct node *node)
{
	check_node(check, node->left);
	if (!want_number(check, node->left))
		return;
	node->value = node->left->value;
	node->value.metric = -1;
	node->value.num = node->value.den = 1;
	node->value.number = -node->value.number;
}

static void check_binary(struct check *check, struct node *node)
{
	if (node->op == OP_AND || node->op == OP_OR || node->op == OP_UNLESS)
		check_logic(check, node);
	else if (node->op >= OP_EQUAL && node->op <= OP_GREATER_EQUAL)
		check_comparison(check, node);
	else
		check_arithmetic(check, node);
}

static void check_node(struct check *check, struct node *node)
{
	static void (*const checks[])(struct check *, struct node *) = {
		[NODE_NUMBER] = check_literal,
		[NODE_PERCENT] = check_literal,
		[NODE_DURATION] = check_literal,
		[NODE_TEXT] = check_text,
		[NODE_NAME] = check_name,
		[NODE_PARAM] = check_param,
		[NODE_CALL] = check_call,
		[NODE_NEGATE] = check_negate,
		[NODE_NOT] = check_not,
		[NODE_BINARY] = check_binary,
		[NODE_IN] = check_in,
	};
	checks[node->kind](check, node);
}

// --- what $value can be: the left side of the leftmost true comparison ---

static void note_value(struct checked_value *value, struct unit unit)
{
	bool is_same =
		value->unit.dimension == unit.dimension && value->unit.per_second == unit.per_second && unit_same_scale(value->unit, unit);
	if (value->is_known && !is_same)
		value->is_mixed = true;
	value->is_known = true;
	value->unit = unit;
}

static bool note_values(struct checked_value *value, const struct node *node);

static bool note_both(struct checked_value *value, const struct node *node)
{
	bool left = note_values(value, node->left);
	if (left && node->op != OP_OR)
		return true;
	bool right = note_values(value, node->right);
	return node->op == OP_OR ? left && right : node->op == OP_AND && right;
}

// Notes each comparison below the node that can be the one. Returns whether one of them is true whenever the node is: what stands to the
// right of it cannot be the one, then.
static bool note_values(struct checked_value *value, const struct node *node)
{
	bool is_flag = node->kind == NODE_NAME && node->value.type == VALUE_FLAG; // compiled as a comparison with 0
	bool is_comparison = node->kind == NODE_BINARY && node->op >= OP_EQUAL && node->op <= OP_GREATER_EQUAL;
	if (is_flag || is_comparison) {
		note_value(value, is_flag ? unit_any : node->left->value.unit);
		return true;
	}
	if (node->kind == NODE_BINARY)
		return note_both(value, node);
	if (node->left && node->kind == NODE_NOT)
		note_values(value, node->left);
	return false;
}

bool check_condition(struct check *check, struct node *root)
{
	check_node(check, root);
	if (is_wrong(root) || check->errors)
		return false;
	if (!is_condition(root)) {
		bool is_comparison = root->kind == NODE_BINARY && root->is_bool;
		problem_hint(check_problem(check, root, PROBLEM_NO_CONDITION, "the expression is %s, not true or false",
				     root->value.type == VALUE_ENUM ? "a state" : "a number"),
			"%s", is_comparison ? "leave `bool` out" : "compare it with something, for example METRIC > 0");
		return false;
	}
	note_values(&check->value, root);
	if (root->value.is_const)
		problem_hint(problem_at(check->where, root->offset, root->width, PROBLEM_CONSTANT, "this is %s true",
				     root->value.number != 0 ? "always" : "never"),
			"a rule needs a metric, an event or silent()");
	return true;
}
