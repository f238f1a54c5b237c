// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/console.h"

#define ALL "json server limit timeout where yes state"

static int parse(struct options *options, char *problem, const char *line)
{
	static char words[400];
	char *argv[80];
	int argc = 0;
	snprintf(words, sizeof words, "%s", line);
	for (char *rest = words, *word; (word = strsep(&rest, " ")) && argc < 80;)
		if (*word)
			argv[argc++] = word;
	*problem = 0;
	return options_parse(options, ALL, argc, argv, problem, 200);
}

static void test_what_is_taken(void **state)
{
	(void)state;
	struct options options;
	char problem[200];
	assert_int_equal(parse(&options, problem, ""), 0);
	assert_int_equal(options.count, 0);
	assert_int_equal(options.limit, 0);
	assert_int_equal(options.timeout_s, 180); // the default
	assert_null(options.server);

	assert_int_equal(parse(&options, problem, "edge-1 --json --server http://x --limit=5 - edge-2 --state="), 0);
	assert_true(options.json);
	assert_string_equal(options.server, "http://x");
	assert_int_equal(options.limit, 5);
	assert_string_equal(options.state, "");
	assert_int_equal(options.count, 3);
	assert_string_equal(options.arguments[1], "-");
	assert_string_equal(options.arguments[2], "edge-2");

	assert_int_equal(parse(&options, problem, "-h"), 0);
	assert_true(options.help);
	assert_int_equal(parse(&options, problem, "-- --json -x --"), 0);
	assert_false(options.json);
	assert_int_equal(options.count, 3);
	assert_string_equal(options.arguments[0], "--json");
	assert_int_equal(parse(&options, problem, "--where --json"), 0); // a value may begin with dashes
	assert_string_equal(options.where, "--json");
}

// A mistake, and a piece of what is said about it.
static const struct {
	const char *line, *piece;
} mistakes[] = {
	{ "--nonsense", "no option --nonsense" },
	{ "--jso", "no option --jso" },           // no abbreviations
	{ "--jsonx", "no option" },
	{ "--role operator", "no option --role" }, // of another command
	{ "-j", "no option -j" },
	{ "-help", "no option -help" },
	{ "--=5", "no option --=5" },
	{ "--json=yes", "--json takes no value" },
	{ "--help=yes", "--help takes no value" },
	{ "--server", "--server needs a value: --server URL" },
	{ "--limit", "--limit needs a value" },
	{ "--limit 0", "from 1 to 1000000, not \"0\"" },
	{ "--limit 1000001", "from 1 to 1000000" },
	{ "--limit -1", "not \"-1\"" },
	{ "--limit=+1", "not \"+1\"" },
	{ "--limit 5x", "not \"5x\"" },
	{ "--limit=", "not \"\"" },
	{ "--limit 99999999999999999999999", "from 1 to" },
	{ "--timeout 86401", "--timeout must be a number from 1 to 86400" },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct options options;
		char problem[200];
		assert_int_equal(parse(&options, problem, mistakes[i].line), -1);
		if (!strstr(problem, mistakes[i].piece))
			fail_msg("%s: %s", mistakes[i].line, problem);
	}
}

static void test_too_many_arguments(void **state)
{
	(void)state;
	struct options options;
	char problem[200], line[400] = "";
	for (int i = 0; i < OPTION_ARGUMENTS_MAX; i++)
		memcpy(line + strlen(line), "a ", 3);
	assert_int_equal(parse(&options, problem, line), 0);
	assert_int_equal(options.count, OPTION_ARGUMENTS_MAX);
	memcpy(line + strlen(line), "last", 5);
	assert_int_equal(parse(&options, problem, line), -1);
	assert_non_null(strstr(problem, "too many arguments, at \"last\""));
}

static void test_a_long_mistake_is_cut(void **state)
{
	(void)state;
	char word[1000], problem[60], *argv[] = { word };
	struct options options;
	memset(word, 'x', sizeof word - 1);
	memcpy(word, "--", 2);
	word[sizeof word - 1] = 0;
	assert_int_equal(options_parse(&options, ALL, 1, argv, problem, sizeof problem), -1);
	assert_int_equal(strlen(problem), sizeof problem - 1);
}

static void test_names_are_whole_words(void **state)
{
	(void)state;
	assert_true(option_is_allowed("json server", "json"));
	assert_true(option_is_allowed("json server", "server"));
	assert_true(option_is_allowed("", "help"));
	assert_false(option_is_allowed("json server", "serve"));
	assert_false(option_is_allowed("json server", "json server"));
	assert_false(option_is_allowed("json server", ""));
}

// Each name that a command lists is a row; each row is unique, explained, and of use to a command.
static void test_the_tables_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_row_count; i++) {
		bool used = false;
		for (size_t k = 0; k < cli_command_count; k++)
			used = used || option_is_allowed(cli_commands[k].options, option_rows[i].name);
		assert_true(used);
		assert_true(strlen(option_rows[i].help) > 5);
		assert_int_equal(option_rows[i].argument == 0, option_rows[i].kind == OPTION_FLAG);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(option_rows[i].name, option_rows[k].name);
	}
	for (size_t k = 0; k < cli_command_count; k++) {
		size_t words = 0, found = 0;
		for (const char *at = cli_commands[k].options; *at; at++)
			words += *at != ' ' && (at[1] == ' ' || !at[1]);
		for (size_t i = 1; i < option_row_count; i++) // all but help
			found += option_is_allowed(cli_commands[k].options, option_rows[i].name);
		assert_int_equal(found, words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_taken),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_too_many_arguments),
		cmocka_unit_test(test_a_long_mistake_is_cut),
		cmocka_unit_test(test_names_are_whole_words),
		cmocka_unit_test(test_the_tables_agree),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
