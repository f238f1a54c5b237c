// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/counters.h"

static char text[COUNTERS_TEXT_BYTES];

static void test_text_has_counters_and_gauges(void **unused)
{
	(void)unused;
	struct counters counters = { .records = UINT64_C(12345678901234567890), .store_stopped = 1, .puback_withheld = -1 };
	int length = counters_format(&counters, text, sizeof text);
	assert_int_equal(length, strlen(text));
	assert_non_null(strstr(text,
		"# HELP muster_records_total Records committed\n# TYPE muster_records_total counter\n"
		"muster_records_total 12345678901234567890\n"));
	assert_non_null(strstr(text, "# TYPE muster_store_stopped gauge\nmuster_store_stopped 1\n"));
	assert_non_null(strstr(text, "muster_puback_withheld -1\n"));
	assert_int_equal(text[length - 1], '\n');
	counters.commit_us = 1500000;
	counters_format(&counters, text, sizeof text);
	assert_non_null(strstr(text, "# TYPE muster_commit_seconds_total counter\nmuster_commit_seconds_total 1.500000\n"));
}

static void test_too_small_is_said(void **unused)
{
	(void)unused;
	struct counters counters = { 0 };
	int length = counters_format(&counters, text, sizeof text);
	assert_int_equal(counters_format(&counters, text, (size_t)length), -1);
	assert_int_equal(counters_format(&counters, text, (size_t)length + 1), length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_has_counters_and_gauges),
		cmocka_unit_test(test_too_small_is_said),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
