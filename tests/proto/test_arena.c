// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden_file.h"
#include "muster.pb-c.h"
#include "proto/arena.h"
#include "proto/limits.h"

#define X15 "xxxxxxxxxxxxxxx"
#define X31 X15 X15 "x"

static void test_aligned_and_bounded(void **unused)
{
	(void)unused;
	uint8_t buffer[65];
	struct mu_arena arena;
	mu_arena_init(&arena, buffer + 1, sizeof buffer - 1); // a start that is not aligned

	uint8_t *first = arena.allocator.alloc(arena.allocator.allocator_data, 3);
	uint8_t *second = arena.allocator.alloc(arena.allocator.allocator_data, 16);
	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal((uintptr_t)first % 8, 0);
	assert_int_equal((uintptr_t)second % 8, 0);
	assert_true(second >= first + 3);
	assert_false(arena.exhausted);
	assert_null(arena.allocator.alloc(arena.allocator.allocator_data, 64));
	assert_true(arena.exhausted);
	assert_null(arena.allocator.alloc(arena.allocator.allocator_data, SIZE_MAX)); // no overflow
	arena.allocator.free(arena.allocator.allocator_data, first);                  // nothing to be done, nothing goes wrong
	mu_arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_false(arena.exhausted);
	assert_non_null(arena.allocator.alloc(arena.allocator.allocator_data, 48));
}

static void test_empty_arena_gives_nothing(void **unused)
{
	(void)unused;
	struct mu_arena arena;
	mu_arena_init(&arena, 0, 0);
	assert_null(arena.allocator.alloc(arena.allocator.allocator_data, 1));
}

// The largest boot record that keeps the limits.
static size_t largest_boot(uint8_t *out)
{
	char text[8192];
	size_t used = (size_t)snprintf(text, sizeof text,
		"boot: 4294967295 uptime_ms: 9007199254740991 wall_ms: 4102444800000 time_quality: TIME_SERVER boot_report { reset_raw: 4294967295 "
		"reset_class: RESET_HARDWARE rom_reason_core0: 4294967295 rom_reason_core1: 4294967295 firmware: '" X31
		"' elf_sha: '12345678' "
		"slot: 15 cause: CAUSE_NO_ACK hung_token: '" X15 "' task: '" X15 "' pc: 1 previous_uptime_s: 4294967295 "
		"previous_heap_min_bytes: 4294967295 hardware: '" X31 "' agent: '" X31
		"' watchdog_armed: true boots_lost: 4294967295 again: true ");
	for (int i = 0; i < 16; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
			"backtrace: 1 app_metric_names: '" X15
			"' unreported { first_boot: 4294967295 count: 4294967295 reset_raw: 4294967295 "
			"reset_class: RESET_HARDWARE last_uptime_s: 4294967295 cause: CAUSE_NO_ACK hung_token: '" X15 "' task: '" X15
			"' pc: 1 "
			"elf_sha: '1234' } ");
	snprintf(text + used, sizeof text - used, "}");
	return golden_encode("Record", text, out);
}

// What the headers promise: a record within the limits fits into MU_RECORD_BYTES_MAX, and unpacks in MU_ARENA_RECORD_BYTES.
static void test_the_largest_record_fits(void **unused)
{
	(void)unused;
	static uint8_t buffer[MU_ARENA_RECORD_BYTES];
	uint8_t bytes[GOLDEN_BYTES_MAX];
	size_t size = largest_boot(bytes);
	struct mu_arena arena;
	struct mu_limits_fault fault = { .field = "" };

	mu_arena_init(&arena, buffer, sizeof buffer);
	Mu__Record *record = mu__record__unpack(&arena.allocator, size, bytes);
	print_message("largest record: %zu bytes packed, %zu of %zu in the arena\n", size, arena.used, arena.size);
	assert_true(size <= MU_RECORD_BYTES_MAX);
	assert_non_null(record);
	assert_int_equal(mu_limits_check_record(record, &fault), 0);
}

// At every size too small unpacking fails cleanly, with no byte outside the buffer (the sanitizer watches).
static void test_every_smaller_arena_fails_cleanly(void **unused)
{
	(void)unused;
	static uint8_t buffer[MU_ARENA_RECORD_BYTES];
	uint8_t bytes[GOLDEN_BYTES_MAX];
	size_t size = largest_boot(bytes), failed = 0;

	for (size_t room = 0; room < sizeof buffer; room += 56) {
		struct mu_arena arena;
		mu_arena_init(&arena, buffer, room);
		if (mu__record__unpack(&arena.allocator, size, bytes))
			break;
		assert_true(arena.exhausted);
		failed++;
	}
	assert_in_range(failed, 10, sizeof buffer / 56 - 1);
}

static void test_commands_and_acks_fit(void **unused)
{
	(void)unused;
	static uint8_t buffer[MU_ARENA_COMMAND_BYTES];
	uint8_t bytes[GOLDEN_BYTES_MAX];
	struct mu_arena arena;
	char text[1024];
	char url[MU_URL_TEXT_MAX + 1];

	memset(url, 'x', sizeof url - 1);
	url[sizeof url - 1] = 0;
	snprintf(text, sizeof text,
		"device: 'a' id: '0123456789abcdef' counter: 1 not_after_ms: 4102444800000 update { manifest_url: '%s' }", url);
	size_t size = golden_encode("Command", text, bytes);
	assert_true(size + 100 <= MU_COMMAND_BYTES_MAX); // with signature and key id
	mu_arena_init(&arena, buffer, sizeof buffer);
	assert_non_null(mu__command__unpack(&arena.allocator, size, bytes));

	struct golden_row row = { .name = "ack" };
	size = golden_hex(&row, bytes);
	assert_true(size <= MU_ACK_BYTES_MAX);
	mu_arena_init(&arena, buffer, MU_ARENA_ACK_BYTES);
	assert_non_null(mu__ack__unpack(&arena.allocator, size, bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned_and_bounded),
		cmocka_unit_test(test_empty_arena_gives_nothing),
		cmocka_unit_test(test_the_largest_record_fits),
		cmocka_unit_test(test_every_smaller_arena_fails_cleanly),
		cmocka_unit_test(test_commands_and_acks_fit),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
