// SPDX-License-Identifier: Apache-2.0
// Units: what fits, and what products and quotients are.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/engine/unit.h"
#include "proto/metrics.h"

static void test_every_unit_of_the_metrics_is_known(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < MU_METRIC_COUNT; i++) {
		struct unit unit;
		if (!unit_find(mu_metric_words[i].unit, &unit))
			fail_msg("%s: unit %s", mu_metric_words[i].name, mu_metric_words[i].unit);
	}
	struct unit unit;
	assert_false(unit_find("furlongs", &unit));
}

static struct unit named(const char *name)
{
	struct unit unit = unit_any;
	assert_true(strcmp(name, "any") == 0 || unit_find(name, &unit));
	return unit;
}

static void test_what_fits(void **unused)
{
	(void)unused;
	static const struct {
		const char *a, *b;
		bool fits, same_scale;
	} rows[] = {
		{ "bytes", "bytes", true, true },
		{ "bytes", "any", true, true },
		{ "seconds", "milliseconds", true, false },
		{ "permille", "flag", true, false },
		{ "bytes", "seconds", false, true },
		{ "bytes", "bytes_per_hour", false, false }, // an amount is no rate
		{ "count", "bits", false, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct unit a = named(rows[i].a), b = named(rows[i].b);
		if (unit_fits(a, b) != rows[i].fits || unit_fits(b, a) != rows[i].fits || unit_same_scale(a, b) != rows[i].same_scale)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

static void test_products_and_quotients(void **unused)
{
	(void)unused;
	static const struct {
		const char *a, *b;
		char op;
		const char *result; // 0: none
	} rows[] = {
		{ "bytes", "any", '*', "bytes" },
		{ "any", "any", '*', "plain number" },
		{ "any", "permille", '*', "share" },
		{ "flag", "bytes", '*', "bytes" },
		{ "count", "bytes", '*', "bytes" },
		{ "flag", "count", '*', "count" },
		{ "count", "any", '*', "count" },
		{ "bytes_per_hour", "seconds", '*', "bytes" },
		{ "seconds", "bytes_per_hour", '*', "bytes" },
		{ "bytes_per_hour", "any", '*', "plain number" }, // deriv(x[1h]) * 3600
		{ "bytes", "seconds", '*', 0 },
		{ "dbm", "dbm", '*', 0 },
		{ "bytes", "bytes", '/', "share" },
		{ "count", "count", '/', "share" },
		{ "bytes", "count", '/', "bytes" },
		{ "bytes", "any", '/', "bytes" },
		{ "bytes", "seconds", '/', "bytes per second" },
		{ "any", "seconds", '/', "plain number" },
		{ "any", "bytes", '/', "plain number" },
		{ "any", "any", '/', "plain number" },
		{ "bytes", "dbm", '/', 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct unit result;
		char text[40];
		bool has = (rows[i].op == '*' ? unit_multiply : unit_divide)(named(rows[i].a), named(rows[i].b), &result);
		if (has != (rows[i].result != 0) || (has && strcmp(unit_text(result, text, sizeof text), rows[i].result) != 0))
			fail_msg("%s %c %s", rows[i].a, rows[i].op, rows[i].b);
	}
}

static void test_base_units(void **unused)
{
	(void)unused;
	struct unit base = unit_base(named("milliseconds"));
	assert_int_equal(base.dimension, DIMENSION_TIME);
	assert_true(unit_same_scale(base, unit_seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_unit_of_the_metrics_is_known),
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_products_and_quotients),
		cmocka_unit_test(test_base_units),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
