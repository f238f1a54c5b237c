// SPDX-License-Identifier: Apache-2.0
// Labels and annotations: names, bounds, and templates that fit the rule.
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

static void test_labels(void **unused)
{
	(void)unused;
	static const struct {
		const char *labels, *codes;
	} rows[] = {
		{ "{team: firmware}", "" },
		{ "{team: }", "" }, // an empty label
		{ "{device: x}", "E113" },
		{ "{firmware: x}", "E113" },
		{ "{alertname: x}", "E113" },
		{ "{a-b: x}", "E113" },
		{ "{1a: x}", "E113" },
		{ "{a: [x]}", "E108" },
		{ "{a: \"{{ $value }}\"}", "E305" },
		{ "{severity: \"{{ $value }}\"}", "E305" },
		{ "{a: \"x\\ny\"}", "E113" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[256];
		snprintf(text, sizeof text, "{alert: A, expr: uptime_s < 5, annotations: {summary: s}, labels: %s}", rows[i].labels);
		const char *codes = rule_rig_codes(&rig, text, "");
		if (strcmp(codes, rows[i].codes) != 0)
			fail_msg("%s: `%s`", rows[i].labels, codes);
		rule_rig_end(&rig);
	}
}

static void test_templates(void **unused)
{
	(void)unused;
	static const struct {
		const char *expr, *text, *codes;
	} rows[] = {
		{ "heap_free_bytes < 5", "{{ $value | bytes }} {{ $threshold | number }}", "" },
		{ "heap_free_bytes < 5", "{{ $value | duration }}", "E304" },
		{ "ack_ms > 5s", "{{ $value | duration }}", "" },
		{ "spool_used_permille > 5", "{{ $value | percent }}", "" },
		{ "uptime_s * 2 > 5", "{{ $value | percent }}", "E304" },
		{ "silent(5m)", "{{ $value }}", "E302" },
		{ "silent(5m)", "{{ $hold | duration }} {{ $for }}", "" },
		{ "uptime_s > 5", "{{ $labels.team }} {{ $labels.device }} {{ $firmware }}", "" },
		{ "uptime_s > 5", "{{ $labels.nothing }}", "E302" },
		{ "uptime_s > 5", "{{ $nothing }} {{ $flor }}", "E302 E302" }, // all of them are told
		{ "uptime_s > 5", "{{ $floor | bytes }} {{ $share | percent }} {{ $wanted }}", "" },
		{ "uptime_s > 5", "{{ $wanted | bytes }}", "E304" },
		{ "uptime_s > 5", "{{ $hold | percent }}", "E304" },
		{ "uptime_s > 5", "{{ $device | number }}", "E304" },
		{ "uptime_s > 5", "{{ $value", "E301" },
		{ "uptime_s > 5", "{{ $value | x }}", "E303" },
		{ "uptime_s > 5 or heap_free_bytes < 5", "{{ $value }}", "" },
		{ "uptime_s > 5 or heap_free_bytes < 5", "{{ $value | bytes }}", "E304" },
		{ "uptime_s > 5 and heap_free_bytes < 5", "{{ $value | duration }}", "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[512];
		snprintf(text, sizeof text, "{alert: A, expr: %s, labels: {team: x}, annotations: {summary: s, more: \"%s\"}}",
			rows[i].expr, rows[i].text);
		const char *codes = rule_rig_codes(&rig, text, "");
		if (strcmp(codes, rows[i].codes) != 0)
			fail_msg("%s: %s: `%s`", rows[i].expr, rows[i].text, codes);
		rule_rig_end(&rig);
	}
}

static void test_bounds(void **unused)
{
	(void)unused;
	static char text[8192];
	size_t used = (size_t)snprintf(text, sizeof text, "{alert: A, expr: uptime_s < 5, annotations: {summary: ");
	memset(text + used, 'x', RULE_ANNOTATION_BYTES + 1);
	snprintf(text + used + RULE_ANNOTATION_BYTES, sizeof text - used - RULE_ANNOTATION_BYTES, "}}");
	assert_string_equal(rule_rig_codes(&rig, text, ""), "");
	rule_rig_end(&rig);
	snprintf(text + used + RULE_ANNOTATION_BYTES, sizeof text - used - RULE_ANNOTATION_BYTES, "x}}");
	assert_string_equal(rule_rig_codes(&rig, text, ""), "E113");
	rule_rig_end(&rig);
	used = (size_t)snprintf(text, sizeof text, "{alert: A, expr: uptime_s < 5, annotations: {summary: s}, labels: {l0: x");
	for (unsigned i = 1; i <= RULES_LABELS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, ", l%u: x", i);
	snprintf(text + used, sizeof text - used, "}}");
	assert_string_equal(rule_rig_codes(&rig, text, ""), "E116");
	assert_int_equal(rig.rule.label_count, RULES_LABELS_MAX);
	rule_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
