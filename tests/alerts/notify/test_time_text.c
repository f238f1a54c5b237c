// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "alerts/notify/time_text.h"

static const struct {
	uint64_t ms;
	const char *text;
} rows[] = {
	{ 0, "0001-01-01T00:00:00Z" }, // not set, as Go says it
	{ 1, "1970-01-01T00:00:00.001Z" },
	{ 1709164800000, "2024-02-29T00:00:00.000Z" },
	{ 1795883331042, "2026-11-28T16:28:51.042Z" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	{ 253402300800000, "0001-01-01T00:00:00Z" }, // a fifth digit is no RFC 3339
	{ UINT64_MAX, "0001-01-01T00:00:00Z" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(time_text(rows[i].ms).text, rows[i].text);
}

static void test_the_clocks_go_on(void **state)
{
	(void)state;
	uint64_t monotonic_ms = time_monotonic_ms();
	assert_true(time_now_ms() > 1700000000000); // Unix milliseconds, not seconds
	assert_true(time_monotonic_ms() >= monotonic_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_the_clocks_go_on) };
	return cmocka_run_group_tests(tests, 0, 0);
}
