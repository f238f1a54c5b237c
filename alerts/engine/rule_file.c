// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_file.h"

#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_keys.h"
#include "alerts/engine/rule_texts.h"
#include "proto/text.h"

enum { GROUP_NAME_BYTES_MAX = 63 };

static void check_version(const struct rule_file *file)
{
	const struct rule_yaml_node *version = rule_keys_get(file->root, "version", RULE_YAML_TEXT);
	if (version && strcmp(version->scalar.text, "1") != 0)
		problem_hint(rule_yaml_problem(&file->where, version, PROBLEM_VERSION, "version `%.20s` of the format is not known",
				     version->scalar.text),
			"write `version: 1`");
}

int rule_file_open(struct rule_file *file, const struct rules_source *source, struct rules_problems *problems)
{
	bool is_empty;
	*file = (struct rule_file){ .where = { .problems = problems } };
	if (source_map_init(&file->map, source) < 0)
		return -1;
	file->where.map = &file->map;
	file->root = rule_yaml_read(&file->where, &is_empty);
	if (file->root && file->root->kind != RULE_YAML_MAPPING) {
		problem_hint(rule_yaml_problem(&file->where, file->root, PROBLEM_WRONG_SHAPE, "the file is %s, not a mapping",
				     rule_yaml_kind_name(file->root)),
			"it begins with `groups:`");
		rule_yaml_free(file->root);
		file->root = 0;
	}
	return 0;
}

void rule_file_close(struct rule_file *file)
{
	rule_yaml_free(file->root);
	source_map_free(&file->map);
	file->root = 0;
}

void rule_file_read_params(const struct rule_file *file, struct rule_params *params)
{
	if (!file->root)
		return;
	rule_keys_check(&file->where, file->root, PLACE_FILE);
	check_version(file);
	const struct rule_yaml_node *mapping = rule_keys_get(file->root, "params", RULE_YAML_MAPPING);
	if (mapping)
		rule_params_read(params, &file->where, mapping);
}

// One rule that is being added, and what it may not repeat.
struct adder {
	const struct rule_file *file;
	struct rule_build build;
	struct rule_set *set;
	size_t first; // of this file's rules in the set
	bool is_full;
};

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void check_twice(const struct adder *adder, const struct rule_yaml_node *node, const struct rule *rule)
{
	const struct rule_yaml_node *name = rule_keys_get(node, "alert", RULE_YAML_TEXT), *uid = rule_keys_get(node, "uid", RULE_YAML_TEXT);
	struct problem_where where = adder->build.where;
	where.alert = rule->name;
	for (size_t i = 0; name && i < adder->set->count; i++) {
		const struct rule *other = &adder->set->rules[i];
		if (i >= adder->first && same_text(other->name, rule->name)) {
			problem_hint(rule_yaml_problem(&where, name, PROBLEM_DUPLICATE_NAME, "two alerts of the name `%s` in this file",
					     rule->name),
				"the first is in line %u; for levels of one alert use `severities`", other->line);
			return;
		}
		if (other->name && same_text(other->uid, rule->uid)) {
			problem_hint(rule_yaml_problem(&where, uid ? uid : name, PROBLEM_DUPLICATE_UID, "two rules with the uid `%s`",
					     rule->uid),
				"the first is in %s:%u; give each a `uid` of its own", other->file, other->line);
			return;
		}
	}
}

static void add_rule(struct adder *adder, const struct rule_yaml_node *node)
{
	struct rule_set *set = adder->set;
	const struct problem_where *where = &adder->build.where;
	if (node->kind != RULE_YAML_MAPPING) {
		problem_hint(rule_yaml_problem(where, node, PROBLEM_WRONG_SHAPE, "a rule is %s", rule_yaml_kind_name(node)),
			"a rule is a mapping: `alert:`, `expr:` ...");
		return;
	}
	if (set->count == RULES_MAX) {
		if (!adder->is_full)
			problem_hint(problem_in_file(where, node->scalar.place, 1, PROBLEM_TOO_MANY, "too many rules"),
				"at most %d in all files", RULES_MAX);
		adder->is_full = true;
		return;
	}
	struct rule *rule = &set->rules[set->count];
	rule_build(&adder->build, node, rule);
	check_twice(adder, node, rule);
	set->count++;
}

