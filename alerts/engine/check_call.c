// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/check_call.h"
#include "alerts/engine/nearest.h"

#include <string.h>
#include "alerts/engine/check_value.h"
#include "proto/metrics.h"

enum { SHORT_WINDOW_MS = 3 * 60 * 1000 }; // three heartbeats at their usual 60 s

static void wrong_argument(struct check *check, const struct node *at, const struct rule_function *function)
{
	problem_hint(check_problem(check, at, PROBLEM_ARGUMENTS, "`%s` wants another argument", function->name), "write %s",
		function->usage);
}

// A duration that is written or a parameter's; 0: it is none, and it was said.
static uint64_t duration_of(struct check *check, const struct node *node, const struct rule_function *function)
{
	double ms = node->number;
	if (node->kind == NODE_PARAM) {
		const struct rule_param *param = rule_params_find(check->params, node->name);
		struct node copy = *node;
		if (!param || param->value.kind != TOKEN_DURATION) {
			if (param)
				problem_hint(check_problem(check, node, PROBLEM_UNKNOWN_PARAM, "the parameter `$%s` is %s, not a duration",
						     node->name, rule_param_type(&param->value)),
					"its value is `%s`, in %s:%u", param->text, param->file, param->line);
			else
				check_param(check, &copy); // says that it is unknown
			return 0;
		}
		ms = param->value.number;
	} else if (node->kind != NODE_DURATION) {
		wrong_argument(check, node, function);
		return 0;
	}
	if (ms >= RULE_WINDOW_MS_MIN && ms <= RULE_DURATION_MS_MAX)
		return (uint64_t)ms;
	problem_hint(check_problem(check, node, PROBLEM_BAD_DURATION, "the duration is out of range"), "from 1s to 366d");
	return 0;
}

static const char *event_name(const void *unused, size_t i)
{
	(void)unused;
	return i < EVENT_KINDS ? event_kind_name((enum event_kind)i) : 0;
}

static bool has_any_label(int kind)
{
	static const char *const labels[] = { "class", "cause", "name", "level", "reason" };
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (event_kind_has_label((enum event_kind)kind, labels[i]))
			return true;
	return false;
}

static void check_matcher(struct check *check, const struct node_matcher *matcher, struct event_filter *filter)
{
	const char *label = matcher->label.text, *text = matcher->text.text;
	const char *event = event_kind_name(filter->kind);
	struct node at = { .offset = matcher->label.offset, .width = matcher->label.width };
	if (!event_kind_has_label(filter->kind, label)) {
		problem_hint(check_problem(check, &at, PROBLEM_BAD_MATCHER, "the event `%s` has no label `%s`", event, label),
			has_any_label(filter->kind) ? "alerts/README.md lists the labels" : "it has no labels");
		return;
	}
	at.offset = matcher->text.offset;
	at.width = matcher->text.width;
	if (!event_kind_knows(filter->kind, label, text)) {
		char known[200];
		problem_hint(check_problem(check, &at, PROBLEM_BAD_MATCHER, "`%s` is never the `%s` of the event `%s`", text, label, event),
			"known: %s", event_kind_values(filter->kind, label, known, sizeof known));
		return;
	}
	if (strlen(text) >= EVENT_FILTER_BYTES || strlen(label) >= sizeof filter->matchers->label) {
		check_problem(check, &at, PROBLEM_BAD_MATCHER, "the text has more than %d bytes", EVENT_FILTER_BYTES - 1);
		return;
	}
	unsigned i = filter->count++;
	memcpy(filter->matchers[i].label, label, strlen(label) + 1);
	memcpy(filter->matchers[i].text, text, strlen(text) + 1);
	filter->matchers[i].is_not = matcher->is_not;
}

static bool check_events(struct check *check, struct node *call, struct node *argument)
{
	if (argument->kind != NODE_NAME || !argument->window) {
		wrong_argument(check, argument, call->function);
		return false;
	}
	int kind = event_kind_find(argument->name);
	if (kind < 0) {
		const char *nearest = nearest_name(argument->name, event_name, 0);
		bool is_metric = mu_metric_find(argument->name) >= 0;
		struct node name = { .offset = argument->offset, .width = strlen(argument->name) };
		problem_hint(check_problem(check, &name, PROBLEM_UNKNOWN_EVENT, "unknown event `%s`", argument->name),
			is_metric         ? "that is a metric: use changes(%s[WINDOW])"
				: nearest ? "did you mean `%s`?"
					  : "alerts/README.md lists the events%s",
			is_metric         ? argument->name
				: nearest ? nearest
					  : "");
		return false;
	}
	unsigned before = check->errors;
	call->filter.kind = (enum event_kind)kind;
	for (unsigned i = 0; i < argument->matcher_count; i++)
		check_matcher(check, &argument->matchers[i], &call->filter);
	return check->errors == before;
}

