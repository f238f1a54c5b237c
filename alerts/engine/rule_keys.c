// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_keys.h"
#include "alerts/engine/nearest.h"

#include <string.h>

struct key {
	const char *name;
	enum rule_yaml_kind kind;
	const char *instead; // 0: it is taken
};

static const char later[] = "not in this version; remove it";
static const char no_actions[] = "alerts go out as the configuration of musterd says; commands are given by people: muster rollback";
static const char use_for[] = "use `for` with a duration";

static const struct key file_keys[] = {
	{ "version", RULE_YAML_TEXT, 0 },
	{ "params", RULE_YAML_MAPPING, 0 },
	{ "groups", RULE_YAML_LIST, 0 },
	{ "defaults", RULE_YAML_MAPPING, "write the values in each rule; labels may stand at the group" },
};

static const char no_grid[] = "rules are evaluated on each record and deadline, not at intervals; remove it";

static const struct key group_keys[] = {
	{ "name", RULE_YAML_TEXT, 0 },
	{ "labels", RULE_YAML_MAPPING, 0 },
	{ "rules", RULE_YAML_LIST, 0 },
	{ "interval", RULE_YAML_TEXT, no_grid },
	{ "query_offset", RULE_YAML_TEXT, no_grid },
	{ "evaluation_offset", RULE_YAML_TEXT, no_grid },
	{ "limit", RULE_YAML_TEXT, "the number of alerts is not limited; group and mute them in Alertmanager" },
	{ "partial_response_strategy", RULE_YAML_TEXT, later },
};

static const struct key rule_keys[] = {
	{ "alert", RULE_YAML_TEXT, 0 },
	{ "uid", RULE_YAML_TEXT, 0 },
	{ "scope", RULE_YAML_TEXT, 0 },
	{ "expr", RULE_YAML_TEXT, 0 },
	{ "severities", RULE_YAML_MAPPING, 0 },
	{ "clear", RULE_YAML_TEXT, 0 },
	{ "for", RULE_YAML_TEXT, 0 },
	{ "keep_firing_for", RULE_YAML_TEXT, 0 },
	{ "labels", RULE_YAML_MAPPING, 0 },
	{ "annotations", RULE_YAML_MAPPING, 0 },
	{ "record", RULE_YAML_TEXT, "there are no recording rules; write the expression into the alert" },
	{ "match", RULE_YAML_TEXT, "a rule is for all devices; choose among alerts in Alertmanager or with filters of `muster tail`" },
	{ "flap", RULE_YAML_MAPPING, "use `keep_firing_for` and `clear`" },
	{ "inhibited_by", RULE_YAML_LIST, "use inhibit_rules of Alertmanager" },
	{ "mode", RULE_YAML_TEXT, later },
	{ "shadow_until", RULE_YAML_TEXT, later },
	{ "actions", RULE_YAML_LIST, no_actions },
	{ "guard", RULE_YAML_MAPPING, no_actions },
	{ "no_data", RULE_YAML_TEXT, "without data an alert stays as it is; use silent(10m) or age(METRIC) > 10m" },
	{ "stale_after", RULE_YAML_TEXT, "use silent(10m) or age(METRIC) > 10m" },
	{ "for_samples", RULE_YAML_TEXT, use_for },
	{ "clear_samples", RULE_YAML_TEXT, "use `keep_firing_for` with a duration" },
};

static const struct {
	const char *what;
	const struct key *keys;
	size_t count;
} places[] = {
	[PLACE_FILE] = { "a rule file", file_keys, sizeof file_keys / sizeof *file_keys },
	[PLACE_GROUP] = { "a group", group_keys, sizeof group_keys / sizeof *group_keys },
	[PLACE_RULE] = { "a rule", rule_keys, sizeof rule_keys / sizeof *rule_keys },
};

static const char *taken_key(const void *place, size_t i)
{
	const enum rule_place *at = place;
	for (size_t row = 0; row < places[*at].count; row++)
		if (!places[*at].keys[row].instead && i-- == 0)
			return places[*at].keys[row].name;
	return 0;
}

static const char *kind_wanted(enum rule_yaml_kind kind)
{
	return kind == RULE_YAML_TEXT       ? "a text"
		: kind == RULE_YAML_MAPPING ? "a mapping of names and values"
					    : "a list (each entry begins with -)";
}

static void check_key(const struct problem_where *where, const struct rule_yaml_node *node, enum rule_place place)
{
	const char *name = node->key->scalar.text;
	for (size_t i = 0; i < places[place].count; i++) {
		const struct key *key = &places[place].keys[i];
		if (strcmp(key->name, name) != 0)
			continue;
		if (key->instead)
			problem_hint(rule_yaml_problem(where, node->key, PROBLEM_KEY_OUTSIDE, "`%s` is not part of the rule language",
					     name),
				"%s", key->instead);
		else if (!node->is_null && node->kind != key->kind)
			problem_hint(rule_yaml_problem(where, node, PROBLEM_WRONG_SHAPE, "`%s` holds %s", name, rule_yaml_kind_name(node)),
				"it wants %s", kind_wanted(key->kind));
		return;
	}
	struct rules_problem *problem =
		rule_yaml_problem(where, node->key, PROBLEM_UNKNOWN_KEY, "%s has no key `%.60s`", places[place].what, name);
	const char *nearest = problem ? nearest_name(name, taken_key, &place) : 0; // nothing is looked for if it is only counted
	problem_hint(problem, nearest ? "did you mean `%s`?" : "alerts/README.md lists the keys%s", nearest ? nearest : "");
}

void rule_keys_check(const struct problem_where *where, const struct rule_yaml_node *node, enum rule_place place)
{
	for (const struct rule_yaml_node *at = node->child; at; at = at->next)
		check_key(where, at, place);
}

const struct rule_yaml_node *rule_keys_get(const struct rule_yaml_node *node, const char *key, enum rule_yaml_kind kind)
{
	const struct rule_yaml_node *value = rule_yaml_find(node, key);
	return value && value->kind == kind && !value->is_null ? value : 0;
}
