// SPDX-License-Identifier: Apache-2.0
// Rule files as a whole: the stock rules, what a compiled set says of itself, and the text of every kind of problem
// (tests/golden/rules: CASE.yml, perhaps CASE.overrides, and CASE.txt as it must be printed).
//
// After a change that is meant: MUSTER_UPDATE_GOLDEN=1 build/check/tests/test-alerts-engine-rules, then read the difference.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/embedded.h"
#include "alerts/engine/problem.h"
#include "alerts/engine/rule_set.h"

enum { TEXT_BYTES = 256 * 1024 };

static struct rules_problems problems;

static struct rule_set *compile_text(const char *text, const char *overrides)
{
	struct rules_source source = { "test.yml", text, strlen(text) };
	struct rules_source over = { "overrides", overrides, overrides ? strlen(overrides) : 0 };
	return rules_compile(&source, 1, &over, &problems);
}

static void print_problems(char *out, size_t size)
{
	size_t used = 0;
	out[0] = 0;
	for (unsigned i = 0; i < problems.count; i++) {
		used += rules_problem_text(&problems.list[i], out + used, size - used);
		used += (size_t)snprintf(out + used, size - used, "\n");
	}
	snprintf(out + used, size - used, "%u errors, %u warnings\n", problems.errors, problems.warnings);
}

static struct rule_set *compile_good(const char *text, const char *overrides)
{
	static char out[TEXT_BYTES];
	struct rule_set *set = compile_text(text, overrides);
	print_problems(out, sizeof out);
	if (!set || problems.warnings)
		fail_msg("%s", out);
	return set;
}

static void test_stock_rules_have_no_problem(void **unused)
{
	(void)unused;
	const struct embedded_file *file = embedded_rules;
	assert_string_equal(file->name, "stock.yml");
	struct rule_set *set = compile_good(file->bytes, 0);
	assert_true(rules_count(set) >= 15);
	for (size_t i = 0; i < rules_count(set); i++) {
		struct rule_info info;
		rules_info(set, i, &info);
		assert_true(info.summary[0] && info.symptom[0] && info.cause[0] && info.remedy[0]);
	}
	rules_free(set);
}

static const char two_rules[] =
	"params: {floor: {default: 50000}, hold: 5m}\n"
	"groups:\n"
	"- name: Heap memory\n"
	"  labels: {team: firmware, area: memory}\n"
	"  rules:\n"
	"  - alert: HeapLow\n"
	"    severities: {critical: heap_free_bytes < 20Ki, warning: heap_free_bytes < $floor}\n"
	"    clear: heap_free_bytes > $floor * 1.2\n"
	"    for: $hold\n"
	"    keep_firing_for: 1h30m\n"
	"    labels: {area: heap}\n"
	"    annotations: {summary: low, cause: leak}\n"
	"  - alert: HeapAverage\n"
	"    uid: average\n"
	"    expr: |\n"
	"      avg_over_time(heap_free_bytes[10m]) < $floor and sum_over_time(heap_free_bytes[10m]) > 5\n"
	"      and heap_free_bytes < $floor or event_count(boot{class=\"crash\"}[1h]) > 1 or silent(10m) or silent(5m)\n"
	"    labels: {severity: critical}\n"
	"    annotations: {summary: low}\n";

static void test_what_is_known_of_a_rule(void **unused)
{
	(void)unused;
	struct rule_set *set = compile_good(two_rules, 0);
	struct rule_info info;
	assert_int_equal(rules_count(set), 2);
	rules_info(set, 0, &info);
	assert_string_equal(info.uid, "heap_memory.heap_low");
	assert_string_equal(info.name, "HeapLow");
	assert_string_equal(info.group, "Heap memory");
	assert_string_equal(info.file, "test.yml");
	assert_int_equal(info.line, 6);
	assert_string_equal(info.expression, "heap_free_bytes < $floor"); // the lowest, although it stands behind the other
	assert_int_equal(info.least, ALERT_WARNING);
	assert_int_equal(info.most, ALERT_CRITICAL);
	assert_int_equal(info.for_ms, 300000);
	assert_int_equal(info.keep_firing_for_ms, 5400000);
	assert_string_equal(info.summary, "low");
	assert_string_equal(info.cause, "leak");
	assert_string_equal(info.remedy, "");
	rules_info(set, 1, &info);
	assert_string_equal(info.uid, "average");
	assert_int_equal(info.least, ALERT_CRITICAL);
	assert_int_equal(info.most, ALERT_CRITICAL);
	assert_non_null(strstr(info.expression, "[10m])"));
	rules_free(set);
}

