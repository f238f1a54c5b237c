// SPDX-License-Identifier: Apache-2.0
// The engine as its callers see it: rules as text, records and time in, lines of transitions out.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "tests/alerts/engine/alert_log.h"

#define RULES(text) "version: 1\ngroups:\n- name: g\n  rules:\n" text

enum { MINUTE = 60 };

// An engine that hears, with rules, from LOG_T0 on.
struct scene {
	struct alert_log *log;
	struct alert_engine *engine;
	struct record record;
};

static void begin(struct scene *s, const char *yaml)
{
	s->log = alert_log_new();
	struct alert_engine_calls calls = alert_log_calls(s->log);
	s->engine = alert_engine_new(&calls);
	assert_non_null(s->engine);
	alert_engine_set_hearing(s->engine, true, 0);
	alert_log_load(s->log, s->engine, yaml, LOG_T0);
}

static void end(struct scene *s)
{
	alert_engine_free(s->engine);
	alert_log_free(s->log);
}

// A heartbeat that is received as it is made, `second` after T0.
static void heap(struct scene *s, uint32_t dev, unsigned second, int64_t bytes)
{
	record_heartbeat(&s->record, 1, second * UINT64_C(1000), bytes, -1);
	alert_log_record(s->log, s->engine, dev, &s->record.record, LOG_T0 + second * UINT64_C(1000));
}

static void pass(struct scene *s, unsigned second)
{
	alert_log_advance(s->log, s->engine, LOG_T0 + second * UINT64_C(1000));
}

static const char heap_rule[] = RULES("  - alert: HeapLow\n"
				      "    uid: heap\n"
				      "    severities: {warning: heap_free_bytes < 50000, critical: heap_free_bytes < 20000}\n"
				      "    clear: heap_free_bytes > 60000\n"
				      "    for: 5m\n"
				      "    keep_firing_for: 10m\n"
				      "    labels: {team: firmware}\n"
				      "    annotations: {summary: \"{{ $device }} has {{ $value }} of {{ $threshold }}\"}\n");

// The whole life, as the reference tells it: a sample is missing while it is pending, the deadline fires without a sample, better but not clear
// fires on, and it is over ten minutes after it was clear.
static void test_the_life_of_an_alert(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	heap(&s, 0, 0, 45000);
	heap(&s, 0, MINUTE, 45000);
	pass(&s, 3 * MINUTE);
	heap(&s, 0, 4 * MINUTE, 45000);
	pass(&s, 6 * MINUTE);
	alert_log_check(s.log, 0,
		"0 heap ok>pending warning sample @0.000\n"
		"0 heap pending>firing warning time @300.000\n");
	assert_string_equal(s.log->last_summary, "d0 has 45000 of 50000");
	assert_string_equal(s.log->last_labels, "alertname=HeapLow severity=warning device=d0 team=firmware");
	assert_int_equal(s.log->last_incident, 1);
	assert_int_equal(s.log->last_started_ms, LOG_T0);
	assert_int_equal(s.log->last_fired_ms, LOG_T0 + 300000);
	heap(&s, 0, 7 * MINUTE, 55000); // no longer low, but not clear
	heap(&s, 0, 9 * MINUTE, 70000);
	pass(&s, 30 * MINUTE);
	alert_log_check(s.log, 2,
		"0 heap firing>recovering warning sample @540.000\n"
		"0 heap recovering>ok warning time @1140.000\n");
	assert_int_equal(s.log->last_incident, 1);
	assert_int_equal(s.log->kept_count, 0);
	end(&s);
}

static void test_pending_that_ends_never_fired(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	heap(&s, 0, 0, 45000);
	heap(&s, 0, MINUTE, 55000); // not clear, but that matters only to what fires
	pass(&s, 60 * MINUTE);
	alert_log_check(s.log, 0,
		"0 heap ok>pending warning sample @0.000\n"
		"0 heap pending>ok warning sample @60.000\n");
	assert_int_equal(s.log->last_fired_ms, 0);
	end(&s);
}

