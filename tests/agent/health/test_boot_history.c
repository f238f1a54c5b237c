// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/agent/health/boot_history_rig.h"

// esp_reset_reason_t, each code; then codes that no ESP-IDF has yet.
static const struct {
	uint32_t raw;
	int cause, reset_class;
} classes[] = {
	{ 0, 0, MU__RESET_CLASS__RESET_UNKNOWN },
	{ 1, 0, MU__RESET_CLASS__RESET_POWER_ON },
	{ 2, 0, MU__RESET_CLASS__RESET_EXTERNAL },
	{ 3, 0, MU__RESET_CLASS__RESET_SOFTWARE },
	{ 4, 0, MU__RESET_CLASS__RESET_CRASH },
	{ 5, 0, MU__RESET_CLASS__RESET_HANG },
	{ 6, 0, MU__RESET_CLASS__RESET_HANG },
	{ 7, 0, MU__RESET_CLASS__RESET_HANG },
	{ 8, 0, MU__RESET_CLASS__RESET_SLEEP },
	{ 9, 0, MU__RESET_CLASS__RESET_BROWN_OUT },
	{ 10, 0, MU__RESET_CLASS__RESET_EXTERNAL },
	{ 11, 0, MU__RESET_CLASS__RESET_DEBUG },
	{ 12, 0, MU__RESET_CLASS__RESET_DEBUG },
	{ 13, 0, MU__RESET_CLASS__RESET_HARDWARE },
	{ 14, 0, MU__RESET_CLASS__RESET_BROWN_OUT },
	{ 15, 0, MU__RESET_CLASS__RESET_CRASH },
	{ 16, 0, MU__RESET_CLASS__RESET_UNKNOWN },
	{ UINT32_MAX, 0, MU__RESET_CLASS__RESET_UNKNOWN },
	// the agent's own restarts
	{ 3, MU__RESET_CAUSE__CAUSE_LIVENESS, MU__RESET_CLASS__RESET_HANG },
	{ 3, MU__RESET_CAUSE__CAUSE_ASSERT, MU__RESET_CLASS__RESET_CRASH },
	{ 3, MU__RESET_CAUSE__CAUSE_ROLLBACK, MU__RESET_CLASS__RESET_SOFTWARE },
	{ 3, MU__RESET_CAUSE__CAUSE_COMMAND, MU__RESET_CLASS__RESET_SOFTWARE },
	{ 3, MU__RESET_CAUSE__CAUSE_NETWORK, MU__RESET_CLASS__RESET_SOFTWARE },
	{ 6, MU__RESET_CAUSE__CAUSE_LIVENESS, MU__RESET_CLASS__RESET_HANG },
	{ 9, MU__RESET_CAUSE__CAUSE_LIVENESS, MU__RESET_CLASS__RESET_BROWN_OUT },
};

static void test_classes(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		assert_int_equal(mu_boot_class(classes[i].raw, classes[i].cause), classes[i].reset_class);
}

static void test_the_first_boot_of_all(void **unused)
{
	(void)unused;
	assert_int_equal(boots_after_power_loss(), 0);
	assert_int_equal(mu_boot_history_boot(&boots.history), 1);
	boots_report();
	assert_int_equal(boots.report.reset_raw, MU_RESET_RAW_POWERON);
	assert_int_equal(boots.report.reset_class, MU__RESET_CLASS__RESET_POWER_ON);
	assert_false(boots.report.has_previous_uptime_s);
	assert_false(boots.report.has_previous_heap_min_bytes);
	assert_false(boots.report.has_cause);
	assert_int_equal(boots.report.n_unreported, 0);
	assert_memory_equal(boots.report.elf_sha.data, boots.sha, sizeof boots.sha);
}

static void test_a_crash_is_explained(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	mu_boot_history_reported(&boots.history);
	mu_boot_history_keep(&boots.history, 125900, 40960);
	boots_crash_in("sensor", 0x400D1234);
	boots.fake.reset_info.backtrace[0] = 0x400D1234;
	boots.fake.reset_info.backtrace[1] = 0x400D0001;
	boots.fake.reset_info.backtrace_count = 2;
	boots.fake.reset_info.rom_reason[0] = 12;
	boots_after(MU_RESET_RAW_PANIC);
	boots_report();
	assert_int_equal(mu_boot_history_boot(&boots.history), 2);
	assert_int_equal(boots.report.reset_class, MU__RESET_CLASS__RESET_CRASH);
	assert_true(mu_boot_history_crashed(&boots.history));
	assert_string_equal(boots.report.task, "sensor");
	assert_int_equal(boots.report.pc, 0x400D1234);
	assert_int_equal(boots.report.n_backtrace, 2);
	assert_int_equal(boots.report.backtrace[1], 0x400D0001);
	assert_true(boots.report.has_rom_reason_core0);
	assert_int_equal(boots.report.rom_reason_core0, 12);
	assert_false(boots.report.has_rom_reason_core1);
	assert_int_equal(boots.report.previous_uptime_s, 125);
	assert_int_equal(boots.report.previous_heap_min_bytes, 40960);
}

