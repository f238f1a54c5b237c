// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "collector/command_line.h"

enum { WORDS_MAX = 6 };

// Each row: a command line and what it means.
static const struct {
	const char *words[WORDS_MAX];
	const char *config;
	bool check_config, version, help;
	int word_count;
	const char *first_word;
} good[] = {
	{ { 0 }, 0, false, false, false, 0, 0 },                                                  // just run
	{ { "--config", "f.yaml" }, "f.yaml", false, false, false, 0, 0 },
	{ { "--config=f.yaml" }, "f.yaml", false, false, false, 0, 0 },
	{ { "-cf.yaml" }, "f.yaml", false, false, false, 0, 0 },
	{ { "--config", "f.yaml", "--check-config" }, "f.yaml", true, false, false, 0, 0 },
	{ { "--check-config", "-c", "f.yaml" }, "f.yaml", true, false, false, 0, 0 },
	{ { "--version" }, 0, false, true, false, 0, 0 },
	{ { "-h" }, 0, false, false, true, 0, 0 },
	{ { "token", "add", "anna" }, 0, false, false, false, 3, "token" },
	{ { "token", "add", "anna", "--config", "f" }, "f", false, false, false, 3, "token" },    // options may follow the words
	{ { "--config", "a", "--config", "b" }, "b", false, false, false, 0, 0 },                 // the last one counts
	{ { "--", "-h" }, 0, false, false, false, 1, "-h" },
};

static int parse(struct command_line *line, const char *const words[WORDS_MAX], char *argv[WORDS_MAX + 2])
{
	int argc = 0;
	argv[argc++] = (char *)"musterd";
	for (int i = 0; i < WORDS_MAX && words[i]; i++)
		argv[argc++] = (char *)words[i];
	argv[argc] = 0;
	optind = 0; // each row begins anew
	return command_line_parse(line, argc, argv);
}

static void assert_text(const char *got, const char *expected)
{
	assert_int_equal(!got, !expected);
	if (expected)
		assert_string_equal(got, expected);
}

static void test_every_good_line(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct command_line line;
		char *argv[WORDS_MAX + 2];
		assert_int_equal(parse(&line, good[i].words, argv), 0);
		assert_text(line.config, good[i].config);
		assert_int_equal(line.check_config, good[i].check_config);
		assert_int_equal(line.version, good[i].version);
		assert_int_equal(line.help, good[i].help);
		assert_int_equal(line.word_count, good[i].word_count);
		assert_text(line.word_count ? line.words[0] : 0, good[i].first_word);
	}
}

static const struct {
	const char *words[WORDS_MAX];
	const char *says;
} bad[] = {
	{ { "--config" }, "config" },            // its argument is missing
	{ { "--confg", "f" }, "confg" },
	{ { "-x" }, "x" },
	{ { "--version=2" }, "version" },        // takes none
	{ { "token", "--name", "anna" }, "name" },
};

static int keep_errors(FILE **file)
{
	*file = tmpfile();
	assert_non_null(*file);
	int kept = dup(STDERR_FILENO);
	dup2(fileno(*file), STDERR_FILENO);
	return kept;
}

// The explanation names the option at fault and says where help is.
static void test_every_bad_line(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct command_line line;
		char *argv[WORDS_MAX + 2], text[1000];
		FILE *errors;
		int kept = keep_errors(&errors);
		int code = parse(&line, bad[i].words, argv);
		dup2(kept, STDERR_FILENO);
		close(kept);
		rewind(errors);
		text[fread(text, 1, sizeof text - 1, errors)] = 0;
		fclose(errors);
		assert_int_equal(code, -1);
		assert_non_null(strstr(text, bad[i].says));
		assert_non_null(strstr(text, "--help"));
	}
}

// Help names each option, each command, and the options of the file.
static void test_help_is_complete(void **unused)
{
	static const char *const names[] = { "--config", "--check-config", "--version", "--help", "token add", "token list", "SIGHUP",
		"Exit codes", "retention_days", "commit_interval_ms" };
	(void)unused;
	static char text[32768];
	FILE *out = tmpfile();
	assert_non_null(out);
	fflush(stdout);
	int kept = dup(STDOUT_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	command_line_help();
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	rewind(out);
	text[fread(text, 1, sizeof text - 1, out)] = 0;
	fclose(out);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strstr(text, names[i]))
			fail_msg("help does not say %s", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_good_line),
		cmocka_unit_test(test_every_bad_line),
		cmocka_unit_test(test_help_is_complete),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
