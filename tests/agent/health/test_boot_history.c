// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/health/boot_history.h"
#include "proto/limits.h"
#include "tests/agent/fake_port.h"

enum { RAW_POWER_ON = 1, RAW_SOFTWARE = 3, RAW_PANIC = 4, RAW_TASK_WATCHDOG = 6, RAW_BROWN_OUT = 9, HOUR_MS = 3600000 };

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
	Mu__Record record;
	mu__record__init(&record);
	record.boot = mu_boot_history_boot(&history);
	record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	record.boot_report = &report;
	struct mu_limits_fault fault;
	if (mu_limits_check_record(&record, &fault) < 0)
		fail_msg("%s %s", fault.field, fault.what);
	assert_true(mu__record__get_packed_size(&record) <= MU_RECORD_BYTES_MAX);
}

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
	assert_int_equal(power_cycle(), 0);
	assert_int_equal(mu_boot_history_boot(&history), 1);
	fill();
	assert_int_equal(report.reset_raw, RAW_POWER_ON);
	assert_int_equal(report.reset_class, MU__RESET_CLASS__RESET_POWER_ON);
	assert_false(report.has_previous_uptime_s);
	assert_false(report.has_previous_heap_min_bytes);
	assert_false(report.has_cause);
	assert_int_equal(report.n_unreported, 0);
	assert_memory_equal(report.elf_sha.data, sha, sizeof sha);
}

static void test_a_crash_is_explained(void **unused)
{
	(void)unused;
	power_cycle();
	mu_boot_history_reported(&history);
	mu_boot_history_keep(&history, 125900, 40960);
	crash_in("sensor", 0x400D1234);
	fake.reset_info.backtrace[0] = 0x400D1234;
	fake.reset_info.backtrace[1] = 0x400D0001;
	fake.reset_info.backtrace_count = 2;
	fake.reset_info.rom_reason[0] = 12;
	boot_after(RAW_PANIC);
	fill();
	assert_int_equal(mu_boot_history_boot(&history), 2);
	assert_int_equal(report.reset_class, MU__RESET_CLASS__RESET_CRASH);
	assert_true(mu_boot_history_crashed(&history));
	assert_string_equal(report.task, "sensor");
	assert_int_equal(report.pc, 0x400D1234);
	assert_int_equal(report.n_backtrace, 2);
	assert_int_equal(report.backtrace[1], 0x400D0001);
	assert_true(report.has_rom_reason_core0);
	assert_int_equal(report.rom_reason_core0, 12);
	assert_false(report.has_rom_reason_core1);
	assert_int_equal(report.previous_uptime_s, 125);
	assert_int_equal(report.previous_heap_min_bytes, 40960);
}

static void test_a_hung_token_is_named(void **unused)
{
	(void)unused;
	power_cycle();
	mu_boot_history_cause(&history, MU__RESET_CAUSE__CAUSE_LIVENESS, "network", 61000);
	boot_after(RAW_SOFTWARE);
	fill();
	assert_int_equal(report.reset_class, MU__RESET_CLASS__RESET_HANG);
	assert_true(mu_boot_history_crashed(&history));
	assert_int_equal(report.cause, MU__RESET_CAUSE__CAUSE_LIVENESS);
	assert_string_equal(report.hung_token, "network");
	assert_null(report.task);
	assert_int_equal(report.previous_uptime_s, 61);
	// The cause was that of one reset: the next has none.
	boot_after(RAW_SOFTWARE);
	fill();
	assert_false(report.has_cause);
	assert_null(report.hung_token);
	assert_int_equal(report.reset_class, MU__RESET_CLASS__RESET_SOFTWARE);
}

// The restart was asked for, but somebody was quicker.
static void test_a_button_has_no_cause(void **unused)
{
	(void)unused;
	static const uint32_t raws[] = { RAW_POWER_ON, 2, RAW_BROWN_OUT, 11, 8 };
	for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
		mu_boot_history_open(&history, &fake.port, sha);
		mu_boot_history_cause(&history, MU__RESET_CAUSE__CAUSE_ROLLBACK, NULL, 1000);
		boot_after(raws[i]);
		fill();
		assert_false(report.has_cause);
	}
}