static void test_a_hung_token_is_named(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	mu_boot_history_cause(&boots.history, MU__RESET_CAUSE__CAUSE_LIVENESS, "network", 61000);
	boots_after(MU_RESET_RAW_SW);
	boots_report();
	assert_int_equal(boots.report.reset_class, MU__RESET_CLASS__RESET_HANG);
	assert_true(mu_boot_history_crashed(&boots.history));
	assert_int_equal(boots.report.cause, MU__RESET_CAUSE__CAUSE_LIVENESS);
	assert_string_equal(boots.report.hung_token, "network");
	assert_null(boots.report.task);
	assert_int_equal(boots.report.previous_uptime_s, 61);
	// The cause was that of one reset: the next has none.
	boots_after(MU_RESET_RAW_SW);
	boots_report();
	assert_false(boots.report.has_cause);
	assert_null(boots.report.hung_token);
	assert_int_equal(boots.report.reset_class, MU__RESET_CLASS__RESET_SOFTWARE);
}

// The restart was asked for, but somebody was quicker.
static void test_a_button_has_no_cause(void **unused)
{
	(void)unused;
	static const uint32_t raws[] = { MU_RESET_RAW_POWERON, 2, MU_RESET_RAW_BROWNOUT, 11, 8 };
	for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
		boots_after(MU_RESET_RAW_SW);
		mu_boot_history_cause(&boots.history, MU__RESET_CAUSE__CAUSE_ROLLBACK, NULL, 1000);
		boots_after(raws[i]);
		boots_report();
		assert_false(boots.report.has_cause);
	}
}

// A panic loop of forty boots, none of which came as far as a boots.report.
static void test_a_loop_is_told_in_one_entry(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	mu_boot_history_reported(&boots.history);
	boots_crash_in("main", 0x42);
	for (int i = 0; i < 40; i++) {
		boots_after(MU_RESET_RAW_PANIC);
		mu_boot_history_keep(&boots.history, 20000 + (uint64_t)i * 1000, 30000);
	}
	boots_after(MU_RESET_RAW_PANIC);
	assert_int_equal(mu_boot_history_boot(&boots.history), 42);
	boots_report();
	assert_int_equal(boots.report.n_unreported, 1);
	const Mu__UnreportedBoot *loop = boots.report.unreported[0];
	assert_int_equal(loop->first_boot, 2);
	assert_int_equal(loop->count, 40); // this one reports itself
	assert_int_equal(loop->last_uptime_s, 59);
	assert_int_equal(loop->reset_raw, MU_RESET_RAW_PANIC);
	assert_string_equal(loop->task, "main");
	assert_int_equal(loop->pc, 0x42);
	assert_memory_equal(loop->elf_sha.data, boots.sha, 4);

	mu_boot_history_reported(&boots.history);
	boots_report();
	assert_int_equal(boots.report.n_unreported, 0);
	// Two more of the same kind, then one that reports: only the first of the two is still to be told.
	boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_keep(&boots.history, 5000, 30000);
	boots_after(MU_RESET_RAW_PANIC);
	boots_report();
	assert_int_equal(boots.report.n_unreported, 1);
	assert_int_equal(boots.report.unreported[0]->first_boot, 43);
	assert_int_equal(boots.report.unreported[0]->count, 1);
	assert_int_equal(boots.report.unreported[0]->last_uptime_s, 5);
}

// Every kind of boot once more than there is room for: what fell out is counted, and the record keeps the limits.
static void test_a_full_history_fits_a_record(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	for (uint32_t i = 0; i < 20; i++) {
		boots_crash_in("fifteen-letters", 0xFFFFFF00u + i);
		boots_after(MU_RESET_RAW_PANIC);
		mu_boot_history_keep(&boots.history, UINT64_C(4000000000000), UINT32_MAX - 1);
	}
	boots_report();
	assert_int_equal(boots.report.n_unreported, MU_BOOT_ENTRIES - 1);
	assert_true(boots.report.has_boots_lost);
	assert_int_equal(boots.report.boots_lost, 5); // 21 boots, 16 entries
	assert_string_equal(boots.report.unreported[14]->task, "fifteen-letters");
	assert_int_equal(boots.report.unreported[14]->first_boot, 20);
}

