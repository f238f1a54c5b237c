// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/param.h"
#include "alerts/engine/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rule_params_init(struct rule_params *params)
{
	*params = (struct rule_params){ .list = calloc(RULE_PARAMS_MAX, sizeof *params->list) };
	return params->list ? 0 : -1;
}

void rule_params_free(struct rule_params *params)
{
	free(params->list);
	*params = (struct rule_params){ 0 };
}

const struct rule_param *rule_params_find(const struct rule_params *params, const char *name)
{
	for (unsigned i = 0; i < params->count; i++)
		if (strcmp(params->list[i].name, name) == 0)
			return &params->list[i];
	return 0;
}

const char *rule_params_name(const void *params, size_t i)
{
	const struct rule_params *known = params;
	return i < known->count ? known->list[i].name : 0;
}

const char *rule_param_type(const struct token *value)
{
	switch (value->kind) {
	case TOKEN_NUMBER: return "a number";
	case TOKEN_PERCENT: return "a percentage";
	case TOKEN_DURATION: return "a duration";
	default: return strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0 ? "true or false" : "a text";
	}
}

// The engine's own words cannot name a parameter, or templates would be read in two ways.
static bool is_taken(const char *name)
{
	static const char *const words[] = { "value", "threshold", "device", "severity", "for", "labels", "firmware" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

static bool is_name(const char *text)
{
	struct token token;
	char dollar[TOKEN_TEXT_BYTES + 2];
	int length = snprintf(dollar, sizeof dollar, "$%s", text);
	if (length < 0 || (size_t)length >= sizeof dollar || strchr(text, '#') || strchr("0123456789", text[0]))
		return false;
	lexer_next(dollar, 0, &token);
	return token.kind == TOKEN_PARAM && token.width == (size_t)length && !is_taken(text);
}

// The text of `name: value` or `name: {default: value}`; 0: neither, and it was said.
static const struct rule_yaml_node *value_of(const struct problem_where *where, const struct rule_yaml_node *node)
{
	const struct rule_yaml_node *value = node;
	if (node->kind == RULE_YAML_MAPPING) {
		for (const struct rule_yaml_node *at = node->child; at; at = at->next) {
			if (strcmp(at->key->scalar.text, "default") == 0)
				continue;
			problem_hint(rule_yaml_problem(where, at->key, PROBLEM_KEY_OUTSIDE, "a parameter has no `%.40s`",
					     at->key->scalar.text),
				"write {default: VALUE}; the configuration of musterd can override it for the whole fleet");
		}
		value = rule_yaml_find(node, "default");
	}
	if (value && value->kind == RULE_YAML_TEXT && !value->is_null)
		return value;
	problem_hint(rule_yaml_problem(where, value ? value : node->key, PROBLEM_BAD_PARAM, "the parameter `%.60s` has no value",
			     node->key->scalar.text),
		"write `%.40s: 5m` or `%.40s: {default: 5m}`", node->key->scalar.text, node->key->scalar.text);
	return 0;
}

static bool read_value(const struct problem_where *where, const struct rule_yaml_node *node, struct token *value)
{
	lexer_literal(node->scalar.text, value);
	const char *text = node->scalar.text;
	if (value->kind != TOKEN_BAD && !strchr(text, '\n') && !strstr(text, "{{"))
		return true;
	problem_hint(rule_yaml_problem(where, node, PROBLEM_BAD_PARAM, "this cannot be the value of a parameter"),
		"a number, a percentage, a duration or a name, at most %d bytes", TOKEN_TEXT_BYTES - 1);
	return false;
}

static bool can_add(const struct rule_params *params, const struct problem_where *where, const struct rule_yaml_node *key)
{
	const char *name = key->scalar.text;
	const struct rule_param *known = rule_params_find(params, name);
	if (!is_name(name)) {
		problem_hint(rule_yaml_problem(where, key, PROBLEM_BAD_PARAM, "`%.60s` cannot name a parameter", name),
			"letters, digits and _, at most %d; not value, threshold, device, severity, for, labels, firmware",
			TOKEN_TEXT_BYTES - 1);
		return false;
	}
	if (known) {
		problem_hint(rule_yaml_problem(where, key, PROBLEM_BAD_PARAM, "the parameter `%s` is defined twice", name),
			"the first is in %s:%u", known->file, known->line);
		return false;
	}
	if (params->count < RULE_PARAMS_MAX)
		return true;
	problem_hint(rule_yaml_problem(where, key, PROBLEM_TOO_MANY, "too many parameters"), "at most %d in all files", RULE_PARAMS_MAX);
	return false;
}

void rule_params_read(struct rule_params *params, const struct problem_where *where, const struct rule_yaml_node *mapping)
{
	for (const struct rule_yaml_node *at = mapping->child; at; at = at->next) {
		struct rule_param param = { .file = where->map->name, .line = at->key->scalar.place.line };
		if (!can_add(params, where, at->key))
			continue;
		const struct rule_yaml_node *value = value_of(where, at);
		if (!value || !read_value(where, value, &param.value))
			continue;
		snprintf(param.name, sizeof param.name, "%s", at->key->scalar.text);
		snprintf(param.text, sizeof param.text, "%s", value->scalar.text);
		params->list[params->count++] = param;
	}
}

static void override_one(struct rule_params *params, const struct problem_where *where, const struct rule_yaml_node *node)
{
	const char *name = node->key->scalar.text;
	const struct rule_param *known = rule_params_find(params, name);
	struct token value;
	if (!known) {
		const char *nearest = nearest_name(name, rule_params_name, params);
		problem_hint(rule_yaml_problem(where, node->key, PROBLEM_BAD_OVERRIDE, "no rule file has a parameter `%.60s`", name),
			nearest ? "did you mean `%s`?" : "%s",
			nearest ? nearest : "the rule files have them under `params:`; `muster rules show stock` prints the stock ones");
		return;
	}
	if (node->kind != RULE_YAML_TEXT || node->is_null) {
		problem_hint(rule_yaml_problem(where, node, PROBLEM_BAD_OVERRIDE, "the parameter `%s` needs a value", name),
			"write `%s: %s`", name, known->text);
		return;
	}
	if (!read_value(where, node, &value))
		return;
	if (strcmp(rule_param_type(&value), rule_param_type(&known->value)) != 0) {
		problem_hint(rule_yaml_problem(where, node, PROBLEM_BAD_OVERRIDE, "the parameter `%s` is %s, not %s", name,
				     rule_param_type(&known->value), rule_param_type(&value)),
			"its default is %s, in %s:%u", known->text, known->file, known->line);
		return;
	}
	struct rule_param *param = &params->list[known - params->list];
	param->value = value;
	snprintf(param->text, sizeof param->text, "%s", node->scalar.text);
}

void rule_params_override(struct rule_params *params, const struct problem_where *where, const struct rule_yaml_node *mapping)
{
	for (const struct rule_yaml_node *at = mapping->child; at; at = at->next)
		override_one(params, where, at);
}
