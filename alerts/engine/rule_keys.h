// SPDX-License-Identifier: Apache-2.0
// Which keys a mapping of a rule file may have, as tables: what each holds, or why it is refused. Pure. Thread: any.
#ifndef ALERTS_ENGINE_RULE_KEYS_H
#define ALERTS_ENGINE_RULE_KEYS_H
#include "alerts/engine/rule_yaml.h"

enum rule_place { PLACE_FILE, PLACE_GROUP, PLACE_RULE, RULE_PLACES };

// Tells of unknown and refused keys and of values of the wrong kind. node must be a mapping.
void rule_keys_check(const struct problem_where *where, const struct rule_yaml_node *node, enum rule_place place);

// The value of a key if it is there, not nothing, and of its kind (rule_keys_check() has told of others); else 0.
const struct rule_yaml_node *rule_keys_get(const struct rule_yaml_node *node, const char *key, enum rule_yaml_kind kind);

#endif