static void test_equal_windows_are_one_slot(void **unused)
{
	(void)unused;
	struct rule_set *set = compile_good(two_rules, 0);
	// heap_free_bytes, its 10 minutes (average and sum), the crashes: what the first rule needs is not counted again.
	assert_int_equal(set->slot_count, 3);
	assert_int_equal(set->rules[0].device_bytes + set->rules[1].device_bytes, set->slot_bytes);
	assert_int_equal(rules_device_bytes(set), set->slot_bytes);
	for (size_t i = 0; i < set->slot_count; i++) {
		assert_int_equal(set->slots[i].offset % 8, 0);
		assert_true(set->slots[i].size > 0 && set->slots[i].offset + set->slots[i].size <= set->slot_bytes);
	}
	assert_int_equal(set->rules[1].silent_ms, 300000); // the shorter one
	assert_true(set->rules[1].reads_heartbeat);
	assert_int_equal(set->rules[1].events, 1u << EVENT_BOOT);
	assert_int_equal(set->rules[0].events, 0);
	rules_free(set);
}

static void test_labels_of_rule_and_group(void **unused)
{
	(void)unused;
	struct rule_set *set = compile_good(two_rules, 0);
	const struct rule *rule = &set->rules[0];
	assert_int_equal(rule->label_count, 2);
	assert_string_equal(rule->labels[0].name, "team");
	assert_string_equal(rule->labels[1].name, "area");
	assert_string_equal(rule->labels[1].text, "heap"); // the rule's own wins
	assert_int_equal(set->rules[1].label_count, 2);    // severity is the level, not one of them
	rules_free(set);
}

static void test_overrides_replace_defaults(void **unused)
{
	(void)unused;
	struct rule_set *set = compile_good(two_rules, "floor: 30000\nhold: 10m\n");
	assert_int_equal(set->rules[0].for_ms, 600000);
	assert_true(set->rules[0].levels[0].program.ops[1].number == 30000);
	assert_true(set->rules[0].clear.ops[1].number == 36000); // a constant is computed once
	assert_int_equal(set->param_count, 2);
	assert_string_equal(set->params[0].name, "floor");
	assert_string_equal(set->params[0].text, "30000");
	rules_free(set);
}

static void test_a_prometheus_file_loads_as_it_is(void **unused)
{
	(void)unused;
	struct rule_set *set =
		compile_good("groups:\n- name: node\n  rules:\n  - alert: Low\n    expr: heap_free_bytes < 50000\n    for: 5m\n"
			     "    labels:\n      severity: critical\n    annotations:\n      summary: low\n",
			0);
	assert_int_equal(set->rules[0].levels[0].severity, ALERT_CRITICAL);
	rules_free(set);
}

static void test_nothing_is_a_set_without_rules(void **unused)
{
	(void)unused;
	const char *texts[] = { "", "# only a comment\n", "groups: []\n", "version: 1\nparams: {a: 1}\n" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct rule_set *set = compile_good(texts[i], 0);
		assert_int_equal(rules_count(set), 0);
		rules_free(set);
	}
	struct rule_set *none = rules_compile(0, 0, 0, &problems);
	assert_non_null(none);
	rules_free(none);
	rules_free(0);
}

