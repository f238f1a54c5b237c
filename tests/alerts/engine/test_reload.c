// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/rule_set.h"
#include "tests/alerts/engine/alert_log.h"

#define RULES(text) "version: 1\ngroups:\n- name: g\n  rules:\n" text
#define LOW "  - {alert: Low, uid: low, severities: {warning: \"avg_over_time(heap_free_bytes[5m]) < 50000\"}, for: 2m}\n"
#define REFUSED "  - {alert: Refused, uid: refused, severities: {warning: \"increase(sockets_refused[10m]) >= 3\"}}\n"
#define OTHER "  - {alert: Other, uid: other, severities: {info: \"max_over_time(heap_free_bytes[5m]) < 0\"}}\n"

struct bench {
	struct alert_log *log;
	struct alert_engine *engine;
};

static void set_up(struct bench *b, const char *yaml)
{
	b->log = alert_log_new();
	struct alert_engine_calls calls = alert_log_calls(b->log);
	b->engine = alert_engine_new(&calls);
	assert_non_null(b->engine);
	alert_engine_set_hearing(b->engine, true, 0);
	alert_log_load(b->log, b->engine, yaml, LOG_T0);
}

static void tear_down(struct bench *b)
{
	alert_engine_free(b->engine);
	alert_log_free(b->log);
}

static void beat(struct bench *b, uint32_t dev, unsigned second, int64_t heap, int64_t refused)
{
	struct record r;
	record_heartbeat(&r, 1, second * UINT64_C(1000), heap, refused);
	alert_log_record(b->log, b->engine, dev, &r.record, LOG_T0 + second * UINT64_C(1000));
}

static void check_reload(struct alert_reload is, unsigned kept, unsigned changed, unsigned added, unsigned removed)
{
	assert_int_equal(is.kept, kept);
	assert_int_equal(is.changed, changed);
	assert_int_equal(is.added, added);
	assert_int_equal(is.removed, removed);
}

// Rules in another order, one changed in its words, one new: the alert goes on with its clock, the windows with what they had.
static void test_state_goes_on_by_uid_and_by_hash(void **unused)
{
	(void)unused;
	struct bench b;
	size_t pending, firing;
	set_up(&b, RULES(LOW REFUSED));
	beat(&b, 5, 0, 45000, 0);
	beat(&b, 5, 60, 45000, 2);
	check_reload(alert_log_load(b.log, b.engine,
			     RULES(OTHER REFUSED "  - {alert: LowAgain, uid: low, severities: {critical: "
						 "\"avg_over_time(heap_free_bytes[5m]) < 50000\"}, for: 2m}\n"),
			     LOG_T0 + 70000),
		1, 1, 1, 0);
	alert_engine_rule_counts(b.engine, 2, &pending, &firing);
	assert_int_equal(pending, 1);
	beat(&b, 5, 119, -1, 3); // three more since the window began: it was not emptied
	alert_log_advance(b.log, b.engine, LOG_T0 + 120000);
	alert_log_check(b.log, 0,
		"5 low ok>pending warning sample @0.000\n"
		"5 refused ok>firing warning sample @119.000\n"
		"5 low pending>firing critical time @120.000\n");
	alert_engine_rule_counts(b.engine, 2, &pending, &firing);
	assert_int_equal(pending, 0);
	assert_int_equal(firing, 1);
	tear_down(&b);
}

static void test_alerts_of_rules_that_are_gone_end(void **unused)
{
	(void)unused;
	struct bench b;
	struct alert_counts counts;
	set_up(&b, RULES(LOW REFUSED));
	for (uint32_t dev = 0; dev < 3; dev++)
		beat(&b, dev, 0, 45000, 0);
	check_reload(alert_log_load(b.log, b.engine, RULES(REFUSED), LOG_T0 + 5000), 1, 0, 0, 1);
	alert_log_check(b.log, 3,
		"0 low pending>ok warning reload @5.000\n"
		"1 low pending>ok warning reload @5.000\n"
		"2 low pending>ok warning reload @5.000\n");
	alert_engine_counts(b.engine, &counts);
	assert_int_equal(counts.alerts[ALERT_PENDING], 0);
	tear_down(&b);
}

