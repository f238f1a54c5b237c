// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "alerts/engine/rule_plan.h"
#include "tests/alerts/engine/alert_log.h"

#define RULES(text) "version: 1\ngroups:\n- name: g\n  rules:\n" text

static struct rule_plan *plan_of(const char *yaml)
{
	struct rule_plan *plan = rule_plan_new(alert_log_compile(yaml));
	assert_non_null(plan);
	return plan;
}

static const char three[] =
	RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m}\n"
	      "  - {alert: B, uid: quiet, severities: {warning: \"silent(10m)\", critical: \"silent(1h)\"}, clear: not silent(10m)}\n"
	      "  - {alert: C, uid: crash, severities: {warning: \"event_count(crash[5m]) > 1 or silent(10m)\"}}\n");

static void test_slots_and_silences(void **unused)
{
	(void)unused;
	struct rule_plan *plan = plan_of(three);
	assert_int_equal(plan->metric_slot_count, 1);
	assert_int_equal(plan->event_slot_count, 1);
	assert_int_equal(plan->silence_count, 3); // each ms once a rule, the least first
	assert_int_equal(plan->silences[0].ms, 600000);
	assert_int_equal(plan->silences[0].rule, 1);
	assert_int_equal(plan->silences[1].ms, 600000);
	assert_int_equal(plan->silences[1].rule, 2);
	assert_int_equal(plan->silences[2].ms, 3600000);
	assert_false(rule_plan_has_silent(plan, 0));
	assert_true(rule_plan_has_silent(plan, 1));
	assert_true(rule_plan_has_silent(plan, 2));
	assert_int_equal(rule_plan_find(plan, "crash"), 2);
	assert_int_equal(rule_plan_find(plan, "c"), -1);
	rule_plan_free(plan);
	rule_plan_free(0);
}

static void test_no_rules_are_a_plan_too(void **unused)
{
	(void)unused;
	struct rule_set *none = calloc(1, sizeof *none);
	assert_non_null(none);
	struct rule_plan *plan = rule_plan_new(none);
	assert_non_null(plan);
	assert_int_equal(rule_plan_find(plan, "low"), -1);
	assert_ptr_equal(rule_plan_release(plan), none);
	rules_free(none);
}

// What counts as a change of the rule `low`.
static const struct {
	const char *rule;
	bool is_same;
} others[] = {
	{ RULES("  - {alert: X, uid: x, severities: {info: uptime_s > 1}}\n"
		"  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m}\n"),
		true }, // only its place
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50001}, for: 5m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_min_bytes < 50000}, for: 5m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes <= 50000}, for: 5m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {critical: heap_free_bytes < 50000}, for: 5m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 6m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m, keep_firing_for: 1m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m, clear: heap_free_bytes > 60000}\n"), false },
	{ RULES("  - {alert: B, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m, labels: {team: x}}\n"), false },
	{ RULES("  - {alert: A, uid: low, severities: {warning: heap_free_bytes < 50000}, for: 5m, annotations: {summary: x}}\n"), false },
};

static void test_what_is_a_change(void **unused)
{
	(void)unused;
	struct rule_plan *a = plan_of(three);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct rule_plan *b = plan_of(others[i].rule);
		if (rule_plan_is_same(a, 0, b, (uint32_t)rule_plan_find(b, "low")) != others[i].is_same)
			fail_msg("row %zu", i);
		rule_plan_free(b);
	}
	rule_plan_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots_and_silences),
		cmocka_unit_test(test_no_rules_are_a_plan_too),
		cmocka_unit_test(test_what_is_a_change),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
