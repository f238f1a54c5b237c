// SPDX-License-Identifier: Apache-2.0
// The boot history and its two memories: how often the flash is written, and what a cut anywhere leaves.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/health/boot_history.h"
#include "tests/agent/fake_port.h"

enum { RAW_POWER_ON = 1, RAW_SOFTWARE = 3, RAW_PANIC = 4, HOUR_MS = 3600000 };

static const uint8_t sha[MU_SHA_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static struct fake_port fake;
static struct mu_boot_history history;
static Mu__Boot report;
static struct mu_boot_storage storage;

static int setup(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

// The next boot, after a reset with this code; RTC memory as it was.
static int boot_after(uint32_t reset_raw)
{
	fake.reset_info.reset_raw = reset_raw;
	return mu_boot_history_open(&history, &fake.port, sha);
}

static int power_cycle(void)
{
	memset(fake.retained, 0xA5, sizeof fake.retained);
	memset(&fake.reset_info, 0, sizeof fake.reset_info);
	return boot_after(RAW_POWER_ON);
}

static void crash_in(const char *task, uint32_t pc)
{
	fake.reset_info.has_crash = true;
	fake.reset_info.pc = pc;
	memset(fake.reset_info.task, 0, sizeof fake.reset_info.task);
	memcpy(fake.reset_info.task, task, strlen(task));
}

static void fill(void)
{
	mu__boot__init(&report);
	mu_boot_history_fill(&history, &report, &storage);
}

static void test_power_loss_keeps_the_counter_and_the_loop(void **unused)
{
	(void)unused;
	power_cycle();
	crash_in("main", 0x42);
	for (int i = 0; i < 6; i++) {
		boot_after(RAW_PANIC);
		mu_boot_history_keep(&history, 20000, 30000);
	}
	power_cycle();
	assert_int_equal(mu_boot_history_boot(&history), 8);
	fill();
	assert_false(report.has_previous_uptime_s);
	assert_false(report.has_previous_heap_min_bytes);
	assert_int_equal(report.n_unreported, 2); // the power-on, the loop
	assert_int_equal(report.unreported[1]->count, 6);
	assert_false(report.unreported[1]->has_last_uptime_s); // of its last boot it is not known
}

static void test_reported_boots_stay_reported_through_power_loss(void **unused)
{
	(void)unused;
	power_cycle();
	boot_after(RAW_PANIC);
	mu_boot_history_reported(&history);
	mu_boot_history_keep(&history, 60000, 30000); // shadows it
	power_cycle();
	fill();
	assert_int_equal(report.n_unreported, 0);
	assert_int_equal(mu_boot_history_boot(&history), 3);
}

// A sensor that has power for half a minute at a time: what it has told is not told again.
static void test_short_lives_are_told_once(void **unused)
{
	(void)unused;
	for (uint32_t boot = 1; boot <= 5; boot++) {
		power_cycle();
		assert_int_equal(mu_boot_history_boot(&history), boot);
		fill();
		assert_int_equal(report.n_unreported, 0);
		mu_boot_history_reported(&history);
		for (uint64_t now_ms = 1000; now_ms <= 30000; now_ms += 1000)
			mu_boot_history_keep(&history, now_ms, 30000);
	}
	assert_int_equal(fake.calls[FAKE_CALL_SET], 10); // two a boot
}

static void test_writes_are_bounded(void **unused)
{
	(void)unused;
	power_cycle();
	assert_int_equal(fake.calls[FAKE_CALL_SET], 1);
	// A day of reports every second: one write a boot and one an hour.
	for (uint64_t now = 1000; now < 24 * (uint64_t)HOUR_MS; now += 1000) {
		mu_boot_history_reported(&history);
		mu_boot_history_keep(&history, now, 30000);
	}
	assert_int_equal(fake.calls[FAKE_CALL_SET], 1 + 24);
	assert_int_equal(history.shadow_writes, 25);
	// And with nothing new, none.
	boot_after(RAW_SOFTWARE);
	for (uint64_t now = 1000; now < 24 * (uint64_t)HOUR_MS; now += 1000)
		mu_boot_history_keep(&history, now, 30000);
	assert_int_equal(fake.calls[FAKE_CALL_SET], 26);
}

// Boots that die at `lived_s`, so many in a row, each of which has reported. Returns the writes of the shadow.
static uint64_t loop(unsigned boots, uint32_t lived_s)
{
	uint64_t before = fake.calls[FAKE_CALL_SET];
	for (unsigned i = 0; i < boots; i++) {
		boot_after(RAW_PANIC);
		mu_boot_history_reported(&history);
		for (uint32_t s = 1; s <= lived_s; s++)
			mu_boot_history_keep(&history, s * UINT64_C(1000), 30000);
	}
	return fake.calls[FAKE_CALL_SET] - before;
}

// The flash pays for boots, in a loop for few of them. Each row: so many boots that live so long cost so many writes.
static const struct {
	unsigned boots;
	uint32_t lived_s;
	uint64_t low, high;
} loops[] = {
	{ 40, 20, 40, 41 },
	{ 43200, 1, 84, 84 }, // a boot each 2 s for a day
	{ 1400, 61, 2700, 2800 }, // as soon as they live a minute it is no loop: two a boot, one each half a minute at the worst
	{ 30, 86400 / 24, 60, 90 }, // an hour each
};

static void test_a_loop_wears_no_flash(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
		fake_port_free(&fake);
		fake_port_init(&fake, 1);
		power_cycle();
		uint64_t writes = loop(loops[i].boots, loops[i].lived_s);
		if (writes < loops[i].low || writes > loops[i].high)
			fail_msg("%u boots of %u s: %u writes", loops[i].boots, loops[i].lived_s, (unsigned)writes);
		assert_int_equal(mu_boot_history_boot(&history), loops[i].boots + 1);
	}
}

static void test_thirty_days_are_thirty_times_twenty_four_writes(void **unused)
{
	(void)unused;
	power_cycle();
	for (uint64_t now_ms = 0; now_ms < 30 * 24 * (uint64_t)HOUR_MS; now_ms += 10000) {
		mu_boot_history_reported(&history); // more often than any agent reports
		mu_boot_history_keep(&history, now_ms, 30000);
	}
	assert_int_equal(fake.calls[FAKE_CALL_SET], 1 + 30 * 24);
}

// The power fails anywhere in a loop: no number is given out twice, and each that was given out is either told or counted as lost.
static void test_power_loss_in_a_loop_takes_no_number_back(void **unused)
{
	(void)unused;
	for (unsigned boots = 1; boots < 1200; boots = boots + 1 + boots / 8) {
		fake_port_free(&fake);
		fake_port_init(&fake, boots);
		power_cycle();
		for (unsigned i = 0; i < boots; i++) {
			boot_after(RAW_PANIC);
			mu_boot_history_keep(&history, 2000, 30000);
		}
		uint32_t last = mu_boot_history_boot(&history);
		assert_int_equal(last, boots + 1);
		power_cycle();
		uint32_t boot = mu_boot_history_boot(&history);
		assert_in_range(boot, last + 1, last + 1 + boots / 2);
		fill();
		uint32_t told = report.boots_lost;
		for (size_t i = 0; i < report.n_unreported; i++)
			told += report.unreported[i]->count;
		assert_int_equal(told, boot - 1);
		if (boots < 64)
			assert_int_equal(report.boots_lost, 0);
	}
}

static void test_a_shadow_that_fails_is_counted(void **unused)
{
	(void)unused;
	power_cycle();
	fake_port_fail(&fake, FAKE_CALL_SET, 1, 3); // each of its tries
	assert_int_equal(boot_after(RAW_PANIC), MU_ERR_IO);
	assert_int_equal(mu_boot_history_boot(&history), 2);
	assert_int_equal(history.shadow_faults, 3);
	boot_after(RAW_PANIC); // RTC memory knows better than the old shadow
	assert_int_equal(mu_boot_history_boot(&history), 3);

	// Once or twice is made good at once, also without RTC memory: or the next power cycle would give out the same number.
	for (uint64_t times = 1; times <= 2; times++) {
		uint32_t before = mu_boot_history_boot(&history);
		fake_port_fail(&fake, FAKE_CALL_SET, 1, times);
		assert_int_equal(boot_after(RAW_PANIC), 0);
		assert_int_equal(history.shadow_faults, times);
		power_cycle();
		assert_int_equal(mu_boot_history_boot(&history), before + 2);
		fake_port_fail(&fake, FAKE_CALL_GET, 1, times);
		boot_after(RAW_PANIC);
		assert_int_equal(history.shadow_faults, times);
	}
}

// The power may fail in the write of the shadow: the counter never goes back, whatever is left.
static void test_power_cuts_never_take_a_number_back(void **unused)
{
	(void)unused;
	for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
		power_cycle();
		uint32_t before = mu_boot_history_boot(&history);
		fake_port_cut(&fake, 1, (enum fake_tear)tear);
		boot_after(RAW_PANIC);
		fake_port_power_on(&fake);
		boot_after(RAW_POWER_ON);
		assert_in_range(mu_boot_history_boot(&history), before + 1, before + 2);
	}
}