// The metric of the argument, for functions of one.
static bool check_series(struct check *check, struct node *call, const struct node *argument)
{
	const struct rule_function *function = call->function;
	bool wants_window = function->argument == ARGUMENT_RANGE;
	if (argument->kind != NODE_NAME || !argument->window != !wants_window) {
		wrong_argument(check, argument, function);
		return false;
	}
	int metric = check_metric(check, argument);
	if (metric < 0)
		return false;
	struct unit unit = unit_any;
	unit_find(mu_metric_words[metric].unit, &unit);
	bool has_amount =
		mu_metrics[metric].type != MU_METRIC_ENUM && unit.dimension != DIMENSION_BITS && unit.dimension != DIMENSION_INDEX;
	if (function->needs_amount && !has_amount) {
		problem_hint(check_problem(check, argument, PROBLEM_TYPES, "`%s` is no amount, so `%s` has no meaning for it",
				     argument->name, function->name),
			"use changes(%s[WINDOW])", argument->name);
		return false;
	}
	call->value.metric = metric;
	call->value.unit = unit;
	return true;
}

static void set_result(struct node *call)
{
	struct value_info *value = &call->value;
	value->type = call->function->result == RESULT_CONDITION ? VALUE_CONDITION : VALUE_NUMBER;
	switch (call->function->result) {
	case RESULT_SAME: break;
	case RESULT_PER_SECOND: value->unit.per_second = value->unit.dimension != DIMENSION_SHARE && !value->unit.per_second; break;
	case RESULT_COUNT: value->unit = unit_count; break;
	case RESULT_SECONDS: value->unit = unit_seconds; break;
	case RESULT_CONDITION: value->unit = unit_any; break;
	}
}

static const struct rule_function *find_function(struct check *check, const struct node *node)
{
	const struct rule_function *function = rule_function_find(node->name);
	if (function)
		return function;
	const char *nearest = nearest_name(node->name, rule_function_name, 0);
	struct node name = { .offset = node->offset, .width = strlen(node->name) };
	problem_hint(check_problem(check, &name, PROBLEM_UNKNOWN_FUNCTION, "unknown function `%s`", node->name),
		nearest ? "did you mean `%s`?" : "alerts/README.md lists the functions%s", nearest ? nearest : "");
	return 0;
}

static void lint_window(struct check *check, const struct node *call, const struct node *argument)
{
	const struct node *window = argument->window;
	bool is_written = call->function->argument == ARGUMENT_RANGE && window && window->kind == NODE_DURATION;
	if (is_written && call->window_ms < SHORT_WINDOW_MS)
		problem_hint(problem_at(check->where, window->offset, window->width, PROBLEM_SHORT_WINDOW,
				     "fewer than three heartbeats fit into this window"),
			"devices send one a minute; 3m or more gives a result that one lost record does not change");
}

// What the function reads. false: it does not fit, and it was said.
static bool check_input(struct check *check, struct node *call, struct node *argument)
{
	switch (call->function->argument) {
	case ARGUMENT_EVENTS: return check_events(check, call, argument);
	case ARGUMENT_DURATION: return true;
	default: return check_series(check, call, argument);
	}
}

void check_call(struct check *check, struct node *node)
{
	const struct rule_function *function = find_function(check, node);
	struct node *argument = node->left;
	node->function = function;
	if (!function)
		return;
	if (!argument || argument->next) {
		wrong_argument(check, argument ? argument->next : node, function);
		return;
	}
	if (!check_input(check, node, argument))
		return;
	const struct node *duration = function->argument == ARGUMENT_DURATION ? argument : argument->window;
	if (duration && !(node->window_ms = duration_of(check, duration, function)))
		return;
	set_result(node);
	lint_window(check, node, argument);
}
