// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "agent/port/linux/options.h"

struct values {
	const char *text;
	uint32_t number;
	bool flag;
	struct mu_option_list list;
};

static const struct mu_option options[] = {
	{ "text", "T", MU_OPTION_TEXT, offsetof(struct values, text), 0, 0, "a text" },
	{ "number", "N", MU_OPTION_NUMBER, offsetof(struct values, number), 1, 60, "a number" },
	{ "flag", 0, MU_OPTION_FLAG, offsetof(struct values, flag), 0, 0, "a flag" },
	{ "list", "L", MU_OPTION_LIST, offsetof(struct values, list), 0, 0, "a list" },
};
struct both {
	uint32_t own;
	struct values shared;
};
static const struct mu_option own_option = { "own", "N", MU_OPTION_NUMBER, offsetof(struct both, own), 1, 60, "its own" };

static const struct mu_program program = { .name = "prog",
	.summary = "what it does\n",
	.options = options,
	.count = 4,
	.examples = "examples:\n  prog --flag\n" };
static const struct mu_program sharing = { .name = "prog",
	.summary = "",
	.options = &own_option,
	.count = 1,
	.shared = options,
	.shared_count = 4,
	.shared_offset = offsetof(struct both, shared) };

enum { ARGUMENTS_MAX = 8 };

static const struct {
	const char *arguments[ARGUMENTS_MAX];
	int mistakes;
	const char *said; // a piece of what is written; null: nothing may be
} lines[] = {
	{ { 0 }, 0, 0 },
	{ { "--text", "a", "--number", "7", "--flag", "--list", "x", "--list=y" }, 0, 0 },
	{ { "--text=", "--number=60" }, 0, 0 },
	{ { "--number", "0" }, 1, "--number 0: wants a whole number from 1 to 60" },
	{ { "--number", "61" }, 1, "from 1 to 60" },
	{ { "--number", "-1" }, 1, "from 1 to 60" },
	{ { "--number", "7s" }, 1, "from 1 to 60" },
	{ { "--number", "" }, 1, "from 1 to 60" },
	{ { "--text" }, 1, "--text wants T" },
	{ { "--flag=1" }, 1, "--flag takes no value" },
	{ { "--tex", "a" }, 2, "no option is called --tex;" }, // and "a" stands alone
	{ { "-h" }, 1, "\"-h\" is not an option" },
	{ { "--number", "0", "--nothing", "--flag=x" }, 3, "--nothing" }, // all of them, not the first
};

static void test_lines(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct values values = { .number = 5 };
		char *argv[ARGUMENTS_MAX + 1] = { (char *)"prog" }, *said = 0;
		int argc = 1;
		size_t size = 0;
		FILE *errors = open_memstream(&said, &size);
		for (; argc <= ARGUMENTS_MAX && lines[i].arguments[argc - 1]; argc++)
			argv[argc] = (char *)lines[i].arguments[argc - 1];
		assert_int_equal(mu_options_parse(&program, &values, argc, argv, errors), lines[i].mistakes);
		fclose(errors);
		if (lines[i].said)
			assert_non_null(strstr(said, lines[i].said));
		else
			assert_string_equal(said, "");
		free(said);
	}
}

static void test_values_arrive(void **unused)
{
	(void)unused;
	struct values values = { .number = 5 };
	char *argv[] = { (char *)"prog", (char *)"--text", (char *)"--flag", (char *)"--list=x", (char *)"--list", (char *)"y" };
	assert_int_equal(mu_options_parse(&program, &values, 6, argv, stderr), 0);
	assert_string_equal(values.text, "--flag"); // a value may look like an option
	assert_false(values.flag);
	assert_int_equal(values.number, 5);
	assert_int_equal(values.list.count, 2);
	assert_string_equal(values.list.items[1], "y");
}

static void test_a_list_has_an_end(void **unused)
{
	(void)unused;
	struct values values = { 0 };
	char *argv[MU_OPTION_LIST_MAX + 2] = { (char *)"prog" }, *said = 0;
	size_t size = 0;
	for (int i = 1; i < MU_OPTION_LIST_MAX + 2; i++)
		argv[i] = (char *)"--list=x";
	FILE *errors = open_memstream(&said, &size);
	assert_int_equal(mu_options_parse(&program, &values, MU_OPTION_LIST_MAX + 2, argv, errors), 1);
	fclose(errors);
	assert_non_null(strstr(said, "more than 64 times"));
	free(said);
}

static void test_help_shows_each_row(void **unused)
{
	(void)unused;
	char *text = 0;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	mu_options_help(&program, out);
	fclose(out);
	static const char *const wanted[] = { "usage: prog", "what it does", "--text T", "a number", "--flag", "examples:" };
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		assert_non_null(strstr(text, wanted[i]));
	free(text);
}

// Rows that several programs share set the values where this program keeps them, in any order with its own.
static void test_shared_rows(void **unused)
{
	(void)unused;
	struct both both = { .own = 9 };
	char *argv[] = { (char *)"prog", (char *)"--number", (char *)"7", (char *)"--own=8", (char *)"--list=x", (char *)"--list=y" };
	char *text = 0;
	size_t size = 0;
	assert_int_equal(mu_options_parse(&sharing, &both, 6, argv, stderr), 0);
	assert_int_equal(both.own, 8);
	assert_int_equal(both.shared.number, 7);
	assert_int_equal(both.shared.list.count, 2);
	FILE *out = open_memstream(&text, &size);
	mu_options_help(&sharing, out);
	fclose(out);
	assert_non_null(strstr(text, "--own N"));
	assert_non_null(strstr(text, "--number N"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_a_list_has_an_end),
		cmocka_unit_test(test_help_shows_each_row),
		cmocka_unit_test(test_shared_rows),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
