// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include "agent/port/linux/system.h"

// What a reset does to retained memory, and what it tells: the power takes the memory, all else leaves it.
static const struct {
	uint32_t raw;
	const char *crash_task, *name;
	int keeps;
} resets[] = {
	{ MU_RESET_RAW_POWERON, 0, "power_on", 0 },
	{ MU_RESET_RAW_SW, 0, "software", 1 },
	{ MU_RESET_RAW_PANIC, "app", "panic", 1 },
	{ MU_RESET_RAW_TASK_WDT, "muster", "watchdog", 1 },
	{ MU_RESET_RAW_BROWNOUT, 0, "brown_out", 0 }, // contents are undefined then
};

static void test_each_reset(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
		struct mu_virtual_system system;
		uint8_t before[MU_RETAINED_BYTES];
		mu_virtual_system_init(&system, 0, 3);
		memset(system.retained, 0x42, sizeof system.retained);
		memcpy(before, system.retained, sizeof before);
		mu_virtual_system_reset(&system, resets[i].raw, resets[i].crash_task);
		assert_int_equal(!memcmp(before, system.retained, sizeof before), resets[i].keeps);
		assert_int_equal(system.reset.reset_raw, resets[i].raw);
		assert_int_not_equal(system.reset.rom_reason[0], 0);
		assert_int_equal(system.reset.has_crash, resets[i].crash_task != 0);
		assert_string_equal(system.reset.task, resets[i].crash_task ? resets[i].crash_task : "");
		assert_int_equal(system.reset.backtrace_count > 0, resets[i].crash_task != 0);
		assert_string_equal(mu_reset_raw_name(resets[i].raw), resets[i].name);
	}
	assert_string_equal(mu_reset_raw_name(99), "unknown");
}

// The same crash has the same addresses each time, or boots in a loop would not fold.
static void test_crashes_repeat_themselves(void **unused)
{
	(void)unused;
	struct mu_virtual_system a, b;
	mu_virtual_system_init(&a, 0, 1);
	mu_virtual_system_init(&b, 0, 2);
	mu_virtual_system_reset(&a, MU_RESET_RAW_PANIC, "app");
	mu_virtual_system_reset(&b, MU_RESET_RAW_PANIC, "app");
	assert_memory_equal(a.reset.backtrace, b.reset.backtrace, sizeof a.reset.backtrace);
	assert_int_equal(a.reset.pc, a.reset.backtrace[0]);
}

static void test_vitals_follow_the_models(void **unused)
{
	(void)unused;
	struct mu_virtual_system system;
	struct mu_system_vitals idle, busy;
	mu_virtual_system_init(&system, 0, 1);
	mu_virtual_system_boot(&system, 0, 1000);
	mu_virtual_system_vitals(&system, 1000, &idle);
	assert_in_range(idle.heap_free_bytes, 170 * 1024, 185 * 1024);
	assert_true(idle.heap_largest_bytes < idle.heap_free_bytes && idle.heap_min_bytes <= idle.heap_free_bytes);
	assert_in_range(idle.temperature_decicelsius, 380, 430);
	assert_true(idle.has_cpu && idle.has_stack && idle.has_sockets && !idle.has_psram);
	mu_virtual_system_sockets(&system, 1, 1);
	mu_virtual_system_vitals(&system, 1000, &busy);
	assert_int_equal(idle.heap_free_bytes - busy.heap_free_bytes, MU_HEAP_SOCKET_BYTES + MU_HEAP_TLS_BYTES);
	assert_int_equal(busy.heap_min_bytes, busy.heap_free_bytes);
	mu_virtual_system_sockets(&system, 0, 0);
	mu_virtual_system_vitals(&system, 1000, &idle);
	assert_int_equal(idle.heap_min_bytes, busy.heap_free_bytes); // a low-water mark stays
	assert_int_equal(idle.sockets_open, 0);
	assert_int_equal(idle.sockets_high_water, 1);
}

// What a chip has shows in its vitals, and what it has not is absent.
static void test_each_hardware(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *revision;
		bool second_core, psram;
	} rows[] = { { "esp32c3", "esp32c3-0.4", false, false }, { "esp32s3-psram", "esp32s3-0.2", true, true } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_virtual_system system;
		struct mu_system_vitals vitals;
		const struct mu_hardware *hardware = mu_hardware_find(rows[i].name);
		assert_non_null(hardware);
		assert_non_null(strstr(mu_hardware_names(), rows[i].name));
		mu_virtual_system_init(&system, hardware, 1);
		mu_virtual_system_reset(&system, MU_RESET_RAW_SW, 0);
		mu_virtual_system_boot(&system, 0, 0);
		mu_virtual_system_vitals(&system, 60000, &vitals);
		assert_string_equal(hardware->revision, rows[i].revision);
		assert_int_equal(vitals.cpu_permille[1] > 0, rows[i].second_core);
		assert_int_equal(system.reset.rom_reason[1] > 0, rows[i].second_core);
		assert_int_equal(vitals.has_psram, rows[i].psram);
		if (!rows[i].psram)
			continue;
		assert_true(vitals.psram_largest_bytes < vitals.psram_free_bytes);
		assert_true(vitals.psram_min_bytes <= vitals.psram_free_bytes && vitals.psram_min_bytes > 7000 * 1024);
	}
	assert_null(mu_hardware_find("esp8266"));
	assert_string_equal(mu_hardware_find(0)->name, "esp32c3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_hardware),
		cmocka_unit_test(test_each_reset),
		cmocka_unit_test(test_crashes_repeat_themselves),
		cmocka_unit_test(test_vitals_follow_the_models),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
