// SPDX-License-Identifier: Apache-2.0
// `muster rules test` on files of a folder: found beside the test file, failures and problems told, the exit status.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/cli/cli.h"
#include "tests/collector/cli/console.h"

#define END (char *)0
#define TEST(rules, alerts)                                                                                              \
	"rule_files: [" rules "]\ntests:\n- input_series: [{series: heap_free_bytes, values: 5x9}]\n"                         \
	"  alert_rule_test: [{eval_time: 5m, alertname: X, exp_alerts: [" alerts "]}]\n"

// A file in the folder of the test; gives its path.
static const char *write_file(const char *folder, const char *name, const char *text)
{
	static char path[4][300];
	static unsigned turn;
	char *at = path[turn++ % 4];
	snprintf(at, sizeof path[0], "%s/%s", folder, name);
	FILE *file = fopen(at, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return at;
}

static void test_exit_status_and_texts(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *out;
	} rows[] = {
		{ TEST("rules.yml, stock", "{exp_labels: {device: d1}}"), EXIT_DONE, "t.yml: 1 passed, 0 failed" },
		{ TEST("rules.yml", ""), EXIT_NO, "alertname=\"X\"" },
		{ TEST("rules.yml", ""), EXIT_NO, "t.yml: 0 passed, 1 failed" },
		{ TEST("nowhere.yml", ""), EXIT_NO, "E501" },
		{ "tests: [\x1b]0;owned\x07", EXIT_NO, "cannot be run, 1 error" },
	};
	write_file(*state, "rules.yml",
		"groups:\n- name: a\n  rules:\n  - {alert: X, expr: heap_free_bytes < 50, annotations: {summary: \"\x1b\"}}\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct console console;
		const char *path = write_file(*state, "t.yml", rows[i].text);
		bool has_escape = i < 3; // the rule file itself holds one: not YAML
		assert_int_equal(console_run(&console, cli_main, "muster", "rules", "test", path, END),
			has_escape ? EXIT_NO : rows[i].code);
		assert_null(strchr(console.out_text, 0x1b));
		console_free(&console);
	}
	write_file(*state, "rules.yml",
		"groups:\n- name: a\n  rules:\n  - {alert: X, expr: heap_free_bytes < 50, annotations: {summary: s}}\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct console console;
		const char *path = write_file(*state, "t.yml", rows[i].text);
		assert_int_equal(console_run(&console, cli_main, "muster", "rules", "test", path, END), rows[i].code);
		if (!strstr(console.out_text, rows[i].out))
			fail_msg("row %zu: %s", i, console.out_text);
		console_free(&console);
	}
}

static void test_json(void **state)
{
	struct console console;
	write_file(*state, "rules.yml",
		"groups:\n- name: a\n  rules:\n  - {alert: X, expr: heap_free_bytes < 50, annotations: {summary: s}}\n");
	const char *path = write_file(*state, "t.yml", TEST("rules.yml", "{}, {}"));
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "test", "--json", path, END), EXIT_NO);
	json_t *json = json_loads(console.out_text, 0, 0);
	assert_true(json_is_false(json_object_get(json, "good")));
	assert_int_equal(json_integer_value(json_object_get(json, "failed")), 1);
	assert_non_null(strstr(json_string_value(json_object_get(json, "text")), "not as expected"));
	json_decref(json);
	console_free(&console);
}

static void test_misuse(void **state)
{
	struct console console;
	(void)state;
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "test", END), EXIT_MISUSE);
	assert_non_null(strstr(console.err_text, "usage: muster rules test"));
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "test", "/nowhere/t.yml", END), EXIT_NO);
	assert_non_null(strstr(console.err_text, "/nowhere/t.yml"));
	console_free(&console);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_status_and_texts),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, console_home_make, console_home_remove);
}
