// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/health/liveness.h"

static struct mu_liveness liveness;

static int setup(void **unused)
{
	(void)unused;
	mu_liveness_init(&liveness);
	return 0;
}

static int stale(uint64_t now_ms)
{
	return mu_liveness_look(&liveness, now_ms).stale;
}

static int suspect(uint64_t now_ms)
{
	return mu_liveness_look(&liveness, now_ms).suspect;
}

static uint64_t next_ms(void)
{
	return mu_liveness_look(&liveness, 0).next_ms;
}

// Starts that a 32-bit clock would trip over: the wrap, just before it, and the sign bit.
static const uint64_t starts[] = { 0, UINT32_MAX - 10, UINT32_MAX, (UINT64_C(1) << 31) - 5, 50 * UINT64_C(86400000) };

static void test_fresh_through_the_deadline_then_stale(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		mu_liveness_init(&liveness);
		assert_int_equal(mu_liveness_add(&liveness, "network", 30000, starts[i]), 0);
		assert_int_equal(stale(starts[i] + 30000), MU_LIVENESS_NONE);
		assert_int_equal(next_ms(), starts[i] + 30001);
		assert_int_equal(stale(starts[i] + 30001), 0);
		mu_liveness_check_in(&liveness, 0, starts[i] + 30001);
		assert_int_equal(stale(starts[i] + 60001), MU_LIVENESS_NONE);
	}
}

static void test_the_first_to_go_stale_is_blamed(void **unused)
{
	(void)unused;
	assert_int_equal(mu_liveness_add(&liveness, "slow", 60000, 0), 0);
	assert_int_equal(mu_liveness_add(&liveness, "quick", 5000, 0), 1);
	assert_int_equal(mu_liveness_add(&liveness, "middle", 30000, 0), 2);
	mu_liveness_check_in(&liveness, 1, 40000);
	// quick was due at 45 s, middle at 30 s: at 70 s all three are stale, and middle went first.
	assert_int_equal(stale(70000), 2);
	assert_string_equal(mu_liveness_name(&liveness, 2), "middle");
}

static void test_who_rests_is_not_watched(void **unused)
{
	(void)unused;
	int writer = mu_liveness_add(&liveness, "ota-writer", 1000, 0);
	mu_liveness_rest(&liveness, writer);
	assert_int_equal(stale(1000000), MU_LIVENESS_NONE);
	assert_int_equal(next_ms(), UINT64_MAX);
	mu_liveness_check_in(&liveness, writer, 1000000);
	assert_int_equal(liveness.late_ms, 0); // a rest is no lateness
	assert_int_equal(stale(1001001), writer);
}

// Who has used up the most of its time, from half of it on; who rests has none to use up.
static void test_the_suspect_is_who_used_up_most(void **unused)
{
	(void)unused;
	assert_int_equal(suspect(1000), MU_LIVENESS_NONE);
	assert_int_equal(mu_liveness_add(&liveness, "long", 100000, 0), 0);
	assert_int_equal(mu_liveness_add(&liveness, "short", 2000, 50000), 1);
	assert_int_equal(suspect(50000), MU_LIVENESS_NONE);
	assert_int_equal(suspect(50900), 0); // 50.9 % against 45 %, though the other is due first
	assert_int_equal(suspect(51500), 1);
	mu_liveness_rest(&liveness, 1);
	assert_int_equal(suspect(60000), 0);
	mu_liveness_check_in(&liveness, 0, 60000);
	assert_int_equal(suspect(60001), MU_LIVENESS_NONE);
}

static void test_lateness_is_the_longest_silence(void **unused)
{
	(void)unused;
	int a = mu_liveness_add(&liveness, "a", 30000, 0), b = mu_liveness_add(&liveness, "b", 30000, 0);
	mu_liveness_check_in(&liveness, a, 4000);
	mu_liveness_check_in(&liveness, b, 9000);
	mu_liveness_check_in(&liveness, a, 12000);
	assert_int_equal(liveness.late_ms, 9000);
}

