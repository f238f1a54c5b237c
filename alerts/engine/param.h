// SPDX-License-Identifier: Apache-2.0
// The parameters of rule files: `params: {name: value}` or `{name: {default: value}}`, one space of names for all files of a set, and the
// overrides that an operator gives. A value is a number, a percentage, a duration, or a text (a name of an enum, true, false).
//
// Pure. Memory: the heap, freed by rule_params_free(). Thread: any one at a time.
#ifndef ALERTS_ENGINE_PARAM_H
#define ALERTS_ENGINE_PARAM_H
#include "alerts/engine/lexer.h"
#include "alerts/engine/rule_yaml.h"

enum { RULE_PARAMS_MAX = 256 };

struct rule_param {
	char name[TOKEN_TEXT_BYTES];
	char text[TOKEN_TEXT_BYTES]; // as written; of an override if there is one
	struct token value;
	const char *file;
	unsigned line;
};

struct rule_params {
	struct rule_param *list;
	unsigned count;
};

int rule_params_init(struct rule_params *params); // -1: no memory
void rule_params_free(struct rule_params *params);

// Takes what stands below `params:` in one file, or the mapping of overrides. Problems tell of each that is not taken.
void rule_params_read(struct rule_params *params, const struct problem_where *where, const struct rule_yaml_node *mapping);
void rule_params_override(struct rule_params *params, const struct problem_where *where, const struct rule_yaml_node *mapping);

const struct rule_param *rule_params_find(const struct rule_params *params, const char *name);
const char *rule_params_name(const void *params, size_t i); // for nearest_name()

const char *rule_param_type(const struct token *value); // "a number", "a duration", ...

#endif