// The group's name; 0: it has none that can be used, and it was said.
static const char *group_name(const struct adder *adder, const struct rule_yaml_node *group)
{
	const struct rule_yaml_node *name = rule_keys_get(group, "name", RULE_YAML_TEXT);
	const struct problem_where *where = &adder->file->where;
	if (!name) {
		problem_hint(problem_in_file(where, group->scalar.place, 1, PROBLEM_MISSING_KEY, "a group without a name"),
			"write `name: heap`");
		return 0;
	}
	if (name->scalar.length <= GROUP_NAME_BYTES_MAX && mu_text_valid((const uint8_t *)name->scalar.text, name->scalar.length))
		return name->scalar.text;
	problem_hint(rule_yaml_problem(where, name, PROBLEM_BAD_VALUE, "this cannot be the name of a group"),
		"printable text of at most %d bytes", GROUP_NAME_BYTES_MAX);
	return 0;
}

static void check_group_twice(const struct adder *adder, const struct rule_yaml_node *groups, const struct rule_yaml_node *group)
{
	const struct rule_yaml_node *name = rule_keys_get(group, "name", RULE_YAML_TEXT);
	for (const struct rule_yaml_node *at = groups->child; name && at != group; at = at->next) {
		const struct rule_yaml_node *other = at->kind == RULE_YAML_MAPPING ? rule_keys_get(at, "name", RULE_YAML_TEXT) : 0;
		if (!other || strcmp(other->scalar.text, name->scalar.text) != 0)
			continue;
		problem_hint(rule_yaml_problem(&adder->file->where, name, PROBLEM_DUPLICATE_NAME, "two groups of the name `%.63s`",
				     name->scalar.text),
			"the first is in line %u", other->scalar.place.line);
		return;
	}
}

static void add_group(struct adder *adder, const struct rule_yaml_node *groups, const struct rule_yaml_node *group)
{
	const struct problem_where *where = &adder->file->where;
	if (group->kind != RULE_YAML_MAPPING) {
		problem_hint(rule_yaml_problem(where, group, PROBLEM_WRONG_SHAPE, "a group is %s", rule_yaml_kind_name(group)),
			"a group is a mapping: `name:`, `rules:`");
		return;
	}
	const char *name = group_name(adder, group);
	adder->build.where = *where;
	adder->build.where.group = name ? name : "";
	adder->build.group_labels = rule_keys_get(group, "labels", RULE_YAML_MAPPING);
	rule_keys_check(&adder->build.where, group, PLACE_GROUP);
	check_group_twice(adder, groups, group);
	if (adder->build.group_labels)
		rule_labels_check(&adder->build.where, adder->build.group_labels);
	const struct rule_yaml_node *rules = rule_keys_get(group, "rules", RULE_YAML_LIST);
	for (const struct rule_yaml_node *at = rules ? rules->child : 0; at; at = at->next)
		add_rule(adder, at);
}

void rule_file_read_rules(const struct rule_file *file, const struct rule_params *params, struct slot_table *slots, struct rule_set *set)
{
	const struct rule_yaml_node *groups = file->root ? rule_keys_get(file->root, "groups", RULE_YAML_LIST) : 0;
	struct adder adder = { .file = file, .build = { .params = params, .slots = slots }, .set = set, .first = set->count };
	if (file->root && !rule_yaml_find(file->root, "groups") && !rule_yaml_find(file->root, "params"))
		problem_hint(problem_in_file(&file->where, file->root->scalar.place, 1, PROBLEM_MISSING_KEY, "a rule file without groups"),
			"it begins with `groups:`");
	for (const struct rule_yaml_node *at = groups ? groups->child : 0; at; at = at->next)
		add_group(&adder, groups, at);
}
