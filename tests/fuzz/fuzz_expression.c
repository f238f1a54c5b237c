// SPDX-License-Identifier: Apache-2.0
// Any text as an expression: a program whose stack neither runs empty nor over, or errors.
#include "alerts/engine/check.h"
#include "alerts/engine/compile.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// How many values an operation takes; each leaves one.
static unsigned taken(const struct rule_op *op)
{
	if (op->code <= OP_SILENT)
		return 0;
	if (op->code == OP_IN)
		return op->count + 1;
	return op->code == OP_NEGATE || op->code == OP_NOT ? 1 : 2;
}

static void check_program(const struct rule_program *program)
{
	unsigned depth = 0;
	for (unsigned i = 0; i < program->count; i++) {
		unsigned count = taken(&program->ops[i]);
		if (depth < count)
			abort();
		depth += 1 - count;
		if (depth > RULE_STACK_MAX)
			abort();
	}
	if (depth != 1 || program->count > RULE_OPS_MAX)
		abort();
}

static void compile(const struct problem_where *where, const struct rule_params *params, struct node *root)
{
	struct check check = { .where = where, .params = params };
	struct slot_table slots = { 0 };
	struct compiled compiled = { .slots = &slots };
	struct rule_program program;
	bool is_good = check_condition(&check, root);
	if (is_good != (where->problems->errors == 0))
		abort();
	if (is_good && compile_condition(&compiled, where, root, &program)) {
		check_program(&program);
		free(program.ops);
	}
	slot_table_free(&slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules_problems problems;
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	struct rules_source source = { "fuzz", text, strlen(text) };
	struct source_map map;
	struct rule_param params[] = { { .name = "hold", .text = "5m", .value = { .kind = TOKEN_DURATION, .number = 300000 } },
		{ .name = "floor", .text = "5", .value = { .kind = TOKEN_NUMBER, .number = 5 } },
		{ .name = "wanted", .text = "trial", .value = { .kind = TOKEN_TEXT } } };
	struct rule_params known = { params, 3 };
	memset(&problems, 0, sizeof problems);
	if (source_map_init(&map, &source) == 0) {
		struct source_scalar scalar = { text, source.size, SOURCE_PLAIN, { 1, 1 } };
		struct problem_where where = { .problems = &problems, .map = &map, .scalar = &scalar };
		struct expression expression;
		expression_read(&expression, &where);
		if (!expression.root != (problems.errors > 0))
			abort();
		if (expression.root)
			compile(&where, &known, expression.root);
		expression_free(&expression);
		source_map_free(&map);
	}
	free(text);
	return 0;
}
