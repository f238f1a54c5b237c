// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/cli/cli.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"

#define END (char *)0
#define GOOD                                                                                                                              \
	"version: 1\nparams: {floor: {default: 5}}\ngroups:\n- name: a\n  rules:\n  - alert: X\n    expr: heap_free_bytes < $floor\n"             \
	"    annotations: {summary: \"low\"}\n"

// A file in the folder of the test; gives its path.
static const char *write_file(const char *folder, const char *name, const char *text)
{
	static char path[4][300];
	static unsigned turn;
	char *at = path[turn++ % 4];
	snprintf(at, sizeof path[0], "%s/%s", folder, name);
	FILE *file = fopen(at, "w");
	fputs(text, file);
	fclose(file);
	return at;
}

static void test_good_files(void **state)
{
	struct console console;
	const char *good = write_file(*state, "good.yml", GOOD), *params = write_file(*state, "params.yml", "floor: 7\n");
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", "stock", END), EXIT_DONE);
	assert_memory_equal(console.out_text, "good: ", 6);
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", good, "--params", params, END), EXIT_DONE);
	assert_memory_equal(console.out_text, "good: 1 rules, ", 15);
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", "stock", good, "--json", END), EXIT_DONE);
	json_t *json = json_loads(console.out_text, 0, 0);
	assert_true(json_is_true(json_object_get(json, "good")));
	assert_true(json_integer_value(json_object_get(json, "rules")) > 10);
	assert_true(json_integer_value(json_object_get(json, "device_bytes")) > 0);
	assert_int_equal(json_array_size(json_object_get(json, "problems")), 0);
	json_decref(json);
	console_free(&console);
}

// All problems of all files, each with its place and a caret below the excerpt.
static void test_bad_files(void **state)
{
	struct console console;
	const char *one = write_file(*state, "one.yml",
		"version: 1\ngroups:\n- name: a\n  rules:\n  - alert: X\n    expr: heap_fre < 5\n    annotations: {summary: \"s\"}\n");
	const char *two = write_file(*state, "two.yml", "version: 1\ngroups: [\x1b]0;owned\x07\n");
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", one, two, END), EXIT_NO);
	assert_non_null(strstr(console.out_text, "unknown metric `heap_fre`"));
	assert_non_null(strstr(console.out_text, "one.yml:6:11"));
	assert_non_null(strstr(console.out_text, "   ^^^^^^^^"));
	assert_non_null(strstr(console.out_text, "two.yml:1"));
	assert_non_null(strstr(console.out_text, "\nnot good: "));
	assert_true(console_is_harmless(console.out_text));
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", "--json", one, two, END), EXIT_NO);
	json_t *json = json_loads(console.out_text, 0, 0);
	assert_true(json_is_false(json_object_get(json, "good")));
	const json_t *problem;
	size_t i, found = 0;
	json_array_foreach(json_object_get(json, "problems"), i, problem)
		if (strcmp(json_string_value(json_object_get(problem, "code")), "E203") == 0) {
			assert_int_equal(json_integer_value(json_object_get(problem, "line")), 6);
			assert_int_equal(json_integer_value(json_object_get(problem, "column")), 11);
			found++;
		}
	assert_int_equal(found, 1);
	json_decref(json);
	console_free(&console);
}

static void test_parameters_count_too(void **state)
{
	struct console console;
	const char *good = write_file(*state, "good.yml", GOOD), *params = write_file(*state, "params.yml", "flor: 7\n");
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", good, "--params", params, END), EXIT_NO);
	assert_non_null(strstr(console.out_text, "params.yml:1"));
	console_free(&console);
}

// Each file that cannot be read is told, not only the first.
static void test_files_that_cannot_be_read(void **state)
{
	struct console console;
	char *huge = malloc(RULES_FILE_BYTES_MAX + 2);
	memset(huge, '#', RULES_FILE_BYTES_MAX + 1);
	huge[RULES_FILE_BYTES_MAX + 1] = 0;
	const char *large = write_file(*state, "large.yml", huge);
	free(huge);
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "check", "/nowhere/a.yml", large, *state, END), EXIT_NO);
	assert_non_null(strstr(console.out_text, "error[E121]: the file cannot be read: No such file"));
	assert_non_null(strstr(console.out_text, "/nowhere/a.yml:1:1"));
	assert_non_null(strstr(console.out_text, "error[E102]"));
	assert_non_null(strstr(console.out_text, "large.yml:1:1"));
	assert_non_null(strstr(console.out_text, "the file cannot be read: Is a directory"));
	assert_non_null(strstr(console.out_text, "not good: 3 errors"));
	console_free(&console);
}

static void test_show_stock(void **state)
{
	(void)state;
	struct console console;
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "show", "stock", END), EXIT_DONE);
	assert_non_null(strstr(console.out_text, "\nversion: 1\n"));
	assert_non_null(strstr(console.out_text, "alert: HeapLow"));
	console_free(&console);
}

static void test_list_asks_the_server(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/rules", 200, "{\"rules\":[],\"loaded_ms\":null,\"problems\":[]}", 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	size_t count;
	assert_int_equal(console_run(&console, cli_main, "muster", "rules", "list", "--server", answers_url(answers), END), EXIT_DONE);
	assert_string_equal(console.out_text, "0 rules in force\n");
	console_free(&console);
	answers_stop(answers, &count);
	assert_int_equal(count, 1);
	answers_free(answers);
}

static void test_misuse(void **state)
{
	(void)state;
	static const char *const words[][2] = { { "check" }, { "show" }, { "show", "other" }, { "nonsense" }, { "list", "x" } };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct console console;
		assert_int_equal(console_run(&console, cli_main, "muster", "rules", words[i][0], words[i][1], END), EXIT_MISUSE);
		assert_non_null(strstr(console.err_text, "usage: muster rules"));
		console_free(&console);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_parameters_count_too),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_show_stock),
		cmocka_unit_test(test_list_asks_the_server),
		cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, console_home_make, console_home_remove);
}
