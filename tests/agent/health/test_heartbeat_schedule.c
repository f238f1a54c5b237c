// SPDX-License-Identifier: Apache-2.0
// When a heartbeat is due. (What is in it: test_heartbeat.c.)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "agent/health/heartbeat.h"

static struct mu_heartbeat heartbeat;

static int setup(void **unused)
{
	(void)unused;
	return mu_heartbeat_init(&heartbeat, "dev-0001", 60000);
}

static void test_first_hours_of_a_device(void **unused)
{
	(void)unused;
	static const uint64_t early[] = { 5000, 10000, 20000, 40000 };
	uint64_t last = 0;
	for (size_t i = 0; i < sizeof early / sizeof *early; i++) {
		last = mu_heartbeat_next(&heartbeat);
		assert_int_equal(last, early[i]);
		mu_heartbeat_recorded(&heartbeat, true, last + 7); // a little late
	}
	uint64_t phase = mu_heartbeat_next(&heartbeat) % 60000;
	assert_in_range(mu_heartbeat_next(&heartbeat), 40008, 100007);
	for (int i = 0; i < 1000; i++) {
		last = mu_heartbeat_next(&heartbeat);
		assert_int_equal(last % 60000, phase);
		mu_heartbeat_recorded(&heartbeat, true, last + 900);
		assert_int_equal(mu_heartbeat_next(&heartbeat), last + 60000); // lateness does not add up
	}
}

// 1,000 devices switched on together: in no second of the minute report more than 40 (17 on average).
static void test_phases_spread(void **unused)
{
	(void)unused;
	unsigned in_second[60] = { 0 };
	for (int i = 0; i < 1000; i++) {
		struct mu_heartbeat one;
		char id[16];
		snprintf(id, sizeof id, "dev-%04d", i);
		mu_heartbeat_init(&one, id, 60000);
		mu_heartbeat_recorded(&one, true, 600000);
		in_second[mu_heartbeat_next(&one) / 1000 % 60]++;
	}
	for (int i = 0; i < 60; i++)
		assert_in_range(in_second[i], 1, 40);
}

static void test_a_short_interval_has_no_ramp(void **unused)
{
	(void)unused;
	assert_int_equal(mu_heartbeat_init(&heartbeat, "x", 1000), 0);
	assert_int_equal(mu_heartbeat_next(&heartbeat), 1000);
	mu_heartbeat_recorded(&heartbeat, true, 1000);
	assert_in_range(mu_heartbeat_next(&heartbeat), 1001, 2000);
}

static void test_sleeping_through_some_sends_one(void **unused)
{
	(void)unused;
	mu_heartbeat_recorded(&heartbeat, true, 3600000);
	assert_in_range(mu_heartbeat_next(&heartbeat), 3600001, 3660000);
}

static void test_intervals_out_of_range(void **unused)
{
	(void)unused;
	struct mu_heartbeat before = heartbeat;
	assert_int_equal(mu_heartbeat_init(&heartbeat, "x", 999), MU_ERR_RANGE);
	assert_int_equal(mu_heartbeat_init(&heartbeat, "x", 86400001), MU_ERR_RANGE);
	assert_int_equal(mu_heartbeat_report(&heartbeat, 999, 1000000, 0), MU_ERR_RANGE);
	assert_memory_equal(&heartbeat, &before, sizeof before);
}

// `report {interval, for}`: denser for a while, then as before, without being told.
static void test_a_report_reverts_by_itself(void **unused)
{
	(void)unused;
	mu_heartbeat_recorded(&heartbeat, true, 300000);
	assert_int_equal(mu_heartbeat_report(&heartbeat, 1000, 310000, 300500), 0);
	int count = 0;
	for (; mu_heartbeat_next(&heartbeat) <= 310000; count++)
		mu_heartbeat_recorded(&heartbeat, true, mu_heartbeat_next(&heartbeat));
	assert_in_range(count, 9, 10);
	assert_in_range(mu_heartbeat_next(&heartbeat), 310001, 370000);
	uint64_t usual = mu_heartbeat_next(&heartbeat);
	mu_heartbeat_recorded(&heartbeat, true, usual);
	assert_int_equal(mu_heartbeat_next(&heartbeat), usual + 60000);
}

// An hour between two, but only for ten minutes: afterwards no hour is waited for.
static void test_a_sparse_report_ends_in_time(void **unused)
{
	(void)unused;
	assert_int_equal(mu_heartbeat_report(&heartbeat, 3600000, 3600000 + 600000, 3600000), 0);
	assert_in_range(mu_heartbeat_next(&heartbeat), 3600001, 3600000 + 660000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_hours_of_a_device, setup),
		cmocka_unit_test_setup(test_phases_spread, setup),
		cmocka_unit_test_setup(test_a_short_interval_has_no_ramp, setup),
		cmocka_unit_test_setup(test_sleeping_through_some_sends_one, setup),
		cmocka_unit_test_setup(test_intervals_out_of_range, setup),
		cmocka_unit_test_setup(test_a_report_reverts_by_itself, setup),
		cmocka_unit_test_setup(test_a_sparse_report_ends_in_time, setup),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
