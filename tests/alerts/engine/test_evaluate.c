// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "alerts/engine/evaluate.h"
#include "alerts/engine/window.h"
#include "tests/alerts/engine/window_oracle.h"

#define NUMBER(x) \
	{ \
		.code = OP_CONST, .number = (x) \
	}
#define DO(name) \
	{ \
		.code = OP_##name \
	}

// Slot 0: a value of 7, reported 5 s ago. Slot 1: never reported.
static const struct rule_slot slots[] = {
	{ .kind = SLOT_VALUE, .offset = 0, .size = 16 },
	{ .kind = SLOT_VALUE, .offset = 16, .size = 16 },
	{ .kind = SLOT_MIN, .window_ms = 60000 },
};
static uint64_t state[4];

static struct evaluation_input input(void)
{
	state[0] = state[1] = state[2] = state[3] = 0;
	window_add(&slots[0], state, 1000000, 1, 7);
	return (struct evaluation_input){ slots, (const uint8_t *)state, 1005000, 5000, 4000, 0 };
}

#define VALUE \
	{ \
		.code = OP_VALUE, .slot = 0 \
	}
#define AGE \
	{ \
		.code = OP_AGE, .slot = 0 \
	}
#define UNKNOWN \
	{ \
		.code = OP_VALUE, .slot = 1 \
	}

static const struct {
	struct rule_op ops[8];
	unsigned count;
	double result, value, threshold;
	const char *why;
} rows[] = {
	{ { VALUE, NUMBER(5), DO(GREATER) }, 3, 1, 7, 5, "" },
	{ { VALUE, NUMBER(5), DO(LESS) }, 3, 0, NAN, NAN, "what is not true names nothing" },
	{ { AGE }, 1, 5, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(5), DO(GREATER) }, 3, NAN, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(5), DO(NOT_EQUAL) }, 3, NAN, NAN, NAN, "unknown is not unequal" },
	{ { VALUE, NUMBER(7), DO(EQUAL) }, 3, 1, 7, 7, "" },
	{ { VALUE, NUMBER(7), DO(LESS_EQUAL) }, 3, 1, 7, 7, "" },
	{ { VALUE, NUMBER(7), DO(GREATER_EQUAL) }, 3, 1, 7, 7, "" },
	{ { NUMBER(7), NUMBER(2), DO(SUBTRACT) }, 3, 5, NAN, NAN, "the order of operands" },
	{ { NUMBER(7), NUMBER(2), DO(DIVIDE) }, 3, 3.5, NAN, NAN, "" },
	{ { NUMBER(7), NUMBER(2), DO(MODULO) }, 3, 1, NAN, NAN, "" },
	{ { NUMBER(7), NUMBER(2), DO(ADD), NUMBER(3), DO(MULTIPLY), DO(NEGATE) }, 6, -27, NAN, NAN, "" },
	{ { NUMBER(7), NUMBER(0), DO(DIVIDE) }, 3, NAN, NAN, NAN, "no infinity that is greater than all" },
	{ { NUMBER(0), NUMBER(0), DO(DIVIDE) }, 3, NAN, NAN, NAN, "" },
	{ { NUMBER(7), NUMBER(0), DO(MODULO) }, 3, NAN, NAN, NAN, "" },
	{ { NUMBER(1e308), NUMBER(10), DO(MULTIPLY) }, 3, NAN, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(0), DO(MULTIPLY) }, 3, NAN, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(0), DO(AND) }, 3, 0, NAN, NAN, "unknown and false" },
	{ { NUMBER(0), UNKNOWN, DO(AND) }, 3, 0, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(1), DO(AND) }, 3, NAN, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(1), DO(OR) }, 3, 1, NAN, NAN, "unknown or true" },
	{ { NUMBER(3), UNKNOWN, DO(OR) }, 3, 1, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(0), DO(OR) }, 3, NAN, NAN, NAN, "" },
	{ { NUMBER(0), NUMBER(0), DO(OR) }, 3, 0, NAN, NAN, "" },
	{ { NUMBER(1), NUMBER(0), DO(UNLESS) }, 3, 1, NAN, NAN, "" },
	{ { NUMBER(1), NUMBER(1), DO(UNLESS) }, 3, 0, NAN, NAN, "" },
	{ { NUMBER(1), UNKNOWN, DO(UNLESS) }, 3, NAN, NAN, NAN, "PromQL would say true: the series is not there" },
	{ { NUMBER(0), UNKNOWN, DO(UNLESS) }, 3, 0, NAN, NAN, "" },
	{ { UNKNOWN, DO(NOT) }, 2, NAN, NAN, NAN, "" },
	{ { NUMBER(0), DO(NOT) }, 2, 1, NAN, NAN, "" },
	{ { VALUE, NUMBER(1), NUMBER(7), { .code = OP_IN, .count = 2 } }, 4, 1, NAN, NAN, "" },
	{ { VALUE, NUMBER(1), NUMBER(2), { .code = OP_IN, .count = 2 } }, 4, 0, NAN, NAN, "" },
	{ { UNKNOWN, NUMBER(1), { .code = OP_IN, .count = 1 } }, 3, NAN, NAN, NAN, "" },
	{ { VALUE, NUMBER(9), DO(GREATER), NUMBER(3), NUMBER(2), DO(GREATER), DO(OR) }, 7, 1, 3, 2, "the leftmost that is true" },
	{ { VALUE, NUMBER(2), DO(GREATER), NUMBER(3), NUMBER(2), DO(GREATER), DO(AND) }, 7, 1, 7, 2, "" },
	{ { { .code = OP_SILENT, .number = 5001 } }, 1, 0, NAN, NAN, "quiet for 5 s" },
	{ { { .code = OP_SILENT, .number = 4000 } }, 1, 1, NAN, NAN, "" },
	{ { { .code = OP_SILENT, .number = 4500 } }, 1, NAN, NAN, NAN, "quiet, but for part of it nobody could be heard" },
};

