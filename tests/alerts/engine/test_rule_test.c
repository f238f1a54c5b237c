// SPDX-License-Identifier: Apache-2.0
// Test files of rules: what passes, what fails and how that reads, and what cannot be run.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/rule_test.h"

static const char rules[] =
	"groups:\n- name: g\n  rules:\n"
	"  - {alert: HeapLow, expr: heap_free_bytes < 50000, for: 5m, annotations: {summary: \"{{ $value | bytes }} left\"}}\n"
	"  - {alert: Boots, expr: \"event_count(boot{class='crash'}[1h]) > 1\", annotations: {summary: s}}\n"
	"  - {alert: Silent, expr: silent(10m), annotations: {summary: s}}\n";

static bool read_file(void *context, const char *name, struct rules_source *source)
{
	(void)context;
	bool is_good = strcmp(name, "rules.yml") == 0;
	if (!is_good && strcmp(name, "bad.yml") != 0)
		return false;
	*source = (struct rules_source){ name, is_good ? rules : "groups: [", is_good ? sizeof rules - 1 : 9 };
	return true;
}

static struct rule_test_report report;

static int run(const char *text)
{
	struct rules_source source = { "test.yml", text, strlen(text) };
	return rule_test_run(&source, read_file, 0, &report);
}

static void test_a_file_that_holds(void **unused)
{
	(void)unused;
	int result = run(
		"rule_files: [rules.yml]\n"
		"evaluation_interval: 1m\n"
		"tests:\n"
		"- interval: 1m\n"
		"  name: low heap\n"
		"  input_series:\n"
		"  - {series: 'heap_free_bytes{device=\"d1\"}', values: '60000x3 40960x10 70000x5'}\n"
		"  - {series: 'heap_free_bytes{device=\"d2\", firmware=\"1.4\"}', values: '40960x30'}\n"
		"  alert_rule_test:\n"
		"  - {eval_time: 4m, alertname: HeapLow}\n"
		"  - {eval_time: 8m, alertname: HeapLow, exp_alerts: [{exp_labels: {device: d2, firmware: \"1.4\"}}]}\n"
		"  - {eval_time: 9m, alertname: HeapLow, exp_alerts: [{exp_labels: {device: d1}, exp_annotations: {summary: 40 KiB left}}, "
		"{exp_labels: {device: d2}}]}\n"
		"  - {eval_time: 15m, alertname: HeapLow, exp_alerts: [{exp_labels: {device: d2, severity: warning}}]}\n"
		"- events:\n"
		"  - {at: 5m, event: boot, labels: {class: crash}}\n"
		"  - {at: 2m, device: d1, event: crash}\n"
		"  alert_rule_test:\n"
		"  - {eval_time: 15m, alertname: Silent, exp_alerts: [{}]}\n" // not in the order of time
		"  - {eval_time: 4m, alertname: Boots, exp_alerts: []}\n"
		"  - {eval_time: 5m, alertname: Boots, exp_alerts: [{exp_labels: {device: d1}}]}\n");
	if (result != 0)
		fail_msg("%d: %s%s", result, report.problems.count ? report.problems.list[0].what : "", report.text);
	assert_int_equal(report.passed, 7);
	assert_string_equal(report.text, "");
	rule_test_free(&report);
}

static void test_how_a_failure_reads(void **unused)
{
	(void)unused;
	assert_int_equal(run("rule_files: [rules.yml]\n"
			     "tests:\n"
			     "- name: low heap\n"
			     "  input_series: [{series: heap_free_bytes, values: 40960x9}]\n"
			     "  alert_rule_test:\n"
			     "  - {eval_time: 4m, alertname: HeapLow, exp_alerts: [{exp_labels: {device: d1}}]}\n"
			     "  - {eval_time: 5m, alertname: HeapLow, exp_alerts: [{exp_labels: {device: d2}}]}\n"
			     "  - {eval_time: 6m, alertname: HeapLow, exp_alerts: [{}]}\n"),
		1);
	assert_int_equal(report.passed, 1);
	assert_int_equal(report.failed, 2);
	assert_string_equal(report.text,
		"not as expected: test.yml:6: low heap: HeapLow at 240s\n"
		"    expected: device=\"d1\"\n"
		"not as expected: test.yml:7: low heap: HeapLow at 300s\n"
		"    expected: device=\"d2\"\n"
		"    firing:   alertname=\"HeapLow\" severity=\"warning\" device=\"d1\" summary=\"40 KiB left\"\n");
	rule_test_free(&report);
}

static void test_what_cannot_be_run(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *code;
		unsigned line;
	} rows[] = {
		{ "tests: [5", "E101", 2 },
		{ "- a", "E501", 1 },
		{ "rule_files: [nothing.yml]", "E501", 1 },
		{ "rule_files: [bad.yml]", "E101", 2 },
		{ "rule_files: rules.yml", "E501", 1 },
		{ "tests: [5]", "E501", 1 },
		{ "tests:\n- promql_expr_test: []", "E501", 2 }, // promtool's, but not ours
		{ "tests:\n- interval: soon", "E501", 2 },
		{ "tests:\n- input_series: [5]", "E501", 2 },
		{ "tests:\n- input_series: [{series: heap_free_bytes}]", "E501", 2 },
		{ "tests:\n- input_series: [{series: heap_free_bytes, values: x}]", "E501", 2 },
		{ "tests:\n- events: [{at: 5m, event: bang}]", "E501", 2 },
		{ "tests:\n- events: [{at: 5m}]", "E501", 2 },
		{ "tests:\n- events: [{at: 5m, event: boot, labels: {class: x}}]", "E501", 2 },
		{ "tests:\n- alert_rule_test: [{eval_time: 5m}]", "E501", 2 },
		{ "tests:\n- alert_rule_test: [{eval_time: x, alertname: A}]", "E501", 2 },
		{ "tests:\n- alert_rule_test: [{eval_time: 5m, alertname: A, exp_alerts: [{labels: {}}]}]", "E501", 2 },
		{ "tests:\n- alert_rule_test: [{eval_time: 5m, alertname: A, exp_alerts: [5]}]", "E501", 2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int result = run(rows[i].text);
		const struct rules_problem *problem = &report.problems.list[0];
		if (result != -1 || strcmp(problem->code, rows[i].code) != 0 || problem->line != rows[i].line)
			fail_msg("%s: %d, %s in line %u", rows[i].text, result, problem->code, problem->line);
		rule_test_free(&report);
	}
}

static void test_nothing_is_no_failure(void **unused)
{
	(void)unused;
	assert_int_equal(run(""), 0);
	rule_test_free(&report);
	assert_int_equal(run("rule_files: [rules.yml]\ntests: []\n"), 0);
	assert_int_equal(report.passed + report.failed, 0);
	rule_test_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_holds),
		cmocka_unit_test(test_how_a_failure_reads),
		cmocka_unit_test(test_what_cannot_be_run),
		cmocka_unit_test(test_nothing_is_no_failure),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
