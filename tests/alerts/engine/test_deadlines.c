// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "alerts/engine/deadlines.h"
#include "tests/alerts/engine/alert_log.h"

static const char rules[] = "version: 1\ngroups:\n- name: g\n  rules:\n"
			    "  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 80s, keep_firing_for: 1m}\n"
			    "  - {alert: B, uid: quiet, severities: {info: \"silent(100s)\"}}\n";

struct bench {
	struct alert_log *log;
	struct alert_engine *engine;
	struct record record;
};

static void set_up(struct bench *b)
{
	b->log = alert_log_new();
	struct alert_engine_calls calls = alert_log_calls(b->log);
	b->engine = alert_engine_new(&calls);
	assert_non_null(b->engine);
	alert_engine_set_hearing(b->engine, true, 0);
	alert_log_load(b->log, b->engine, rules, LOG_T0);
}

static void tear_down(struct bench *b)
{
	alert_engine_free(b->engine);
	alert_log_free(b->log);
}

// Made and received at these seconds after T0; the device has a clock.
static void heap(struct bench *b, uint32_t dev, unsigned made_s, unsigned recv_s, int64_t bytes)
{
	record_heartbeat(&b->record, 1, made_s * UINT64_C(1000), bytes, -1);
	b->record.record.has_wall_ms = b->record.record.has_time_quality = 1;
	b->record.record.wall_ms = LOG_T0 + made_s * UINT64_C(1000);
	b->record.record.time_quality = MU__TIME_QUALITY__TIME_SNTP;
	alert_log_record(b->log, b->engine, dev, &b->record.record, LOG_T0 + recv_s * UINT64_C(1000));
}

static uint64_t due_s(const struct bench *b, uint32_t dev)
{
	uint64_t due_ms = wheel_deadline(b->engine->wheel, dev);
	return due_ms == WHEEL_NEVER ? 0 : (due_ms - LOG_T0) / 1000;
}

// A device whose records come 20 s late is judged 20 s late: its `for` is over when its own time has got there.
static void test_a_deadline_is_as_late_as_the_device(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	heap(&b, 0, 0, 20, 45000);
	assert_int_equal(due_s(&b, 0), 100);
	alert_log_advance(b.log, b.engine, LOG_T0 + 99999);
	assert_int_equal(b.log->count, 1);
	alert_log_advance(b.log, b.engine, LOG_T0 + 100000);
	alert_log_check(b.log, 0,
		"0 low ok>pending warning sample @0.000\n"
		"0 low pending>firing warning time @80.000\n");
	assert_int_equal(due_s(&b, 0), 120); // now only the silence is left
	tear_down(&b);
}

// A record only stores when it came: the timer stays where it was, fires for nothing and moves on.
static void test_timers_are_lazy(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	heap(&b, 0, 0, 0, 70000);
	heap(&b, 0, 60, 60, 70000);
	assert_int_equal(due_s(&b, 0), 100);
	alert_log_advance(b.log, b.engine, LOG_T0 + 150000);
	assert_int_equal(b.log->count, 0);
	assert_int_equal(due_s(&b, 0), 160);
	heap(&b, 0, 155, 155, 45000); // something earlier comes up: `for` at 235, silence at 255; the timer stands at 160
	assert_int_equal(due_s(&b, 0), 160);
	alert_log_advance(b.log, b.engine, LOG_T0 + 240000);
	alert_log_check(b.log, 0,
		"0 low ok>pending warning sample @155.000\n"
		"0 low pending>firing warning time @235.000\n");
	tear_down(&b);
}

// Deadlines of all devices in one step of time: by deadline, then by device, whatever the order of arming.
static void test_deadlines_of_all_devices_are_in_order(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	heap(&b, 2, 0, 0, 70000);
	heap(&b, 1, 0, 0, 70000);
	heap(&b, 0, 10, 10, 45000);
	alert_log_advance(b.log, b.engine, LOG_T0 + 1000000);
	alert_log_check(b.log, 1,
		"0 low pending>firing warning time @90.000\n"
		"1 quiet ok>firing info time @100.000\n"
		"2 quiet ok>firing info time @100.000\n"
		"0 quiet ok>firing info time @110.000\n");
	assert_true(wheel_next(b.engine->wheel) == WHEEL_NEVER); // all was met; nothing comes again
	tear_down(&b);
}

// Records that come in a bunch: what was due between them is met between them, with what was known then..
static void test_what_was_due_between_records(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	heap(&b, 0, 0, 1000, 45000);
	heap(&b, 0, 85, 1000, 70000);  // fired at 80, recovers since 85
	heap(&b, 0, 160, 1000, 70000); // and was over at 145
	heap(&b, 1, 0, 1000, 45000);
	heap(&b, 1, 171, 1000, 70000); // fresh enough at 80 to fire without a sample
	alert_log_check(b.log, 0,
		"0 low ok>pending warning sample @0.000\n"
		"0 low pending>firing warning time @80.000\n"
		"0 low firing>recovering warning sample @85.000\n"
		"0 low recovering>ok warning time @145.000\n"
		"1 low ok>pending warning sample @0.000\n"
		"1 low pending>firing warning time @80.000\n"
		"1 low firing>recovering warning sample @171.000\n");
	tear_down(&b);
}

static void test_nothing_is_due_of_a_device_without_records(void **unused)
{
	(void)unused;
	struct bench b;
	const struct alert_transition t = { .dev = 3,
		.uid = "low",
		.name = "A",
		.to = ALERT_PENDING,
		.started_ms = LOG_T0,
		.at_ms = LOG_T0 };
	set_up(&b);
	assert_int_equal(alert_engine_restore(b.engine, &t), 0); // its windows could not be read
	alert_log_begin(b.log, b.engine);
	assert_int_equal(alert_engine_advance(b.engine, LOG_T0 + 1000000), 0);
	alert_log_commit(b.log, b.engine);
	tear_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_deadline_is_as_late_as_the_device),
		cmocka_unit_test(test_timers_are_lazy),
		cmocka_unit_test(test_deadlines_of_all_devices_are_in_order),
		cmocka_unit_test(test_what_was_due_between_records),
		cmocka_unit_test(test_nothing_is_due_of_a_device_without_records),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
