// SPDX-License-Identifier: Apache-2.0
// Places in a file: lines, columns in characters, and back from a scalar's text to where its letters stand.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/source_map.h"

static struct source_map map;

static void begin(const char *text)
{
	struct rules_source source = { "test.yml", text, strlen(text) };
	assert_int_equal(source_map_init(&map, &source), 0);
}

static void test_lines_end_as_libyaml_ends_them(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		size_t lines;
	} rows[] = {
		{ "", 1 },
		{ "a", 1 },
		{ "a\n", 2 },
		{ "a\r\nb", 2 },
		{ "a\rb\nc", 3 },
		{ "a\xc2\x85z", 2 },         // NEL
		{ "a\xe2\x80\xa8z\xe2\x80\xa9", 3 }, // LS, PS
		{ "a\xe2\x80", 1 },         // cut
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(rows[i].text);
		if (map.line_count != rows[i].lines)
			fail_msg("row %zu: %zu lines", i, map.line_count);
		source_map_free(&map);
	}
}

static void test_places_in_each_style(void **unused)
{
	(void)unused;
	static const struct {
		const char *file, *text;
		enum source_style style;
		unsigned line, column; // of the scalar
		size_t offset;
		unsigned at_line, at_column;
	} rows[] = {
		{ "a: one two", "one two", SOURCE_PLAIN, 1, 4, 4, 1, 8 },
		{ "a: one\n   two", "one two", SOURCE_PLAIN, 1, 4, 4, 2, 4 },                    // folded: the blank is a line break
		{ "a: one\n\n   two", "one\ntwo", SOURCE_PLAIN, 1, 4, 4, 3, 4 },
		{ "a: \xc3\xbc x", "\xc3\xbc x", SOURCE_PLAIN, 1, 4, 3, 1, 6 },                 // columns are characters
		{ "a: 'it''s x'", "it's x", SOURCE_SINGLE_QUOTED, 1, 4, 5, 1, 11 },              // '' is one
		{ "a: \"q\\\"q x\"", "q\"q x", SOURCE_DOUBLE_QUOTED, 1, 4, 4, 1, 10 },          // so is \"
		{ "a: \"\\x41 x\"", "A x", SOURCE_DOUBLE_QUOTED, 1, 4, 2, 1, 10 },
		{ "a: |  # c\n\n  one\n    two\n", "\none\n  two\n", SOURCE_BLOCK, 1, 4, 7, 4, 5 }, // blank lines and indentation
		{ "a: >-\n  one\n  two\n", "one two", SOURCE_BLOCK, 1, 4, 4, 3, 3 },
		{ "a: one", "one", SOURCE_PLAIN, 1, 4, 3, 1, 7 },                                // behind its end
		{ "a: one", "one", SOURCE_PLAIN, 1, 4, 99, 1, 7 },
		{ "a: ''", "", SOURCE_SINGLE_QUOTED, 1, 4, 0, 1, 5 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(rows[i].file);
		struct source_scalar scalar = { rows[i].text, strlen(rows[i].text), rows[i].style, { rows[i].line, rows[i].column } };
		struct source_place place = source_map_locate(&map, &scalar, rows[i].offset);
		if (place.line != rows[i].at_line || place.column != rows[i].at_column)
			fail_msg("row %zu: %u:%u", i, place.line, place.column);
		source_map_free(&map);
	}
}

static void test_a_byte_order_mark_has_no_column(void **unused)
{
	(void)unused;
	begin("\xef\xbb\xbfone two");
	struct source_scalar scalar = { "one two", 7, SOURCE_PLAIN, { 1, 1 } };
	assert_int_equal(source_map_locate(&map, &scalar, 4).column, 5);
	source_map_free(&map);
}

static void test_excerpts(void **unused)
{
	(void)unused;
	char out[160], line[400];
	begin("one\n\ttwo\x01\nthree");
	assert_int_equal(source_map_excerpt(&map, (struct source_place){ 2, 3 }, out, sizeof out), 1);
	assert_string_equal(out, " two?"); // a tab is a blank, what cannot be shown a ?
	assert_int_equal(source_map_excerpt(&map, (struct source_place){ 9, 1 }, out, sizeof out), 1);
	assert_string_equal(out, ""); // there is no such line
	source_map_free(&map);
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = 0;
	line[300] = 'y';
	begin(line);
	unsigned first = source_map_excerpt(&map, (struct source_place){ 1, 301 }, out, sizeof out);
	assert_true(first > 1 && out[301 - first] == 'y'); // the place is in what is shown
	source_map_free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_end_as_libyaml_ends_them),
		cmocka_unit_test(test_places_in_each_style),
		cmocka_unit_test(test_a_byte_order_mark_has_no_column),
		cmocka_unit_test(test_excerpts),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
