// SPDX-License-Identifier: Apache-2.0
// Tokens: numbers with their suffixes, durations, texts, and what is none of them.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "alerts/engine/lexer.h"

static void test_one_token(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		enum token_kind kind;
		double number;
		const char *word;
		size_t width;
	} rows[] = {
		{ "5", TOKEN_NUMBER, 5, 0, 1 },
		{ "0.5", TOKEN_NUMBER, 0.5, 0, 3 },
		{ ".5", TOKEN_NUMBER, 0.5, 0, 2 },
		{ "1e3", TOKEN_NUMBER, 1000, 0, 3 },
		{ "1.5e-2", TOKEN_NUMBER, 0.015, 0, 6 },
		{ "20Ki", TOKEN_NUMBER, 20480, 0, 4 },
		{ "2k", TOKEN_NUMBER, 2000, 0, 2 },
		{ "1M", TOKEN_NUMBER, 1e6, 0, 2 }, // not a minute
		{ "1Gi", TOKEN_NUMBER, 1073741824, 0, 3 },
		{ "90%", TOKEN_PERCENT, 90, 0, 3 },
		{ "10%3", TOKEN_NUMBER, 10, 0, 2 }, // the remainder
		{ "10%$x", TOKEN_NUMBER, 10, 0, 2 },
		{ "10% ", TOKEN_PERCENT, 10, 0, 3 },
		{ "5m", TOKEN_DURATION, 300000, 0, 2 },
		{ "1h30m", TOKEN_DURATION, 5400000, 0, 5 },
		{ "250ms", TOKEN_DURATION, 250, 0, 5 },
		{ "1w", TOKEN_DURATION, 604800000, 0, 2 },
		{ "1.5h", TOKEN_BAD, 0, 0, 4 },
		{ "5x", TOKEN_BAD, 0, 0, 2 },
		{ "5m3", TOKEN_BAD, 0, 0, 3 },
		{ "0x10", TOKEN_BAD, 0, 0, 4 },
		{ "1e999", TOKEN_BAD, 0, 0, 5 },
		{ "1.2.3", TOKEN_BAD, 0, 0, 5 },
		{ "\"a b\"", TOKEN_TEXT, 0, "a b", 5 },
		{ "'it\\'s'", TOKEN_TEXT, 0, "it's", 7 },
		{ "`a\\b`", TOKEN_TEXT, 0, "a\\b", 5 }, // nothing is an escape there
		{ "\"a", TOKEN_BAD, 0, 0, 2 },
		{ "\"a\\n\"", TOKEN_BAD, 0, 0, 1 },
		{ "heap_free", TOKEN_NAME, 0, "heap_free", 9 },
		{ "$floor", TOKEN_PARAM, 0, "floor", 6 },
		{ "$", TOKEN_BAD, 0, 0, 1 },
		{ "<=", TOKEN_SIGN, 0, "<=", 2 },
		{ "<5", TOKEN_SIGN, 0, "<", 1 },
		{ "=~", TOKEN_SIGN, 0, "=~", 2 },
		{ "\xc3\xa4", TOKEN_BAD, 0, 0, 2 }, // one character, both bytes
		{ "", TOKEN_END, 0, 0, 0 },
		{ "  # only a comment", TOKEN_END, 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct token token;
		lexer_next(rows[i].text, 0, &token);
		if (token.kind != rows[i].kind || token.width != rows[i].width || fabs(token.number - rows[i].number) > 1e-9 * token.number)
			if (token.kind != TOKEN_BAD || token.width != rows[i].width)
				fail_msg("`%s`: kind %d, width %zu, number %g", rows[i].text, (int)token.kind, token.width, token.number);
		if (rows[i].word)
			assert_string_equal(token.text, rows[i].word);
		assert_true(token.kind != TOKEN_BAD || token.wrong);
	}
}

static void test_a_row_of_tokens(void **unused)
{
	(void)unused;
	const char *text = "a #x\n <b";
	struct token token;
	lexer_next(text, 0, &token);
	assert_int_equal(token.offset, 0);
	lexer_next(text, token.offset + token.width, &token);
	assert_string_equal(token.text, "<");
	assert_int_equal(token.offset, 6);
	lexer_next(text, token.offset + token.width, &token);
	assert_string_equal(token.text, "b");
}

static void test_names_and_texts_are_bounded(void **unused)
{
	(void)unused;
	char text[200];
	struct token token;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	lexer_next(text, 0, &token);
	assert_int_equal(token.kind, TOKEN_BAD);
	assert_int_equal(token.width, sizeof text - 1);
	text[0] = text[150] = '"';
	lexer_next(text, 0, &token);
	assert_int_equal(token.kind, TOKEN_BAD);
	memset(text, '1', sizeof text - 1);
	lexer_next(text, 0, &token);
	assert_int_equal(token.kind, TOKEN_BAD);
}

static void test_durations(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} rows[] = {
		{ "5m", 0, 300000 }, { "0", 0, 0 }, { "0s", 0, 0 }, { "1d2h", 0, 93600000 }, { "999999999999w", 0, UINT64_MAX },
		{ "", -1, 0 }, { "5", -1, 0 }, { " 5m", -1, 0 }, { "5m ", -1, 0 }, { "-5m", -1, 0 }, { "five", -1, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t ms = 0;
		if (lexer_duration(rows[i].text, &ms) != rows[i].result || ms != rows[i].ms)
			fail_msg("%s", rows[i].text);
	}
}

static void test_literals(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		enum token_kind kind;
		double number;
	} rows[] = {
		{ "5", TOKEN_NUMBER, 5 },    { "-80", TOKEN_NUMBER, -80 }, { "-5%", TOKEN_PERCENT, -5 }, { "5m", TOKEN_DURATION, 300000 },
		{ "-5m", TOKEN_TEXT, 0 },    { "true", TOKEN_TEXT, 0 },    { "5 6", TOKEN_TEXT, 0 },     { "1.4.2", TOKEN_TEXT, 0 },
		{ "", TOKEN_BAD, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct token token;
		lexer_literal(rows[i].text, &token);
		if (token.kind != rows[i].kind || token.number != rows[i].number)
			fail_msg("%s: kind %d", rows[i].text, (int)token.kind);
		if (token.kind == TOKEN_TEXT)
			assert_string_equal(token.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_token),
		cmocka_unit_test(test_a_row_of_tokens),
		cmocka_unit_test(test_names_and_texts_are_bounded),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_literals),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
