// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/cli/options.h"

static int parse(struct options *options, const char *allowed, const char *const *words, char problem[256])
{
	char *argv[80];
	int argc = 0;
	while (words[argc]) {
		argv[argc] = (char *)words[argc];
		argc++;
	}
	problem[0] = 0;
	return options_parse(options, allowed, argc, argv, problem, 256);
}

static void test_what_is_taken(void **unused)
{
	(void)unused;
	struct options options;
	char problem[256];
	assert_int_equal(parse(&options, "json server timeout yes", (const char *[]){ "edge-1", "--json", "--server", "http://h", "--timeout=5", "edge-2", 0 }, problem), 0);
	assert_true(options.json && !options.yes);
	assert_string_equal(options.server, "http://h");
	assert_int_equal(options.timeout_s, 5);
	assert_int_equal(options.count, 2);
	assert_string_equal(options.arguments[1], "edge-2");
	assert_int_equal(parse(&options, "", (const char *[]){ "-h", 0 }, problem), 0);
	assert_true(options.help);
	assert_int_equal(parse(&options, "json", (const char *[]){ "--", "--json", "-", 0 }, problem), 0);
	assert_false(options.json);
	assert_string_equal(options.arguments[0], "--json");
	assert_int_equal(parse(&options, "timeout", (const char *[]){ 0 }, problem), 0);
	assert_int_equal(options.timeout_s, 180);
}

static void test_what_is_misuse(void **unused)
{
	(void)unused;
	static const struct { const char *words[4], *piece; } rows[] = {
		{ { "--jason" }, "no option --jason" },
		{ { "--yes" }, "no option --yes" }, // of another command
		{ { "-x" }, "no option -x" },
		{ { "-json" }, "no option -json" },
		{ { "--server" }, "--server needs a value: --server URL" },
		{ { "--json=1" }, "--json takes no value" },
		{ { "--timeout", "0" }, "from 1 to 86400" },
		{ { "--timeout", "abc" }, "not \"abc\"" },
		{ { "--timeout", "-5" }, "not \"-5\"" },
		{ { "--timeout=5s" }, "not \"5s\"" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct options options;
		char problem[256];
		assert_int_equal(parse(&options, "json server timeout", rows[i].words, problem), -1);
		if (!strstr(problem, rows[i].piece))
			fail_msg("%s: %s", rows[i].words[0], problem);
	}
}

static void test_too_many_arguments(void **unused)
{
	(void)unused;
	const char *words[OPTION_ARGUMENTS_MAX + 2] = { 0 };
	struct options options;
	char problem[256];
	for (int i = 0; i <= OPTION_ARGUMENTS_MAX; i++)
		words[i] = "x";
	assert_int_equal(parse(&options, "", words, problem), -1);
	words[OPTION_ARGUMENTS_MAX] = 0;
	assert_int_equal(parse(&options, "", words, problem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_taken),
		cmocka_unit_test(test_what_is_misuse),
		cmocka_unit_test(test_too_many_arguments),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
