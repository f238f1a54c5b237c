// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/uplink/rate.h"

static unsigned take_all(struct mu_rate *rate, uint64_t now_ms)
{
	unsigned taken = 0;
	while (taken < 5000 && mu_rate_take(rate, now_ms))
		taken++;
	return taken;
}

// From a full bucket: how many go at once, and how many more after a wait.
static void test_burst_and_rate(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t per_minute, burst;
		uint64_t wait_ms;
		unsigned at_once, after;
	} rows[] = {
		{ 10, 20, 6000, 20, 1 }, // exactly one token's time
		{ 10, 20, 5999, 20, 0 }, // a millisecond less is not enough
		{ 10, 20, 60000, 20, 10 },
		{ 10, 20, 3600000, 20, 20 }, // never more than the burst, however long nobody asks
		{ 30, 30, UINT64_MAX / 2, 30, 30 }, // no overflow on the way
		{ 1, 1, 59999, 1, 0 },
		{ 1, 1, 60000, 1, 1 },
		{ 0, 0, 60000, 1, 1 }, // out of range: moved into it, never shut for good
		{ 5000, 5000, 60000, MU_RATE_MAX, MU_RATE_MAX },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_rate rate;
		mu_rate_init(&rate, rows[i].per_minute, rows[i].burst, 1000);
		assert_int_equal(take_all(&rate, 1000), rows[i].at_once);
		assert_int_equal(take_all(&rate, 1000 + rows[i].wait_ms), rows[i].after);
	}
}

// A token's parts add up: asking often must not round them away.
static void test_asking_often_earns_the_same(void **unused)
{
	(void)unused;
	struct mu_rate rate;
	unsigned taken = 0;
	mu_rate_init(&rate, 7, 2, 1);
	for (uint64_t now_ms = 1; now_ms <= 600000; now_ms++)
		taken += mu_rate_take(&rate, now_ms);
	assert_int_equal(taken, 2 + 69); // the burst, and 599 999 ms at 7 a minute
}

static void test_each_refusal_is_counted(void **unused)
{
	(void)unused;
	struct mu_rate rate;
	mu_rate_init(&rate, 10, 2, 0);
	for (int i = 0; i < 9; i++)
		mu_rate_take(&rate, 0);
	assert_int_equal(rate.refused, 7);
	rate.refused = UINT32_MAX;
	assert_false(mu_rate_take(&rate, 0));
	assert_int_equal(rate.refused, UINT32_MAX); // does not begin again at 0
}

static void test_time_that_goes_back_gives_nothing(void **unused)
{
	(void)unused;
	struct mu_rate rate;
	mu_rate_init(&rate, 60, 1, 100000);
	assert_true(mu_rate_take(&rate, 100000));
	assert_false(mu_rate_take(&rate, 0));
	assert_false(mu_rate_take(&rate, 100500));
	assert_true(mu_rate_take(&rate, 101000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_and_rate),
		cmocka_unit_test(test_asking_often_earns_the_same),
		cmocka_unit_test(test_each_refusal_is_counted),
		cmocka_unit_test(test_time_that_goes_back_gives_nothing),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
