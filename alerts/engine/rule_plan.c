// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_plan.h"
#include "alerts/engine/window.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_ms(const void *a, const void *b)
{
	const struct plan_silence *x = a, *y = b;
	if (x->ms != y->ms)
		return x->ms < y->ms ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static size_t count_ops(const struct rule_program *program, enum rule_opcode code)
{
	size_t count = 0;
	for (unsigned i = 0; i < program->count; i++)
		count += program->ops[i].code == code;
	return count;
}

static void add_silences(struct rule_plan *plan, uint32_t rule, const struct rule_program *program)
{
	for (unsigned i = 0; i < program->count; i++)
		if (program->ops[i].code == OP_SILENT)
			plan->silences[plan->silence_count++] = (struct plan_silence){ (uint64_t)program->ops[i].number, rule };
}

// Sorted, each once.
static void order_silences(struct rule_plan *plan)
{
	size_t kept = 0;
	if (plan->silence_count)
		qsort(plan->silences, plan->silence_count, sizeof *plan->silences, by_ms);
	for (size_t i = 0; i < plan->silence_count; i++)
		if (!kept || by_ms(&plan->silences[kept - 1], &plan->silences[i]) != 0)
			plan->silences[kept++] = plan->silences[i];
	plan->silence_count = kept;
}

static void check(const struct rule_set *rules)
{
	for (size_t i = 0; i < rules->slot_count; i++) {
		const struct rule_slot *slot = &rules->slots[i];
		assert(slot->size == window_slot_bytes(slot->kind) && slot->size > 0);
		assert(slot->offset % 8 == 0 && (uint64_t)slot->offset + slot->size <= rules->slot_bytes);
	}
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rules[i];
		assert(rule->level_count > 0 && rule->level_count <= RULE_LEVELS_MAX);
		for (unsigned l = 0; l < rule->level_count; l++)
			assert(evaluate_can_run(&rule->levels[l].program, rules->slots, rules->slot_count));
		assert(!rule->clear.count || evaluate_can_run(&rule->clear, rules->slots, rules->slot_count));
	}
	assert(rules->slot_bytes % 8 == 0);
}

static size_t count_all_ops(const struct rule_set *rules, enum rule_opcode code)
{
	size_t count = 0;
	for (size_t i = 0; i < rules->count; i++) {
		count += count_ops(&rules->rules[i].clear, code);
		for (unsigned l = 0; l < rules->rules[i].level_count; l++)
			count += count_ops(&rules->rules[i].levels[l].program, code);
	}
	return count;
}

// Adds the slots of a program that reads nothing but events. false: it reads something else.
static bool add_event_slots(struct rule_plan *plan, struct plan_events *events, const struct rule_program *program)
{
	for (unsigned i = 0; i < program->count; i++) {
		const struct rule_op *op = &program->ops[i];
		if (op->code == OP_SILENT || (op->code >= OP_VALUE && op->code < OP_EVENTS))
			return false;
		if (op->code == OP_EVENTS)
			plan->idle_slots[events->first + events->count++] = op->slot;
	}
	return true;
}

// Returns the first place in idle_slots that is free.
static uint32_t find_events(struct rule_plan *plan, uint32_t index, uint32_t first, const uint8_t *zeros)
{
	const struct rule *rule = &plan->rules->rules[index];
	const struct evaluation_input input = { .slots = plan->rules->slots, .state = zeros };
	struct evaluation_result result;
	struct plan_events events = { first, 0 };
	for (unsigned l = 0; l < rule->level_count; l++)
		if (!add_event_slots(plan, &events, &rule->levels[l].program))
			return first;
	evaluate_rule(rule, &input, false, &result);
	if (result.is != EVALUATION_FALSE)
		return first;
	plan->events[index] = events;
	return first + events.count;
}

bool rule_plan_is_idle(const struct rule_plan *plan, uint32_t rule, const void *state)
{
	struct plan_events events = plan->events[rule];
	for (uint32_t i = 0; i < events.count; i++)
		if (!window_is_untouched((const uint8_t *)state + plan->rules->slots[plan->idle_slots[events.first + i]].offset))
			return false;
	return events.count > 0;
}

static void fill(struct rule_plan *plan, const uint8_t *zeros)
{
	uint32_t idle = 0;
	const struct rule_set *rules = plan->rules;
	for (uint32_t i = 0; i < rules->slot_count; i++) {
		if (rules->slots[i].kind == SLOT_EVENTS)
			plan->event_slots[plan->event_slot_count++] = i;
		else
			plan->metric_slots[plan->metric_slot_count++] = i;
	}
	for (uint32_t i = 0; i < rules->count; i++) {
		add_silences(plan, i, &rules->rules[i].clear);
		for (unsigned l = 0; l < rules->rules[i].level_count; l++)
			add_silences(plan, i, &rules->rules[i].levels[l].program);
		idle = find_events(plan, i, idle, zeros);
	}
	order_silences(plan);
}