// The graver level comes while it is pending and does not start `for` again; then it changes while firing; then it relapses while it recovers.
static void test_levels_share_one_alert(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	for (unsigned minute = 0; minute < 5; minute++)
		heap(&s, 0, minute * MINUTE, minute < 4 ? 45000 : 15000);
	heap(&s, 0, 5 * MINUTE, 15000);
	heap(&s, 0, 6 * MINUTE, 30000);
	assert_string_equal(s.log->last_labels, "alertname=HeapLow severity=warning device=d0 team=firmware");
	assert_string_equal(s.log->last_summary, "d0 has 30000 of 50000"); // rendered again with the severity
	heap(&s, 0, 7 * MINUTE, 70000);
	assert_string_equal(s.log->last_summary, "d0 has 30000 of 50000"); // and kept
	heap(&s, 0, 8 * MINUTE, 10000);
	alert_log_check(s.log, 0,
		"0 heap ok>pending warning sample @0.000\n"
		"0 heap pending>firing critical time @300.000\n"
		"0 heap firing>firing warning sample @360.000\n"
		"0 heap firing>recovering warning sample @420.000\n"
		"0 heap recovering>firing critical sample @480.000\n");
	assert_int_equal(s.log->last_fired_ms, LOG_T0 + 300000); // still the same incident
	end(&s);
}

// A device that falls silent while it is pending does not fire without a sample; the sample that comes later decides.
static void test_stale_data_fires_only_with_a_sample(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	heap(&s, 0, 0, 45000); // interval not known: stale after 90 s
	pass(&s, 20 * MINUTE);
	alert_log_check(s.log, 0, "0 heap ok>pending warning sample @0.000\n");
	heap(&s, 0, 21 * MINUTE, 45000);
	alert_log_check(s.log, 1, "0 heap pending>firing warning sample @1260.000\n");
	end(&s);
}

static const char silent_rule[] = RULES("  - alert: Silent\n"
					"    uid: silent\n"
					"    severities: {warning: \"silent(10m)\", critical: \"silent(1h)\"}\n"
					"  - alert: Gone\n"
					"    uid: gone\n"
					"    severities: {info: \"silent(5m)\"}\n"
					"    for: 10m\n");

static void test_silence_is_met_at_its_deadline(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, silent_rule);
	heap(&s, 0, 0, 1);
	heap(&s, 1, 30, 1);
	heap(&s, 0, 2 * MINUTE, 1);
	pass(&s, 90 * MINUTE);
	alert_log_check(s.log, 0,
		"1 gone ok>pending info time @330.000\n"
		"0 gone ok>pending info time @420.000\n"
		"1 silent ok>firing warning time @630.000\n"
		"0 silent ok>firing warning time @720.000\n"
		"1 gone pending>firing info time @930.000\n"
		"0 gone pending>firing info time @1020.000\n"
		"1 silent firing>firing critical time @3630.000\n"
		"0 silent firing>firing critical time @3720.000\n");
	unsigned firing;
	assert_int_equal(alert_engine_worst(s.engine, 0, &firing), ALERT_CRITICAL);
	assert_int_equal(firing, 2);
	heap(&s, 0, 91 * MINUTE, 1); // any record ends it
	alert_log_check(s.log, 8,
		"0 silent firing>ok critical sample @5460.000\n"
		"0 gone firing>ok info sample @5460.000\n");
	end(&s);
}

// While the broker is away nobody is silent; afterwards all have their full time again, and what fires goes on.
static void test_no_silence_while_nobody_can_be_heard(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, silent_rule);
	heap(&s, 0, 0, 1);
	pass(&s, 11 * MINUTE);
	heap(&s, 1, 11 * MINUTE, 1);
	unsigned before = s.log->count;
	alert_engine_set_hearing(s.engine, false, LOG_T0 + 12 * MINUTE * 1000);
	pass(&s, 14 * MINUTE);
	alert_engine_set_hearing(s.engine, true, LOG_T0 + 120 * MINUTE * 1000);
	pass(&s, 124 * MINUTE);
	alert_log_check(s.log, before, "");
	pass(&s, 131 * MINUTE);
	alert_log_check(s.log, before,
		"0 gone pending>firing info time @7500.000\n"
		"1 gone ok>pending info time @7500.000\n"
		"1 silent ok>firing warning time @7800.000\n");
	end(&s);
}

// A new engine is deaf: after a restart nobody is silent until the collector hears.
static void test_a_new_engine_is_deaf(void **unused)
{
	(void)unused;
	struct alert_log *log = alert_log_new();
	struct alert_engine_calls calls = alert_log_calls(log);
	struct alert_engine *engine = alert_engine_new(&calls);
	struct record r;
	alert_log_load(log, engine, silent_rule, LOG_T0);
	record_heartbeat(&r, 1, 0, 1, -1);
	alert_log_record(log, engine, 0, &r.record, LOG_T0);
	alert_log_advance(log, engine, LOG_T0 + 86400000);
	assert_int_equal(log->count, 0);
	alert_engine_free(engine);
	alert_log_free(log);
}

