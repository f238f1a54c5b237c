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
	mu_boot_history_keep(&history, 6000, 30000); // shadows it
	power_cycle();
	fill();
	assert_int_equal(report.n_unreported, 0);
	assert_int_equal(mu_boot_history_boot(&history), 3);
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

static void test_a_shadow_that_fails_is_counted(void **unused)
{
	(void)unused;
	power_cycle();
	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1);
	assert_int_equal(boot_after(RAW_PANIC), MU_ERR_IO);
	assert_int_equal(mu_boot_history_boot(&history), 2);
	assert_int_equal(history.shadow_faults, 1);
	boot_after(RAW_PANIC); // RTC memory knows better than the old shadow
	assert_int_equal(mu_boot_history_boot(&history), 3);
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
		CASE(test_power_loss_keeps_the_counter_and_the_loop),
		CASE(test_reported_boots_stay_reported_through_power_loss),
		CASE(test_intact_memory_is_believed),
		CASE(test_writes_are_bounded),
		CASE(test_a_shadow_that_fails_is_counted),
		CASE(test_power_cuts_never_take_a_number_back),
		CASE(test_a_torn_log_falls_back_on_the_shadow),
		CASE(test_without_retained_memory),
		CASE(test_names_are_made_text),
		CASE(test_an_unknown_code_is_kept),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
