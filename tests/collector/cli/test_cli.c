// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"

#define END (char *)0

// A mistake of the command line, and what is said of it on stderr, with nothing on stdout.
static const struct {
	const char *words[5], *piece;
} mistakes[] = {
	{ { "muster" }, "usage: muster COMMAND" },
	{ { "muster", "devcies" }, "there is no command devcies; `muster --help` lists them" },
	{ { "muster", "\x1b[2J\n" }, "there is no command \\x1b[2J\\x0a;" },
	{ { "muster", "" }, "there is no command ;" },
	{ { "muster", "devices", "--nonsense" }, "there is no option --nonsense here; `muster devices --help` explains it" },
	{ { "muster", "devices", "--role", "operator" }, "there is no option --role here" },
	{ { "muster", "devices", "edge-1" }, "usage: muster devices; --help explains it" },
	{ { "muster", "device" }, "usage: muster device ID;" },
	{ { "muster", "device", "a", "b" }, "usage: muster device ID;" },
	{ { "muster", "commands", "a", "b" }, "usage: muster commands [ID];" },
	{ { "muster", "completion" }, "usage: muster completion bash | zsh;" },
	{ { "muster", "ledger", "--limit", "0" }, "--limit must be a number from 1 to 1000000" },
	{ { "muster", "rollback", "edge-1", "--timeout", "x" }, "--timeout must be a number" },
};

static void test_mistakes_exit_with_2(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct console console;
		const char *const *words = mistakes[i].words;
		assert_int_equal(console_run(&console, cli_main, words[0], words[1], words[2], words[3], words[4], END), EXIT_MISUSE);
		if (!strstr(console.err_text, mistakes[i].piece))
			fail_msg("%s %s: %s", words[1], words[2] ? words[2] : "", console.err_text);
		assert_string_equal(console.out_text, "");
		assert_true(console_is_harmless(console.err_text));
		console_free(&console);
	}
}

static void test_help_of_every_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < cli_command_count; i++) {
		struct console by_option, by_word;
		char usage[200];
		assert_int_equal(console_run(&by_option, cli_main, "muster", cli_commands[i].name, "--help", END), EXIT_DONE);
		assert_int_equal(console_run(&by_word, cli_main, "muster", "help", cli_commands[i].name, END), EXIT_DONE);
		assert_string_equal(by_option.out_text, by_word.out_text);
		assert_string_equal(by_option.err_text, "");
		snprintf(usage, sizeof usage, "usage: muster %s", cli_commands[i].name);
		assert_non_null(strstr(by_option.out_text, usage));
		assert_non_null(strstr(by_option.out_text, "\nexamples:\n"));
		assert_non_null(strstr(by_option.out_text, "--help"));
		for (size_t k = 0; k < option_row_count; k++)
			if (option_is_allowed(cli_commands[i].options, option_rows[k].name))
				assert_non_null(strstr(by_option.out_text, option_rows[k].help));
		console_free(&by_option);
		console_free(&by_word);
	}
}

static void test_the_overview(void **state)
{
	(void)state;
	static const char *const ways[] = { "--help", "-h", "help" };
	for (size_t way = 0; way < 3; way++) {
		struct console console;
		assert_int_equal(console_run(&console, cli_main, "muster", ways[way], END), EXIT_DONE);
		for (size_t i = 0; i < cli_command_count; i++)
			assert_non_null(strstr(console.out_text, cli_commands[i].summary));
		assert_non_null(strstr(console.out_text, "Exit codes: 0 done, 1 no, 2 misuse."));
		console_free(&console);
	}
}

static void test_no_server_is_a_no(void **state)
{
	(void)state;
	static const char *const names[] = { "devices", "ledger", "commands" };
	for (size_t i = 0; i < 3; i++) {
		struct console console;
		assert_int_equal(console_run(&console, cli_main, "muster", names[i], "--server", "http://127.0.0.1:1", END), EXIT_NO);
		assert_string_equal(console.out_text, "");
		assert_non_null(strstr(console.err_text, "is musterd running there?"));
		console_free(&console);
	}
}

// Three pages; `next` is a number or a text. What is asked for, and how often.
static struct answers_row pages[] = {
	{ "after=7", 200, "{\"rows\":[3],\"next\":\"eight\"}", 0 },
	{ "after=eight", 200, "{\"rows\":[4,5],\"next\":null}", 0 },
	{ "/list", 200, "{\"rows\":[1,2],\"next\":7,\"total\":5}", 0 },
	{ 0 },
};

static json_t *get_all(struct answers *answers, uint32_t limit)
{
	struct cli cli = { .client = client_new(answers_url(answers), stderr) };
	json_t *all = cli_get_all(&cli, "/list?a=b", "rows", limit);
	client_free(cli.client);
	return all;
}