// Unknown changes nothing: a heartbeat without the metric, a window that is empty.
static void test_unknown_changes_nothing(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s,
		RULES("  - alert: Mean\n    uid: mean\n    expr: avg_over_time(heap_free_bytes[1m]) < 50000\n    labels: {severity: info}\n"));
	heap(&s, 0, 0, -1);
	alert_log_check(s.log, 0, "");
	heap(&s, 0, 10, 45000);
	heap(&s, 0, 300, -1); // the window is empty
	alert_log_check(s.log, 0, "0 mean ok>firing info sample @10.000\n");
	heap(&s, 0, 310, 60000);
	alert_log_check(s.log, 1, "0 mean firing>ok info sample @310.000\n");
	struct alert_counts counts;
	alert_engine_counts(s.engine, &counts);
	assert_int_equal(counts.evaluations, 4);
	assert_int_equal(counts.unknown_results, 2);
	assert_int_equal(counts.transitions, 2);
	end(&s);
}

// What the device kept during an outage is judged by the times at which it was made: the same lines as live, though all comes in one second.
static void test_a_backlog_is_judged_by_its_own_times(void **unused)
{
	(void)unused;
	static const int64_t heaps[] = { 45000, 45000, 45000, 45000, 45000, 45000, 45000, 70000, 70000, 70000 };
	struct scene live, late;
	begin(&live, heap_rule);
	begin(&late, heap_rule);
	heap(&live, 0, 0, 80000);
	heap(&late, 0, 0, 80000);
	for (unsigned i = 0; i < 10; i++) {
		heap(&live, 0, (i + 1) * MINUTE, heaps[i]);
		record_heartbeat(&late.record, 1, (i + 1) * UINT64_C(60000), heaps[i], -1);
		alert_log_record(late.log, late.engine, 0, &late.record.record, LOG_T0 + 7200000 + i * 100);
	}
	assert_true(live.log->count > 2);
	assert_int_equal(live.log->count, late.log->count);
	for (unsigned i = 0; i < live.log->count; i++)
		assert_string_equal(live.log->lines[i], late.log->lines[i]);
	end(&live);
	end(&late);
}

// Events: the rule is looked at with the record that brings one, and again with heartbeats, for time takes them away.
static void test_events_come_and_go(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s,
		RULES("  - alert: Crash\n    uid: crash\n    severities: {warning: \"event_count(crash[10m]) >= 1\", "
		      "critical: \"event_count(crash[10m]) >= 3\"}\n"));
	heap(&s, 0, 0, 1);
	for (unsigned i = 1; i <= 3; i++) {
		record_crash(&s.record, 1 + i, 0);
		alert_log_record(s.log, s.engine, 0, &s.record.record, LOG_T0 + i * UINT64_C(60000));
	}
	for (unsigned minute = 4; minute < 16; minute++) {
		record_heartbeat(&s.record, 4, (minute - 3) * UINT64_C(60000), 1, -1);
		alert_log_record(s.log, s.engine, 0, &s.record.record, LOG_T0 + minute * UINT64_C(60000));
	}
	alert_log_check(s.log, 0,
		"0 crash ok>firing warning sample @60.000\n"
		"0 crash firing>firing critical sample @180.000\n"
		"0 crash firing>firing warning sample @660.000\n"
		"0 crash firing>ok warning sample @780.000\n");
	end(&s);
}

// Rolled back, nothing has happened: the same record gives the same again, deadlines included.
static void test_rollback_takes_all_back(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	for (unsigned i = 0; i < 5; i++)
		heap(&s, 0, i * MINUTE, 45000);
	struct alert_counts before, after;
	uint8_t packed[2][512];
	alert_engine_counts(s.engine, &before);
	size_t size = alert_engine_pack(s.engine, 0, packed[0], sizeof packed[0]);
	for (unsigned times = 0; times < 3; times++) {
		alert_log_begin(s.log, s.engine);
		record_heartbeat(&s.record, 1, 6 * MINUTE * 1000, 70000, -1);
		assert_int_equal(alert_engine_record(s.engine, 0, &s.record.record, LOG_T0 + 6 * MINUTE * 1000), 0); // fires, then recovers
		assert_int_equal(alert_engine_record(s.engine, 1, &s.record.record, LOG_T0 + 6 * MINUTE * 1000), 0); // a new device
		assert_int_equal(s.log->count, 3);
		if (times < 2)
			alert_log_rollback(s.log, s.engine);
		else
			alert_log_commit(s.log, s.engine);
		alert_engine_counts(s.engine, &after);
		if (times < 2)
			assert_memory_equal(&before, &after, sizeof before);
		if (times < 2)
			assert_int_equal(alert_engine_pack(s.engine, 0, packed[1], sizeof packed[1]), size);
		if (times < 2)
			assert_memory_equal(packed[0], packed[1], size);
	}
	alert_log_check(s.log, 0,
		"0 heap ok>pending warning sample @0.000\n"
		"0 heap pending>firing warning time @300.000\n"
		"0 heap firing>recovering warning sample @360.000\n");
	assert_int_equal(after.devices, 2);
	end(&s);
}

