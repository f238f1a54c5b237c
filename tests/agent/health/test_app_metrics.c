// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>
#include "agent/health/app_metrics.h"

static struct mu_app_metrics metrics;
static Mu__AppMetric storage[MU_APP_METRICS_MAX];
static Mu__AppMetric *list[MU_APP_METRICS_MAX];

static int setup(void **unused)
{
	(void)unused;
	mu_app_metrics_init(&metrics);
	return 0;
}

static const struct {
	const char *name;
	int result;
} names[] = {
	{ "pump_rpm", 0 },
	{ "t1", 1 },
	{ "pump_rpm", 0 }, // the same metric
	{ "fifteen_letters", 2 },
	{ "sixteen__letters", MU_ERR_INVALID },
	{ "", MU_ERR_INVALID },
	{ NULL, MU_ERR_INVALID },
	{ "1st", MU_ERR_INVALID },
	{ "_x", MU_ERR_INVALID },
	{ "Upper", MU_ERR_INVALID },
	{ "a b", MU_ERR_INVALID },
	{ "gr\xC3\xBC", MU_ERR_INVALID },
};

static void test_names(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(mu_app_metrics_add(&metrics, names[i].name), names[i].result);
	char *out[MU_APP_METRICS_MAX];
	assert_int_equal(mu_app_metrics_names(&metrics, out), 3);
	assert_string_equal(out[2], "fifteen_letters");
}

static void test_sixteen_and_no_more(void **unused)
{
	(void)unused;
	char name[] = "metric_a";
	for (int i = 0; i < MU_APP_METRICS_MAX; i++, name[7]++)
		assert_int_equal(mu_app_metrics_add(&metrics, name), i);
	assert_int_equal(mu_app_metrics_add(&metrics, name), MU_ERR_FULL);
	assert_int_equal(mu_app_metrics_add(&metrics, "metric_a"), 0);
}

static void test_only_values_are_sent(void **unused)
{
	(void)unused;
	mu_app_metrics_add(&metrics, "a");
	int b = mu_app_metrics_add(&metrics, "b"), c = mu_app_metrics_add(&metrics, "c");
	assert_int_equal(mu_app_metrics_fill(&metrics, false, storage, list), 0);
	assert_int_equal(mu_app_metrics_integer(&metrics, b, -5), 0);
	assert_int_equal(mu_app_metrics_real(&metrics, c, 0.5), 0);
	assert_int_equal(mu_app_metrics_fill(&metrics, false, storage, list), 2);
	assert_int_equal(list[0]->index, b);
	assert_int_equal(list[0]->value_case, MU__APP_METRIC__VALUE_INTEGER);
	assert_int_equal(list[0]->integer, -5);
	assert_int_equal(list[1]->index, c);
	assert_int_equal(list[1]->value_case, MU__APP_METRIC__VALUE_REAL);
	assert_true(list[1]->real == 0.5);
}

static void test_changed_only(void **unused)
{
	(void)unused;
	int a = mu_app_metrics_add(&metrics, "a"), b = mu_app_metrics_add(&metrics, "b");
	mu_app_metrics_integer(&metrics, a, 1);
	mu_app_metrics_integer(&metrics, b, 2);
	assert_int_equal(mu_app_metrics_fill(&metrics, true, storage, list), 2);
	mu_app_metrics_reported(&metrics);
	mu_app_metrics_integer(&metrics, a, 1); // set anew, to the same
	mu_app_metrics_integer(&metrics, b, 3);
	assert_int_equal(mu_app_metrics_fill(&metrics, true, storage, list), 1);
	assert_int_equal(list[0]->index, b);
	mu_app_metrics_reported(&metrics);
	mu_app_metrics_real(&metrics, a, 1.0); // the same number as another type is a change
	assert_int_equal(mu_app_metrics_fill(&metrics, true, storage, list), 1);
	assert_int_equal(mu_app_metrics_fill(&metrics, false, storage, list), 2);
}

static void test_what_is_no_number_is_refused(void **unused)
{
	(void)unused;
	int a = mu_app_metrics_add(&metrics, "a");
	mu_app_metrics_real(&metrics, a, 1.5);
	assert_int_equal(mu_app_metrics_real(&metrics, a, NAN), MU_ERR_RANGE);
	assert_int_equal(mu_app_metrics_real(&metrics, a, INFINITY), MU_ERR_RANGE);
	assert_int_equal(mu_app_metrics_real(&metrics, a, -INFINITY), MU_ERR_RANGE);
	assert_true(metrics.metric[a].value.real == 1.5);
	assert_int_equal(mu_app_metrics_real(&metrics, a, 1.7e308), 0);
}

static void test_no_such_index(void **unused)
{
	(void)unused;
	mu_app_metrics_add(&metrics, "a");
	assert_int_equal(mu_app_metrics_integer(&metrics, 1, 0), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_app_metrics_integer(&metrics, MU_ERR_FULL, 0), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_app_metrics_real(&metrics, 16, 0), MU_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_names, setup),
		cmocka_unit_test_setup(test_sixteen_and_no_more, setup),
		cmocka_unit_test_setup(test_only_values_are_sent, setup),
		cmocka_unit_test_setup(test_changed_only, setup),
		cmocka_unit_test_setup(test_what_is_no_number_is_refused, setup),
		cmocka_unit_test_setup(test_no_such_index, setup),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
