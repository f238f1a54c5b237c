// SPDX-License-Identifier: Apache-2.0
// The boot history and its two memories: how often the flash is written, and what a cut anywhere leaves.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/agent/health/boot_history_rig.h"

static void test_power_loss_keeps_the_counter_and_the_loop(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_crash_in("main", 0x42);
	for (int i = 0; i < 6; i++) {
		boots_after(MU_RESET_RAW_PANIC);
		mu_boot_history_keep(&boots.history, 20000, 30000);
	}
	boots_after_power_loss();
	assert_int_equal(mu_boot_history_boot(&boots.history), 8);
	boots_report();
	assert_false(boots.report.has_previous_uptime_s);
	assert_false(boots.report.has_previous_heap_min_bytes);
	assert_int_equal(boots.report.n_unreported, 2); // the power-on, the loop
	assert_int_equal(boots.report.unreported[1]->count, 6);
	assert_false(boots.report.unreported[1]->has_last_uptime_s); // of its last boot it is not known
}

static void test_reported_boots_stay_reported_through_power_loss(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_reported(&boots.history);
	mu_boot_history_keep(&boots.history, 60000, 30000); // shadows it
	boots_after_power_loss();
	boots_report();
	assert_int_equal(boots.report.n_unreported, 0);
	assert_int_equal(mu_boot_history_boot(&boots.history), 3);
}

// A sensor that has power for half a minute at a time: what it has told is not told again.
static void test_short_lives_are_told_once(void **unused)
{
	(void)unused;
	for (uint32_t boot = 1; boot <= 5; boot++) {
		boots_after_power_loss();
		assert_int_equal(mu_boot_history_boot(&boots.history), boot);
		boots_report();
		assert_int_equal(boots.report.n_unreported, 0);
		mu_boot_history_reported(&boots.history);
		for (uint64_t now_ms = 1000; now_ms <= 30000; now_ms += 1000)
			mu_boot_history_keep(&boots.history, now_ms, 30000);
	}
	assert_int_equal(boots.fake.calls[FAKE_CALL_SET], 10); // two a boot
}

static void test_writes_are_bounded(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	assert_int_equal(boots.fake.calls[FAKE_CALL_SET], 1);
	// A day of reports every second: one write a boot and one an hour.
	for (uint64_t now = 1000; now < 24 * (uint64_t)HOUR_MS; now += 1000) {
		mu_boot_history_reported(&boots.history);
		mu_boot_history_keep(&boots.history, now, 30000);
	}
	assert_int_equal(boots.fake.calls[FAKE_CALL_SET], 1 + 24);
	// And with nothing new, none.
	boots_after(MU_RESET_RAW_SW);
	for (uint64_t now = 1000; now < 24 * (uint64_t)HOUR_MS; now += 1000)
		mu_boot_history_keep(&boots.history, now, 30000);
	assert_int_equal(boots.fake.calls[FAKE_CALL_SET], 26);
}

// Boots that die at `lived_s`, so many in a row, each of which has reported. Returns the writes of the shadow.
static uint64_t loop(unsigned count, uint32_t lived_s)
{
	uint64_t before = boots.fake.calls[FAKE_CALL_SET];
	for (unsigned i = 0; i < count; i++) {
		boots_after(MU_RESET_RAW_PANIC);
		mu_boot_history_reported(&boots.history);
		for (uint32_t s = 1; s <= lived_s; s++)
			mu_boot_history_keep(&boots.history, s * UINT64_C(1000), 30000);
	}
	return boots.fake.calls[FAKE_CALL_SET] - before;
}

// The flash pays for boots, in a loop for few of them. Each row: so many boots that live so long cost so many writes.
static const struct {
	unsigned count;
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
		boots_new_device(1);
		boots_after_power_loss();
		uint64_t writes = loop(loops[i].count, loops[i].lived_s);
		if (writes < loops[i].low || writes > loops[i].high)
			fail_msg("%u boots of %u s: %u writes", loops[i].count, loops[i].lived_s, (unsigned)writes);
		assert_int_equal(mu_boot_history_boot(&boots.history), loops[i].count + 1);
	}
}