// A panic loop of forty boots, none of which came as far as a report.
static void test_a_loop_is_told_in_one_entry(void **unused)
{
	(void)unused;
	power_cycle();
	mu_boot_history_reported(&history);
	crash_in("main", 0x42);
	for (int i = 0; i < 40; i++) {
		boot_after(RAW_PANIC);
		mu_boot_history_keep(&history, 20000 + (uint64_t)i * 1000, 30000);
	}
	boot_after(RAW_PANIC);
	assert_int_equal(mu_boot_history_boot(&history), 42);
	fill();
	assert_int_equal(report.n_unreported, 1);
	const Mu__UnreportedBoot *loop = report.unreported[0];
	assert_int_equal(loop->first_boot, 2);
	assert_int_equal(loop->count, 40); // this one reports itself
	assert_int_equal(loop->last_uptime_s, 59);
	assert_int_equal(loop->reset_raw, RAW_PANIC);
	assert_string_equal(loop->task, "main");
	assert_int_equal(loop->pc, 0x42);
	assert_memory_equal(loop->elf_sha.data, sha, 4);

	mu_boot_history_reported(&history);
	fill();
	assert_int_equal(report.n_unreported, 0);
	// Two more of the same kind, then one that reports: only the first of the two is still to be told.
	boot_after(RAW_PANIC);
	mu_boot_history_keep(&history, 5000, 30000);
	boot_after(RAW_PANIC);
	fill();
	assert_int_equal(report.n_unreported, 1);
	assert_int_equal(report.unreported[0]->first_boot, 43);
	assert_int_equal(report.unreported[0]->count, 1);
	assert_int_equal(report.unreported[0]->last_uptime_s, 5);
}

// Every kind of boot once more than there is room for: what fell out is counted, and the record keeps the limits.
static void test_a_full_history_fits_a_record(void **unused)
{
	(void)unused;
	power_cycle();
	for (uint32_t i = 0; i < 20; i++) {
		crash_in("fifteen-letters", 0xFFFFFF00u + i);
		boot_after(RAW_PANIC);
		mu_boot_history_keep(&history, UINT64_C(4000000000000), UINT32_MAX - 1);
	}
	fill();
	assert_int_equal(report.n_unreported, MU_BOOT_ENTRIES - 1);
	assert_true(report.has_boots_lost);
	assert_int_equal(report.boots_lost, 5); // 21 boots, 16 entries
	assert_string_equal(report.unreported[14]->task, "fifteen-letters");
	assert_int_equal(report.unreported[14]->first_boot, 20);
}

// A brown-out that left RTC memory alone: what is in it is true and is told.
static void test_intact_memory_is_believed(void **unused)
{
	(void)unused;
	power_cycle();
	mu_boot_history_keep(&history, 77000, 12345);
	boot_after(RAW_BROWN_OUT);
	fill();
	assert_int_equal(report.previous_uptime_s, 77);
	assert_int_equal(report.previous_heap_min_bytes, 12345);
}

// The panic of boot 2 is told in full by boot 4, though boots 2 and 3 died before they could say a thing.
static void test_a_backtrace_outlives_the_boot_after_the_panic(void **unused)
{
	(void)unused;
	power_cycle();
	mu_boot_history_reported(&history);
	crash_in("sensor", 0x42001234);
	fake.reset_info.backtrace[0] = 0x42001234;
	fake.reset_info.backtrace[15] = 0x4200FFFF;
	fake.reset_info.backtrace_count = MU_BACKTRACE_MAX;
	boot_after(RAW_PANIC);
	memset(&fake.reset_info, 0, sizeof fake.reset_info);
	boot_after(RAW_TASK_WATCHDOG);
	boot_after(RAW_BROWN_OUT);
	fill();
	assert_int_equal(report.n_unreported, 2);
	assert_string_equal(report.unreported[0]->task, "sensor");
	assert_int_equal(report.unreported[0]->pc, 0x42001234);
	assert_int_equal(report.unreported[0]->n_backtrace, MU_BACKTRACE_MAX);
	assert_int_equal(report.unreported[0]->backtrace[15], 0x4200FFFF);
	assert_int_equal(report.unreported[1]->n_backtrace, 0);
	assert_int_equal(report.n_backtrace, 0); // the brown-out's own
	mu_boot_history_reported(&history);
	boot_after(RAW_SOFTWARE);
	fill();
	assert_int_equal(report.n_unreported, 0); // told once
	assert_int_equal(fake.retained[MU_BOOT_PLACE_OFFSET], 0);
}

