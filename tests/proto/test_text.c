// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/text.h"

static const struct {
	const char *text;
	bool valid;
} rows[] = {
	{ "", true },
	{ "plain ~ text", true },
	{ "T\xc3\xbcr \xe2\x82\xac \xf0\x9f\x9a\xaa", true },
	{ "a\tb", false },
	{ "a\nb", false },
	{ "\x1b[31m", false },          // a terminal would obey
	{ "\x7f", false },
	{ "\xc2\x85", false },          // C1 as UTF-8
	{ "\xc3", false },              // cut in the middle
	{ "\xe2\x82", false },
	{ "\x80", false },              // a tail without a head
	{ "\xc0\xaf", false },          // too long a form of '/'
	{ "\xe0\x80\x80", false },      // ... of NUL
	{ "\xed\xa0\x80", false },      // a surrogate
	{ "\xf4\x90\x80\x80", false },  // above U+10FFFF
	{ "\xf8\x88\x80\x80\x80", false },
	{ "\xff", false },
	{ "\xe2\x80\xae gnp.exe", false }, // turns the direction of what follows
	{ "\xe2\x80\xa8", false },         // a line separator
	{ "\xef\xbb\xbf", false },         // a byte order mark
};

static void test_valid(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (mu_text_valid((const uint8_t *)rows[i].text, strlen(rows[i].text)) != rows[i].valid)
			fail_msg("row %zu", i);
	assert_false(mu_text_valid((const uint8_t *)"a\0b", 3));
}

static const struct {
	const char *in;
	size_t size;
	const char *out;
} copies[] = {
	{ "short", 16, "short" },
	{ "exactly", 8, "exactly" },
	{ "too long", 8, "too lon" },
	{ "T\xc3\xbcr", 3, "T" },          // the second character does not fit: cut before it, not in it
	{ "T\xc3\xbcr", 4, "T\xc3\xbc" },
	{ "a\nb\xff" "c\xe2\x82", 16, "a?b?c??" },
	{ "", 1, "" },
	{ "x", 1, "" },
	{ 0, 4, "" },
};

static void test_copy(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
		char out[17];
		memset(out, 'X', sizeof out);
		size_t length = mu_text_copy(out, copies[i].size, copies[i].in);
		assert_string_equal(out, copies[i].out);
		assert_int_equal(length, strlen(copies[i].out));
		assert_int_equal(out[copies[i].size], 'X'); // nothing behind its end
		assert_true(mu_text_valid((const uint8_t *)out, length));
	}
	assert_int_equal(mu_text_copy(0, 0, "x"), 0);
}

// From `before`, in so many bytes: what is there afterwards.
static const struct {
	const char *before;
	size_t size;
	int64_t number;
	bool fits;
	const char *after;
} fields[] = {
	{ "", 32, 0, true, "n=0" },
	{ "a=1", 32, 10, true, "a=1 n=10" },
	{ "a=1", 32, UINT32_MAX, true, "a=1 n=4294967295" },
	{ "a=1", 32, -(int64_t)UINT32_MAX, true, "a=1 n=-4294967295" },
	{ "", 4, 7, true, "n=7" }, // just fits
	{ "", 3, 7, false, "" },
	{ "a=1", 7, 7, false, "a=1" }, // all of it or nothing
	{ "a=1", 8, 7, true, "a=1 n=7" },
	{ "a=1", 8, -7, false, "a=1" },
};

static void test_field(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		char out[33];
		memset(out, 'X', sizeof out);
		memcpy(out, fields[i].before, strlen(fields[i].before) + 1);
		assert_int_equal(mu_text_field(out, fields[i].size, "n", fields[i].number), fields[i].fits);
		assert_string_equal(out, fields[i].after);
		assert_int_equal(out[fields[i].size], 'X');
	}
}

// A line of several parts: what does not fit is cut, and nothing behind the end is touched.
static void test_put(void **unused)
{
	(void)unused;
	char out[12], *at;
	memset(out, 'X', sizeof out);
	at = mu_text_put(mu_text_put(out, out + 10, "four"), out + 10, "");
	assert_string_equal(out, "four");
	assert_ptr_equal(at, out + 4);
	at = mu_text_put(at, out + 10, "and more");
	assert_string_equal(out, "fourand m");
	assert_ptr_equal(mu_text_put(at, out + 10, "still"), at);
	assert_int_equal(out[10], 'X');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_field),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
