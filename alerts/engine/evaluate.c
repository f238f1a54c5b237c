// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/evaluate.h"
#include "alerts/engine/window.h"
#include <math.h>

// While a program runs.
struct machine {
	const struct evaluation_input *input;
	double value, threshold;
};

static void note(struct machine *machine, double value, double threshold)
{
	if (!isnan(machine->value))
		return;
	machine->value = value;
	machine->threshold = threshold;
}

static double silent(const struct evaluation_input *input, double limit_ms)
{
	if ((double)input->quiet_ms < limit_ms)
		return 0;
	if ((double)input->heard_ms < limit_ms)
		return NAN;
	return 1;
}

static double modulo(double a, double b)
{
	return b == 0 ? NAN : fmod(a, b);
}

static double calculate(enum rule_opcode code, double a, double b)
{
	double result = NAN;
	switch (code) {
	case OP_ADD: result = a + b; break;
	case OP_SUBTRACT: result = a - b; break;
	case OP_MULTIPLY: result = a * b; break;
	case OP_DIVIDE: result = b == 0 ? NAN : a / b; break;
	case OP_MODULO: result = modulo(a, b); break;
	default: break;
	}
	return isfinite(result) ? result : NAN;
}

static double compare(struct machine *machine, enum rule_opcode code, double a, double b)
{
	bool is_true = false;
	if (isnan(a) || isnan(b))
		return NAN;
	switch (code) {
	case OP_EQUAL: is_true = a == b; break;
	case OP_NOT_EQUAL: is_true = a != b; break;
	case OP_LESS: is_true = a < b; break;
	case OP_LESS_EQUAL: is_true = a <= b; break;
	case OP_GREATER: is_true = a > b; break;
	case OP_GREATER_EQUAL: is_true = a >= b; break;
	default: break;
	}
	if (is_true)
		note(machine, a, b);
	return is_true;
}

static double negate_truth(double a)
{
	return isnan(a) ? NAN : a == 0;
}

static double both(double a, double b)
{
	if (a == 0 || b == 0)
		return 0;
	return isnan(a) || isnan(b) ? NAN : 1;
}

static double either(double a, double b)
{
	return negate_truth(both(negate_truth(a), negate_truth(b)));
}

// How many numbers an operation takes from the stack; it leaves one.
static unsigned arity(const struct rule_op *op)
{
	if (op->code <= OP_SILENT)
		return 0;
	if (op->code == OP_NEGATE || op->code == OP_NOT)
		return 1;
	return op->code == OP_IN ? op->count + 1 : 2;
}

static double is_one_of(const double *x, unsigned count)
{
	if (isnan(*x))
		return NAN;
	for (unsigned i = 1; i <= count; i++)
		if (*x == x[i])
			return 1;
	return 0;
}

static double logic(enum rule_opcode code, double a, double b)
{
	if (code == OP_AND)
		return both(a, b);
	return code == OP_OR ? either(a, b) : both(a, negate_truth(b));
}

static double read_slot(const struct evaluation_input *input, const struct rule_op *op)
{
	const struct rule_slot *slot = &input->slots[op->slot];
	struct evaluation_cache *cache = input->cache;
	if (op->code == OP_VALUE)
		return window_last_value(input->state + slot->offset);
	if (cache && cache->codes[op->slot] == op->code)
		return cache->numbers[op->slot];
	double number = window_read(slot, input->state + slot->offset, op->code, input->now_ms);
	if (cache) {
		cache->codes[op->slot] = (uint8_t)op->code;
		cache->numbers[op->slot] = number;
	}
	return number;
}

// Operations without operands.
static double push(const struct machine *machine, const struct rule_op *op)
{
	if (op->code == OP_CONST)
		return op->number;
	if (op->code == OP_SILENT)
		return silent(machine->input, op->number);
	return read_slot(machine->input, op);
}

