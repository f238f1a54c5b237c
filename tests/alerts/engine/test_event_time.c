// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/event_time.h"

#define RECV UINT64_C(1790000000000)

enum {
	HOUR = 3600000,
	NONE = MU__TIME_QUALITY__TIME_NONE,
	RTC = MU__TIME_QUALITY__TIME_RTC,
	SNTP = MU__TIME_QUALITY__TIME_SNTP,
	SERVER = MU__TIME_QUALITY__TIME_SERVER
};

static uint64_t at(struct event_clock *clock, uint32_t boot, uint64_t uptime_ms, int quality, uint64_t wall_ms, uint64_t recv_ms)
{
	Mu__Record record = MU__RECORD__INIT;
	record.boot = boot;
	record.uptime_ms = uptime_ms;
	record.has_time_quality = record.has_wall_ms = quality != NONE;
	record.time_quality = (Mu__TimeQuality)quality;
	record.wall_ms = wall_ms;
	return event_time(clock, &record, recv_ms);
}

// First record of a device, received at RECV, uptime one hour.
static const struct {
	int quality;
	int64_t wall_ms, result_ms; // from RECV
	const char *why;
} firsts[] = {
	{ NONE, 0, 0, "no time of its own: now" },
	{ SNTP, -5000, -5000, "" },
	{ SERVER, -5000, -5000, "" },
	{ RTC, -5000, 0, "kept through a reset, may have drifted" },
	{ SNTP, 1, 0, "ahead of ours: not believed" },
	{ SNTP, -(int64_t)EVENT_TIME_TRUST_MS, -(int64_t)EVENT_TIME_TRUST_MS, "a device may keep records for long" },
	{ SNTP, -(int64_t)EVENT_TIME_TRUST_MS - 1, 0, "but not for ever: its clock is wrong" },
};

static void test_first_records(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		struct event_clock clock = { 0 };
		uint64_t result = at(&clock, 1, HOUR, firsts[i].quality, RECV + (uint64_t)firsts[i].wall_ms, RECV);
		if (result != RECV + (uint64_t)firsts[i].result_ms)
			fail_msg("row %zu: %s", i, firsts[i].why);
		assert_true(clock.last_ms == result);
	}
}

// The record with the least delay says when the boot began; those that came late are put right by it, if not before their predecessor.
static void test_the_least_delay_of_a_boot_counts(void **unused)
{
	(void)unused;
	struct event_clock clock = { 0 };
	assert_true(at(&clock, 1, 1000, NONE, 0, RECV) == RECV);
	assert_true(at(&clock, 1, 2000, NONE, 0, RECV + 1000) == RECV + 1000);
	assert_true(at(&clock, 1, 3000, NONE, 0, RECV + 9000) == RECV + 2000);  // came 7 s late
	assert_true(at(&clock, 1, 4000, NONE, 0, RECV + 2500) == RECV + 2500);  // came faster than all before
	assert_true(at(&clock, 1, 60000, NONE, 0, RECV + 90000) == RECV + 58500);
	assert_true(at(&clock, 2, 1000, NONE, 0, RECV + 95000) == RECV + 95000); // another boot: nothing is known of it
}

static void test_never_back_and_never_ahead(void **unused)
{
	(void)unused;
	struct event_clock clock = { 0 };
	assert_true(at(&clock, 1, 1000, SNTP, RECV - 10, RECV) == RECV - 10);
	assert_true(at(&clock, 1, 2000, SNTP, RECV - 5000, RECV + 1000) == RECV - 10); // its clock was set back
	assert_true(at(&clock, 1, 3000, SNTP, RECV + 1900, RECV + 2000) == RECV + 1900);
	assert_true(at(&clock, 1, 4000, SNTP, RECV + 2900, RECV - 9000) == RECV + 1900); // ours was set back: stands still
	assert_true(at(&clock, 1, 5000, SNTP, RECV + 3900, RECV + 4000) == RECV + 3900);
}

// A claim to run for longer than there is time is no reason for a time of nonsense.
static void test_absurd_uptimes_are_harmless(void **unused)
{
	(void)unused;
	struct event_clock clock = { 0 };
	assert_true(at(&clock, 1, UINT64_C(1) << 52, NONE, 0, RECV) == RECV);
	assert_true(at(&clock, 1, 5, NONE, 0, RECV + 1000) == RECV);
	assert_true(at(&clock, 1, (UINT64_C(1) << 52) + 2000, NONE, 0, RECV + 2000) == RECV + 2000);
	assert_true(at(&clock, 2, 5, NONE, 0, RECV + 3000) == RECV + 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_records),
		cmocka_unit_test(test_the_least_delay_of_a_boot_counts),
		cmocka_unit_test(test_never_back_and_never_ahead),
		cmocka_unit_test(test_absurd_uptimes_are_harmless),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
