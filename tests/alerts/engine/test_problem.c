// SPDX-License-Identifier: Apache-2.0
// Problems: counted, kept up to a bound, told with excerpt and caret.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/alerts/engine/written.h"

static void test_text_of_a_problem(void **unused)
{
	(void)unused;
	struct written written;
	char text[1024];
	written_begin(&written, "heap_fre_bytes < 5");
	written.where.group = "heap";
	written.where.alert = "HeapLow";
	problem_hint(problem_at(&written.where, 0, 14, PROBLEM_UNKNOWN_METRIC, "unknown metric `%s`", "heap_fre_bytes"),
		"did you mean `%s`?", "x");
	size_t length = rules_problem_text(&written.problems.list[0], text, sizeof text);
	assert_string_equal(text,
		"error[E203]: unknown metric `heap_fre_bytes`\n"
		" --> test.yml:1:1   group \"heap\", alert \"HeapLow\"\n"
		"  |\n"
		"1 | heap_fre_bytes < 5\n"
		"  | ^^^^^^^^^^^^^^ did you mean `x`?\n");
	assert_int_equal(length, strlen(text));
	// Cut where the room ends; no room is no text.
	assert_int_equal(rules_problem_text(&written.problems.list[0], text, 10), 9);
	assert_string_equal(text, "error[E20");
	assert_int_equal(rules_problem_text(&written.problems.list[0], text, 0), 0);
	written_end(&written);
}

static void test_errors_and_warnings_are_counted(void **unused)
{
	(void)unused;
	struct written written;
	written_begin(&written, "x");
	for (unsigned i = 0; i < RULES_PROBLEMS_MAX; i++)
		assert_non_null(problem_at(&written.where, 0, 1, i % 2 ? PROBLEM_CONSTANT : PROBLEM_UNITS, "x"));
	assert_null(problem_at(&written.where, 0, 1, PROBLEM_UNITS, "x"));
	problem_hint(0, "%s", "nothing to hang it on");
	assert_int_equal(written.problems.errors, RULES_PROBLEMS_MAX / 2 + 1);
	assert_int_equal(written.problems.warnings, RULES_PROBLEMS_MAX / 2);
	assert_int_equal(written.problems.count, RULES_PROBLEMS_MAX);
	assert_true(written.problems.list[1].is_warning);
	written_end(&written);
}

// A file is from outside: it may not move the cursor or begin a line.
static void test_texts_are_made_harmless(void **unused)
{
	(void)unused;
	struct written written;
	written_begin(&written, "\x1b[2J");
	problem_hint(problem_at(&written.where, 0, 1, PROBLEM_UNITS, "%s", "a\x1b[2J\nb"), "%s", "\xff");
	assert_string_equal(written.problems.list[0].what, "a?[2J b");
	assert_string_equal(written.problems.list[0].excerpt, "?[2J");
	assert_string_equal(written.problems.list[0].hint, "?");
	written_end(&written);
}

// The table of codes is the manual's, too.
static void test_codes_are_in_the_manual(void **unused)
{
	(void)unused;
	static char manual[256 * 1024];
	static const char *const meanings[] = {
#define PROBLEM(code, name, meaning) meaning,
#include "alerts/engine/problem_codes.def"
#undef PROBLEM
	};
	FILE *file = fopen(MUSTER_SOURCE_DIR "/alerts/README.md", "r");
	assert_non_null(file);
	manual[fread(manual, 1, sizeof manual - 1, file)] = 0;
	fclose(file);
	for (unsigned i = 0; i < PROBLEM_CODES; i++) {
		char row[256];
		snprintf(row, sizeof row, "| %s | %s |", problem_code_text((enum problem_code)i), meanings[i]);
		if (!strstr(manual, row))
			fail_msg("alerts/README.md has no row: %s", row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_of_a_problem),
		cmocka_unit_test(test_errors_and_warnings_are_counted),
		cmocka_unit_test(test_texts_are_made_harmless),
		cmocka_unit_test(test_codes_are_in_the_manual),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
