// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "alerts/notify/backoff.h"

// Each row: the n-th failure in a row, and the range its wait must lie in.
static const struct {
	unsigned failure;
	uint32_t least_ms, most_ms;
} rows[] = {
	{ 1, 500, 1000 },
	{ 2, 1000, 2000 },
	{ 6, 16000, 32000 },
	{ 7, 30000, 60000 },   // the doubling ends at the most
	{ 40, 30000, 60000 },  // and never overflows
};

static uint32_t wait_of(unsigned failure, uint32_t random, uint64_t asked_ms)
{
	struct backoff backoff = { 0 };
	for (unsigned i = 1; i < failure; i++)
		backoff_fail(&backoff, 0, 0);
	return backoff_fail(&backoff, random, asked_ms);
}

static void test_it_doubles_up_to_the_most(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(wait_of(rows[i].failure, 0, 0), rows[i].most_ms);
		assert_int_equal(wait_of(rows[i].failure, rows[i].most_ms / 2, 0), rows[i].least_ms); // the most that is taken off
		for (uint32_t random = 1; random < 4000000000U; random += 123456789) {
			uint32_t wait_ms = wait_of(rows[i].failure, random, 0);
			assert_in_range(wait_ms, rows[i].least_ms, rows[i].most_ms);
		}
	}
}

// What is asked for is the least, but an absurd number does not silence us for days.
static void test_retry_after(void **state)
{
	(void)state;
	assert_int_equal(wait_of(1, 0, 7000), 7000);
	assert_int_equal(wait_of(7, 0, 7000), 60000);
	assert_int_equal(wait_of(1, 0, UINT64_MAX), BACKOFF_ASKED_MOST_MS);
}

static void test_success_begins_anew(void **state)
{
	(void)state;
	struct backoff backoff = { 0 };
	backoff_fail(&backoff, 0, 0);
	backoff_fail(&backoff, 0, 0);
	backoff_reset(&backoff);
	assert_int_equal(backoff_fail(&backoff, 0, 0), BACKOFF_FIRST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_doubles_up_to_the_most),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_success_begins_anew),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
