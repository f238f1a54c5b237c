// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/engine/written.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

void written_begin(struct written *written, const char *text)
{
	struct rules_source source = { "test.yml", text, strlen(text) };
	memset(written, 0, sizeof *written);
	assert_int_equal(source_map_init(&written->map, &source), 0);
	written->scalar = (struct source_scalar){ .text = text, .length = source.size, .place = { 1, 1 } };
	written->where = (struct problem_where){ .problems = &written->problems, .map = &written->map, .scalar = &written->scalar };
}

void written_end(struct written *written)
{
	source_map_free(&written->map);
}

const char *written_codes(const struct written *written)
{
	static char codes[RULES_PROBLEMS_MAX * 8];
	size_t used = 0;
	codes[0] = 0;
	for (unsigned i = 0; i < written->problems.count; i++)
		used += (size_t)snprintf(codes + used, sizeof codes - used, "%s%s", i ? " " : "", written->problems.list[i].code);
	return codes;
}

void written_params(struct rule_params *params, const char *text)
{
	struct written written;
	bool is_empty;
	written_begin(&written, text);
	struct rule_yaml_node *mapping = rule_yaml_read(&written.where, &is_empty);
	assert_int_equal(rule_params_init(params), 0);
	if (mapping)
		rule_params_read(params, &written.where, mapping);
	for (unsigned i = 0; i < params->count; i++)
		params->list[i].file = "test.yml";
	rule_yaml_free(mapping);
	assert_string_equal(written_codes(&written), "");
	written_end(&written);
}
