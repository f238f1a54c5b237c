// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/http/json_text.h"

static void check(json_t *value, const char *expected)
{
	char text[200];
	size_t length = json_dumpb(value, text, sizeof text - 1, JSON_ENCODE_ANY);
	text[length] = 0;
	assert_string_equal(text, expected);
	json_decref(value);
}

static void test_numbers_beyond_a_double_are_text(void **unused)
{
	(void)unused;
	check(json_u64(9007199254740992), "9007199254740992");
	check(json_u64(9007199254740993), "\"9007199254740993\"");
	check(json_u64(UINT64_MAX), "\"18446744073709551615\"");
	check(json_i64(-9007199254740993), "\"-9007199254740993\"");
	check(json_i64(-5), "-5");
}

static void test_text_of_devices(void **unused)
{
	(void)unused;
	check(json_text("1.0.0", 5), "\"1.0.0\"");
	check(json_text("a\0b", 3), "\"a\"");
	check(json_text("\xff\xfe.", 3), "\"??.\""); // not UTF-8
	check(json_text("\x1b[2J\"", 5), "\"\\u001B[2J\\\"\"");
	check(json_string_or_null(""), "null");
	check(json_hex("\x00\xab", 2), "\"00ab\"");
}

static void test_hex(void **unused)
{
	(void)unused;
	uint8_t bytes[2];
	assert_int_equal(hex_decode("0aFf", bytes, 2), 0);
	assert_int_equal(bytes[1], 0xff);
	assert_int_equal(hex_decode("0af", bytes, 2), -1);
	assert_int_equal(hex_decode("0affa", bytes, 2), -1);
	assert_int_equal(hex_decode("0agf", bytes, 2), -1);
	// Each end of the three ranges, and what stands just outside of it.
	static const char digits[] = "09afAF", others[] = "/:`g@G";
	static const int values[] = { 0, 9, 10, 15, 10, 15 };
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_int_equal(hex_digit(digits[i]), values[i]);
		assert_int_equal(hex_digit(others[i]), -1);
	}
	assert_int_equal(hex_digit(0), -1);
}

static void test_base64(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		long size;
		const char *bytes;
	} rows[] = {
		{ "", 0, "" },          { "YQ==", 1, "a" },      { "YWI=", 2, "ab" },     { "YWJj", 3, "abc" },    { "YWJjZA==", 4, "abcd" },
		{ "YQ=", -1, 0 },       { "YQ", -1, 0 },         { "Y===", -1, 0 },       { "YQ==YQ==", -1, 0 },   { "Y Q=", -1, 0 },
		{ "YWJjZGVmZw==", -1, 0 }, // seven bytes: more than there is room for
		{ "====", -1, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[6] = { 0 };
		long size = base64_decode(rows[i].text, bytes, 6);
		if (size != rows[i].size)
			fail_msg("\"%s\": %ld", rows[i].text, size);
		if (size > 0)
			assert_memory_equal(bytes, rows[i].bytes, (size_t)size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_beyond_a_double_are_text),
		cmocka_unit_test(test_text_of_devices),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
