// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/cli/table.h"
#include "tests/collector/cli/console.h"

static const struct table_column columns[] = {
	{ "DEVICE", 8, 0, false }, { "STATE", 8, 0, false }, { "SEEN", 5, 2, true }, { "HEAP", 8, 3, true }, { "WHY", 12, 1, false },
};

static const char *const cells[][5] = {
	{ "edge-1", "crash_loop", "3 min", "48.2 KiB", "crashed 4 times in 10 min, the last time in task wifi" },
	{ "a-device-with-a-long-name-32-long", "healthy", "2 s", 0, "" },
};

// At this width, the table must look exactly so. The numbers stand right, the last column is cut and marked.
static const struct {
	unsigned width;
	bool utf8;
	const char *golden;
} goldens[] = {
	{ 80, false,
		"DEVICE                             STATE        SEEN      HEAP  WHY\n"
		"edge-1                             crash_loop  3 min  48.2 KiB  crashed 4 times~\n"
		"a-device-with-a-long-name-32-long  healthy       2 s\n" },
	{ 80, true,
		"DEVICE                             STATE        SEEN      HEAP  WHY\n"
		"edge-1                             crash_loop  3 min  48.2 KiB  crashed 4 times\xe2\x80\xa6\n"
		"a-device-with-a-long-name-32-long  healthy       2 s\n" },
	{ 40, false,
		"DEVICE                          STATE\n"
		"edge-1                          crash_l~\n"
		"a-device-with-a-long-name-32-~  healthy\n" },
	{ 20, false,
		"DEVICE      STATE\n"
		"edge-1      crash_l~\n"
		"a-device-~  healthy\n" },
	{ 200, false,
		"DEVICE                             STATE        SEEN      HEAP  WHY\n"
		"edge-1                             crash_loop  3 min  48.2 KiB  crashed 4 times in 10 min, the last time in task wifi\n"
		"a-device-with-a-long-name-32-long  healthy       2 s\n" },
};

static char *print(struct console *console, unsigned width, bool utf8, bool colour, const char *const rows[][5], size_t count)
{
	struct table *table = table_new(columns, 5);
	assert_non_null(table);
	for (size_t i = 0; i < count; i++)
		table_add(table, rows[i], 1, COLOUR_RED);
	console_begin(console);
	const struct terminal terminal = { .out = console->out, .err = console->err, .width = width, .utf8 = utf8, .colour = colour };
	table_print(table, &terminal);
	table_free(table);
	console_end(console);
	assert_string_equal(console->err_text, "");
	return console->out_text;
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;
	for (; *text; text += strcspn(text, "\n") + 1)
		if (strcspn(text, "\n") > widest)
			widest = strcspn(text, "\n");
	return widest;
}

static void test_goldens(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
		struct console console;
		assert_string_equal(print(&console, goldens[i].width, goldens[i].utf8, false, cells, 2), goldens[i].golden);
		console_free(&console);
	}
}

// From the least that the two columns which always stay need (8 + 2 + 8).
static void test_no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	for (unsigned width = 20; width < 130; width++) {
		struct console console;
		const char *text = print(&console, width, false, false, cells, 2);
		assert_true(widest_line(text) <= width);
		assert_non_null(strstr(text, "DEVICE"));
		assert_non_null(strstr(text, "STATE"));
		console_free(&console);
	}
}

static void test_hostile_cells_cannot_reach_the_terminal(void **state)
{
	(void)state;
	static const char *const hostile[][5] = {
		{ "\x1b[2Jx", "a\nb", "\x07", "\xe2\x80\xae" "abc", "\x9b" "31m\r\n" },
	};
	struct console console;
	const char *text = print(&console, 120, false, false, hostile, 1);
	assert_true(console_is_harmless(text));
	assert_non_null(strstr(text, "\\x1b[2Jx"));
	assert_non_null(strstr(text, "a\\x0ab")); // no line of its own
	assert_non_null(strstr(text, "?abc"));
	console_free(&console);
}

static void test_a_huge_cell_is_cut(void **state)
{
	(void)state;
	char huge[5000];
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = 0;
	const char *const rows[][5] = { { huge, huge, huge, huge, huge } };
	struct console console;
	assert_true(widest_line(print(&console, 100, false, false, rows, 1)) <= 100);
	console_free(&console);
}

static void test_colour_is_of_one_cell(void **state)
{
	(void)state;
	struct console console;
	const char *text = print(&console, 80, false, true, cells, 1);
	assert_non_null(strstr(text, "\033[31mcrash_loop"));
	assert_null(strstr(text, "\033[31medge-1"));
	console_free(&console);
}

static void test_more_rows_than_were_foreseen(void **state)
{
	(void)state;
	static const char *many[500][5];
	for (size_t i = 0; i < 500; i++)
		memcpy(many[i], cells[0], sizeof many[i]);
	struct console console;
	size_t lines = 0;
	for (const char *text = print(&console, 80, false, false, many, 500); *text; text++)
		lines += *text == '\n';
	assert_int_equal(lines, 501);
	console_free(&console);
}

static const struct {
	unsigned width;
	const char *text, *golden;
} fields[] = {
	{ 80, "short", "because       short\n" },
	{ 80, "", "because       \n" },
	{ 40, "crashed 4 times in 10 min, the last time in task wifi", "because       crashed 4 times in 10 min,\n              the last time in task wifi\n" },
	{ 30, "aaaaaaaaaaaaaaaaaaaaaaaaa", "because       aaaaaaaaaaaaaaaa\n              aaaaaaaaa\n" }, // no blank to break at
	{ 80, "a\x1b]0;x\x07" "b", "because       a\\x1b]0;x\\x07b\n" },
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct console console;
		console_begin(&console);
		const struct terminal terminal = { .out = console.out, .err = console.err, .width = fields[i].width };
		print_field(&terminal, "because", fields[i].text, COLOUR_NONE);
		console_end(&console);
		assert_string_equal(console.out_text, fields[i].golden);
		console_free(&console);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goldens),
		cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
		cmocka_unit_test(test_hostile_cells_cannot_reach_the_terminal),
		cmocka_unit_test(test_a_huge_cell_is_cut),
		cmocka_unit_test(test_colour_is_of_one_cell),
		cmocka_unit_test(test_more_rows_than_were_foreseen),
		cmocka_unit_test(test_fields),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