// A reset inside the write of the log itself: the shadow stands in, the running boot's figures are of use.
static void test_a_torn_log_falls_back_on_the_shadow(void **unused)
{
	(void)unused;
	power_cycle();
	boot_after(RAW_PANIC);
	mu_boot_history_keep(&history, 33000, 20000);
	fake.retained[100] ^= 1;
	boot_after(RAW_PANIC);
	assert_int_equal(mu_boot_history_boot(&history), 3);
	fill();
	assert_int_equal(report.previous_uptime_s, 33);
}

// What a reset inside a write of retained memory leaves: the first bytes new, the others as they were. Wherever that is, the next boot
// has the next number, no boot is told twice, and what can no longer be told is counted.
static void test_every_cut_in_retained_memory(void **unused)
{
	(void)unused;
	uint8_t before[FAKE_RETAINED_BYTES], after[FAKE_RETAINED_BYTES];
	struct fake_key keys[FAKE_KEYS_MAX];
	power_cycle();
	crash_in("main", 0x42);
	for (int i = 0; i < 3; i++)
		boot_after(RAW_PANIC);
	mu_boot_history_keep(&history, 4000, 30000);
	memcpy(before, fake.retained, sizeof before);
	boot_after(RAW_PANIC); // boot 5
	memcpy(after, fake.retained, sizeof after);
	memcpy(keys, fake.keys, sizeof keys);
	for (size_t cut = 0; cut <= sizeof after; cut++) {
		memcpy(fake.retained, after, cut);
		memcpy(fake.retained + cut, before + cut, sizeof before - cut);
		memcpy(fake.keys, keys, sizeof keys);
		boot_after(RAW_PANIC);
		assert_int_equal(mu_boot_history_boot(&history), 6);
		fill();
		uint32_t told = report.boots_lost;
		for (size_t i = 0; i < report.n_unreported; i++) {
			assert_int_equal(report.unreported[i]->first_boot, told + 1);
			told += report.unreported[i]->count;
		}
		assert_int_equal(told, 5);
	}
}

