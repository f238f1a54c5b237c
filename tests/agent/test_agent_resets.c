// SPDX-License-Identifier: Apache-2.0
// A whole agent and the resets of its device, in virtual time: what hangs is reset and named, what lives is left alone, and every boot
// of a loop is told exactly once.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/agent/agent_rig.h"

static int set_up(void **unused)
{
	(void)unused;
	agent_rig_open(32);
	return 0;
}

static void boot(uint32_t reset_raw)
{
	agent_rig_boot(&agent_rig_plain, reset_raw);
}

static void crash_in(const char *task)
{
	fake.reset_info = (struct mu_reset_info){ .has_crash = true,
		.pc = 0x42001000,
		.backtrace = { 0x42001000, 0x42002000 },
		.backtrace_count = 2 };
	memcpy(fake.reset_info.task, task, strlen(task));
}

static const Mu__Boot *last_boot(void)
{
	const Mu__Record *record = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT);
	assert_non_null(record);
	return record->boot_report;
}

// ---- liveness

// Deadlines from the least to the default, registered at once or by a thread of its own in the middle of a second: the reset comes within
// a second after the deadline, and never before it.
static void test_every_deadline_is_met_within_a_second(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t deadline_ms, registered_ms;
	} rows[] = { { 100, 0 }, { 100, 1350 }, { 250, 0 }, { 999, 10 }, { 4000, 0 }, { 30000, 500 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		boot(MU_RESET_RAW_SW);
		unsigned restarts = fake.restarts;
		fake_collector_run(&collector, rows[i].registered_ms);
		uint64_t start_ms = collector.now_ms, reset_ms = start_ms;
		mu_agent_token(agent, "pump", rows[i].deadline_ms, start_ms);
		for (; fake.restarts == restarts && reset_ms < start_ms + 40000; reset_ms = collector.now_ms)
			fake_collector_run(&collector, 1);
		assert_in_range(reset_ms, start_ms + rows[i].deadline_ms, start_ms + rows[i].deadline_ms + 1000);
	}
}

static bool last_heartbeat_is_worried(void)
{
	const Mu__Record *record = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT);
	return record->heartbeat->vitals->verdict & MU__VERDICT_BIT__VERDICT_TASK_STALE;
}

// A token that used 3.5 s of its 4 is back long before the heartbeat: that still tells it, and an event whose it was, once.
static void test_a_close_call_is_told_before_it_goes_wrong(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_SW);
	int pump = mu_agent_token(agent, "pump", 4000, 0);
	for (int minute = 0; minute < 6; minute++) {
		bool late = minute == 2 || minute == 4;
		for (int s = 0; s < 60; s++) {
			fake_collector_run(&collector, late && s == 10 ? 3500 : 1000);
			mu_agent_check_in(agent, pump, collector.now_ms);
		}
		fake_collector_run(&collector, 1000);
		mu_agent_check_in(agent, pump, collector.now_ms);
		assert_int_equal(last_heartbeat_is_worried(), late);
		assert_int_equal(fake_collector_count_events(&collector, "close_call"), minute >= 2);
	}
	const Mu__Event *event = fake_collector_last(&collector, MU__RECORD__BODY_EVENT)->event;
	assert_string_equal(event->text, "pump");
	assert_int_equal(event->value, 4000);
	assert_int_equal(fake.restarts, 0);
}

// Two come close at the same time: each is named.
static void test_each_close_call_is_told(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_SW);
	const int tokens[] = { mu_agent_token(agent, "pump", 4000, 0), mu_agent_token(agent, "valve", 4000, 0) };
	for (int s = 0; s < 150; s++) {
		fake_collector_run(&collector, s == 70 ? 3500 : 1000);
		for (int i = 0; i < 2; i++)
			mu_agent_check_in(agent, tokens[i], collector.now_ms);
	}
	assert_int_equal(fake_collector_count_events(&collector, "close_call"), 2);
	assert_int_equal(fake.restarts, 0);
}

// The agent asks to be stepped in time for the shortest deadline, so that a port which sleeps in between does not oversleep it.
static void test_the_next_deadline_is_asked_for(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_SW);
	int pump = mu_agent_token(agent, "pump", 100, 0);
	assert_in_range(mu_agent_step(agent, 0), 0, 101);
	mu_agent_check_in(agent, pump, 60);
	assert_in_range(mu_agent_step(agent, 60), 60, 161);
	mu_agent_rest(agent, pump); // has no work: may be silent for as long as it likes
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake.restarts, 0);
	mu_agent_check_in(agent, pump, collector.now_ms);
	fake_collector_run(&collector, 200);
	assert_int_equal(fake.restarts, 1);
}

// Ticks of 32 bits wrap after 49.7 days, and after half of that turn negative; a peer's watchdog, fed 10 ms before, called the task dead.
static void test_a_fed_token_is_never_dead_across_the_marks(void **unused)
{
	(void)unused;
	static const uint64_t marks[] = { UINT64_C(1) << 31, UINT64_C(1) << 32 };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		boot(MU_RESET_RAW_SW);
		unsigned heartbeats = fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT), feeds = fake.watchdog_feeds;
		collector.now_ms = marks[i] - 150000;
		collector.ping_ms = collector.now_ms;
		int quick = mu_agent_token(agent, "quick", 100, collector.now_ms),
		    slow = mu_agent_token(agent, "slow", 30000, collector.now_ms);
		for (unsigned step = 0; step < 6000; step++) {
			mu_agent_check_in(agent, quick, collector.now_ms);
			if (step % 600 == 0)
				mu_agent_check_in(agent, slow, collector.now_ms);
			fake_collector_run(&collector, 50);
		}
		assert_true(collector.now_ms > marks[i] + 140000);
		assert_int_equal(fake.restarts, i);
		assert_true(fake.watchdog_feeds - feeds > 299); // and the loop went on
		assert_true(fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT) - heartbeats > 3);
		assert_true(collector.online == i + 1); // the session that was opened before the mark is the one after it
		fake_collector_run(&collector, 200); // nobody feeds any more
		assert_int_equal(fake.restarts, i + 1);
	}
}

