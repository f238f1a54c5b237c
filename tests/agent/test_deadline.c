// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/deadline.h"

#define BEYOND (UINT64_C(1) << 32) // where 32 bits of milliseconds have run out

static void test_earlier(void **unused)
{
	(void)unused;
	assert_int_equal(mu_earlier(1, 2), 1);
	assert_int_equal(mu_earlier(BEYOND, 2), 2); // not by the low half
	assert_int_equal(mu_earlier(BEYOND + 1, BEYOND), BEYOND);
	assert_int_equal(mu_earlier(UINT64_MAX, 7), 7);
	assert_true(mu_earlier(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

static void test_once_in_a_period(void **unused)
{
	(void)unused;
	uint64_t next_ms = 0;
	assert_true(mu_due(&next_ms, 1000, 0)); // at once, also at the very first millisecond
	assert_false(mu_due(&next_ms, 1000, 999));
	assert_int_equal(next_ms, 1000); // a question that comes too early moves nothing
	assert_true(mu_due(&next_ms, 1000, 1500));
	assert_int_equal(next_ms, 2500); // from when it was done
	assert_true(mu_due(&next_ms, UINT32_MAX, BEYOND));
	assert_true(next_ms == BEYOND + UINT32_MAX);
	next_ms = UINT64_MAX;
	assert_false(mu_due(&next_ms, 1, BEYOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earlier),
		cmocka_unit_test(test_once_in_a_period),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