static void test_rows(void **unused)
{
	(void)unused;
	struct evaluation_input in = input();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct rule_program program = { (struct rule_op *)rows[i].ops, rows[i].count };
		double value, threshold, result = evaluate_program(&program, &in, &value, &threshold);
		assert_true(evaluate_can_run(&program, slots, 2));
		if (!oracle_is_same(result, rows[i].result) || !oracle_is_same(value, rows[i].value) ||
			!oracle_is_same(threshold, rows[i].threshold))
			fail_msg("row %zu (%s): %g of %g and %g", i, rows[i].why, result, value, threshold);
	}
}

// Programs that a bug of the compiler could make: never run.
static void test_broken_programs_are_refused(void **unused)
{
	(void)unused;
	static struct rule_op many[RULE_STACK_MAX + 1]; // OP_CONST
	static const struct {
		struct rule_op ops[3];
		unsigned count;
	} broken[] = {
		{ { NUMBER(1) }, 0 },
		{ { DO(ADD) }, 1 },
		{ { NUMBER(1), DO(ADD) }, 2 },
		{ { NUMBER(1), NUMBER(1) }, 2 },
		{ { { .code = OP_VALUE, .slot = 2 } }, 1 }, // a window has no last value
		{ { { .code = OP_MIN, .slot = 3 } }, 1 },
		{ { NUMBER(1), { .code = OP_IN, .count = 1 } }, 2 },
		{ { NUMBER(1), { .code = OP_IN, .count = UINT32_MAX } }, 2 },
		{ { { .code = (enum rule_opcode)99 } }, 1 },
	};
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		assert_false(evaluate_can_run(&(struct rule_program){ (struct rule_op *)broken[i].ops, broken[i].count }, slots, 3));
	assert_false(evaluate_can_run(&(struct rule_program){ many, RULE_STACK_MAX + 1 }, slots, 3));
}

// Levels on slot 0 (7): above `info`, above `warning`.
static void judge(double low, double high, const struct rule_program *clear, bool with_clear, enum evaluation is,
	enum alert_severity severity)
{
	struct rule_op info[] = { VALUE, NUMBER(low), DO(GREATER) }, warning[] = { VALUE, NUMBER(high), DO(GREATER) };
	const struct rule rule = {
		.level_count = 2,
		.levels = { { ALERT_INFO, { info, 3 } }, { ALERT_WARNING, { warning, 3 } } },
		.clear = *clear,
	};
	struct evaluation_input in = input();
	struct evaluation_result result;
	evaluate_rule(&rule, &in, with_clear, &result);
	assert_int_equal(result.is, is);
	assert_int_equal(result.severity, severity);
	assert_true(isnan(result.value) == (is != EVALUATION_TRUE));
	if (is == EVALUATION_TRUE)
		assert_true(result.threshold == (severity == ALERT_WARNING ? high : low));
}

static void test_the_gravest_level_wins_and_clear_holds(void **unused)
{
	(void)unused;
	struct rule_op yes[] = { NUMBER(1) }, no[] = { NUMBER(0) }, unknown[] = { UNKNOWN };
	const struct rule_program none = { 0 }, is_clear = { yes, 1 }, not_clear = { no, 1 }, maybe = { unknown, 1 };
	judge(5, 6, &none, true, EVALUATION_TRUE, ALERT_WARNING);
	judge(5, 8, &none, true, EVALUATION_TRUE, ALERT_INFO);
	judge(8, 9, &none, true, EVALUATION_FALSE, ALERT_NO_SEVERITY);
	judge(8, 9, &is_clear, true, EVALUATION_FALSE, ALERT_NO_SEVERITY);
	judge(8, 9, &not_clear, true, EVALUATION_HELD, ALERT_NO_SEVERITY);
	judge(8, 9, &maybe, true, EVALUATION_HELD, ALERT_NO_SEVERITY); // not known to be clear
	judge(8, 9, &not_clear, false, EVALUATION_FALSE, ALERT_NO_SEVERITY);
	judge(8, NAN, &not_clear, true, EVALUATION_UNKNOWN, ALERT_NO_SEVERITY);
	judge(5, NAN, &not_clear, true, EVALUATION_TRUE, ALERT_INFO); // the graver one is not known, this one is
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_broken_programs_are_refused),
		cmocka_unit_test(test_the_gravest_level_wins_and_clear_holds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
