// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/ingest/identity.h"

enum { NOW_MS = 1000000 };

static void test_ten_in_a_minute_is_said_once(void **unused)
{
	(void)unused;
	struct identity *identity = identity_new();
	for (int i = 1; i <= 25; i++)
		assert_int_equal(identity_online(identity, 3, NOW_MS + (uint64_t)i * 100), i == IDENTITY_ONLINES);
	assert_false(identity_online(identity, 2000, NOW_MS)); // another device has its own count
	identity_free(identity);
}

static void test_a_device_that_sleeps_often_is_not_blamed(void **unused)
{
	(void)unused;
	struct identity *identity = identity_new();
	for (uint64_t i = 0; i < 100; i++)
		assert_false(identity_online(identity, 0, NOW_MS + i * 10000)); // six a minute
	identity_free(identity);
}

static void test_clock_that_goes_back_begins_anew(void **unused)
{
	(void)unused;
	struct identity *identity = identity_new();
	for (int i = 1; i < IDENTITY_ONLINES; i++)
		assert_false(identity_online(identity, 0, NOW_MS));
	assert_false(identity_online(identity, 0, NOW_MS - 5000));
	identity_free(identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ten_in_a_minute_is_said_once),
		cmocka_unit_test(test_a_device_that_sleeps_often_is_not_blamed),
		cmocka_unit_test(test_clock_that_goes_back_begins_anew),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