static void test_a_hung_health_loop_is_named_by_the_next_boot(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 12000);
	assert_int_equal(fake.watchdog_timeout_ms, MU_AGENT_WATCHDOG_MS);
	crash_in("muster"); // the loop is not stepped any more; the hardware watchdog bites
	boot(MU_RESET_RAW_TASK_WDT);
	fake_collector_run(&collector, 12000);
	assert_int_equal(last_boot()->reset_raw, MU_RESET_RAW_TASK_WDT);
	assert_int_equal(last_boot()->reset_class, MU__RESET_CLASS__RESET_HANG);
	assert_string_equal(last_boot()->task, "muster");
	assert_null(last_boot()->hung_token); // everybody had checked in
	assert_in_range(last_boot()->previous_uptime_s, 11, 12);
}

// The application had been silent for 20 s of its 30 when the health loop hung with it (it held the lock): both are named.
static void test_a_loop_that_hangs_with_the_application_names_both(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_POWERON);
	mu_agent_token(agent, "pump", 30000, 0);
	mu_agent_token(agent, "idle", 3600000, 0); // has used up less of its time
	fake_collector_run(&collector, 20000);
	crash_in("muster");
	boot(MU_RESET_RAW_TASK_WDT);
	fake_collector_run(&collector, 12000);
	assert_string_equal(last_boot()->task, "muster");
	assert_string_equal(last_boot()->hung_token, "pump");
}

// ---- loops

// How often each boot number was told, by its own record or in another's list.
static void count_tellings(unsigned told[], unsigned size)
{
	memset(told, 0, size * sizeof *told);
	for (unsigned i = 0; i < collector.count; i++) {
		const Mu__Record *record = collector.records[i];
		if (record->body_case != MU__RECORD__BODY_BOOT_REPORT)
			continue;
		assert_true(record->boot < size);
		told[record->boot]++;
		for (size_t k = 0; k < record->boot_report->n_unreported; k++) {
			const Mu__UnreportedBoot *entry = record->boot_report->unreported[k];
			for (uint32_t n = 0; n < entry->count; n++)
				told[entry->first_boot + n]++;
		}
		assert_int_equal(record->boot_report->boots_lost, 0);
	}
}

static void check_all_told_once(unsigned boots)
{
	unsigned told[64];
	count_tellings(told, 64);
	for (unsigned i = 1; i < 64; i++)
		if (told[i] != (i <= boots ? 1u : 0u))
			fail_msg("boot %u of %u was told %u times", i, boots, told[i]);
}

// Forty boots that die at 20 s, without a network: each left its record in the flash; the first with a network delivers them all.
static void test_a_loop_of_forty_boots_without_a_network(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_POWERON);
	collector.no_link = true;
	crash_in("app");
	for (unsigned i = 0; i < 40; i++) {
		fake_collector_run(&collector, 20000);
		boot(MU_RESET_RAW_PANIC);
	}
	assert_int_equal(collector.count, 0);
	collector.no_link = false;
	fake_collector_run(&collector, 60000);
	check_all_told_once(41);
	assert_string_equal(last_boot()->task, "app");
	assert_int_equal(last_boot()->n_backtrace, 2);
	assert_int_equal(last_boot()->previous_uptime_s, 20);
}

// Forty that die before their first step: nothing of them is in the flash but the history, which folds them.
static void test_a_loop_of_forty_boots_that_never_came_to_a_step(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 15000);
	crash_in("main");
	for (unsigned i = 0; i < 40; i++)
		boot(MU_RESET_RAW_PANIC);
	fake.reset_info = (struct mu_reset_info){ 0 };
	boot(MU_RESET_RAW_SW);
	fake_collector_run(&collector, 15000);
	check_all_told_once(42);
	assert_int_equal(last_boot()->n_unreported, 1);
	assert_int_equal(last_boot()->unreported[0]->count, 40);
	assert_int_equal(last_boot()->unreported[0]->n_backtrace, 2); // of the newest; its own boot could not tell
}

// A loop of two kinds, some of which report and some of which do not.
static void test_a_mixed_loop_is_told_once(void **unused)
{
	(void)unused;
	boot(MU_RESET_RAW_POWERON);
	collector.no_link = true;
	for (unsigned i = 0; i < 40; i++) {
		if (i % 3)
			fake_collector_run(&collector, 7000);
		crash_in(i % 5 ? "app" : "net");
		boot(i % 7 ? MU_RESET_RAW_PANIC : MU_RESET_RAW_TASK_WDT);
	}
	collector.no_link = false;
	fake_collector_run(&collector, 60000);
	check_all_told_once(41);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, agent_rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_every_deadline_is_met_within_a_second),
		CASE(test_a_close_call_is_told_before_it_goes_wrong),
		CASE(test_each_close_call_is_told),
		CASE(test_the_next_deadline_is_asked_for),
		CASE(test_a_fed_token_is_never_dead_across_the_marks),
		CASE(test_a_hung_health_loop_is_named_by_the_next_boot),
		CASE(test_a_loop_that_hangs_with_the_application_names_both),
		CASE(test_a_loop_of_forty_boots_without_a_network),
		CASE(test_a_loop_of_forty_boots_that_never_came_to_a_step),
		CASE(test_a_mixed_loop_is_told_once),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
