// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_texts.h"
#include "alerts/engine/nearest.h"

#include <stdlib.h>
#include <string.h>
#include "alerts/engine/template.h"
#include "proto/text.h"

static const char *const reserved[] = { "alertname", "device", "firmware", "severity" };

static bool is_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	return false;
}

// As Prometheus has it: letters, digits and _, no digit first.
static bool is_label_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	return length && !name[length] && length < TOKEN_TEXT_BYTES && !(*name >= '0' && *name <= '9');
}

// What both need: a good name and a text that is not too long. false: it was said.
static bool check_text(const struct problem_where *where, const struct rule_yaml_node *node, const char *what, size_t bytes_max)
{
	const char *name = node->key->scalar.text;
	if (!is_label_name(name)) {
		problem_hint(rule_yaml_problem(where, node->key, PROBLEM_BAD_VALUE, "`%.60s` cannot name %s", name, what),
			"letters, digits and _, at most %d, no digit first", TOKEN_TEXT_BYTES - 1);
		return false;
	}
	if (node->kind != RULE_YAML_TEXT) {
		problem_hint(rule_yaml_problem(where, node, PROBLEM_WRONG_SHAPE, "`%s` holds %s", name, rule_yaml_kind_name(node)),
			"it wants a text");
		return false;
	}
	if (node->scalar.length <= bytes_max)
		return true;
	problem_hint(rule_yaml_problem(where, node, PROBLEM_BAD_VALUE, "the text of `%s` is too long", name), "at most %zu bytes",
		bytes_max);
	return false;
}

static void check_label(const struct problem_where *where, const struct rule_yaml_node *node)
{
	const char *name = node->key->scalar.text, *text = node->scalar.text;
	if (!check_text(where, node, "a label", RULE_LABEL_BYTES))
		return;
	if (is_reserved(name) && strcmp(name, "severity") != 0) {
		problem_hint(rule_yaml_problem(where, node->key, PROBLEM_BAD_VALUE, "each alert has the label `%s` already", name),
			"leave it out");
		return;
	}
	const char *braces = strstr(text, "{{");
	if (braces) {
		struct problem_where at = *where;
		at.scalar = &node->scalar;
		problem_hint(problem_at(&at, (size_t)(braces - text), 2, PROBLEM_TEMPLATE_IN_LABEL, "a template in a label"),
			"a label that changes with the value makes a new alert each time; write it as an annotation");
		return;
	}
	if (!mu_text_valid((const uint8_t *)text, node->scalar.length))
		problem_hint(rule_yaml_problem(where, node, PROBLEM_BAD_VALUE, "a character that cannot be shown"),
			"one line of printable text");
}

void rule_labels_check(const struct problem_where *where, const struct rule_yaml_node *labels)
{
	for (const struct rule_yaml_node *at = labels->child; at; at = at->next)
		check_label(where, at);
}

// A place for the name in the list, the one that has it already if there is one; 0: there is no room, and it was said.
static struct rule_text *place_for(const struct problem_where *where, const struct rule_yaml_node *node, struct rule_text *list,
	unsigned *count)
{
	for (unsigned i = 0; i < *count; i++)
		if (strcmp(list[i].name, node->key->scalar.text) == 0)
			return &list[i];
	if (*count < RULES_LABELS_MAX)
		return &list[(*count)++];
	problem_hint(rule_yaml_problem(where, node->key, PROBLEM_TOO_MANY, "too many labels or annotations"), "at most %d of each",
		RULES_LABELS_MAX);
	return 0;
}

static void put_text(const struct problem_where *where, const struct rule_yaml_node *node, struct rule_text *list, unsigned *count)
{
	struct rule_text *place = place_for(where, node, list, count);
	if (!place)
		return;
	free(place->name);
	free(place->text);
	place->name = strdup(node->key->scalar.text);
	place->text = strdup(node->scalar.text);
	if (place->name && place->text)
		return;
	problem_no_memory(where);
	free(place->name);
	free(place->text);
	*place = list[--*count];
	list[*count] = (struct rule_text){ 0 };
}

void rule_labels_add(const struct problem_where *where, const struct rule_yaml_node *labels, struct rule *rule)
{
	if (!labels)
		return;
	for (const struct rule_yaml_node *at = labels->child; at; at = at->next)
		if (at->kind == RULE_YAML_TEXT && strcmp(at->key->scalar.text, "severity") != 0)
			put_text(where, at, rule->labels, &rule->label_count);
}

// --- templates ---

struct template_check {
	struct problem_where where;
	const struct rule_params *params;
	const struct checked_value *value;
	const struct rule *rule;
};

static bool has_label(const struct rule *rule, const char *name)
{
	for (unsigned i = 0; i < rule->label_count; i++)
		if (strcmp(rule->labels[i].name, name) == 0)
			return true;
	return is_reserved(name);
}

static void filter_problem(const struct template_check *check, const struct template_part *part, const char *what, const char *hint)
{
	problem_hint(problem_at(&check->where, part->filter_begin, part->filter_end - part->filter_begin, PROBLEM_FILTER_UNIT, "%s", what),
		"%s", hint);
}

