// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/compile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/window.h"

void slot_table_free(struct slot_table *table)
{
	free(table->slots);
	*table = (struct slot_table){ 0 };
}

static uint64_t fold(uint64_t hash, const char *text)
{
	// FNV-1a, the final zero included, so that parts cannot run into each other.
	do {
		hash ^= (unsigned char)*text;
		hash *= 0x100000001b3u;
	} while (*text++);
	return hash;
}

uint64_t slot_hash(const struct rule_slot *slot)
{
	static const char *const kinds[] = { "value", "total", "min", "max", "delta", "counter", "slope", "changes", "events" };
	char window[24];
	snprintf(window, sizeof window, "%" PRIu64, slot->window_ms);
	uint64_t hash = fold(fold(0xcbf29ce484222325u, kinds[slot->kind]), window);
	if (slot->kind != SLOT_EVENTS)
		return fold(hash, mu_metric_words[slot->metric].name);
	hash = fold(hash, event_kind_name(slot->filter.kind));
	for (unsigned i = 0; i < slot->filter.count; i++) {
		hash = fold(hash, slot->filter.matchers[i].label);
		hash = fold(hash, slot->filter.matchers[i].is_not ? "!=" : "=");
		hash = fold(hash, slot->filter.matchers[i].text);
	}
	return hash;
}

int slot_table_add(struct slot_table *table, const struct rule_slot *wanted)
{
	uint64_t hash = slot_hash(wanted);
	for (size_t i = 0; i < table->count; i++)
		if (table->slots[i].hash == hash)
			return (int)i;
	if (table->count == RULE_SLOTS_MAX)
		return -1;
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 32;
		struct rule_slot *slots = realloc(table->slots, capacity * sizeof *slots);
		if (!slots)
			return -1;
		table->slots = slots;
		table->capacity = capacity;
	}
	struct rule_slot *slot = &table->slots[table->count];
	*slot = *wanted;
	slot->hash = hash;
	slot->size = window_slot_bytes(slot->kind);
	slot->offset = table->bytes;
	table->bytes += (slot->size + 7) & ~7u;
	return (int)table->count++;
}

struct emitter {
	struct compiled *compiled;
	struct rule_op ops[RULE_OPS_MAX];
	unsigned count, depth, deepest;
	bool is_full, has_no_slot;
};

// How an operator changes the depth of the stack: it takes so many and leaves one.
static void emit(struct emitter *emitter, struct rule_op op, unsigned taken)
{
	if (emitter->count == RULE_OPS_MAX) {
		emitter->is_full = true;
		return;
	}
	emitter->ops[emitter->count++] = op;
	emitter->depth = emitter->depth - taken + 1;
	if (emitter->depth > emitter->deepest)
		emitter->deepest = emitter->depth;
}

static void emit_number(struct emitter *emitter, double number)
{
	emit(emitter, (struct rule_op){ .code = OP_CONST, .number = number }, 0);
}

static void emit_slot(struct emitter *emitter, enum rule_opcode code, const struct rule_slot *wanted)
{
	int slot = slot_table_add(emitter->compiled->slots, wanted);
	if (slot < 0) {
		emitter->has_no_slot = true;
		return;
	}
	if (wanted->kind == SLOT_EVENTS)
		emitter->compiled->events |= UINT64_C(1) << wanted->filter.kind;
	else
		emitter->compiled->reads_heartbeat = true;
	emit(emitter, (struct rule_op){ .code = code, .slot = (uint32_t)slot }, 0);
}

static void emit_silent(struct emitter *emitter, uint64_t ms)
{
	struct compiled *compiled = emitter->compiled;
	if (!compiled->silent_ms || ms < compiled->silent_ms)
		compiled->silent_ms = ms;
	emit(emitter, (struct rule_op){ .code = OP_SILENT, .number = (double)ms }, 0);
}

static void emit_call(struct emitter *emitter, const struct node *node)
{
	const struct rule_function *function = node->function;
	struct rule_slot slot = { .kind = function->slot, .metric = node->value.metric, .window_ms = node->window_ms };
	if (function->argument == ARGUMENT_DURATION) {
		emit_silent(emitter, node->window_ms);
		return;
	}
	if (function->argument == ARGUMENT_EVENTS) {
		slot.metric = -1;
		slot.filter = node->filter;
	}
	emit_slot(emitter, function->code, &slot);
}

