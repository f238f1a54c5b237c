// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/console.h"

// The words that bash offers at the end of a line, sorted, joined by blanks; `muster` of the script is a stand-in that knows two devices.
static char *offered(const char *home, const char *line)
{
	static char text[2000];
	char command[800];
	snprintf(command, sizeof command,
		"cd %s && bash --norc -c 'muster() { [ \"$*\" = \"devices --ids\" ] && echo edge-1 && echo edge-2; }; . ./script; "
		"read -ra COMP_WORDS <<<\"%s\"; [[ \"%s\" == *\" \" ]] && COMP_WORDS+=(\"\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _muster; "
		"echo \"${COMPREPLY[*]}\"' 2>&1",
		home, line, line);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t got = fread(text, 1, sizeof text - 1, pipe);
	text[got] = 0;
	assert_int_equal(pclose(pipe), 0);
	return text;
}

static void write_script(const char *home, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/script", home);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

// Each line as a person types it, and all that bash offers then.
static const struct {
	const char *line, *words;
} rows[] = {
	{ "muster dev", "devices device\n" },
	{ "muster roll", "rollback\n" },
	{ "muster device ", "edge-1 edge-2 --help --json --server\n" },
	{ "muster device edge-2", "edge-2\n" },
	{ "muster rollback --ti", "--timeout\n" },
	{ "muster keys ", "new list --help --json --role --dir\n" },
	{ "muster keys new x --role ", "operator collector\n" },
	{ "muster completion z", "zsh\n" },
	{ "muster devices --state cra", "crash_loop\n" },
	{ "muster alerts --state pend", "pending\n" },
	{ "muster alerts --severity ", "info warning critical\n" },
	{ "muster why edge-1", "edge-1\n" },
	{ "muster records edge-1 --kind comm", "command_result\n" },
	{ "muster rules ch", "check\n" },
	{ "muster tail --sin", "--since\n" },
	{ "muster devices --server ", "\n" }, // nobody knows
	{ "muster nonsense ", "\n" },
};

static void test_what_bash_offers(void **state)
{
	struct console console;
	assert_int_equal(console_run(&console, cli_main, "muster", "completion", "bash", (char *)0), EXIT_DONE);
	assert_string_equal(console.err_text, "");
	write_script(*state, console.out_text);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *words = offered(*state, rows[i].line);
		if (strcmp(words, rows[i].words) != 0)
			fail_msg("%s: %s", rows[i].line, words);
	}
	console_free(&console);
}

// Whether a line of the script offers --word; the call of muster in it is passed over.
static bool has_word(const char *line, const char *word)
{
	const char *call = strstr(line, "2>/dev/null)"), *end = strchr(line, '\n');
	if (call && call < end)
		line = call;
	size_t length = strcspn(line, "\n"), size = strlen(word);
	for (size_t at = 0; at + size < length; at++)
		if (line[at] == ' ' && strncmp(line + at + 1, "--", 2) == 0 && strncmp(line + at + 3, word, size) == 0 &&
			strchr(" \"", line[at + 3 + size]))
			return true;
	return false;
}

// Both scripts know every command and every option that the tables have.
static void test_nothing_is_left_out(void **state)
{
	(void)state;
	static const char *const shells[] = { "bash", "zsh" };
	for (size_t shell = 0; shell < 2; shell++) {
		struct console console;
		assert_int_equal(console_run(&console, cli_main, "muster", "completion", shells[shell], (char *)0), EXIT_DONE);
		for (size_t i = 0; i < cli_command_count; i++) {
			char piece[80];
			snprintf(piece, sizeof piece, "\t%s) choices=", cli_commands[i].name);
			const char *line = strstr(console.out_text, piece);
			assert_non_null(line);
			for (size_t k = 0; k < option_row_count; k++)
				assert_int_equal(has_word(line, option_rows[k].name),
					option_is_allowed(cli_commands[i].options, option_rows[k].name));
		}
		console_free(&console);
	}
}

static void test_zsh_is_told_whose_script_it_is(void **state)
{
	(void)state;
	struct console console;
	assert_int_equal(console_run(&console, cli_main, "muster", "completion", "zsh", (char *)0), EXIT_DONE);
	assert_memory_equal(console.out_text, "#compdef muster\n", 16);
	console_free(&console);
}

static void test_other_shells(void **state)
{
	(void)state;
	struct console console;
	assert_int_equal(console_run(&console, cli_main, "muster", "completion", "fish\x1b[2J", (char *)0), EXIT_MISUSE);
	assert_string_equal(console.out_text, "");
	assert_string_equal(console.err_text, "muster: completion is there for bash and zsh, not for fish\\x1b[2J\n");
	console_free(&console);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_bash_offers),
		CASE(test_nothing_is_left_out),
		CASE(test_zsh_is_told_whose_script_it_is),
		CASE(test_other_shells),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
