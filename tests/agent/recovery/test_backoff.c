// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/recovery/backoff.h"

enum { SPREAD_MS = 15000 };
#define MOST UINT32_MAX // the random number that gives the whole delay
#define HALF 0x80000000u

// Each row: the n-th failure in a row waits at most so long.
static const uint32_t delays_ms[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };

static void test_failures_double_up_to_a_minute(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	for (size_t i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++)
		assert_int_equal(mu_backoff_failed_ms(&backoff, MOST), delays_ms[i]);
	for (int i = 0; i < 100000; i++) // never wraps, however long it goes on
		assert_int_equal(mu_backoff_failed_ms(&backoff, MOST), 60000);
}

// Full jitter: the random number decides all of the delay, down to nothing; not a quarter on top of it.
static void test_jitter_is_full(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	backoff.failures = 6;
	assert_int_equal(mu_backoff_failed_ms(&backoff, 0), 0);
	assert_in_range(mu_backoff_failed_ms(&backoff, HALF), 29990, 30010);
	assert_in_range(mu_backoff_failed_ms(&backoff, HALF / 2), 14990, 15010);
}

static void test_lost_session_is_spread(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	for (int i = 0; i < 5; i++)
		mu_backoff_failed_ms(&backoff, MOST);
	mu_backoff_opened(&backoff, 1000);
	mu_backoff_held(&backoff); // an Ack came
	assert_int_equal(mu_backoff_lost_ms(&backoff, 2000, MOST), SPREAD_MS);
	assert_int_equal(backoff.failures, 0); // and the doubling starts anew
	mu_backoff_opened(&backoff, 10000);
	assert_int_equal(mu_backoff_lost_ms(&backoff, 10000 + 60000, HALF), SPREAD_MS / 2); // held by its age alone
}

// The one that is left out nearly everywhere: accepted, then dropped at once, must not start from one second each time.
static void test_accepted_and_dropped_goes_on_doubling(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	for (size_t i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
		mu_backoff_opened(&backoff, i * 100000);
		assert_int_equal(mu_backoff_lost_ms(&backoff, i * 100000 + 59999, MOST), delays_ms[i]);
	}
}

// A fleet that lost its broker and does not get it back at once: retries within seconds would come on top of the first tries that are still to
// come. From the loss on nobody comes back within less than twice the spread, until a session holds again.
static void test_retries_after_a_loss_stay_spread(void **unused)
{
	(void)unused;
	static const uint32_t after_ms[] = { 30000, 30000, 30000, 30000, 30000, 32000, 60000, 60000 };
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	mu_backoff_opened(&backoff, 0);
	assert_int_equal(mu_backoff_lost_ms(&backoff, 100000, MOST), SPREAD_MS);
	for (size_t i = 0; i < sizeof after_ms / sizeof *after_ms; i++)
		assert_int_equal(mu_backoff_failed_ms(&backoff, MOST), after_ms[i]);
	mu_backoff_opened(&backoff, 200000); // accepted and dropped: still spread
	assert_int_equal(mu_backoff_lost_ms(&backoff, 200001, MOST), 60000);
	mu_backoff_opened(&backoff, 300000);
	assert_true(mu_backoff_settle(&backoff, 400000));
	assert_int_equal(mu_backoff_failed_ms(&backoff, MOST), 1000);
}

// An access point without room: half a minute at once, five in the end.
static void test_eased_failures_wait_long(void **unused)
{
	(void)unused;
	static const uint32_t eased_ms[] = { 30000, 60000, 120000, 240000, 300000, 300000 };
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	for (size_t i = 0; i < sizeof eased_ms / sizeof *eased_ms; i++)
		assert_int_equal(mu_backoff_eased_ms(&backoff, MOST), eased_ms[i]);
	assert_int_equal(mu_backoff_eased_ms(&backoff, 0), 0);
	assert_int_equal(mu_backoff_failed_ms(&backoff, MOST), 60000); // one count for both
	for (int i = 0; i < 100000; i++)
		assert_int_equal(mu_backoff_eased_ms(&backoff, MOST), 300000);
}

static void test_loss_without_a_session_is_a_failure(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	mu_backoff_held(&backoff); // an Ack of a session that is gone says nothing
	assert_int_equal(mu_backoff_lost_ms(&backoff, 1000000, MOST), 1000);
	assert_false(mu_backoff_settle(&backoff, 2000000));
}

static void test_settle_forgets_only_what_held(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, SPREAD_MS);
	mu_backoff_failed_ms(&backoff, MOST);
	mu_backoff_opened(&backoff, 1000);
	assert_false(mu_backoff_settle(&backoff, 60999));
	assert_int_equal(backoff.failures, 1);
	assert_true(mu_backoff_settle(&backoff, 61000));
	assert_int_equal(backoff.failures, 0);
}

static void test_spread_is_bounded(void **unused)
{
	(void)unused;
	struct mu_backoff backoff;
	mu_backoff_init(&backoff, UINT32_MAX);
	mu_backoff_opened(&backoff, 0);
	assert_int_equal(mu_backoff_lost_ms(&backoff, 100000, MOST), 3600000);
	mu_backoff_init(&backoff, 0);
	mu_backoff_opened(&backoff, 0);
	assert_int_equal(mu_backoff_lost_ms(&backoff, 100000, MOST), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures_double_up_to_a_minute),
		cmocka_unit_test(test_jitter_is_full),
		cmocka_unit_test(test_lost_session_is_spread),
		cmocka_unit_test(test_accepted_and_dropped_goes_on_doubling),
		cmocka_unit_test(test_retries_after_a_loss_stay_spread),
		cmocka_unit_test(test_eased_failures_wait_long),
		cmocka_unit_test(test_loss_without_a_session_is_a_failure),
		cmocka_unit_test(test_settle_forgets_only_what_held),
		cmocka_unit_test(test_spread_is_bounded),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