// A loop keeps the place of its newest crash; this boot's own goes with itself.
static void test_a_loop_tells_the_place_of_its_newest_crash(void **unused)
{
	(void)unused;
	power_cycle();
	mu_boot_history_reported(&history);
	crash_in("main", 0x42);
	fake.reset_info.backtrace_count = 1;
	for (uint32_t i = 0; i < 5; i++) {
		fake.reset_info.backtrace[0] = 100 + i;
		boot_after(RAW_PANIC);
	}
	fill();
	assert_int_equal(report.backtrace[0], 104);
	assert_int_equal(report.unreported[0]->count, 4);
	assert_int_equal(report.unreported[0]->n_backtrace, 0);
	memset(&fake.reset_info, 0, sizeof fake.reset_info);
	boot_after(RAW_SOFTWARE);
	fill();
	assert_int_equal(report.unreported[0]->count, 5);
	assert_int_equal(report.unreported[0]->backtrace[0], 104);
}

// A watchdog that bites the health loop: who was silent for long just before is named beside the task. What is no hang has no suspect.
static void test_a_suspect_is_named_after_a_hang_only(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t raw;
		bool named;
	} rows[] = { { RAW_TASK_WATCHDOG, true }, { 5, true }, { 7, true }, { RAW_PANIC, false }, { RAW_SOFTWARE, false },
		{ RAW_POWER_ON, false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&fake.reset_info, 0, sizeof fake.reset_info);
		boot_after(RAW_SOFTWARE);
		mu_boot_history_suspect(&history, "pump");
		mu_boot_history_keep(&history, 40000, 30000);
		crash_in("muster", 0x42);
		boot_after(rows[i].raw);
		fill();
		assert_int_equal(report.hung_token != NULL, rows[i].named);
		if (rows[i].named)
			assert_string_equal(report.hung_token, "pump");
		assert_string_equal(report.task, "muster");
		assert_false(report.has_cause);
	}
	// Who checks in again is no suspect; and a recorded cause is not written over.
	mu_boot_history_suspect(&history, "pump");
	mu_boot_history_suspect(&history, NULL);
	mu_boot_history_keep(&history, 41000, 30000);
	boot_after(RAW_TASK_WATCHDOG);
	fill();
	assert_null(report.hung_token);
	mu_boot_history_cause(&history, MU__RESET_CAUSE__CAUSE_LIVENESS, "net", 1000);
	mu_boot_history_suspect(&history, "pump");
	boot_after(RAW_SOFTWARE);
	fill();
	assert_string_equal(report.hung_token, "net");
}

static uint8_t *no_retained(void *context, size_t *size)
{
	(void)context;
	*size = 0;
	return NULL;
}

static void test_without_retained_memory(void **unused)
{
	(void)unused;
	struct mu_system_port system = *fake.port.system;
	system.retained = no_retained;
	fake.port.system = &system;
	for (uint32_t boot = 1; boot <= 3; boot++) {
		assert_int_equal(boot_after(RAW_SOFTWARE), 0);
		assert_int_equal(mu_boot_history_boot(&history), boot);
		mu_boot_history_keep(&history, 5000, 1);
		mu_boot_history_cause(&history, MU__RESET_CAUSE__CAUSE_COMMAND, NULL, 6000);
	}
	fill();
	assert_false(report.has_previous_uptime_s);
	assert_int_equal(report.n_unreported, 1);
}

// The panic handler of a broken program may leave anything in the name.
static void test_names_are_made_text(void **unused)
{
	(void)unused;
	power_cycle();
	crash_in("\xFF\x01ok", 1);
	memset(fake.reset_info.task + 4, 'x', MU_NAME_MAX - 4); // no NUL at all
	fake.reset_info.backtrace_count = 99;
	boot_after(RAW_PANIC);
	fill();
	assert_string_equal(report.task, "??okxxxxxxxxxxx");
	assert_int_equal(report.n_backtrace, MU_BACKTRACE_MAX);
}

static void test_an_unknown_code_is_kept(void **unused)
{
	(void)unused;
	boot_after(4711);
	fill();
	assert_int_equal(report.reset_raw, 4711);
	assert_int_equal(report.reset_class, MU__RESET_CLASS__RESET_UNKNOWN);
	boot_after(70000);
	boot_after(RAW_POWER_ON);
	fill();
	assert_int_equal(report.unreported[0]->reset_raw, 4711);
	assert_int_equal(report.unreported[1]->reset_raw, UINT16_MAX);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
		CASE(test_a_suspect_is_named_after_a_hang_only),
		CASE(test_without_retained_memory),
		CASE(test_names_are_made_text),
		CASE(test_an_unknown_code_is_kept),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