static void check_dimension(const struct template_check *check, const struct template_part *part, enum dimension has)
{
	static const struct {
		enum dimension wanted;
		const char *what;
	} rows[] = {
		[TEMPLATE_BYTES] = { DIMENSION_BYTES, "`bytes` is for values in bytes" },
		[TEMPLATE_DURATION] = { DIMENSION_TIME, "`duration` is for values in units of time" },
		[TEMPLATE_PERCENT] = { DIMENSION_SHARE, "`percent` is for shares" },
	};
	bool is_strict = part->filter != TEMPLATE_PLAIN && part->filter != TEMPLATE_NUMBER;
	if (is_strict && has != DIMENSION_ANY && has != rows[part->filter].wanted)
		filter_problem(check, part, rows[part->filter].what, "leave the filter out, or use `number`");
}

static void check_value_part(const struct template_check *check, const struct template_part *part)
{
	size_t width = part->name_end - part->name_begin;
	if (!check->value->is_known) {
		problem_hint(problem_at(&check->where, part->name_begin, width, PROBLEM_UNKNOWN_VARIABLE,
				     "the expression compares nothing, so there is no `$%s`", part->name),
			"write the duration or a parameter instead");
		return;
	}
	if (check->value->is_mixed && part->filter != TEMPLATE_PLAIN && part->filter != TEMPLATE_NUMBER)
		filter_problem(check, part, "the comparisons of this rule have different units", "leave the filter out, or use `number`");
	else
		check_dimension(check, part, check->value->unit.dimension);
}

static const char *builtin_name(const void *unused, size_t i)
{
	static const char *const names[] = { "value", "threshold", "device", "severity", "for", "firmware" };
	(void)unused;
	return i < sizeof names / sizeof *names ? names[i] : 0;
}

static void check_param_part(const struct template_check *check, const struct template_part *part)
{
	const struct rule_param *param = rule_params_find(check->params, part->name);
	size_t width = part->name_end - part->name_begin;
	if (!param) {
		const char *param_name = nearest_name(part->name, rule_params_name, check->params);
		const char *nearest = param_name ? param_name : nearest_name(part->name, builtin_name, 0);
		problem_hint(problem_at(&check->where, part->name_begin, width, PROBLEM_UNKNOWN_VARIABLE, "unknown name `$%s`", part->name),
			nearest ? "did you mean `$%s`?"
				: "known: $value, $threshold, $device, $severity, $for, $firmware, $labels.NAME and parameters%s",
			nearest ? nearest : "");
		return;
	}
	switch (param->value.kind) {
	case TOKEN_NUMBER: break;
	case TOKEN_PERCENT: check_dimension(check, part, DIMENSION_SHARE); break;
	case TOKEN_DURATION: check_dimension(check, part, DIMENSION_TIME); break;
	default:
		if (part->filter != TEMPLATE_PLAIN)
			filter_problem(check, part, "a text takes no filter", "leave it out");
		break;
	}
}

static void check_part(const struct template_check *check, const struct template_part *part)
{
	switch (part->variable) {
	case TEMPLATE_VALUE:
	case TEMPLATE_THRESHOLD: check_value_part(check, part); return;
	case TEMPLATE_FOR: check_dimension(check, part, DIMENSION_TIME); return;
	case TEMPLATE_PARAM: check_param_part(check, part); return;
	case TEMPLATE_LABEL:
		if (!has_label(check->rule, part->name))
			problem_hint(problem_at(&check->where, part->name_begin, part->name_end - part->name_begin,
					     PROBLEM_UNKNOWN_VARIABLE, "the alert has no label `%s`", part->name),
				"known: alertname, severity, device, firmware and the labels of the rule");
		break;
	default: break;
	}
	if (part->filter != TEMPLATE_PLAIN)
		filter_problem(check, part, "a text takes no filter", "leave it out");
}

static void tell_error(const struct template_check *check, const struct template_part *part, enum template_error error)
{
	static const char *const hints[] = {
		[TEMPLATE_UNCLOSED] = "close it with }}",
		[TEMPLATE_NOT_A_NAME] = "write a name: {{ $value }}, {{ $labels.device }}",
		[TEMPLATE_TRAILING] = "a name and at most one filter: {{ $value | bytes }}",
	};
	if (error == TEMPLATE_UNKNOWN_FILTER)
		problem_hint(problem_at(&check->where, part->filter_begin, part->filter_end - part->filter_begin, PROBLEM_UNKNOWN_FILTER,
				     "unknown filter"),
			"known: bytes, duration, percent, number");
	else
		problem_hint(problem_at(&check->where, part->begin, part->end - part->begin, PROBLEM_BAD_TEMPLATE,
				     "this template cannot be read"),
			"%s", hints[error]);
}

static void check_template(const struct template_check *check, const char *text)
{
	struct template_part part = { 0 };
	for (size_t at = 0; text[at]; at = part.end) {
		enum template_error error = template_next(text, at, &part);
		if (error != TEMPLATE_OK)
			tell_error(check, &part, error);
		else if (part.end > part.begin)
			check_part(check, &part);
	}
}

void rule_annotations_add(const struct problem_where *where, const struct rule_yaml_node *annotations, const struct rule_params *params,
	const struct checked_value *value, struct rule *rule)
{
	struct template_check check = { .where = *where, .params = params, .value = value, .rule = rule };
	if (!annotations)
		return;
	for (const struct rule_yaml_node *at = annotations->child; at; at = at->next) {
		if (!check_text(where, at, "an annotation", RULE_ANNOTATION_BYTES))
			continue;
		check.where.scalar = &at->scalar;
		check_template(&check, at->scalar.text);
		put_text(where, at, rule->annotations, &rule->annotation_count);
	}
}
