// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_build.h"
#include "alerts/engine/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/check.h"
#include "alerts/engine/expression_equal.h"
#include "alerts/engine/rule_keys.h"
#include "alerts/engine/rule_texts.h"
#include "alerts/engine/rule_uid.h"
#include "proto/text.h"

enum { NAME_BYTES_MAX = RULE_UID_BYTES_MAX }; // of an alert's name, too

// Everything that one rule needs while it is read.
struct job {
	const struct rule_build *build;
	struct problem_where where;
	const struct rule_yaml_node *node;
	struct rule *rule;
	struct compiled compiled;
	struct checked_value value;
	struct expression lowest; // of the lowest severity, for the comparison with `clear`
};

void rule_build_free(struct rule *rule)
{
	char *texts[] = { rule->uid, rule->name, rule->group, rule->file, rule->expression };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	for (unsigned i = 0; i < RULE_LEVELS_MAX; i++)
		free(rule->levels[i].program.ops);
	free(rule->clear.ops);
	for (unsigned i = 0; i < RULES_LABELS_MAX; i++) {
		free(rule->labels[i].name);
		free(rule->labels[i].text);
		free(rule->annotations[i].name);
		free(rule->annotations[i].text);
	}
	*rule = (struct rule){ 0 };
}

static char *copy(const struct job *job, const char *text)
{
	char *out = strdup(text ? text : "");
	if (!out)
		problem_no_memory(&job->where);
	return out;
}

// --- name and uid ---

static void read_uid(struct job *job)
{
	const struct rule_yaml_node *uid = rule_keys_get(job->node, "uid", RULE_YAML_TEXT);
	char derived[160] = "";
	if (uid && !rule_uid_is_valid(uid->scalar.text))
		problem_hint(rule_yaml_problem(&job->where, uid, PROBLEM_BAD_VALUE, "`%.60s` cannot be a uid", uid->scalar.text),
			"small letters, digits, _ . and -, at most %d", NAME_BYTES_MAX);
	if (!uid && job->rule->name) {
		rule_uid_add(derived, sizeof derived - 2, job->where.group);
		snprintf(derived + strlen(derived), 2, ".");
		rule_uid_add(derived, sizeof derived, job->rule->name);
		if (!rule_uid_is_valid(derived))
			problem_hint(problem_in_file(&job->where, job->node->scalar.place, 1, PROBLEM_BAD_VALUE,
					     "no uid can be made of the names of group and alert"),
				"write `uid:` with small letters, digits, _ . and -, at most %d", NAME_BYTES_MAX);
	}
	job->rule->uid = copy(job, uid ? uid->scalar.text : derived);
}

static void read_name(struct job *job)
{
	const struct rule_yaml_node *name = rule_keys_get(job->node, "alert", RULE_YAML_TEXT);
	bool is_record = rule_yaml_find(job->node, "record");
	if (!name) {
		if (!is_record)
			problem_hint(problem_in_file(&job->where, job->node->scalar.place, 1, PROBLEM_MISSING_KEY, "a rule without a name"),
				"write `alert: Name`");
		return;
	}
	job->rule->line = name->scalar.place.line;
	if (name->scalar.length > NAME_BYTES_MAX || !mu_text_valid((const uint8_t *)name->scalar.text, name->scalar.length))
		problem_hint(rule_yaml_problem(&job->where, name, PROBLEM_BAD_VALUE, "this cannot be the name of an alert"),
			"printable text of at most %d bytes", NAME_BYTES_MAX);
	job->rule->name = copy(job, name->scalar.text);
	job->where.alert = job->rule->name;
}

// --- expressions ---

static void read_program(struct job *job, const struct rule_yaml_node *node, struct expression *expression, struct rule_program *program)
{
	struct problem_where where = job->where;
	where.scalar = &node->scalar;
	expression_read(expression, &where);
	if (!expression->root)
		return;
	struct check check = { .where = &where, .params = job->build->params, .value = job->value };
	bool is_good = check_condition(&check, expression->root);
	job->value = check.value;
	if (is_good)
		compile_condition(&job->compiled, &where, expression->root, program);
}

static void keep_text(struct job *job, const struct rule_yaml_node *node)
{
	const char *text = node->scalar.text;
	size_t begin = strspn(text, " \t\r\n"), end = node->scalar.length;
	while (end > begin && strchr(" \t\r\n", text[end - 1]))
		end--;
	job->rule->expression = strndup(text + begin, end - begin);
	if (!job->rule->expression)
		problem_no_memory(&job->where);
}