// A brown-out that left RTC memory alone: what is in it is true and is told.
static void test_intact_memory_is_believed(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	mu_boot_history_keep(&boots.history, 77000, 12345);
	boots_after(MU_RESET_RAW_BROWNOUT);
	boots_report();
	assert_int_equal(boots.report.previous_uptime_s, 77);
	assert_int_equal(boots.report.previous_heap_min_bytes, 12345);
}

// The panic of boot 2 is told in full by boot 4, though boots 2 and 3 died before they could say a thing.
static void test_a_backtrace_outlives_the_boot_after_the_panic(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	mu_boot_history_reported(&boots.history);
	boots_crash_in("sensor", 0x42001234);
	boots.fake.reset_info.backtrace[0] = 0x42001234;
	boots.fake.reset_info.backtrace[15] = 0x4200FFFF;
	boots.fake.reset_info.backtrace_count = MU_BACKTRACE_MAX;
	boots_after(MU_RESET_RAW_PANIC);
	memset(&boots.fake.reset_info, 0, sizeof boots.fake.reset_info);
	boots_after(MU_RESET_RAW_TASK_WDT);
	boots_after(MU_RESET_RAW_BROWNOUT);
	boots_report();
	assert_int_equal(boots.report.n_unreported, 2);
	assert_string_equal(boots.report.unreported[0]->task, "sensor");
	assert_int_equal(boots.report.unreported[0]->pc, 0x42001234);
	assert_int_equal(boots.report.unreported[0]->n_backtrace, MU_BACKTRACE_MAX);
	assert_int_equal(boots.report.unreported[0]->backtrace[15], 0x4200FFFF);
	assert_int_equal(boots.report.unreported[1]->n_backtrace, 0);
	assert_int_equal(boots.report.n_backtrace, 0); // the brown-out's own
	mu_boot_history_reported(&boots.history);
	boots_after(MU_RESET_RAW_SW);
	boots_report();
	assert_int_equal(boots.report.n_unreported, 0); // told once
}

// A boot reports again when the application has named a metric: the crash that it began with is in that, too.
static void test_a_second_report_tells_the_crash_again(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_crash_in("sensor", 0x42001234);
	boots.fake.reset_info.backtrace_count = 3;
	boots_after(MU_RESET_RAW_PANIC);
	mu_boot_history_reported(&boots.history);
	boots_report();
	assert_string_equal(boots.report.task, "sensor");
	assert_int_equal(boots.report.pc, 0x42001234);
	assert_int_equal(boots.report.n_backtrace, 3);
}

// Where numbers begin anew (the flash was erased, the log is torn), the place of a crash of the time before is nobody's.
static void test_a_place_of_a_time_before_is_nobodys(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_after(MU_RESET_RAW_SW);
	boots_crash_in("sensor", 0x42001234);
	boots_after(MU_RESET_RAW_PANIC); // boot 3
	memset(&boots.fake.reset_info, 0, sizeof boots.fake.reset_info);
	memset(boots.fake.keys, 0, sizeof boots.fake.keys);
	memset(boots.fake.retained, 0, offsetof(struct mu_boot_memory, place));
	for (uint32_t boot = 1; boot <= 4; boot++) {
		boots_after(MU_RESET_RAW_SW);
		assert_int_equal(mu_boot_history_boot(&boots.history), boot);
		boots_report();
		assert_false(boots.report.has_pc);
		assert_null(boots.report.task);
		for (size_t i = 0; i < boots.report.n_unreported; i++)
			assert_null(boots.report.unreported[i]->task);
	}
}

// A loop keeps the place of its newest crash; this boot's own goes with itself.
static void test_a_loop_tells_the_place_of_its_newest_crash(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	mu_boot_history_reported(&boots.history);
	boots_crash_in("main", 0x42);
	boots.fake.reset_info.backtrace_count = 1;
	for (uint32_t i = 0; i < 5; i++) {
		boots.fake.reset_info.backtrace[0] = 100 + i;
		boots_after(MU_RESET_RAW_PANIC);
	}
	boots_report();
	assert_int_equal(boots.report.backtrace[0], 104);
	assert_int_equal(boots.report.unreported[0]->count, 4);
	assert_int_equal(boots.report.unreported[0]->n_backtrace, 0);
	memset(&boots.fake.reset_info, 0, sizeof boots.fake.reset_info);
	boots_after(MU_RESET_RAW_SW);
	boots_report();
	assert_int_equal(boots.report.unreported[0]->count, 5);
	assert_int_equal(boots.report.unreported[0]->backtrace[0], 104);
}

