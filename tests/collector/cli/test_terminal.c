// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/terminal.h"
#include "tests/collector/cli/console.h"

// What a hostile device may call itself, and what of it may reach a terminal.
static const struct {
	const char *text, *clean;
} rows[] = {
	{ "", "" },
	{ "edge-7 ~", "edge-7 ~" },
	{ "\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07" }, // clears the screen, renames the window
	{ "a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f" },
	{ "\xe2\x80\xaegpj.exe", "?gpj.exe" },      // right-to-left override
	{ "\xe2\x81\xa6x\xe2\x81\xa9", "?x?" },     // isolates
	{ "\xc2\x9b" "31m", "?31m" },               // CSI as a C1 character
	{ "\x9b" "31m", "31m" },                    // the same as one raw byte
	{ "caf\xc3\xa9 \xf0\x9f\x98\x80", "caf? ?" },
	{ "\xff\xfe\x80\x80", "??" },               // no UTF-8 at all
};

static void test_what_reaches_a_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[100];
		assert_ptr_equal(terminal_clean(rows[i].text, out, sizeof out), out);
		assert_string_equal(out, rows[i].clean);
		assert_true(console_is_harmless(out));
	}
}

static void test_every_byte_comes_out_harmless(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char text[] = { 'a', (char)c, 'b', 0 }, out[16];
		terminal_clean(text, out, sizeof out);
		assert_true(console_is_harmless(out));
		assert_null(strchr(out, '\n'));
	}
}

static void test_a_small_buffer_is_not_overrun(void **state)
{
	(void)state;
	for (size_t size = 1; size < 12; size++) {
		char *out = malloc(size); // exactly as large, so that the sanitizer sees one byte more
		terminal_clean("a\x1b"
			       "b\x1b",
			out, size);
		assert_true(strlen(out) < size);
		assert_true(strncmp("a\\x1bb\\x1b", out, strlen(out)) == 0);
		assert_true(size > 5 || strlen(out) <= 1); // an escape is there whole or not at all
		free(out);
	}
}

static void test_colours_only_where_wanted(void **state)
{
	(void)state;
	const struct terminal plain = { .colour = false }, coloured = { .colour = true };
	for (int colour = COLOUR_NONE; colour <= COLOUR_BOLD; colour++) {
		assert_string_equal(terminal_on(&plain, (enum terminal_colour)colour), "");
		assert_string_equal(terminal_off(&plain, (enum terminal_colour)colour), "");
	}
	assert_string_equal(terminal_on(&coloured, COLOUR_RED), "\033[31m");
	assert_string_equal(terminal_off(&coloured, COLOUR_RED), "\033[0m");
	assert_string_equal(terminal_on(&coloured, COLOUR_NONE), "");
	assert_string_equal(terminal_off(&coloured, COLOUR_NONE), "");
}

// COLUMNS, and the width that comes of it.
static const struct {
	const char *columns;
	unsigned width;
} widths[] = {
	{ "40", 40 }, { "132", 132 }, { "1", 20 }, { "99999", 1000 },
};

static void test_width_comes_from_columns(void **state)
{
	(void)state;
	struct terminal terminal;
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
		setenv("COLUMNS", widths[i].columns, 1);
		terminal_init(&terminal);
		assert_int_equal(terminal.width, widths[i].width);
	}
	setenv("COLUMNS", "80", 1);
	setenv("NO_COLOR", "1", 1);
	terminal_init(&terminal);
	assert_false(terminal.colour);
	assert_ptr_equal(terminal.out, stdout);
	assert_ptr_equal(terminal.err, stderr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_reaches_a_terminal),
		cmocka_unit_test(test_every_byte_comes_out_harmless),
		cmocka_unit_test(test_a_small_buffer_is_not_overrun),
		cmocka_unit_test(test_colours_only_where_wanted),
		cmocka_unit_test(test_width_comes_from_columns),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
