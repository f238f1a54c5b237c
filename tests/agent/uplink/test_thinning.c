// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/thinning.h"
#include "muster.pb-c.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

// A day of one boot: how many are kept, and how far apart at most.
static const struct {
	uint32_t interval_ms, jitter_ms;
	unsigned least, most; // kept
	uint32_t apart_ms;
} days[] = {
	{ 60 * SECOND, 0, 96, 96, 15 * MINUTE },
	{ 60 * SECOND, 50, 96, 103, 15 * MINUTE }, // a late heartbeat must not make the next kept one come a minute late
	{ SECOND, 0, 96, 97, 15 * MINUTE }, // frequent ones fill archive no faster
	{ 7 * MINUTE, 0, 102, 103, 14 * MINUTE },
	{ 15 * MINUTE, 0, 96, 96, 15 * MINUTE },
	{ HOUR, 0, 24, 24, HOUR }, // rare ones are all kept
};

static void test_a_day_by_interval(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		struct mu_thinning thinning = { .any = false };
		uint64_t kept_ms = 0, apart_ms = 0;
		unsigned kept = 0, number = 0;
		for (uint64_t now_ms = 0; now_ms < 24 * HOUR; now_ms += days[i].interval_ms, number++) {
			uint64_t at_ms = now_ms + number * 7919 % (days[i].jitter_ms + 1);
			const struct mu_stamp stamp = { .boot = 4, .uptime_ms = at_ms };
			if (!mu_thinning_keep(&thinning, &stamp))
				continue;
			apart_ms = kept && at_ms - kept_ms > apart_ms ? at_ms - kept_ms : apart_ms;
			kept_ms = at_ms;
			kept++;
		}
		assert_in_range(kept, days[i].least, days[i].most);
		assert_in_range(apart_ms, 1, days[i].apart_ms + days[i].jitter_ms);
	}
}

// Rows go one after the other through one thinning: the distance to the one before says whether it is kept.
static void test_across_boots(void **unused)
{
	(void)unused;
	static const struct {
		struct mu_stamp stamp;
		bool keep;
	} rows[] = {
		{ { 1, 0, MINUTE, 0 }, true }, // the first one
		{ { 1, 0, 2 * MINUTE, 0 }, false },
		{ { 2, 0, 4 * MINUTE, 0 }, false }, // no wall time: 4 minutes of uptime and one of interval
		{ { 3, 0, 9 * MINUTE, 0 }, true },
		{ { 3, 2, 10 * MINUTE, 100 * HOUR }, false },
		{ { 4, 2, 10, 100 * HOUR + 2 * MINUTE }, false }, // wall time on both sides: 2 minutes
		{ { 5, 2, 10, 100 * HOUR + 40 * MINUTE }, true }, // ... 38: it was off
		{ { 6, 2, 10, 99 * HOUR }, false }, // the clock was set back: 10 ms and an interval
		{ { 6, 2, 10 + MINUTE, 99 * HOUR + 1 }, false }, // within a boot uptime counts
	};
	struct mu_thinning thinning = { .any = false };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(mu_thinning_keep(&thinning, &rows[i].stamp), rows[i].keep);
}

// Boots that die young are told by their Boot records; their heartbeats must not push everything else out.
static void test_a_boot_loop_keeps_no_heartbeat_a_boot(void **unused)
{
	(void)unused;
	struct mu_thinning thinning = { .any = false };
	unsigned kept = 0;
	for (uint32_t boot = 1; boot <= 600; boot++) {
		const struct mu_stamp stamp = { .boot = boot, .uptime_ms = 6 * SECOND };
		kept += mu_thinning_keep(&thinning, &stamp);
	}
	assert_in_range(kept, 30, 50); // each counts as its 6 s and a minute
}

static void test_a_new_life_goes_on_behind_what_was_kept(void **unused)
{
	(void)unused;
	struct mu_thinning thinning = { .any = false };
	const struct mu_stamp kept = { .boot = 7, .uptime_ms = HOUR }, soon = { .boot = 7, .uptime_ms = HOUR + 5 * MINUTE };
	const struct mu_stamp later = { .boot = 7, .uptime_ms = HOUR + 14 * MINUTE };
	const struct mu_stamp next_boot = { .boot = 8, .uptime_ms = MINUTE };
	mu_thinning_kept(&thinning, &kept);
	assert_false(mu_thinning_keep(&thinning, &soon));
	assert_true(mu_thinning_keep(&thinning, &later));
	mu_thinning_kept(&thinning, &kept);
	assert_true(mu_thinning_keep(&thinning, &next_boot)); // how far boot 7 came after that is not known
}

// Bytes that are no record: one in fifteen, whatever was before.
static void test_unreadable_stamps_are_counted(void **unused)
{
	(void)unused;
	struct mu_thinning thinning = { .any = false };
	unsigned kept = 0;
	mu_thinning_kept(&thinning, NULL);
	for (unsigned i = 0; i < 150; i++)
		kept += mu_thinning_keep(&thinning, NULL);
	assert_int_equal(kept, 10);
}

// Read again after an error: older than the last one. Nothing wraps.
static void test_an_older_one_takes_no_time(void **unused)
{
	(void)unused;
	struct mu_thinning thinning = { .any = false };
	const struct mu_stamp late = { .boot = 7, .uptime_ms = HOUR }, early = { .boot = 7, .uptime_ms = 1 };
	assert_true(mu_thinning_keep(&thinning, &late));
	assert_false(mu_thinning_keep(&thinning, &early));
	const struct mu_stamp far = { .boot = UINT32_MAX, .uptime_ms = UINT64_MAX - HOUR };
	assert_true(mu_thinning_keep(&thinning, &far));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_day_by_interval),
		cmocka_unit_test(test_across_boots),
		cmocka_unit_test(test_a_boot_loop_keeps_no_heartbeat_a_boot),
		cmocka_unit_test(test_a_new_life_goes_on_behind_what_was_kept),
		cmocka_unit_test(test_unreadable_stamps_are_counted),
		cmocka_unit_test(test_an_older_one_takes_no_time),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