// A watchdog that bites the health loop: who was silent for long just before is named beside the task. What is no hang has no suspect.
static void test_a_suspect_is_named_after_a_hang_only(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t raw;
		bool named;
	} rows[] = { { MU_RESET_RAW_TASK_WDT, true }, { 5, true }, { 7, true }, { MU_RESET_RAW_PANIC, false }, { MU_RESET_RAW_SW, false },
		{ MU_RESET_RAW_POWERON, false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&boots.fake.reset_info, 0, sizeof boots.fake.reset_info);
		boots_after(MU_RESET_RAW_SW);
		mu_boot_history_suspect(&boots.history, "pump");
		mu_boot_history_keep(&boots.history, 40000, 30000);
		boots_crash_in("muster", 0x42);
		boots_after(rows[i].raw);
		boots_report();
		assert_int_equal(boots.report.hung_token != NULL, rows[i].named);
		if (rows[i].named)
			assert_string_equal(boots.report.hung_token, "pump");
		assert_string_equal(boots.report.task, "muster");
		assert_false(boots.report.has_cause);
	}
	// Who checks in again is no suspect; and a recorded cause is not written over.
	mu_boot_history_suspect(&boots.history, "pump");
	mu_boot_history_suspect(&boots.history, NULL);
	mu_boot_history_keep(&boots.history, 41000, 30000);
	boots_after(MU_RESET_RAW_TASK_WDT);
	boots_report();
	assert_null(boots.report.hung_token);
	mu_boot_history_cause(&boots.history, MU__RESET_CAUSE__CAUSE_LIVENESS, "net", 1000);
	mu_boot_history_suspect(&boots.history, "pump");
	boots_after(MU_RESET_RAW_SW);
	boots_report();
	assert_string_equal(boots.report.hung_token, "net");
}

// Ordinary memory, and something else in it at each start.
static void test_without_retained_memory(void **unused)
{
	(void)unused;
	for (uint32_t boot = 1; boot <= 3; boot++) {
		memset(boots.fake.retained, (int)boot, sizeof boots.fake.retained);
		assert_int_equal(boots_after(MU_RESET_RAW_SW), 0);
		assert_int_equal(mu_boot_history_boot(&boots.history), boot);
		mu_boot_history_keep(&boots.history, 5000, 1);
		mu_boot_history_cause(&boots.history, MU__RESET_CAUSE__CAUSE_COMMAND, NULL, 6000);
	}
	boots_report();
	assert_false(boots.report.has_previous_uptime_s);
	assert_int_equal(boots.report.n_unreported, 1);
}

// The panic handler of a broken program may leave anything in the name.
static void test_names_are_made_text(void **unused)
{
	(void)unused;
	boots_after_power_loss();
	boots_crash_in("\xFF\x01ok", 1);
	memset(boots.fake.reset_info.task + 4, 'x', MU_NAME_MAX - 4); // no NUL at all
	boots.fake.reset_info.backtrace_count = 99;
	boots_after(MU_RESET_RAW_PANIC);
	boots_report();
	assert_string_equal(boots.report.task, "??okxxxxxxxxxxx");
	assert_int_equal(boots.report.n_backtrace, MU_BACKTRACE_MAX);
}

static void test_an_unknown_code_is_kept(void **unused)
{
	(void)unused;
	boots_after(4711);
	boots_report();
	assert_int_equal(boots.report.reset_raw, 4711);
	assert_int_equal(boots.report.reset_class, MU__RESET_CLASS__RESET_UNKNOWN);
	boots_after(70000);
	boots_after(MU_RESET_RAW_POWERON);
	boots_report();
	assert_int_equal(boots.report.unreported[0]->reset_raw, 4711);
	assert_int_equal(boots.report.unreported[1]->reset_raw, UINT16_MAX);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, boots_set_up, boots_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_classes),
		CASE(test_the_first_boot_of_all),
		CASE(test_a_crash_is_explained),
		CASE(test_a_hung_token_is_named),
		CASE(test_a_button_has_no_cause),
		CASE(test_a_loop_is_told_in_one_entry),
		CASE(test_a_full_history_fits_a_record),
		CASE(test_intact_memory_is_believed),
		CASE(test_a_backtrace_outlives_the_boot_after_the_panic),
		CASE(test_a_loop_tells_the_place_of_its_newest_crash),
		CASE(test_a_second_report_tells_the_crash_again),
		CASE(test_a_place_of_a_time_before_is_nobodys),
		CASE(test_a_suspect_is_named_after_a_hang_only),
		CASE(test_without_retained_memory),
		CASE(test_names_are_made_text),
		CASE(test_an_unknown_code_is_kept),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