static void test_parameters_of_all_files_are_one_space(void **unused)
{
	(void)unused;
	static const char first[] = "params: {floor: 5}\n", second[] = "params: {floor: 6}\ngroups:\n- name: a\n  rules: []\n";
	static const char rule[] = "groups:\n- name: a\n  rules:\n  - alert: A\n    uid: same\n    expr: uptime_s < $floor\n"
				   "    annotations: {summary: s}\n";
	// A rule may use a parameter of a file that comes behind its own.
	struct rules_source good[] = { { "b.yml", rule, sizeof rule - 1 }, { "a.yml", first, sizeof first - 1 } };
	struct rule_set *set = rules_compile(good, 2, 0, &problems);
	assert_non_null(set);
	rules_free(set);
	// Twice is an error that names both places; a uid, too, is one of all files.
	struct rules_source bad[] = { { "a.yml", first, sizeof first - 1 }, { "b.yml", second, sizeof second - 1 },
		{ "c.yml", rule, sizeof rule - 1 }, { "d.yml", rule, sizeof rule - 1 } };
	assert_null(rules_compile(bad, 4, 0, &problems));
	assert_int_equal(problems.errors, 2);
	assert_string_equal(problems.list[0].code, "E118");
	assert_string_equal(problems.list[0].file, "b.yml");
	assert_non_null(strstr(problems.list[0].hint, "a.yml:1"));
	assert_string_equal(problems.list[1].code, "E114");
	assert_non_null(strstr(problems.list[1].hint, "c.yml:4"));
}

// What is too large is refused before it costs anything.
static void test_bounds_of_files(void **unused)
{
	(void)unused;
	size_t size = RULES_FILE_BYTES_MAX + 1;
	char *text = malloc(size + 1);
	assert_non_null(text);
	memset(text, '#', size);
	text[size] = 0;
	assert_null(compile_text(text, 0));
	assert_string_equal(problems.list[0].code, "E102");
	size_t used = (size_t)snprintf(text, size, "groups: [");
	while (used + 8 < size)
		used += (size_t)snprintf(text + used, size - used, "a, ");
	snprintf(text + used, size - used, "]");
	assert_null(compile_text(text, 0));
	assert_string_equal(problems.list[0].code, "E102");
	used = (size_t)snprintf(text, size, "groups:\n- name: g\n  rules:\n");
	for (unsigned i = 0; i <= RULES_MAX; i++)
		used += (size_t)snprintf(text + used, size - used, "  - {alert: A%u, expr: uptime_s < 5, annotations: {summary: s}}\n", i);
	assert_null(compile_text(text, 0));
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.list[0].code, "E116");
	free(text);
}

// More problems than are kept are still counted.
static void test_the_count_of_problems_goes_on(void **unused)
{
	(void)unused;
	static char text[64 * 1024];
	size_t used = (size_t)snprintf(text, sizeof text, "groups:\n- name: g\n  rules:\n");
	for (unsigned i = 0; i < 100; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
			"  - {alert: A%u, expr: nothing < 5, annotations: {summary: s}}\n", i);
	assert_null(compile_text(text, 0));
	assert_int_equal(problems.errors, 100);
	assert_int_equal(problems.count, RULES_PROBLEMS_MAX);
}

static void test_severities_by_name(void **unused)
{
	(void)unused;
	assert_int_equal(alert_severity_find("critical"), ALERT_CRITICAL);
	assert_int_equal(alert_severity_find("none"), -1);
	assert_int_equal(alert_severity_find("page"), -1);
	assert_string_equal(alert_severity_name(ALERT_INFO), "info");
	assert_string_equal(alert_severity_name((enum alert_severity)99), "none");
}

// --- golden texts ---

#define GOLDEN MUSTER_SOURCE_DIR "/tests/golden/rules/"

static size_t read_file(const char *name, const char *ending, char *text, size_t size)
{
	char path[512];
	snprintf(path, sizeof path, GOLDEN "%s%s", name, ending);
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, size - 1, file) : 0;
	text[length] = 0;
	if (file)
		fclose(file);
	return length;
}

