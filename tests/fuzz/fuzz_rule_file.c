// SPDX-License-Identifier: Apache-2.0
// Any bytes as a rule file with overrides (behind a line `%%overrides`): a set, or errors that say where; and whatever it is, it can be
// told, rendered and freed.
#include "alerts/engine/rule_set.h"
#include "alerts/engine/template.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problems(const struct rules_problems *problems)
{
	if (problems->count > RULES_PROBLEMS_MAX || problems->count > problems->errors + problems->warnings)
		abort();
	for (unsigned i = 0; i < problems->count; i++) {
		const struct rules_problem *problem = &problems->list[i];
		char text[2048];
		size_t length = rules_problem_text(problem, text, sizeof text);
		bool is_placed = problem->line && problem->column && problem->width && problem->excerpt_column <= problem->column;
		if (!is_placed || !problem->what[0] || length != strlen(text))
			abort();
	}
}

static void check_program(const struct rule_set *set, const struct rule_program *program)
{
	for (unsigned i = 0; i < program->count; i++) {
		enum rule_opcode code = program->ops[i].code;
		if (code >= OP_VALUE && code <= OP_EVENTS && program->ops[i].slot >= set->slot_count)
			abort();
	}
}

static void check_rule(const struct rule_set *set, const struct rule *rule)
{
	struct template_facts facts = { .value = 5,
		.threshold = 6,
		.value_scale = rule->value_scale,
		.device = "d",
		.severity = "info",
		.params = set->params,
		.param_count = set->param_count };
	char text[64];
	if (!rule->level_count || !rule->uid[0] || !rule->name || rule->level_count > RULE_LEVELS_MAX)
		abort();
	for (unsigned i = 0; i < rule->level_count; i++) {
		if (!rule->levels[i].program.count)
			abort();
		check_program(set, &rule->levels[i].program);
	}
	check_program(set, &rule->clear);
	for (unsigned i = 0; i < rule->annotation_count; i++)
		if (template_render(rule->annotations[i].text, &facts, text, sizeof text) >= sizeof text)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char marker[] = "%%overrides\n";
	static struct rules_problems problems;
	const uint8_t *split = memmem(data, size, marker, sizeof marker - 1);
	size_t file_size = split ? (size_t)(split - data) : size;
	struct rules_source file = { "fuzz.yml", (const char *)data, file_size };
	struct rules_source overrides = { "overrides", 0, 0 };
	if (split) {
		overrides.text = (const char *)split + sizeof marker - 1;
		overrides.size = size - file_size - (sizeof marker - 1);
	}
	struct rule_set *set = rules_compile(&file, 1, &overrides, &problems);
	if (!set != (problems.errors > 0))
		abort();
	check_problems(&problems);
	for (size_t i = 0; set && i < set->count; i++)
		check_rule(set, &set->rules[i]);
	rules_free(set);
	return 0;
}