static bool make_room(struct rule_plan *plan, const struct rule_set *rules)
{
	plan->metric_slots = calloc(rules->slot_count + 1, sizeof *plan->metric_slots);
	plan->event_slots = calloc(rules->slot_count + 1, sizeof *plan->event_slots);
	plan->silences = calloc(count_all_ops(rules, OP_SILENT) + 1, sizeof *plan->silences);
	plan->idle_slots = calloc(count_all_ops(rules, OP_EVENTS) + 1, sizeof *plan->idle_slots);
	plan->events = calloc(rules->count + 1, sizeof *plan->events);
	plan->counts = calloc(rules->count + 1, sizeof *plan->counts);
	plan->cache.numbers = calloc(rules->slot_count + 1, sizeof *plan->cache.numbers);
	plan->cache.codes = calloc(rules->slot_count + 1, sizeof *plan->cache.codes);
	return plan->metric_slots && plan->event_slots && plan->silences && plan->idle_slots && plan->events && plan->counts &&
		plan->cache.numbers && plan->cache.codes;
}

struct rule_plan *rule_plan_new(struct rule_set *rules)
{
	struct rule_plan *plan = calloc(1, sizeof *plan);
	uint8_t *zeros = calloc(1, rules->slot_bytes + 8);
	check(rules);
	if (plan && zeros && make_room(plan, rules)) {
		plan->rules = rules;
		fill(plan, zeros);
		free(zeros);
		return plan;
	}
	free(zeros);
	if (plan)
		rule_plan_release(plan);
	return 0;
}

struct rule_set *rule_plan_release(struct rule_plan *plan)
{
	struct rule_set *rules = plan->rules;
	free(plan->metric_slots);
	free(plan->event_slots);
	free(plan->silences);
	free(plan->idle_slots);
	free(plan->events);
	free(plan->counts);
	free(plan->cache.numbers);
	free(plan->cache.codes);
	free(plan);
	return rules;
}

void rule_plan_free(struct rule_plan *plan)
{
	if (plan)
		rules_free(rule_plan_release(plan));
}

bool rule_plan_has_silent(const struct rule_plan *plan, uint32_t rule)
{
	for (size_t i = 0; i < plan->silence_count; i++)
		if (plan->silences[i].rule == rule)
			return true;
	return false;
}

int64_t rule_plan_find(const struct rule_plan *plan, const char *uid)
{
	for (size_t i = 0; i < plan->rules->count; i++)
		if (strcmp(plan->rules->rules[i].uid, uid) == 0)
			return (int64_t)i;
	return -1;
}

static bool is_same_op(const struct rule_plan *a, const struct rule_op *x, const struct rule_plan *b, const struct rule_op *y)
{
	if (x->code != y->code)
		return false;
	if (x->code == OP_CONST || x->code == OP_SILENT)
		return x->number == y->number;
	if (x->code == OP_IN)
		return x->count == y->count;
	bool reads_slot = x->code >= OP_VALUE && x->code <= OP_EVENTS;
	return !reads_slot || a->rules->slots[x->slot].hash == b->rules->slots[y->slot].hash;
}

static bool is_same_program(const struct rule_plan *a, const struct rule_program *x, const struct rule_plan *b,
	const struct rule_program *y)
{
	if (x->count != y->count)
		return false;
	for (unsigned i = 0; i < x->count; i++)
		if (!is_same_op(a, &x->ops[i], b, &y->ops[i]))
			return false;
	return true;
}

static bool are_same_texts(const struct rule_text *x, unsigned x_count, const struct rule_text *y, unsigned y_count)
{
	if (x_count != y_count)
		return false;
	for (unsigned i = 0; i < x_count; i++)
		if (strcmp(x[i].name, y[i].name) != 0 || strcmp(x[i].text, y[i].text) != 0)
			return false;
	return true;
}

static bool has_same_words(const struct rule *x, const struct rule *y)
{
	return strcmp(x->name, y->name) == 0 && x->for_ms == y->for_ms && x->keep_firing_for_ms == y->keep_firing_for_ms &&
		are_same_texts(x->labels, x->label_count, y->labels, y->label_count) &&
		are_same_texts(x->annotations, x->annotation_count, y->annotations, y->annotation_count);
}

bool rule_plan_is_same(const struct rule_plan *a, uint32_t rule_a, const struct rule_plan *b, uint32_t rule_b)
{
	const struct rule *x = &a->rules->rules[rule_a], *y = &b->rules->rules[rule_b];
	if (!has_same_words(x, y) || x->level_count != y->level_count || !is_same_program(a, &x->clear, b, &y->clear))
		return false;
	for (unsigned i = 0; i < x->level_count; i++)
		if (x->levels[i].severity != y->levels[i].severity || !is_same_program(a, &x->levels[i].program, b, &y->levels[i].program))
			return false;
	return true;
}