static void add_level(struct job *job, const struct rule_yaml_node *node, enum alert_severity severity)
{
	struct rule *rule = job->rule;
	struct expression other;
	bool is_lowest = rule->level_count == 0;
	unsigned level = rule->level_count++;
	rule->levels[level].severity = severity;
	if (is_lowest)
		keep_text(job, node);
	read_program(job, node, is_lowest ? &job->lowest : &other, &rule->levels[level].program);
	if (!is_lowest)
		expression_free(&other);
}

// The level of a rule with `expr`: its own label, its group's, or warning.
static enum alert_severity read_severity(struct job *job)
{
	const struct rule_yaml_node *sources[] = { rule_keys_get(job->node, "labels", RULE_YAML_MAPPING), job->build->group_labels };
	for (unsigned i = 0; i < 2; i++) {
		const struct rule_yaml_node *label = sources[i] ? rule_keys_get(sources[i], "severity", RULE_YAML_TEXT) : 0;
		if (!label)
			continue;
		int severity = alert_severity_find(label->scalar.text);
		if (severity > ALERT_NO_SEVERITY)
			return (enum alert_severity)severity;
		if (!strstr(label->scalar.text, "{{")) // a template was told of already
			problem_hint(rule_yaml_problem(&job->where, label, PROBLEM_BAD_VALUE, "unknown severity `%.40s`",
					     label->scalar.text),
				"known: info, warning, critical");
		break;
	}
	return ALERT_WARNING;
}

static void read_severities(struct job *job, const struct rule_yaml_node *severities)
{
	const struct rule_yaml_node *labels = rule_keys_get(job->node, "labels", RULE_YAML_MAPPING);
	const struct rule_yaml_node *label = labels ? rule_yaml_find(labels, "severity") : 0;
	if (label)
		problem_hint(rule_yaml_problem(&job->where, label->key, PROBLEM_BAD_VALUE, "the label `severity` beside `severities`"),
			"leave it out; each alert has the level whose expression is true");
	for (const struct rule_yaml_node *at = severities->child; at; at = at->next) {
		if (alert_severity_find(at->key->scalar.text) <= ALERT_NO_SEVERITY)
			problem_hint(rule_yaml_problem(&job->where, at->key, PROBLEM_BAD_VALUE, "unknown severity `%.40s`",
					     at->key->scalar.text),
				"known: info, warning, critical");
		else if (at->kind != RULE_YAML_TEXT)
			problem_hint(rule_yaml_problem(&job->where, at, PROBLEM_WRONG_SHAPE, "`%s` holds %s", at->key->scalar.text,
					     rule_yaml_kind_name(at)),
				"it wants an expression");
	}
	for (int severity = ALERT_INFO; severity <= ALERT_CRITICAL; severity++) {
		const struct rule_yaml_node *node = rule_yaml_find(severities, alert_severity_name((enum alert_severity)severity));
		if (node && node->kind == RULE_YAML_TEXT)
			add_level(job, node, (enum alert_severity)severity);
	}
}

static void tell_levels_missing(const struct job *job)
{
	problem_hint(problem_in_file(&job->where, job->node->scalar.place, 1, PROBLEM_MISSING_KEY, "a rule without an expression"),
		"write `expr: METRIC < LIMIT`, or `severities:` with one for each level");
}

// rule_keys_check() has told of values of another kind.
static void read_levels(struct job *job)
{
	const struct rule_yaml_node *expr = rule_yaml_find(job->node, "expr"), *severities = rule_yaml_find(job->node, "severities");
	if (expr && severities)
		problem_hint(rule_yaml_problem(&job->where, severities->key, PROBLEM_BAD_VALUE, "both `expr` and `severities`"),
			"`severities` holds one expression for each level; leave `expr` out");
	bool has_levels = severities && severities->child;
	if (has_levels && severities->kind == RULE_YAML_MAPPING)
		read_severities(job, severities);
	else if (expr && expr->kind == RULE_YAML_TEXT)
		add_level(job, expr, read_severity(job));
	else if (!expr && !has_levels)
		tell_levels_missing(job);
}

static void read_clear(struct job *job)
{
	const struct rule_yaml_node *clear = rule_keys_get(job->node, "clear", RULE_YAML_TEXT);
	struct checked_value value = job->value; // $value is never that of `clear`
	struct expression expression;
	if (!clear)
		return;
	read_program(job, clear, &expression, &job->rule->clear);
	if (expression.root && job->lowest.root && expression_equal(expression.root, job->lowest.root))
		problem_hint(rule_yaml_problem(&job->where, clear, PROBLEM_CLEAR_SAME, "`clear` says the same as the expression"),
			"an alert ends when the expression is false and `clear` is true: this one never would");
	expression_free(&expression);
	job->value = value;
}

// --- the rest ---

