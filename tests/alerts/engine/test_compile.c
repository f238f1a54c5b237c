// SPDX-License-Identifier: Apache-2.0
// Programs and slots: the order of operations, the scaling in them, what is shared, and the bounds.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/check.h"
#include "alerts/engine/compile.h"
#include "alerts/engine/window.h"
#include "tests/alerts/engine/written.h"

static struct slot_table slots;
static struct compiled compiled;
static struct rule_program program;
static char codes[64];

static bool compile_text(const char *text)
{
	struct written written;
	struct expression expression;
	struct rule_params params;
	written_begin(&written, text);
	written_params(&params, "{}");
	expression_read(&expression, &written.where);
	assert_non_null(expression.root);
	struct check check = { .where = &written.where, .params = &params };
	assert_true(check_condition(&check, expression.root));
	compiled.slots = &slots;
	bool is_good = compile_condition(&compiled, &written.where, expression.root, &program);
	snprintf(codes, sizeof codes, "%s", written_codes(&written));
	expression_free(&expression);
	rule_params_free(&params);
	written_end(&written);
	return is_good;
}

static void reset(void)
{
	free(program.ops);
	slot_table_free(&slots);
	program = (struct rule_program){ 0 };
	compiled = (struct compiled){ 0 };
}

static const char *op_text(const struct rule_op *op, char *text, size_t size)
{
	static const char *const names[] = { "const", "value", "age", "avg", "sum", "count", "min", "max", "delta", "increase", "rate",
		"deriv", "changes", "events", "silent", "+", "-", "*", "/", "%", "neg", "==", "!=", "<", "<=", ">", ">=", "and", "or",
		"unless", "not", "in" };
	bool has_number = op->code == OP_CONST || op->code == OP_SILENT;
	bool has_slot = op->code >= OP_VALUE && op->code <= OP_EVENTS;
	if (has_number)
		snprintf(text, size, op->code == OP_CONST ? "%g" : "silent:%g", op->number);
	else if (has_slot || op->code == OP_IN)
		snprintf(text, size, "%s:%u", names[op->code], op->slot);
	else
		snprintf(text, size, "%s", names[op->code]);
	return text;
}

static void test_programs(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *program;
	} rows[] = {
		{ "heap_free_bytes < 50000", "value:0 50000 <" },
		{ "heap_free_bytes < 2 * 3 + 4", "value:0 10 <" },
		{ "ack_ms > 2s", "value:0 2000 >" },
		{ "ack_ms > uptime_s", "value:0 value:1 1000 * >" },
		{ "uptime_s > ack_ms", "value:0 value:1 1000 / >" },
		{ "-rssi_dbm > 80", "value:0 neg 80 >" },
		{ "not rollback_ready", "value:0 0 != not" },
		{ "rollback_ready", "value:0 0 !=" }, // so that $value is 1
		{ "rollback_ready == true", "value:0 1 ==" },
		{ "rollback_ready and uptime_s > 5", "value:0 0 != value:1 5 > and" },
		{ "ota_state in (downloading, trial)", "value:0 2 5 in:2" },
		{ "ota_state not in (trial)", "value:0 5 in:1 not" },
		{ "uptime_s < 1 or uptime_s < 2 unless silent(5m)", "value:0 1 < value:0 2 < silent:300000 unless or" },
		{ "avg_over_time(rssi_dbm[5m]) < sum_over_time(rssi_dbm[5m])", "avg:0 sum:0 <" }, // one window
		{ "increase(uptime_s[5m]) + increase(uptime_s[6m]) > age(uptime_s)", "increase:0 increase:1 + age:2 >" },
		{ "rate(uptime_s[5m]) > deriv(uptime_s[5m])", "rate:0 deriv:1 >" },
		{ "uptime_s % 5 == 1", "value:0 5 % 1 ==" },
		{ "1 < 2", "1" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[512] = "", op[64];
		assert_true(compile_text(rows[i].text));
		for (unsigned k = 0; k < program.count; k++) {
			size_t used = strlen(out);
			snprintf(out + used, sizeof out - used, "%s%s", k ? " " : "", op_text(&program.ops[k], op, sizeof op));
		}
		assert_string_equal(out, rows[i].program);
		reset();
	}
}

