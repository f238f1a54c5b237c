// SPDX-License-Identifier: Apache-2.0
// Functions: their arguments, windows and events.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "tests/alerts/engine/check_rig.h"

static struct check_rig rig;

static void test_arguments(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "avg_over_time(heap_free_bytes[10m]) < 5", "" },
		{ "avg_over_time(heap_free_bytes[$hold]) < 5", "" },
		{ "avg_over_time(heap_free_bytes[$floor]) < 5", "E207" },
		{ "avg_over_time(heap_free_bytes[$nothing]) < 5", "E207" },
		{ "avg_over_time(heap_free_bytes) < 5", "E212" },
		{ "avg_over_time(5) < 5", "E212" },
		{ "avg_over_time() < 5", "E212" },
		{ "avg_over_time(heap_free_bytes[10m], 5) < 5", "E212" },
		{ "avg_over_time(nothing[10m]) < 5", "E203" },
		{ "avg_over_time(heap_free_bytes{a=\"b\"}[10m]) < 5", "E206" },
		{ "avg_over_tme(heap_free_bytes[10m]) < 5", "E205" },
		{ "avg_over_time(ota_state[10m]) < 5", "E209" },
		{ "max_over_time(verdict[10m]) < 5", "E209" },
		{ "max_over_time(wifi_channel[10m]) < 5", "E209" },
		{ "changes(ota_state[10m]) > 5", "" },
		{ "count_over_time(verdict[10m]) > 5", "" },
		{ "avg_over_time(rollback_ready[10m]) > 90%", "" }, // the share of the time that it was true
		{ "age(heap_free_bytes) > 10m", "" },
		{ "age(heap_free_bytes[5m]) > 10m", "E212" },
		{ "age(ota_state) > 10m", "" },
		{ "silent(10m)", "" },
		{ "silent($hold)", "" },
		{ "silent(600)", "E212" },
		{ "silent(heap_free_bytes)", "E212" },
		{ "silent($floor)", "E207" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

static void test_windows(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "avg_over_time(heap_free_bytes[999ms]) < 5", "E117" },
		{ "avg_over_time(heap_free_bytes[1s]) < 5", "W402" },
		{ "avg_over_time(heap_free_bytes[179s]) < 5", "W402" },
		{ "avg_over_time(heap_free_bytes[3m]) < 5", "" },
		{ "avg_over_time(heap_free_bytes[366d]) < 5", "" },
		{ "avg_over_time(heap_free_bytes[367d]) < 5", "E117" },
		{ "event_count(boot[1m]) > 5", "" }, // events have no interval
		{ "silent(1ms)", "E117" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

static void test_events(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "event_count(boot[24h]) > 3", "" },
		{ "event_count(boot{class=\"brown_out\"}[24h]) > 3", "" },
		{ "event_count(boot{class!=\"sleep\", cause=\"none\"}[24h]) > 3", "" },
		{ "event_count(app{name=\"door_open\"}[24h]) > 3", "" }, // any text
		{ "event_count(log{level=\"error\"}[24h]) > 3", "" },
		{ "event_count(boots[24h]) > 3", "E213" },
		{ "event_count(heap_free_bytes[24h]) > 3", "E213" },
		{ "event_count(boot) > 3", "E212" },
		{ "event_count(5) > 3", "E212" },
		{ "event_count(boot{class=\"brownout\"}[24h]) > 3", "E214" },
		{ "event_count(boot{klass=\"crash\", cause=\"x\"}[24h]) > 3", "E214 E214" }, // both are told
		{ "event_count(app{name=\"123456789012345678901234567890123456789012345678\"}[24h]) > 3", "E214" }, // 48 bytes
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
	check_rig_codes(&rig, "event_count(boot{class!=\"sleep\", cause=\"none\"}[24h]) > 3");
	const struct event_filter *filter = &rig.expression.root->left->filter;
	assert_int_equal(filter->kind, EVENT_BOOT);
	assert_int_equal(filter->count, 2);
	assert_true(filter->matchers[0].is_not && !filter->matchers[1].is_not);
	assert_string_equal(filter->matchers[1].text, "none");
	assert_int_equal(rig.expression.root->left->window_ms, 86400000);
	check_rig_end(&rig);
}

static void test_units_of_results(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "avg_over_time(heap_free_bytes[10m]) < 5s", "E208" },
		{ "sum_over_time(heap_free_bytes[10m]) < heap_min_bytes", "" },
		{ "count_over_time(heap_free_bytes[10m]) < heap_min_bytes", "E208" },
		{ "changes(ota_state[10m]) > 10s", "E208" },
		{ "event_count(boot[10m]) > 10%", "E208" },
		{ "rate(agent_sent_bytes[10m]) > heap_free_bytes", "E208" },
		{ "rate(agent_sent_bytes[10m]) * 10m > heap_free_bytes", "" },
		{ "increase(agent_sent_bytes[10m]) / 10m > rate(agent_sent_bytes[10m])", "" },
		{ "deriv(uptime_s[10m]) < 5", "" },
		{ "age(uptime_s) > heap_free_bytes", "E208" },
		{ "silent(5m) > 5", "E209" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_units_of_results),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