// Three quarters of the deadline are gone: each row is the silence before a check-in, or up to the look.
static void test_a_close_call_is_told_once(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t silent_ms;
		bool checks_in;
		uint32_t close_calls;
	} rows[] = {
		{ 3000, true, 0 }, // just three quarters
		{ 3020, true, 1 << 1 },
		{ 4000, true, 1 << 1 },
		{ 3020, false, 1 << 1 }, // still silent
		{ 10, false, 0 }, // alive again
	};
	uint64_t now_ms = UINT32_MAX - 5000u;
	mu_liveness_add(&liveness, "other", 3600000, 0);
	mu_liveness_check_in(&liveness, 0, now_ms);
	mu_liveness_look(&liveness, now_ms); // at the start it used up its hour
	mu_liveness_add(&liveness, "pump", 4000, now_ms);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		now_ms += rows[i].silent_ms;
		if (rows[i].checks_in)
			mu_liveness_check_in(&liveness, 1, now_ms);
		assert_int_equal(mu_liveness_look(&liveness, now_ms).close_calls, rows[i].close_calls);
		mu_liveness_check_in(&liveness, 1, now_ms);
		mu_liveness_look(&liveness, now_ms);
	}
	now_ms += 3900;
	mu_liveness_rest(&liveness, 1); // a rest is no silence, however long
	now_ms += 3600000;
	mu_liveness_check_in(&liveness, 1, now_ms);
	mu_liveness_check_in(&liveness, 0, now_ms);
	assert_int_equal(mu_liveness_look(&liveness, now_ms).close_calls, 1 << 0); // of the other's hour nothing was left
	assert_int_equal(mu_liveness_look(&liveness, now_ms).close_calls, 0);
}

// Nobody's close call hides another's.
static void test_each_close_call_is_told(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_LIVENESS_MAX; i++)
		assert_int_equal(mu_liveness_add(&liveness, "token", 4000, 0), i);
	mu_liveness_check_in(&liveness, 3, 3900);
	mu_liveness_check_in(&liveness, 15, 3950);
	assert_int_equal(mu_liveness_look(&liveness, 3990).close_calls, 0xFFFF);
	for (int i = 0; i < MU_LIVENESS_MAX; i++)
		mu_liveness_check_in(&liveness, i, 4000);
	assert_int_equal(mu_liveness_look(&liveness, 4001).close_calls, 0xFFFF & ~(1 << 3 | 1 << 15)); // those two were just here
	assert_int_equal(mu_liveness_look(&liveness, 4001).close_calls, 0);
}

// Another thread read its clock a little later than the one that checks.
static void test_a_check_in_from_the_future_is_fresh(void **unused)
{
	(void)unused;
	int token = mu_liveness_add(&liveness, "app", 1000, 100);
	mu_liveness_check_in(&liveness, token, 5000);
	assert_int_equal(stale(4990), MU_LIVENESS_NONE);
	mu_liveness_check_in(&liveness, token, 4995);
	assert_int_equal(stale(6000), MU_LIVENESS_NONE);
	assert_int_equal(stale(6001), token);
}

static const struct {
	const char *name;
	uint32_t deadline_ms;
	int result;
} adds[] = {
	{ "x", 30000, 0 },
	{ "fifteen-letters", 30000, 1 },
	{ "sixteen--letters", 30000, MU_ERR_INVALID },
	{ "", 30000, MU_ERR_INVALID },
	{ NULL, 30000, MU_ERR_INVALID },
	{ "line\nbreak", 30000, MU_ERR_INVALID },
	{ "soon", 99, MU_ERR_RANGE },
	{ "late", 3600001, MU_ERR_RANGE },
	{ "edge", 3600000, 2 },
};

static void test_names_and_deadlines(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof adds / sizeof *adds; i++)
		assert_int_equal(mu_liveness_add(&liveness, adds[i].name, adds[i].deadline_ms, 0), adds[i].result);
}

static void test_sixteen_and_no_more(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_LIVENESS_MAX; i++)
		assert_int_equal(mu_liveness_add(&liveness, "t", 1000, 0), i);
	int none = mu_liveness_add(&liveness, "t", 1000, 0);
	assert_int_equal(none, MU_ERR_FULL);
	// The caller may go on with what it got.
	mu_liveness_check_in(&liveness, none, 500);
	mu_liveness_check_in(&liveness, 16, 500);
	mu_liveness_rest(&liveness, none);
	assert_string_equal(mu_liveness_name(&liveness, none), "");
	assert_int_equal(stale(1001), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_fresh_through_the_deadline_then_stale, setup),
		cmocka_unit_test_setup(test_the_first_to_go_stale_is_blamed, setup),
		cmocka_unit_test_setup(test_who_rests_is_not_watched, setup),
		cmocka_unit_test_setup(test_the_suspect_is_who_used_up_most, setup),
		cmocka_unit_test_setup(test_lateness_is_the_longest_silence, setup),
		cmocka_unit_test_setup(test_a_close_call_is_told_once, setup),
		cmocka_unit_test_setup(test_each_close_call_is_told, setup),
		cmocka_unit_test_setup(test_a_check_in_from_the_future_is_fresh, setup),
		cmocka_unit_test_setup(test_names_and_deadlines, setup),
		cmocka_unit_test_setup(test_sixteen_and_no_more, setup),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
