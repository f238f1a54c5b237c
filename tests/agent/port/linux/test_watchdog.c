// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/port/linux/watchdog.h"

static void test_deadline_follows_the_feeding(void **unused)
{
	(void)unused;
	struct mu_virtual_watchdog watchdog;
	mu_virtual_watchdog_reset(&watchdog);
	assert_true(mu_virtual_watchdog_deadline(&watchdog) == UINT64_MAX);
	mu_virtual_watchdog_feed(&watchdog, 100); // not armed: nothing bites
	assert_true(mu_virtual_watchdog_deadline(&watchdog) == UINT64_MAX);
	assert_int_equal(mu_virtual_watchdog_arm(&watchdog, 1000, 0), MU_ERR_RANGE);
	assert_int_equal(mu_virtual_watchdog_arm(&watchdog, 1000, 30000), 0);
	assert_true(mu_virtual_watchdog_deadline(&watchdog) == 31000);
	mu_virtual_watchdog_feed(&watchdog, 2000);
	assert_true(mu_virtual_watchdog_deadline(&watchdog) == 32000);
	mu_virtual_watchdog_reset(&watchdog);
	assert_true(mu_virtual_watchdog_deadline(&watchdog) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_deadline_follows_the_feeding) };
	return cmocka_run_group_tests(tests, 0, 0);
}
