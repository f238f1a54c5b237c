// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/alerting/rule_files.h"
#include "tests/collector/store/scratch.h"

static struct rules_problems problems;

static const char good[] = "params: {floor: 50000}\ngroups:\n- name: g\n  rules:\n  - alert: Low\n    expr: heap_free_bytes < $floor\n"
			   "    annotations: {summary: low}\n";

static char *write_file(const struct scratch *scratch, const char *name, const char *text, char path[128])
{
	snprintf(path, 128, "%s/%s", scratch->folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static size_t compile(const char *names, const char *params)
{
	struct rule_set *rules = rule_files_compile_list(names, params, &problems);
	size_t count = rules ? rules_count(rules) : 0;
	rules_free(rules);
	return count;
}

static void test_none_is_no_error(void **state)
{
	(void)state;
	struct rule_set *rules = rule_files_compile_list("  ", "", &problems);
	assert_non_null(rules);
	assert_int_equal(rules_count(rules), 0);
	assert_int_equal(problems.errors, 0);
	rules_free(rules);
}

static void test_stock_and_a_file_of_ones_own(void **state)
{
	char path[128], names[200];
	size_t stock = compile("stock", "");
	assert_true(stock > 10);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.warnings, 0);
	snprintf(names, sizeof names, "stock \t%s", write_file(*state, "own.yml", good, path));
	assert_int_equal(compile(names, ""), stock + 1);
	remove(path);
}

static bool is_said(const char *file, const char *what)
{
	for (unsigned i = 0; i < problems.count; i++)
		if (strstr(problems.list[i].file, file) && strstr(problems.list[i].what, what))
			return true;
	return false;
}

// A name may hold a blank where it is given by itself; each problem of a file on disk has the code of the manual.
static void test_a_name_with_a_blank(void **state)
{
	char path[128];
	const char *names[] = { write_file(*state, "my rules.yml", good, path) };
	struct rule_set *rules = rule_files_compile(names, 1, 0, &problems);
	assert_non_null(rules);
	rules_free(rules);
	remove(path);
	assert_null(rule_files_compile(names, 1, 0, &problems));
	assert_string_equal(problems.list[0].code, "E121");
}

// One run tells of every file: the missing one, the folder, and the error within the one that could be read.
static void test_all_that_is_wrong(void **state)
{
	const struct scratch *scratch = *state;
	char path[128], names[400];
	write_file(scratch, "bad.yml", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: nonsense < 3\n", path);
	snprintf(names, sizeof names, "%s/missing.yml %s %s", scratch->folder, scratch->folder, path);
	assert_int_equal(compile(names, ""), 0);
	assert_true(is_said("missing.yml", "cannot be read"));
	assert_true(is_said(scratch->folder, "cannot be read"));
	assert_true(is_said("bad.yml", "nonsense"));
	assert_true(problems.errors >= 3);
	remove(path);
}

static void test_overrides(void **state)
{
	char rules[128], params[128];
	write_file(*state, "own.yml", good, rules);
	write_file(*state, "params.yml", "floor: 40000\n", params);
	assert_int_equal(compile(rules, params), 1);
	write_file(*state, "params.yml", "flor: 40000\n", params);
	assert_int_equal(compile(rules, params), 0);
	assert_true(is_said("params.yml", "flor"));
	remove(params);
	assert_int_equal(compile(rules, params), 0);
	assert_true(is_said("params.yml", "cannot be read"));
	remove(rules);
}

static void test_more_files_than_there_may_be(void **state)
{
	(void)state;
	char names[RULE_FILES_MAX * 6 + 16] = "";
	for (int i = 0; i <= RULE_FILES_MAX; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "stock ");
	assert_int_equal(compile(names, ""), 0);
	assert_true(is_said("alerts.rules", "more rule files"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_is_no_error),
		cmocka_unit_test_setup_teardown(test_stock_and_a_file_of_ones_own, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_name_with_a_blank, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_all_that_is_wrong, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_overrides, scratch_setup_folder, scratch_teardown),
		cmocka_unit_test(test_more_files_than_there_may_be),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