static void emit_node(struct emitter *emitter, const struct node *node);

// Where true or false is wanted: a flag alone becomes a comparison, which gives $value.
static void emit_condition(struct emitter *emitter, const struct node *node)
{
	emit_node(emitter, node);
	if (node->kind != NODE_NAME || node->value.is_const)
		return;
	emit_number(emitter, 0);
	emit(emitter, (struct rule_op){ .code = OP_NOT_EQUAL }, 2);
}

static void emit_binary(struct emitter *emitter, const struct node *node)
{
	bool is_logic = node->op == OP_AND || node->op == OP_OR || node->op == OP_UNLESS;
	(is_logic ? emit_condition : emit_node)(emitter, node->left);
	(is_logic ? emit_condition : emit_node)(emitter, node->right);
	emit(emitter, (struct rule_op){ .code = node->op }, 2);
}

static void emit_in(struct emitter *emitter, const struct node *node)
{
	uint32_t count = 0;
	emit_node(emitter, node->left);
	for (const struct node *item = node->right; item; item = item->next, count++)
		emit_node(emitter, item);
	emit(emitter, (struct rule_op){ .code = OP_IN, .count = count }, count + 1);
	if (node->is_negated)
		emit(emitter, (struct rule_op){ .code = OP_NOT }, 1);
}

static void emit_value(struct emitter *emitter, const struct node *node)
{
	struct rule_slot slot = { .kind = SLOT_VALUE, .metric = node->value.metric };
	emit_slot(emitter, OP_VALUE, &slot);
}

static void emit_negate(struct emitter *emitter, const struct node *node)
{
	emit_node(emitter, node->left);
	emit(emitter, (struct rule_op){ .code = OP_NEGATE }, 1);
}

static void emit_not(struct emitter *emitter, const struct node *node)
{
	emit_condition(emitter, node->left);
	emit(emitter, (struct rule_op){ .code = OP_NOT }, 1);
}

static void emit_scale(struct emitter *emitter, const struct value_info *value)
{
	if (value->num == value->den)
		return;
	bool divides = value->den != 1 && value->num == 1;
	emit_number(emitter, divides ? value->den : value->num / value->den);
	emit(emitter, (struct rule_op){ .code = divides ? OP_DIVIDE : OP_MULTIPLY }, 2);
}

static void emit_node(struct emitter *emitter, const struct node *node)
{
	if (emitter->is_full || emitter->has_no_slot)
		return;
	if (node->value.is_const) {
		emit_number(emitter, node->value.number);
		return;
	}
	static void (*const emits[])(struct emitter *, const struct node *) = {
		[NODE_CALL] = emit_call,
		[NODE_BINARY] = emit_binary,
		[NODE_IN] = emit_in,
		[NODE_NOT] = emit_not,
		[NODE_NEGATE] = emit_negate,
		[NODE_NAME] = emit_value, // all other kinds are constant
	};
	emits[node->kind](emitter, node);
	emit_scale(emitter, &node->value);
}

static bool fits(const struct emitter *emitter, const struct problem_where *where, const struct node *root)
{
	const char *what = emitter->is_full         ? "the expression has too many operations"
		: emitter->has_no_slot              ? "the rules need too many windows"
		: emitter->deepest > RULE_STACK_MAX ? "the expression needs too many values at once"
						    : 0;
	if (what)
		problem_hint(problem_at(where, root->offset, root->width, PROBLEM_TOO_COMPLEX, "%s", what),
			"at most %d operations, %d values at once, %d windows in all rules", RULE_OPS_MAX, RULE_STACK_MAX, RULE_SLOTS_MAX);
	return !what;
}

bool compile_condition(struct compiled *compiled, const struct problem_where *where, const struct node *root, struct rule_program *program)
{
	struct emitter emitter = { .compiled = compiled };
	*program = (struct rule_program){ 0 };
	emit_condition(&emitter, root);
	if (!fits(&emitter, where, root))
		return false;
	program->ops = malloc(emitter.count * sizeof *program->ops);
	if (!program->ops) {
		problem_no_memory(where);
		return false;
	}
	memcpy(program->ops, emitter.ops, emitter.count * sizeof *program->ops);
	program->count = emitter.count;
	return true;
}
