// SPDX-License-Identifier: Apache-2.0
// Series in promtool's notation.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "alerts/engine/rule_series.h"
#include "proto/metrics.h"
#include "tests/alerts/engine/written.h"

static struct rule_series series;

// Reads both; the codes of all problems.
static const char *codes_of(const char *name, const char *values)
{
	static struct written written;
	written_begin(&written, name);
	struct source_scalar text = { values, strlen(values), SOURCE_PLAIN, { 1, 1 } };
	int result = rule_series_read(&series, &written.where, &written.scalar, &text);
	assert_int_equal(result, written.problems.errors ? -1 : 0);
	written_end(&written);
	return written_codes(&written);
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(codes_of("heap_free_bytes{device=\"d7\", firmware=\"1.4\"}", "1"), "");
	assert_int_equal(series.metric, MU_METRIC_heap_free_bytes);
	assert_string_equal(series.device, "d7");
	assert_string_equal(series.firmware, "1.4");
	rule_series_free(&series);
	assert_string_equal(codes_of("heap_free_bytes", ""), "");
	assert_string_equal(series.device, "d1");
	assert_int_equal(series.count, 0);
	rule_series_free(&series);
	assert_string_equal(codes_of("heap_free_bytes{}", ""), "");
	rule_series_free(&series);
	static const char *const bad[] = { "", "nothing", "heap_free_bytes{job=\"x\"}", "heap_free_bytes{device}",
		"heap_free_bytes{device=5}", "heap_free_bytes{device=\"x\"", "heap_free_bytes x", "heap_free_bytes{device=~\"x\"}" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_string_equal(codes_of(bad[i], "1"), "E501");
}

static void test_values(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		size_t count;
		double values[8]; // -1: none
	} rows[] = {
		{ "1 2  3", 3, { 1, 2, 3 } },
		{ "5x2", 3, { 5, 5, 5 } }, // once, and two times again
		{ "5x0", 1, { 5 } },
		{ "_", 1, { -1 } },
		{ "_x2 7", 3, { -1, -1, 7 } },
		{ "_x0 7", 1, { 7 } },
		{ "10+5x3", 4, { 10, 15, 20, 25 } },
		{ "10-5x2", 3, { 10, 5, 0 } },
		{ "1e3", 1, { 1000 } },
		{ "0.5+0.5x1", 2, { 0.5, 1 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(codes_of("heap_free_bytes", rows[i].text), "");
		assert_int_equal(series.count, rows[i].count);
		for (size_t k = 0; k < series.count; k++)
			if (rows[i].values[k] < 0 ? !isnan(series.values[k]) : series.values[k] != rows[i].values[k])
				fail_msg("%s: value %zu is %g", rows[i].text, k, series.values[k]);
		rule_series_free(&series);
	}
}

static void test_what_is_no_value(void **unused)
{
	(void)unused;
	static const char *const rows[] = { "x", "5x", "5+3", "5+x3", "__", "_+1x3", "stale", "nan", "inf", "5,6", "-1", "1x99999",
		"5x2y" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) // -1: never the number of bytes
		if (strcmp(codes_of("heap_free_bytes", rows[i]), "E501") != 0)
			fail_msg("%s", rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_is_no_value),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
