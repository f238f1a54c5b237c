// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/http/query.h"

// text, then the value of "a" (null: must be refused, "-": not there).
static const struct {
	const char *text, *a;
} rows[] = {
	{ "a=1", "1" },
	{ "b=2&a=1", "1" },
	{ "a=", "" },
	{ "a", "" },
	{ "", "-" },
	{ "&&a=1&&", "1" },
	{ "a=%41%2f+b", "A/ b" },
	{ "a=1=2", "1=2" },
	{ "%61=1", "1" },
	{ "a=1&a=2", 0 },  // which one?
	{ "=1", 0 },
	{ "a=%", 0 },
	{ "a=%4", 0 },
	{ "a=%4g", 0 },
	{ "a=%00", 0 },    // would end the value early
	{ "a=%4&b=1", 0 }, // must not eat the next parameter
	{ "0123456789012345678901234567890123=1", 0 },
};

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct query query;
		const char *problem = 0;
		int err = query_parse(&query, rows[i].text, &problem);
		const char *a = err < 0 ? 0 : query_get(&query, "a") ? query_get(&query, "a") : "-";
		if ((rows[i].a == 0) != (a == 0) || (a && strcmp(a, rows[i].a) != 0))
			fail_msg("%s: %s", rows[i].text, a ? a : problem);
		if (err < 0)
			assert_non_null(problem);
	}
}

static void test_bounds(void **unused)
{
	(void)unused;
	struct query query;
	const char *problem;
	char text[QUERY_VALUE_BYTES + 10] = "a=";
	memset(text + 2, 'x', QUERY_VALUE_BYTES - 1);
	assert_int_equal(query_parse(&query, text, &problem), 0);
	text[2 + QUERY_VALUE_BYTES - 1] = 'x';
	assert_int_equal(query_parse(&query, text, &problem), -1);

	int length = 0;
	for (int i = 0; i < QUERY_PAIRS_MAX; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "p%d=1&", i);
	assert_int_equal(query_parse(&query, text, &problem), 0);
	snprintf(text + length, sizeof text - (size_t)length, "more=1");
	assert_int_equal(query_parse(&query, text, &problem), -1);
	assert_int_equal(query_parse(&query, 0, &problem), 0);
}

static void test_numbers(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		int err;
		uint64_t value;
	} cases[] = {
		{ "n=5", 0, 5 },   { "m=5", 0, 77 }, { "n=", -1, 77 }, { "n=0", -1, 77 }, { "n=11", -1, 77 }, { "n=-1", -1, 77 },
		{ "n=+1", -1, 77 }, { "n=1x", -1, 77 }, { "n=99999999999999999999999", -1, 77 }, { "n=10", 0, 10 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct query query;
		const char *problem;
		uint64_t value = 77;
		query_parse(&query, cases[i].text, &problem);
		assert_int_equal(query_number(&query, "n", 1, 10, &value), cases[i].err);
		assert_int_equal(value, cases[i].value);
	}
}

static void test_unknown_names(void **unused)
{
	(void)unused;
	struct query query;
	const char *problem;
	query_parse(&query, "limit=1&after=2", &problem);
	assert_null(query_unknown(&query, "limit after q"));
	assert_string_equal(query_unknown(&query, "limit"), "after");
	assert_string_equal(query_unknown(&query, "limits after"), "limit"); // whole words
	assert_string_equal(query_unknown(&query, ""), "limit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_unknown_names),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
