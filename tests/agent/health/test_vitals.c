// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/health/vitals.h"

static struct mu_vitals vitals;
static struct mu_link_status link_now;
static int link_err, system_err;
static struct mu_system_vitals system_now;

static int link_status(void *context, struct mu_link_status *out)
{
	(void)context;
	*out = link_now;
	return link_err;
}

static int system_vitals(void *context, struct mu_system_vitals *out)
{
	(void)context;
	if (system_err < 0)
		return system_err;
	*out = system_now;
	return 0;
}

static const struct mu_link_port link_table = { .status = link_status };
static const struct mu_system_port system_table = { .vitals = system_vitals };
static const struct mu_port port = { .link = &link_table, .system = &system_table };

static int setup(void **unused)
{
	(void)unused;
	link_err = system_err = 0;
	link_now = (struct mu_link_status){ .up = true, .rssi_dbm = -60, .channel = 6 };
	system_now = (struct mu_system_vitals){ .heap_free_bytes = 150000, .heap_min_bytes = 140000, .heap_largest_bytes = 90000 };
	mu_vitals_init(&vitals);
	return 0;
}

static void test_least_rssi_is_kept_until_reported(void **unused)
{
	(void)unused;
	const int32_t heard[] = { -60, -83, -71 };
	assert_false(vitals.has_rssi_min);
	for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
		link_now.rssi_dbm = heard[i];
		assert_int_equal(mu_vitals_sample(&vitals, &port, i * 1000), 0);
	}
	assert_int_equal(vitals.link.rssi_dbm, -71);
	assert_true(vitals.has_rssi_min);
	assert_int_equal(vitals.rssi_min_dbm, -83);
	mu_vitals_reported(&vitals);
	assert_false(vitals.has_rssi_min);
	assert_int_equal(mu_vitals_sample(&vitals, &port, 4000), 0);
	assert_int_equal(vitals.rssi_min_dbm, -71);
}

static void test_link_that_is_down_or_a_wire_has_no_rssi(void **unused)
{
	(void)unused;
	link_now.up = false;
	mu_vitals_sample(&vitals, &port, 0);
	assert_false(vitals.has_link);
	assert_false(vitals.has_rssi_min);
	link_now = (struct mu_link_status){ .up = true, .rssi_dbm = 0 };
	mu_vitals_sample(&vitals, &port, 1000);
	assert_true(vitals.has_link);
	assert_false(vitals.has_rssi_min);
}

static void test_link_that_cannot_say_is_no_error(void **unused)
{
	(void)unused;
	link_err = MU_ERR_UNSUPPORTED;
	assert_int_equal(mu_vitals_sample(&vitals, &port, 0), 0);
	assert_false(vitals.has_link);
	assert_true(vitals.has_system);
}

static void test_low_water_is_the_least_of_both(void **unused)
{
	(void)unused;
	assert_int_equal(vitals.heap_low_bytes, UINT32_MAX);
	mu_vitals_sample(&vitals, &port, 0);
	assert_int_equal(vitals.heap_low_bytes, 140000); // the port's own mark
	system_now.heap_min_bytes = 0;                   // a port that keeps none
	system_now.heap_free_bytes = 120000;
	mu_vitals_sample(&vitals, &port, 1000);
	system_now.heap_free_bytes = 160000;
	mu_vitals_sample(&vitals, &port, 2000);
	assert_int_equal(vitals.heap_low_bytes, 120000);
}

static void test_a_failed_sample_keeps_the_last(void **unused)
{
	(void)unused;
	mu_vitals_sample(&vitals, &port, 0);
	system_err = MU_ERR_IO;
	assert_int_equal(mu_vitals_sample(&vitals, &port, 1000), MU_ERR_IO);
	assert_true(vitals.has_system);
	assert_int_equal(vitals.system.heap_free_bytes, 150000);
}

static void test_samples_feed_the_trend(void **unused)
{
	(void)unused;
	for (uint64_t now = 0; now <= 40000; now += 1000) {
		system_now.heap_free_bytes = 150000 - (uint32_t)now * 1024 / 1000;
		mu_vitals_sample(&vitals, &port, now);
	}
	assert_true(mu_heap_trend_leaking(&vitals.trend));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_least_rssi_is_kept_until_reported, setup),
		cmocka_unit_test_setup(test_link_that_is_down_or_a_wire_has_no_rssi, setup),
		cmocka_unit_test_setup(test_link_that_cannot_say_is_no_error, setup),
		cmocka_unit_test_setup(test_low_water_is_the_least_of_both, setup),
		cmocka_unit_test_setup(test_a_failed_sample_keeps_the_last, setup),
		cmocka_unit_test_setup(test_samples_feed_the_trend, setup),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