static void test_pages_are_joined(void **state)
{
	(void)state;
	struct answers *answers = answers_start(pages);
	size_t count;
	json_t *all = get_all(answers, 0), *expected = json_pack("{s:[iiiii],s:n,s:i}", "rows", 1, 2, 3, 4, 5, "next", "total", 5);
	assert_true(json_equal(all, expected));
	json_decref(all);
	json_decref(expected);
	const struct answers_asked *asked = answers_stop(answers, &count);
	assert_int_equal(count, 3);
	assert_string_equal(asked[0].line, "GET /list?a=b&limit=1000");
	assert_string_equal(asked[1].line, "GET /list?a=b&limit=1000&after=7");
	assert_string_equal(asked[2].line, "GET /list?a=b&limit=1000&after=eight");
	answers_free(answers);
}

static void test_a_limit_ends_the_pages(void **state)
{
	(void)state;
	struct answers *answers = answers_start(pages);
	size_t count;
	json_t *all = get_all(answers, 3), *expected = json_pack("{s:[iii],s:s,s:i}", "rows", 1, 2, 3, "next", "eight", "total", 5);
	assert_true(json_equal(all, expected));
	json_decref(all);
	json_decref(expected);
	const struct answers_asked *asked = answers_stop(answers, &count);
	assert_int_equal(count, 2);
	assert_string_equal(asked[0].line, "GET /list?a=b&limit=3");
	assert_string_equal(asked[1].line, "GET /list?a=b&limit=1&after=7");
	answers_free(answers);
}

static void test_a_page_that_fails_fails_the_list(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "after=7", 500, "{}", 0 }, { "/list", 200, "{\"rows\":[1,2],\"next\":7}", 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	size_t count;
	console_begin(&console);
	struct cli cli = { .client = client_new(answers_url(answers), console.err) };
	assert_null(cli_get_all(&cli, "/list", "rows", 0));
	client_free(cli.client);
	console_end(&console);
	assert_non_null(strstr(console.err_text, "status 500"));
	answers_stop(answers, &count);
	assert_int_equal(count, 2);
	answers_free(answers);
	console_free(&console);
}

// A server gone wrong: the list ends, and `next` says that it is not whole.
static void test_pages_that_bring_nothing_end(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "after=7", 200, "{\"rows\":[],\"next\":7}", 0 }, { "/list", 200, "{\"rows\":[1,2],\"next\":7}", 0 },
		{ 0 } };
	struct answers *answers = answers_start(rows);
	size_t count;
	json_t *all = get_all(answers, 0), *expected = json_pack("{s:[ii],s:s}", "rows", 1, 2, "next", "7");
	assert_true(json_equal(all, expected));
	json_decref(all);
	json_decref(expected);
	answers_stop(answers, &count);
	assert_int_equal(count, 2);
	answers_free(answers);
}

static void test_json_is_ascii(void **state)
{
	(void)state;
	struct console console;
	console_begin(&console);
	const struct cli cli = { .terminal = { .out = console.out, .err = console.err } };
	assert_int_equal(cli_print_json(&cli, json_pack("{s:s}", "id", "\x1b[2J\xe2\x80\xae")), EXIT_DONE);
	assert_int_equal(cli_print_json(&cli, 0), EXIT_NO);
	assert_int_equal(cli_fail(&cli, "no\x07"), EXIT_NO);
	assert_int_equal(cli_misuse(&cli, "%s", "mis\nuse"), EXIT_MISUSE);
	console_end(&console);
	assert_string_equal(console.out_text, "{\n  \"id\": \"\\u001B[2J\\u202E\"\n}\n");
	assert_string_equal(console.err_text, "muster: no\\x07\nmuster: mis\\x0ause\n");
	console_free(&console);
}

// /dev/full takes nothing: a script must not go on as if the list had been complete.
static void test_a_full_disk_is_a_no(void **state)
{
	(void)state;
	FILE *full = fopen("/dev/full", "w"), *out = stdout;
	char *words[] = { (char *)"muster", (char *)"completion", (char *)"bash", 0 };
	assert_non_null(full);
	stdout = full;
	int code = cli_main(3, words);
	stdout = out;
	fclose(full);
	assert_int_equal(code, EXIT_NO);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_mistakes_exit_with_2),
		CASE(test_help_of_every_command),
		CASE(test_the_overview),
		CASE(test_no_server_is_a_no),
		CASE(test_pages_are_joined),
		CASE(test_a_limit_ends_the_pages),
		CASE(test_a_page_that_fails_fails_the_list),
		CASE(test_pages_that_bring_nothing_end),
		CASE(test_json_is_ascii),
		CASE(test_a_full_disk_is_a_no),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
