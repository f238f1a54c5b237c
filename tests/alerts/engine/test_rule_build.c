// SPDX-License-Identifier: Apache-2.0
// One rule: its name, levels, durations and programs.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/alerts/engine/rule_rig.h"

static struct rule_rig rig;

#define SUMMARY ", annotations: {summary: s}}"

static void test_a_whole_rule(void **unused)
{
	(void)unused;
	assert_string_equal(
		rule_rig_codes(&rig,
			"{alert: HeapLow, scope: device, severities: {info: heap_free_bytes < 3, critical: heap_free_bytes < 1}, "
			"clear: heap_free_bytes > 4, for: 5m, keep_firing_for: $hold" SUMMARY,
			""),
		"");
	assert_string_equal(rig.rule.uid, "test_group.heap_low");
	assert_string_equal(rig.rule.name, "HeapLow");
	assert_string_equal(rig.rule.group, "Test group");
	assert_string_equal(rig.rule.file, "test.yml");
	assert_string_equal(rig.rule.expression, "heap_free_bytes < 3");
	assert_int_equal(rig.rule.level_count, 2);
	assert_int_equal(rig.rule.levels[0].severity, ALERT_INFO);
	assert_int_equal(rig.rule.levels[1].severity, ALERT_CRITICAL);
	assert_true(rig.rule.levels[1].program.ops[1].number == 1);
	assert_int_equal(rig.rule.clear.count, 3);
	assert_int_equal(rig.rule.for_ms, 300000);
	assert_int_equal(rig.rule.keep_firing_for_ms, 300000);
	assert_true(rig.rule.value_scale == 1);
	rule_rig_end(&rig);
}

static void test_problems(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "{expr: uptime_s < 5" SUMMARY, "E111" },
		{ "{alert: A" SUMMARY, "E111" },
		{ "{alert: A, severities: {}" SUMMARY, "E111" },
		{ "{alert: A, severities: " SUMMARY, "E111" },
		{ "{alert: A, expr: uptime_s < 5, severities: {info: uptime_s < 5}" SUMMARY, "E113" },
		{ "{alert: A, severities: {page: uptime_s < 5, info: [x]}" SUMMARY, "E113 E108" },
		{ "{alert: A, expr: uptime_s < 5, labels: {severity: page}" SUMMARY, "E113" },
		{ "{alert: A, severities: {info: uptime_s < 5}, labels: {severity: info}" SUMMARY, "E113" },
		{ "{alert: A, expr: uptime_s < 5, for: soon" SUMMARY, "E117" },
		{ "{alert: A, expr: uptime_s < 5, for: 0" SUMMARY, "" },
		{ "{alert: A, expr: uptime_s < 5, for: 366d" SUMMARY, "" },
		{ "{alert: A, expr: uptime_s < 5, for: 367d" SUMMARY, "E117" },
		{ "{alert: A, expr: uptime_s < 5, for: $floor" SUMMARY, "E207" },
		{ "{alert: A, expr: uptime_s < 5, for: $nothing" SUMMARY, "E207" },
		{ "{alert: A, uid: A, expr: uptime_s < 5" SUMMARY, "E113" },
		{ "{alert: \"!\", expr: uptime_s < 5" SUMMARY, "E113" },
		{ "{alert: \"!\", uid: a, expr: uptime_s < 5" SUMMARY, "" },
		{ "{alert: A, scope: fleet, expr: uptime_s < 5" SUMMARY, "E110" },
		{ "{alert: A, scope: x, expr: uptime_s < 5" SUMMARY, "E113" },
		{ "{record: a:b, expr: uptime_s < 5" SUMMARY, "E110" },
		{ "{alert: A, expr: uptime_s < 5, clear: uptime_s<5" SUMMARY, "W404" },
		{ "{alert: A, expr: uptime_s < 5, clear: nothing > 5" SUMMARY, "E203" },
		{ "{alert: A, expr: uptime_s < 5}", "W401" },
		{ "{alert: A, severities: {info: nothing < 5, critical: other < 5}" SUMMARY, "E203 E203" }, // of each level
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *codes = rule_rig_codes(&rig, rows[i][0], "");
		if (strcmp(codes, rows[i][1]) != 0)
			fail_msg("%s: `%s`, wanted `%s`", rows[i][0], codes, rows[i][1]);
		rule_rig_end(&rig);
	}
}

static void test_levels_of_plain_rules(void **unused)
{
	(void)unused;
	static const struct {
		const char *labels, *group;
		enum alert_severity severity;
	} rows[] = {
		{ "{}", "", ALERT_WARNING },
		{ "{severity: info}", "", ALERT_INFO },
		{ "{}", "severity: critical", ALERT_CRITICAL },
		{ "{severity: info}", "severity: critical", ALERT_INFO }, // the rule's own
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		snprintf(text, sizeof text, "{alert: A, expr: uptime_s < 5, labels: %s" SUMMARY, rows[i].labels);
		assert_string_equal(rule_rig_codes(&rig, text, rows[i].group), "");
		assert_int_equal(rig.rule.levels[0].severity, rows[i].severity);
		assert_int_equal(rig.rule.label_count, 0);
		rule_rig_end(&rig);
	}
}

// By what $value is multiplied for the filters `duration` and `percent`.
static void test_scale_of_the_value(void **unused)
{
	(void)unused;
	static const struct {
		const char *expr;
		double scale;
	} rows[] = {
		{ "uptime_s > 5", 1 },          { "ack_ms > 5s", 0.001 }, { "spool_used_permille > 5", 0.001 }, { "heap_free_bytes < 5", 1 },
		{ "uptime_s > 5 or ack_ms > 5", 1 }, { "silent(5m)", 1 },  { "heap_slope_bytes_per_h < 0", 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		snprintf(text, sizeof text, "{alert: A, expr: %s, clear: uptime_s > 5" SUMMARY, rows[i].expr);
		rule_rig_codes(&rig, text, "");
		assert_int_equal(rig.written.problems.errors, 0);
		if (rig.rule.value_scale != rows[i].scale)
			fail_msg("%s: %g", rows[i].expr, rig.rule.value_scale);
		rule_rig_end(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_rule),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_levels_of_plain_rules),
		cmocka_unit_test(test_scale_of_the_value),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
