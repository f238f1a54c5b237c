// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/port/linux/clock.h"

static void test_rtc_runs_until_the_power_goes(void **unused)
{
	(void)unused;
	struct mu_virtual_rtc rtc;
	uint64_t wall_ms = 0;
	mu_virtual_rtc_power_on(&rtc);
	assert_int_equal(mu_virtual_rtc_read(&rtc, 5000, &wall_ms), MU_ERR_NOT_FOUND);
	mu_virtual_rtc_write(&rtc, 5000, 1800000000000);
	assert_int_equal(mu_virtual_rtc_read(&rtc, 5000, &wall_ms), 0);
	assert_true(wall_ms == 1800000000000);
	assert_int_equal(mu_virtual_rtc_read(&rtc, 65000, &wall_ms), 0);
	assert_true(wall_ms == 1800000060000);
	mu_virtual_rtc_power_on(&rtc);
	assert_int_equal(mu_virtual_rtc_read(&rtc, 66000, &wall_ms), MU_ERR_NOT_FOUND);
}

// Monotonic time passes when CPU time does, and both go one way.
static void test_clocks_of_this_computer(void **unused)
{
	(void)unused;
	uint64_t start_ms = mu_monotonic_ms(), start_us = mu_thread_cpu_us();
	while (mu_thread_cpu_us() - start_us < 5000)
		;
	assert_true(mu_monotonic_ms() - start_ms >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rtc_runs_until_the_power_goes),
		cmocka_unit_test(test_clocks_of_this_computer) };
	return cmocka_run_group_tests(tests, 0, 0);
}