// The same for a boot that came no further than its log, before the shadow knew of it.
static void test_every_cut_before_the_shadow(void **unused)
{
	(void)unused;
	uint8_t before[FAKE_RETAINED_BYTES], after[FAKE_RETAINED_BYTES];
	struct fake_key keys[FAKE_KEYS_MAX];
	power_cycle();
	boot_after(RAW_PANIC);
	mu_boot_history_keep(&history, 4000, 30000);
	memcpy(before, fake.retained, sizeof before);
	memcpy(keys, fake.keys, sizeof keys);
	boot_after(RAW_PANIC); // boot 3
	memcpy(after, fake.retained, sizeof after);
	for (size_t cut = 0; cut <= sizeof after; cut++) {
		memcpy(fake.retained, after, cut);
		memcpy(fake.retained + cut, before + cut, sizeof before - cut);
		memcpy(fake.keys, keys, sizeof keys);
		boot_after(RAW_PANIC);
		uint32_t boot = mu_boot_history_boot(&history);
		assert_in_range(boot, 3, 4); // 3 once more: it had told nobody its number
		fill();
		uint32_t told = report.boots_lost;
		for (size_t i = 0; i < report.n_unreported; i++)
			told += report.unreported[i]->count;
		assert_int_equal(told, boot - 1);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_short_lives_are_told_once),
		CASE(test_a_loop_wears_no_flash),
		CASE(test_thirty_days_are_thirty_times_twenty_four_writes),
		CASE(test_power_loss_in_a_loop_takes_no_number_back),
		CASE(test_every_cut_in_retained_memory),
		CASE(test_every_cut_before_the_shadow),
		CASE(test_writes_are_bounded),
		CASE(test_power_cuts_never_take_a_number_back),
		CASE(test_a_torn_log_falls_back_on_the_shadow),
		CASE(test_a_shadow_that_fails_is_counted),
		CASE(test_power_loss_keeps_the_counter_and_the_loop),
		CASE(test_reported_boots_stay_reported_through_power_loss),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