static void test_what_a_rule_needs(void **unused)
{
	(void)unused;
	assert_true(compile_text("silent(10m) or silent(5m) or event_count(boot[1h]) > 1 or event_count(log[1h]) > 1"));
	assert_int_equal(compiled.silent_ms, 300000);
	assert_int_equal(compiled.events, 1u << EVENT_BOOT | 1u << EVENT_LOG);
	assert_false(compiled.reads_heartbeat);
	free(program.ops);
	assert_true(compile_text("age(uptime_s) > 5"));
	assert_true(compiled.reads_heartbeat);
	reset();
}

// Where slots lie, and that the hash tells every difference that matters.
static void test_slots(void **unused)
{
	(void)unused;
	struct rule_slot wanted[] = {
		{ .kind = SLOT_VALUE, .metric = MU_METRIC_uptime_s },
		{ .kind = SLOT_VALUE, .metric = MU_METRIC_rssi_dbm },
		{ .kind = SLOT_TOTAL, .metric = MU_METRIC_rssi_dbm, .window_ms = 300000 },
		{ .kind = SLOT_TOTAL, .metric = MU_METRIC_rssi_dbm, .window_ms = 300001 },
		{ .kind = SLOT_MIN, .metric = MU_METRIC_rssi_dbm, .window_ms = 300000 },
		{ .kind = SLOT_EVENTS, .metric = -1, .window_ms = 300000, .filter = { .kind = EVENT_BOOT } },
		{ .kind = SLOT_EVENTS, .metric = -1, .window_ms = 300000, .filter = { .kind = EVENT_LOG } },
		{ .kind = SLOT_EVENTS, .metric = -1, .window_ms = 300000, .filter = { EVENT_BOOT, 1, { { "class", false, "crash" } } } },
		{ .kind = SLOT_EVENTS, .metric = -1, .window_ms = 300000, .filter = { EVENT_BOOT, 1, { { "class", true, "crash" } } } },
		{ .kind = SLOT_EVENTS, .metric = -1, .window_ms = 300000, .filter = { EVENT_BOOT, 1, { { "cause", false, "crash" } } } },
	};
	uint32_t bytes = 0;
	for (int i = 0; i < (int)(sizeof wanted / sizeof *wanted); i++) {
		assert_int_equal(slot_table_add(&slots, &wanted[i]), i);
		assert_int_equal(slots.slots[i].offset, bytes);
		assert_int_equal(slots.slots[i].size, window_slot_bytes(wanted[i].kind));
		bytes += slots.slots[i].size;
	}
	for (int i = 0; i < (int)(sizeof wanted / sizeof *wanted); i++)
		assert_int_equal(slot_table_add(&slots, &wanted[i]), i);
	assert_int_equal(slots.bytes, bytes);
	// States are found again by it after an update of the program: it may never change.
	assert_true(slot_hash(&wanted[2]) == UINT64_C(0x4728c08e9c62a843));
	reset();
}

static void test_bounds(void **unused)
{
	(void)unused;
	char text[RULES_EXPRESSION_BYTES];
	size_t used = (size_t)snprintf(text, sizeof text, "silent(1m)");
	for (unsigned i = 0; i < RULE_OPS_MAX / 2; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "or silent(1m)");
	assert_false(compile_text(text));
	assert_string_equal(codes, "E215");
	assert_null(program.ops);
	reset();
	used = (size_t)snprintf(text, sizeof text, "uptime_s in (0");
	for (unsigned i = 1; i < RULE_STACK_MAX - 1; i++) // with the value itself the stack is full
		used += (size_t)snprintf(text + used, sizeof text - used, ",%u", i);
	snprintf(text + used, sizeof text - used, ")");
	assert_true(compile_text(text));
	reset();
	snprintf(text + used, sizeof text - used, ",99)");
	assert_false(compile_text(text));
	assert_string_equal(codes, "E215");
	reset();
	struct rule_slot slot = { .kind = SLOT_MIN, .metric = MU_METRIC_uptime_s };
	for (slot.window_ms = 1; slot.window_ms <= RULE_SLOTS_MAX; slot.window_ms++)
		assert_true(slot_table_add(&slots, &slot) >= 0);
	assert_int_equal(slot_table_add(&slots, &slot), -1);
	reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_what_a_rule_needs),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
