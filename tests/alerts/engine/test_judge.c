// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "alerts/engine/judge.h"
#include "tests/alerts/engine/alert_log.h"

static const char rules[] = "version: 1\ngroups:\n- name: g\n  rules:\n"
			    "  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000, critical: heap_free_bytes < 20000},"
			    " clear: heap_free_bytes > 60000, for: 5m, keep_firing_for: 10m}\n";

// One device with one value, and the rule above, judged at moments of the test's choice.
struct bench {
	struct alert_log *log;
	struct alert_engine *engine;
};

static void set_up(struct bench *b)
{
	b->log = alert_log_new();
	struct alert_engine_calls calls = alert_log_calls(b->log);
	b->engine = alert_engine_new(&calls);
	assert_non_null(b->engine);
	alert_log_load(b->log, b->engine, rules, LOG_T0);
}

static void tear_down(struct bench *b)
{
	alert_engine_free(b->engine);
	alert_log_free(b->log);
}

// The device's last value becomes `heap` (folded: nothing is judged), then the rule is judged `second` after T0.
static int judge(struct bench *b, int64_t heap, unsigned second, enum alert_reason reason)
{
	struct record r;
	const struct judge_moment moment = { .at_ms = LOG_T0 + second * UINT64_C(1000), .reason = reason };
	record_heartbeat(&r, 1, second * UINT64_C(1000), heap, -1);
	assert_int_equal(alert_engine_fold(b->engine, 0, &r.record, moment.at_ms), 0);
	alert_log_begin(b->log, b->engine);
	int changes = judge_rule(b->engine, 0, 0, &moment);
	alert_log_commit(b->log, b->engine);
	return changes;
}

static void test_a_sample_decides_in_each_state(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	assert_int_equal(judge(&b, 70000, 0, ALERT_BY_SAMPLE), 0);
	assert_int_equal(judge(&b, 45000, 10, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 15000, 20, ALERT_BY_SAMPLE), 0); // pending at another level is no transition
	assert_int_equal(judge(&b, 15000, 309, ALERT_BY_SAMPLE), 0);
	assert_int_equal(judge(&b, 15000, 310, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 55000, 320, ALERT_BY_SAMPLE), 0); // held
	assert_int_equal(judge(&b, 70000, 330, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 70000, 929, ALERT_BY_SAMPLE), 0);
	assert_int_equal(judge(&b, 70000, 930, ALERT_BY_SAMPLE), 1);
	alert_log_check(b.log, 0,
		"0 low ok>pending warning sample @10.000\n"
		"0 low pending>firing critical sample @310.000\n"
		"0 low firing>recovering critical sample @330.000\n"
		"0 low recovering>ok critical sample @930.000\n");
	assert_true(b.log->last_value == 15000); // of the comparison that was true last
	assert_true(b.log->last_threshold == 20000);
	tear_down(&b);
}

// Time alone never ends or weakens an alert: it fires what is pending for long enough and makes it graver.
static void test_time_only_moves_on(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	assert_int_equal(judge(&b, 45000, 0, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 70000, 300, ALERT_BY_TIME), 0); // false by now: the next sample decides
	assert_int_equal(judge(&b, -1, 310, ALERT_BY_TIME), 0);
	assert_int_equal(judge(&b, 45000, 320, ALERT_BY_TIME), 1);
	assert_int_equal(judge(&b, 15000, 330, ALERT_BY_TIME), 1);
	alert_log_check(b.log, 1,
		"0 low pending>firing warning time @320.000\n"
		"0 low firing>firing critical time @330.000\n");
	tear_down(&b);
}

// A deadline that lies at or before the latest transition was met before: after a restart it comes again and must do nothing.
static void test_a_deadline_is_met_once(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	assert_int_equal(judge(&b, 45000, 0, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 15000, 300, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 45000, 300, ALERT_BY_TIME), 0);
	assert_int_equal(judge(&b, 45000, 300, ALERT_BY_SAMPLE), 1); // a sample of the same moment does count
	tear_down(&b);
}

// A sample that was made before the latest transition by time: its transition does not lie before that.
static void test_times_of_an_alert_do_not_go_back(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	assert_int_equal(judge(&b, 45000, 0, ALERT_BY_SAMPLE), 1);
	assert_int_equal(judge(&b, 45000, 300, ALERT_BY_TIME), 1);
	const struct judge_moment earlier = { .at_ms = LOG_T0 + 299000, .reason = ALERT_BY_SAMPLE };
	struct record r;
	record_heartbeat(&r, 1, 300000, 70000, -1);
	assert_int_equal(alert_engine_fold(b.engine, 0, &r.record, LOG_T0 + 300000), 0);
	alert_log_begin(b.log, b.engine);
	assert_int_equal(judge_rule(b.engine, 0, 0, &earlier), 1);
	alert_log_commit(b.log, b.engine);
	alert_log_check(b.log, 2, "0 low firing>recovering warning sample @300.000\n");
	tear_down(&b);
}

static void test_quiet_is_over_only_when_it_recovers(void **unused)
{
	(void)unused;
	struct bench b;
	set_up(&b);
	judge(&b, 70000, 0, ALERT_BY_SAMPLE);
	assert_int_equal(judge_quiet_over(b.engine, 0, 0, LOG_T0), 0); // ok: nothing to end
	judge(&b, 45000, 0, ALERT_BY_SAMPLE);
	judge(&b, 45000, 300, ALERT_BY_SAMPLE);
	assert_int_equal(judge_quiet_over(b.engine, 0, 0, LOG_T0 + 400000), 0);
	judge(&b, 70000, 410, ALERT_BY_SAMPLE);
	alert_log_begin(b.log, b.engine);
	assert_int_equal(judge_quiet_over(b.engine, 0, 0, LOG_T0 + 410000), 0);
	assert_int_equal(judge_quiet_over(b.engine, 0, 0, LOG_T0 + 1010000), 1);
	assert_int_equal(judge_quiet_over(b.engine, 0, 0, LOG_T0 + 1010000), 0);
	alert_log_commit(b.log, b.engine);
	alert_log_check(b.log, 3, "0 low recovering>ok warning time @1010.000\n");
	tear_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sample_decides_in_each_state),
		cmocka_unit_test(test_time_only_moves_on),
		cmocka_unit_test(test_a_deadline_is_met_once),
		cmocka_unit_test(test_times_of_an_alert_do_not_go_back),
		cmocka_unit_test(test_quiet_is_over_only_when_it_recovers),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