static void write_file(const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, GOLDEN "%s.txt", name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool seen[PROBLEM_CODES];

static void check_case(const char *name)
{
	static char text[TEXT_BYTES], overrides[TEXT_BYTES], wanted[TEXT_BYTES], out[TEXT_BYTES];
	char file[128], over_file[128];
	snprintf(file, sizeof file, "%s.yml", name);
	snprintf(over_file, sizeof over_file, "%s.overrides", name);
	struct rules_source source = { file, text, read_file(name, ".yml", text, sizeof text) };
	struct rules_source over = { over_file, overrides, read_file(name, ".overrides", overrides, sizeof overrides) };
	struct rule_set *set = rules_compile(&source, 1, over.size ? &over : 0, &problems);
	assert_int_equal(!set, problems.errors > 0);
	rules_free(set);
	for (unsigned i = 0; i < problems.count; i++)
		for (unsigned code = 0; code < PROBLEM_CODES; code++)
			seen[code] |= strcmp(problem_code_text((enum problem_code)code), problems.list[i].code) == 0;
	print_problems(out, sizeof out);
	if (getenv("MUSTER_UPDATE_GOLDEN"))
		write_file(name, out);
	read_file(name, ".txt", wanted, sizeof wanted);
	if (strcmp(wanted, out) != 0)
		print_message("%s differs\n", file);
	assert_string_equal(out, wanted);
}

static void test_golden_texts(void **unused)
{
	(void)unused;
	struct dirent **entries;
	int count = scandir(GOLDEN, &entries, 0, alphasort);
	unsigned cases = 0;
	for (int i = 0; i < count; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');
		if (dot && strcmp(dot, ".yml") == 0) {
			*dot = 0;
			check_case(entries[i]->d_name);
			cases++;
		}
		free(entries[i]);
	}
	free(entries);
	assert_true(cases > 30);
	for (unsigned code = 0; code < PROBLEM_CODES; code++)
		// Bounds, memory, tests of rules and files on disk have tests of their own.
		if (!seen[code] && code != PROBLEM_TOO_LARGE && code != PROBLEM_NO_MEMORY && code != PROBLEM_BAD_TEST &&
			code != PROBLEM_UNREADABLE)
			fail_msg("no golden case for %s", problem_code_text((enum problem_code)code));
}

// What a rule reads, each metric once, in the order of the expression: the evidence for its alerts.
static void test_inputs(void **unused)
{
	(void)unused;
	struct rule_set *set = compile_good("groups:\n- name: g\n  rules:\n"
					    "  - {alert: A, uid: a, annotations: {summary: s}, severities: {\n"
					    "      warning: 'rssi_dbm < -80 and avg_over_time(heap_free_bytes[10m]) < 50000',\n"
					    "      critical: 'rssi_dbm < -90 and event_count(crash[1h]) > 0'}}\n"
					    "  - {alert: B, uid: b, annotations: {summary: s}, expr: silent(10m)}\n",
		0);
	struct rule_inputs inputs;
	assert_int_equal(rules_find(set, "a"), 0);
	assert_int_equal(rules_find(set, "b"), 1);
	assert_int_equal(rules_find(set, "c"), -1);
	rules_inputs(set, 0, &inputs);
	assert_int_equal(inputs.metric_count, 2);
	assert_int_equal(inputs.metrics[0], MU_METRIC_rssi_dbm);
	assert_int_equal(inputs.metrics[1], MU_METRIC_heap_free_bytes);
	assert_true(inputs.events == UINT64_C(1) << EVENT_CRASH);
	rules_inputs(set, 1, &inputs);
	assert_int_equal(inputs.metric_count, 0);
	assert_true(inputs.events == 0);
	rules_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_stock_rules_have_no_problem),
		cmocka_unit_test(test_what_is_known_of_a_rule),
		cmocka_unit_test(test_equal_windows_are_one_slot),
		cmocka_unit_test(test_labels_of_rule_and_group),
		cmocka_unit_test(test_overrides_replace_defaults),
		cmocka_unit_test(test_a_prometheus_file_loads_as_it_is),
		cmocka_unit_test(test_nothing_is_a_set_without_rules),
		cmocka_unit_test(test_parameters_of_all_files_are_one_space),
		cmocka_unit_test(test_bounds_of_files),
		cmocka_unit_test(test_the_count_of_problems_goes_on),
		cmocka_unit_test(test_severities_by_name),
		cmocka_unit_test(test_golden_texts),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
