// SPDX-License-Identifier: Apache-2.0
// A YAML file as a tree in which every node knows its place. What rule files do not need is refused with a problem: anchors, aliases,
// tags, second documents, keys that are no text, keys that stand twice, zero bytes; so is what only fills memory (the bounds below).
//
// Pure. Memory: the heap, at most some 200 bytes a value, freed by rule_yaml_free(). Thread: any one at a time.
#ifndef ALERTS_ENGINE_RULE_YAML_H
#define ALERTS_ENGINE_RULE_YAML_H
#include "alerts/engine/problem.h"

enum { RULE_YAML_NODES_MAX = 40000, RULE_YAML_DEPTH_MAX = 12, RULE_YAML_KEYS_MAX = 256 };

enum rule_yaml_kind { RULE_YAML_TEXT, RULE_YAML_MAPPING, RULE_YAML_LIST };

struct rule_yaml_node {
	enum rule_yaml_kind kind;
	bool is_null;                 // a TEXT: nothing, ~ or null without quotes
	struct source_scalar scalar;  // its place for all kinds; text for TEXT, ends with a zero
	struct rule_yaml_node *key;   // in a mapping: a TEXT
	struct rule_yaml_node *child; // of MAPPING and LIST: the first; then next
	struct rule_yaml_node *next;
};

// Returns the root, or 0: then there is a problem, or the file holds nothing at all (*is_empty).
struct rule_yaml_node *rule_yaml_read(const struct problem_where *where, bool *is_empty);
void rule_yaml_free(struct rule_yaml_node *node); // 0 is allowed

// The value of a key, 0 if there is none.
struct rule_yaml_node *rule_yaml_find(const struct rule_yaml_node *mapping, const char *key);

const char *rule_yaml_kind_name(const struct rule_yaml_node *node); // "a list", "a mapping", "a text", "nothing"

// A problem about a whole node; marks the text if it is one.
struct rules_problem *rule_yaml_problem(const struct problem_where *where, const struct rule_yaml_node *node, enum problem_code code,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