static uint64_t duration_of_param(const struct job *job, const struct rule_yaml_node *node)
{
	const char *name = node->scalar.text + 1;
	const struct rule_param *param = rule_params_find(job->build->params, name);
	if (param && param->value.kind == TOKEN_DURATION)
		return (uint64_t)(param->value.number < 1e15 ? param->value.number : 1e15);
	if (param) {
		problem_hint(rule_yaml_problem(&job->where, node, PROBLEM_UNKNOWN_PARAM, "the parameter `$%s` is %s, not a duration", name,
				     rule_param_type(&param->value)),
			"its value is `%s`, in %s:%u", param->text, param->file, param->line);
		return 0;
	}
	const char *nearest = nearest_name(name, rule_params_name, job->build->params);
	problem_hint(rule_yaml_problem(&job->where, node, PROBLEM_UNKNOWN_PARAM, "unknown parameter `$%.60s`", name),
		nearest ? "did you mean `$%s`?" : "define it under `params:`%s", nearest ? nearest : "");
	return 0;
}

static uint64_t read_duration(const struct job *job, const char *key)
{
	const struct rule_yaml_node *node = rule_keys_get(job->node, key, RULE_YAML_TEXT);
	uint64_t ms = 0;
	if (!node)
		return 0;
	if (*node->scalar.text == '$')
		ms = duration_of_param(job, node);
	else if (lexer_duration(node->scalar.text, &ms) < 0)
		problem_hint(rule_yaml_problem(&job->where, node, PROBLEM_BAD_DURATION, "`%.60s` is not a duration", node->scalar.text),
			"whole numbers with ms s m h d w: 30s, 5m, 1h30m");
	if (ms > RULE_DURATION_MS_MAX)
		problem_hint(rule_yaml_problem(&job->where, node, PROBLEM_BAD_DURATION, "the duration is out of range"), "at most 366d");
	return ms;
}

static void read_scope(const struct job *job)
{
	const struct rule_yaml_node *scope = rule_keys_get(job->node, "scope", RULE_YAML_TEXT);
	if (!scope || strcmp(scope->scalar.text, "device") == 0)
		return;
	if (strcmp(scope->scalar.text, "fleet") == 0)
		problem_hint(rule_yaml_problem(&job->where, scope, PROBLEM_KEY_OUTSIDE, "`scope: fleet` is not part of this version"),
			"a rule is evaluated for each device; count alerts over devices in Alertmanager or in what reads the stream");
	else
		problem_hint(rule_yaml_problem(&job->where, scope, PROBLEM_BAD_VALUE, "unknown scope `%.40s`", scope->scalar.text),
			"known: device");
}

static void read_texts(struct job *job)
{
	struct rule *rule = job->rule;
	const struct rule_yaml_node *labels = rule_keys_get(job->node, "labels", RULE_YAML_MAPPING);
	const struct rule_yaml_node *annotations = rule_keys_get(job->node, "annotations", RULE_YAML_MAPPING);
	if (labels)
		rule_labels_check(&job->where, labels);
	rule_labels_add(&job->where, job->build->group_labels, rule);
	rule_labels_add(&job->where, labels, rule);
	rule_annotations_add(&job->where, annotations, job->build->params, &job->value, rule);
	if (!annotations || !rule_keys_get(annotations, "summary", RULE_YAML_TEXT))
		problem_hint(problem_in_file(&job->where, job->node->scalar.place, 1, PROBLEM_NO_SUMMARY, "the rule has no summary"),
			"write `annotations: {summary: \"what a person has to know\"}`");
}

static double scale_of(const struct checked_value *value)
{
	bool is_scaled = value->is_known && !value->is_mixed && !value->unit.per_second &&
		(value->unit.dimension == DIMENSION_TIME || value->unit.dimension == DIMENSION_SHARE);
	return is_scaled ? value->unit.num / value->unit.den : 1;
}

void rule_build(const struct rule_build *build, const struct rule_yaml_node *node, struct rule *rule)
{
	struct job job = { .build = build, .where = build->where, .node = node, .rule = rule, .compiled = { .slots = build->slots } };
	uint32_t bytes_before = build->slots->bytes;
	*rule = (struct rule){ .line = node->scalar.place.line };
	rule_keys_check(&job.where, node, PLACE_RULE);
	read_name(&job);
	read_uid(&job);
	read_scope(&job);
	rule->group = copy(&job, job.where.group);
	rule->file = copy(&job, job.where.map->name);
	read_levels(&job);
	read_clear(&job);
	rule->for_ms = read_duration(&job, "for");
	rule->keep_firing_for_ms = read_duration(&job, "keep_firing_for");
	read_texts(&job);
	rule->value_scale = scale_of(&job.value);
	rule->silent_ms = job.compiled.silent_ms;
	rule->reads_heartbeat = job.compiled.reads_heartbeat;
	rule->events = job.compiled.events;
	rule->device_bytes = build->slots->bytes - bytes_before;
	expression_free(&job.lowest);
}
