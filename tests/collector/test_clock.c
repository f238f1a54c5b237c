// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "collector/clock.h"

static uint64_t read_us(clockid_t clock)
{
	struct timespec t;
	assert_int_equal(clock_gettime(clock, &t), 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

// Between two looks at the system's own clock: the right clock, the right unit, no rounding up.
static void test_each_clock_in_its_unit(void **unused)
{
	(void)unused;
	uint64_t before_us = read_us(CLOCK_MONOTONIC);
	uint64_t us = clock_monotonic_us(), ms = clock_monotonic_ms();
	uint64_t after_us = read_us(CLOCK_MONOTONIC);
	assert_true(us >= before_us && us <= after_us);
	assert_true(ms >= before_us / 1000 && ms <= after_us / 1000);
}

// This one is stored and shown: milliseconds since 1970, not since boot.
static void test_wall_time_is_since_1970(void **unused)
{
	(void)unused;
	uint64_t ms = clock_wall_ms();
	int64_t away_ms = (int64_t)ms - (int64_t)(read_us(CLOCK_REALTIME) / 1000);
	assert_true(away_ms > -5000 && away_ms < 5000); // the clock may be set while this runs, but hardly by more
	assert_true(ms > UINT64_C(1577836800000)); // 2020: seconds or microseconds would be far off
	assert_true(ms < UINT64_C(4102444800000)); // 2100
}

static void test_never_goes_back(void **unused)
{
	(void)unused;
	uint64_t last_us = 0;
	for (int i = 0; i < 10000; i++) {
		uint64_t us = clock_monotonic_us();
		assert_true(us >= last_us);
		last_us = us;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_clock_in_its_unit),
		cmocka_unit_test(test_wall_time_is_since_1970),
		cmocka_unit_test(test_never_goes_back),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