static void test_thirty_days_are_thirty_times_twenty_four_writes(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	for (uint64_t now_ms = 0; now_ms < 30 * 24 * (uint64_t)HOUR_MS; now_ms += 10000) {
		mu_boot_history_reported(&boots.history); // more often than any agent reports
		mu_boot_history_keep(&boots.history, now_ms, 30000);
	}
	assert_int_equal(boots.fake.calls[FAKE_CALL_SET], 1 + 30 * 24);
}

// The power fails anywhere in a loop: no number is given out twice, and each that was given out is either told or counted as lost.
static void test_power_loss_in_a_loop_takes_no_number_back(void **unused)
{
	(void)unused;
	for (unsigned count = 1; count < 1200; count = count + 1 + count / 8) {
		boots_new_device(count);
		boots_after_power_loss();
		for (unsigned i = 0; i < count; i++) {
			boots_after(MU_RESET_RAW_PANIC);
			mu_boot_history_keep(&boots.history, 2000, 30000);
		}
		uint32_t last = mu_boot_history_boot(&boots.history);
		assert_int_equal(last, count + 1);
		boots_after_power_loss();
		uint32_t boot = mu_boot_history_boot(&boots.history);
		assert_in_range(boot, last + 1, last + 1 + count / 2);
		boots_report();
		uint32_t told = boots.report.boots_lost;
		for (size_t i = 0; i < boots.report.n_unreported; i++)
			told += boots.report.unreported[i]->count;
		assert_int_equal(told, boot - 1);
		if (count < 64)
			assert_int_equal(boots.report.boots_lost, 0);
	}
}

static void test_a_shadow_that_fails_is_counted(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	fake_port_fail(&boots.fake, FAKE_CALL_SET, 1, 3); // each of its tries
	assert_int_equal(boots_after(MU_RESET_RAW_PANIC), MU_ERR_IO);
	assert_int_equal(mu_boot_history_boot(&boots.history), 2);
	assert_int_equal(boots.history.shadow_faults, 3);
	boots_after(MU_RESET_RAW_PANIC); // RTC memory knows better than the old shadow
	assert_int_equal(mu_boot_history_boot(&boots.history), 3);

	// Once or twice is made good at once, also without RTC memory: or the next power cycle would give out the same number.
	for (uint64_t times = 1; times <= 2; times++) {
		uint32_t before = mu_boot_history_boot(&boots.history);
		fake_port_fail(&boots.fake, FAKE_CALL_SET, 1, times);
		assert_int_equal(boots_after(MU_RESET_RAW_PANIC), 0);
		assert_int_equal(boots.history.shadow_faults, times);
		boots_after_power_loss();
		assert_int_equal(mu_boot_history_boot(&boots.history), before + 2);
		fake_port_fail(&boots.fake, FAKE_CALL_GET, 1, times);
		boots_after(MU_RESET_RAW_PANIC);
		assert_int_equal(boots.history.shadow_faults, times);
	}
}

// The power may fail in the write of the shadow: the counter never goes back, whatever is left.
static void test_power_cuts_never_take_a_number_back(void **unused)
{
	(void)unused;
	for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
		boots_after_power_loss();
		uint32_t before = mu_boot_history_boot(&boots.history);
		fake_port_cut(&boots.fake, 1, (enum fake_tear)tear);
		boots_after(MU_RESET_RAW_PANIC);
		fake_port_power_on(&boots.fake);
		boots_after(MU_RESET_RAW_POWERON);
		assert_in_range(mu_boot_history_boot(&boots.history), before + 1, before + 2);
	}
}

// A reset inside the write of the log itself: the shadow stands in, the running boot's figures are of use.
static void test_a_torn_log_falls_back_on_the_shadow(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_keep(&boots.history, 33000, 20000);
	boots.fake.retained[100] ^= 1;
	boots_after(MU_RESET_RAW_PANIC);
	assert_int_equal(mu_boot_history_boot(&boots.history), 3);
	boots_report();
	assert_int_equal(boots.report.previous_uptime_s, 33);
}

// A reset while the port is asked, whatever it is asked: the log is still as the boot before has left it.
static uint8_t kept[MU_RETAINED_BYTES];
static unsigned asked;

static void look(void)
{
	assert_memory_equal(boots.fake.retained, kept, sizeof kept);
	asked++;
}

