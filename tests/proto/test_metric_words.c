// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "proto/metrics.h"

static void test_each_says_what_it_means(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		assert_true(strlen(mu_metric_words[i].meaning) > 0);
	for (int i = 0; i < MU_LABEL_COUNT; i++)
		assert_true(strlen(mu_label_words[i].meaning) > 0);
}

// The unit is in the name, so that nobody has to look it up.
static void test_the_unit_is_in_the_name(void **unused)
{
	(void)unused;
	static const struct {
		const char *unit, *ending;
	} endings[] = { { "bytes", "_bytes" }, { "milliseconds", "_ms" }, { "seconds", "_s" }, { "permille", "_permille" },
		{ "dbm", "_dbm" } };

	for (int i = 0; i < MU_METRIC_COUNT; i++)
		for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
			size_t length = strlen(mu_metric_words[i].name), tail = strlen(endings[e].ending);
			if (strcmp(mu_metric_words[i].unit, endings[e].unit) == 0 &&
				strcmp(mu_metric_words[i].name + length - tail, endings[e].ending) != 0)
				fail_msg("%s is in %s", mu_metric_words[i].name, mu_metric_words[i].unit);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_says_what_it_means),
		cmocka_unit_test(test_the_unit_is_in_the_name),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