static void test_a_caller_that_fails_is_heard(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	s.log->fail_at = 1;
	alert_log_begin(s.log, s.engine);
	record_heartbeat(&s.record, 1, 0, 45000, -1);
	assert_int_equal(alert_engine_record(s.engine, 0, &s.record.record, LOG_T0), ALERT_ENGINE_ECALLER);
	alert_log_rollback(s.log, s.engine);
	s.log->fail_at = 0;
	heap(&s, 0, 0, 45000);
	for (unsigned i = 1; i < 5; i++)
		heap(&s, 0, i * MINUTE, 45000);
	s.log->fail_at = 2; // at a deadline: it is met by the next try
	alert_log_begin(s.log, s.engine);
	assert_int_equal(alert_engine_advance(s.engine, LOG_T0 + 6 * MINUTE * 1000), ALERT_ENGINE_ECALLER);
	alert_log_rollback(s.log, s.engine);
	s.log->fail_at = 0;
	pass(&s, 6 * MINUTE);
	alert_log_check(s.log, 0,
		"0 heap ok>pending warning sample @0.000\n"
		"0 heap pending>firing warning time @300.000\n");
	end(&s);
}

// Text from outside: bytes that are no UTF-8, and the firmware of the moment in which the incident began.
static void test_labels_are_clean_and_latched(void **unused)
{
	(void)unused;
	struct scene s;
	begin(&s, heap_rule);
	snprintf(s.log->firmware, sizeof s.log->firmware, "1.4\xff\x1b");
	heap(&s, 0, 0, 45000);
	assert_string_equal(s.log->last_labels, "alertname=HeapLow severity=warning device=d0 firmware=1.4?? team=firmware");
	snprintf(s.log->firmware, sizeof s.log->firmware, "1.5");
	for (unsigned i = 1; i < 6; i++)
		heap(&s, 0, i * MINUTE, 15000);
	assert_string_equal(s.log->last_labels, "alertname=HeapLow severity=critical device=d0 firmware=1.4?? team=firmware");
	end(&s);
}

static void test_counts_and_next_deadline(void **unused)
{
	(void)unused;
	struct scene s;
	struct alert_counts counts;
	size_t pending, firing;
	begin(&s, heap_rule);
	for (uint32_t dev = 0; dev < 3; dev++)
		heap(&s, dev, 0, 45000);
	alert_engine_counts(s.engine, &counts);
	assert_int_equal(counts.devices, 3);
	assert_int_equal(counts.alerts[ALERT_PENDING], 3);
	alert_engine_rule_counts(s.engine, 0, &pending, &firing);
	assert_int_equal(pending, 3);
	assert_int_equal(firing, 0);
	heap(&s, 0, 4 * MINUTE, 45000);
	uint64_t next_ms = alert_engine_next_deadline(s.engine);
	assert_true(next_ms <= LOG_T0 + 300000);
	pass(&s, 5 * MINUTE);
	alert_engine_rule_counts(s.engine, 0, &pending, &firing);
	assert_int_equal(pending, 2); // two have been silent for too long
	assert_int_equal(firing, 1);
	assert_true(alert_engine_next_deadline(s.engine) == UINT64_MAX);
	alert_engine_rule_counts(s.engine, 7, &pending, &firing);
	assert_int_equal(pending + firing, 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_life_of_an_alert),
		cmocka_unit_test(test_pending_that_ends_never_fired),
		cmocka_unit_test(test_levels_share_one_alert),
		cmocka_unit_test(test_stale_data_fires_only_with_a_sample),
		cmocka_unit_test(test_silence_is_met_at_its_deadline),
		cmocka_unit_test(test_no_silence_while_nobody_can_be_heard),
		cmocka_unit_test(test_a_new_engine_is_deaf),
		cmocka_unit_test(test_unknown_changes_nothing),
		cmocka_unit_test(test_a_backlog_is_judged_by_its_own_times),
		cmocka_unit_test(test_events_come_and_go),
		cmocka_unit_test(test_rollback_takes_all_back),
		cmocka_unit_test(test_a_caller_that_fails_is_heard),
		cmocka_unit_test(test_labels_are_clean_and_latched),
		cmocka_unit_test(test_counts_and_next_deadline),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