static int look_and_tell_reset(void *context, struct mu_reset_info *out)
{
	look();
	*out = ((struct fake_port *)context)->reset_info;
	return 0;
}

static int look_and_get(void *context, const char *key, void *out, size_t size)
{
	(void)context, (void)key, (void)out, (void)size;
	look();
	return MU_ERR_IO;
}

static void test_the_log_is_whole_while_the_port_is_asked(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_keep(&boots.history, 4000, 30000);
	memcpy(kept, boots.fake.retained, sizeof kept);
	struct mu_system_port system = *boots.fake.port.system;
	struct mu_keyvalue_port keyvalue = *boots.fake.port.keyvalue;
	system.reset_info = look_and_tell_reset;
	keyvalue.get = look_and_get;
	boots.fake.port.system = &system;
	boots.fake.port.keyvalue = &keyvalue;
	boots_after(MU_RESET_RAW_SW);
	assert_int_equal(asked, 1 + 3);
}

// What a reset inside a write of retained memory leaves: the first bytes new, the others as they were. Wherever that is, the next boot
// has the next number, no boot is told twice, and what can no longer be told is counted.
static void test_every_cut_in_retained_memory(void **unused)
{
	(void)unused;
	uint8_t before[MU_RETAINED_BYTES], after[MU_RETAINED_BYTES];
	struct fake_key keys[FAKE_KEYS_MAX];
	boots_after_power_loss();
	boots_crash_in("main", 0x42);
	for (int i = 0; i < 3; i++)
		boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_keep(&boots.history, 4000, 30000);
	memcpy(before, boots.fake.retained, sizeof before);
	boots_after(MU_RESET_RAW_PANIC); // boot 5
	memcpy(after, boots.fake.retained, sizeof after);
	memcpy(keys, boots.fake.keys, sizeof keys);
	for (size_t cut = 0; cut <= sizeof after; cut++) {
		memcpy(boots.fake.retained, after, cut);
		memcpy(boots.fake.retained + cut, before + cut, sizeof before - cut);
		memcpy(boots.fake.keys, keys, sizeof keys);
		boots_after(MU_RESET_RAW_PANIC);
		assert_int_equal(mu_boot_history_boot(&boots.history), 6);
		boots_report();
		uint32_t told = boots.report.boots_lost;
		for (size_t i = 0; i < boots.report.n_unreported; i++) {
			assert_int_equal(boots.report.unreported[i]->first_boot, told + 1);
			told += boots.report.unreported[i]->count;
		}
		assert_int_equal(told, 5);
	}
}

// The same for a boot that came no further than its log, before the shadow knew of it.
static void test_every_cut_before_the_shadow(void **unused)
{
	(void)unused;
	uint8_t before[MU_RETAINED_BYTES], after[MU_RETAINED_BYTES];
	struct fake_key keys[FAKE_KEYS_MAX];
	boots_after_power_loss();
	boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_keep(&boots.history, 4000, 30000);
	memcpy(before, boots.fake.retained, sizeof before);
	memcpy(keys, boots.fake.keys, sizeof keys);
	boots_after(MU_RESET_RAW_PANIC); // boot 3
	memcpy(after, boots.fake.retained, sizeof after);
	for (size_t cut = 0; cut <= sizeof after; cut++) {
		memcpy(boots.fake.retained, after, cut);
		memcpy(boots.fake.retained + cut, before + cut, sizeof before - cut);
		memcpy(boots.fake.keys, keys, sizeof keys);
		boots_after(MU_RESET_RAW_PANIC);
		uint32_t boot = mu_boot_history_boot(&boots.history);
		assert_in_range(boot, 3, 4); // 3 once more: it had told nobody its number
		boots_report();
		uint32_t told = boots.report.boots_lost;
		for (size_t i = 0; i < boots.report.n_unreported; i++)
			told += boots.report.unreported[i]->count;
		assert_int_equal(told, boot - 1);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, boots_set_up, boots_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_short_lives_are_told_once),
		CASE(test_a_loop_wears_no_flash),
		CASE(test_thirty_days_are_thirty_times_twenty_four_writes),
		CASE(test_power_loss_in_a_loop_takes_no_number_back),
		CASE(test_the_log_is_whole_while_the_port_is_asked),
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
