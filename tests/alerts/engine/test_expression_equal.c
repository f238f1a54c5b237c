// SPDX-License-Identifier: Apache-2.0
// Expressions that say the same.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "alerts/engine/expression_equal.h"
#include "tests/alerts/engine/written.h"

static bool are_equal(const char *a, const char *b)
{
	struct written written[2];
	struct expression expressions[2];
	const char *texts[] = { a, b };
	for (unsigned i = 0; i < 2; i++) {
		written_begin(&written[i], texts[i]);
		expression_read(&expressions[i], &written[i].where);
		assert_non_null(expressions[i].root);
	}
	bool equal = expression_equal(expressions[0].root, expressions[1].root);
	for (unsigned i = 0; i < 2; i++) {
		expression_free(&expressions[i]);
		written_end(&written[i]);
	}
	return equal;
}

static void test_rows(void **unused)
{
	(void)unused;
	static const struct {
		const char *a, *b;
		bool is_equal;
	} rows[] = {
		{ "a<5", "( a < 5 )", true },
		{ "a < 5", "a <= 5", false },
		{ "a < 5", "b < 5", false },
		{ "a < 5", "a < 6", false },
		{ "a < 5", "a < bool 5", false },
		{ "a < 5s", "a < 5000ms", true },
		{ "f(a[5m])", "f(a[6m])", false },
		{ "f(a[5m])", "f(a)", false },
		{ "a in (b, c)", "a in (b, c)", true },
		{ "a in (b, c)", "a in (b)", false },
		{ "a in (b)", "a not in (b)", false },
		{ "f(e{x=\"1\"}[5m])", "f(e{x!=\"1\"}[5m])", false },
		{ "f(e{x=\"1\"}[5m])", "f(e{x=\"2\"}[5m])", false },
		{ "f(e{x=\"1\"}[5m])", "f(e[5m])", false },
		{ "f(e{x=\"1\"}[5m])", "f(e{x='1'}[5m])", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (are_equal(rows[i].a, rows[i].b) != rows[i].is_equal)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	assert_true(expression_equal(0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