// Operations on x[0] and those above it.
static double apply(struct machine *machine, const struct rule_op *op, const double *x)
{
	if (op->code == OP_NEGATE)
		return -x[0];
	if (op->code == OP_NOT)
		return negate_truth(x[0]);
	if (op->code == OP_IN)
		return is_one_of(x, op->count);
	if (op->code <= OP_MODULO)
		return calculate(op->code, x[0], x[1]);
	return op->code <= OP_GREATER_EQUAL ? compare(machine, op->code, x[0], x[1]) : logic(op->code, x[0], x[1]);
}

// What most programs are: a slot compared with a number. The result is that of run().
static bool is_plain(const struct rule_program *program)
{
	const struct rule_op *ops = program->ops;
	return program->count == 3 && ops[0].code >= OP_VALUE && ops[0].code <= OP_EVENTS && ops[1].code == OP_CONST &&
		ops[2].code >= OP_EQUAL && ops[2].code <= OP_GREATER_EQUAL;
}

static double run(struct machine *machine, const struct rule_program *program)
{
	double stack[RULE_STACK_MAX] = { 0 };
	unsigned depth = 0;
	for (unsigned i = 0; i < program->count; i++) {
		const struct rule_op *op = &program->ops[i];
		unsigned taken = arity(op);
		depth -= taken;
		double *x = &stack[depth++];
		*x = taken ? apply(machine, op, x) : push(machine, op);
	}
	return depth ? stack[0] : NAN;
}

double evaluate_program(const struct rule_program *program, const struct evaluation_input *input, double *value, double *threshold)
{
	struct machine machine = { input, NAN, NAN };
	double result;
	if (is_plain(program))
		result = compare(&machine, program->ops[2].code, read_slot(input, &program->ops[0]), program->ops[1].number);
	else
		result = run(&machine, program);
	if (value)
		*value = machine.value;
	if (threshold)
		*threshold = machine.threshold;
	return result;
}

static bool has_slot(const struct rule_op *op, const struct rule_slot *slots, size_t slot_count)
{
	if (op->code < OP_VALUE || op->code > OP_EVENTS)
		return true;
	return op->slot < slot_count && (op->code != OP_VALUE || slots[op->slot].kind == SLOT_VALUE);
}

bool evaluate_can_run(const struct rule_program *program, const struct rule_slot *slots, size_t slot_count)
{
	unsigned depth = 0;
	for (unsigned i = 0; i < program->count; i++) {
		const struct rule_op *op = &program->ops[i];
		bool takes_too_many = op->code == OP_IN && op->count >= RULE_STACK_MAX;
		if ((unsigned)op->code > OP_IN || takes_too_many || !has_slot(op, slots, slot_count))
			return false;
		unsigned taken = arity(op);
		if (taken > depth || depth - taken >= RULE_STACK_MAX)
			return false;
		depth = depth - taken + 1;
	}
	return depth == 1;
}

// The gravest level first.
static bool find_level(const struct rule *rule, const struct evaluation_input *input, struct evaluation_result *result)
{
	for (unsigned i = rule->level_count; i-- > 0;) {
		double is = evaluate_program(&rule->levels[i].program, input, &result->value, &result->threshold);
		if (isnan(is)) {
			result->is = EVALUATION_UNKNOWN;
		} else if (is != 0) {
			result->is = EVALUATION_TRUE;
			result->severity = rule->levels[i].severity;
			return true;
		}
	}
	return false;
}

void evaluate_rule(const struct rule *rule, const struct evaluation_input *input, bool with_clear, struct evaluation_result *result)
{
	*result = (struct evaluation_result){ EVALUATION_FALSE, ALERT_NO_SEVERITY, NAN, NAN };
	if (find_level(rule, input, result))
		return;
	result->value = result->threshold = NAN;
	if (result->is != EVALUATION_FALSE || !with_clear || !rule->clear.count)
		return;
	double is_clear = evaluate_program(&rule->clear, input, 0, 0);
	if (isnan(is_clear) || is_clear == 0)
		result->is = EVALUATION_HELD;
}