// The transaction fails, by the caller's no or by its rollback: the old rules are in force again with all their state, and the new ones are
// still the caller's.
static void test_a_reload_is_taken_back(void **unused)
{
	(void)unused;
	struct bench b;
	struct alert_reload reload;
	set_up(&b, RULES(LOW REFUSED));
	beat(&b, 0, 0, 45000, 0);
	beat(&b, 0, 60, 45000, 2);
	for (unsigned round = 0; round < 2; round++) {
		struct rule_set *rules = alert_log_compile(RULES(REFUSED));
		b.log->fail_at = round == 0 ? 2 : 0;
		alert_log_begin(b.log, b.engine);
		int err = alert_engine_load(b.engine, rules, LOG_T0 + 70000, &reload);
		assert_int_equal(err, round == 0 ? ALERT_ENGINE_ECALLER : 0);
		alert_log_rollback(b.log, b.engine);
		rules_free(rules);
		assert_int_equal(rules_count(alert_engine_rules(b.engine)), 2);
	}
	b.log->fail_at = 0;
	beat(&b, 0, 119, -1, 3);
	alert_log_advance(b.log, b.engine, LOG_T0 + 120000);
	alert_log_check(b.log, 0,
		"0 low ok>pending warning sample @0.000\n"
		"0 refused ok>firing warning sample @119.000\n"
		"0 low pending>firing warning time @120.000\n");
	tear_down(&b);
}

// Alerts from a time with other rules: known again by uid, or ended in the first transaction.
static void test_orphans_end_or_find_their_rule(void **unused)
{
	(void)unused;
	struct bench b;
	struct alert_counts counts;
	struct alert_text label = { "device", "d1" };
	struct alert_transition t = { .dev = 1,
		.uid = "low",
		.name = "Low",
		.to = ALERT_FIRING,
		.severity = ALERT_WARNING,
		.at_ms = LOG_T0,
		.started_ms = LOG_T0,
		.fired_ms = LOG_T0,
		.incident = 77,
		.labels = &label,
		.label_count = 1 };
	set_up(&b, RULES(REFUSED));
	b.log->kept[0] = (struct log_kept){ 1, alert_new(&t, 0) };
	b.log->kept[1] = (struct log_kept){ 2, alert_new(&t, 0) };
	b.log->made[0] = b.log->kept[0].alert;
	b.log->made[1] = b.log->kept[1].alert;
	b.log->made_count = b.log->kept_count = 2;
	alert_log_restore(b.log, b.engine);
	assert_int_equal(alert_engine_next_deadline(b.engine), 0);
	alert_log_begin(b.log, b.engine);
	assert_int_equal(alert_engine_advance(b.engine, LOG_T0 + 9000), 2);
	alert_log_rollback(b.log, b.engine); // they must come back
	alert_log_load(b.log, b.engine, RULES(LOW REFUSED), LOG_T0 + 9000);
	assert_int_equal(b.log->count, 0);
	alert_engine_counts(b.engine, &counts);
	assert_int_equal(counts.alerts[ALERT_FIRING], 2);
	alert_log_load(b.log, b.engine, RULES(OTHER), LOG_T0 + 10000);
	alert_log_check(b.log, 0,
		"1 low firing>ok warning reload @10.000\n"
		"2 low firing>ok warning reload @10.000\n");
	assert_int_equal(b.log->last_incident, 77);
	tear_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_goes_on_by_uid_and_by_hash),
		cmocka_unit_test(test_alerts_of_rules_that_are_gone_end),
		cmocka_unit_test(test_a_reload_is_taken_back),
		cmocka_unit_test(test_orphans_end_or_find_their_rule),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
