// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/health/boot_log.h"
#include "muster.pb-c.h"

static struct mu_boot_entry crash_at(uint32_t boot, uint32_t pc)
{
	struct mu_boot_entry entry = {
		.first_boot = boot,
		.pc = pc,
		.reset_raw = 4,
		.reset_class = (uint8_t)MU__RESET_CLASS__RESET_CRASH,
		.flags = MU_BOOT_HAS_PC,
	};
	memcpy(entry.name, "main", 4);
	return entry;
}

static void add_crashes(struct mu_boot_log *log, unsigned count, bool equal)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t boot = mu_boot_log_last_boot(log) + 1;
		struct mu_boot_entry entry = crash_at(boot, equal ? 0x42 : boot);
		mu_boot_log_add(log, &entry);
	}
}

static int read_shadow(struct mu_boot_log *log, uint16_t *ahead, const uint8_t *data, size_t size)
{
	uint32_t last = 0;
	*ahead = 0;
	mu_boot_log_init(log);
	int err = mu_boot_shadow_check(data, size, &last, ahead);
	if (err < 0)
		return err;
	mu_boot_shadow_read(log, data, size);
	assert_int_equal(mu_boot_log_last_boot(log), last);
	return 0;
}

static void test_equal_boots_fold(void **unused)
{
	(void)unused;
	struct mu_boot_log log;
	mu_boot_log_init(&log);
	assert_int_equal(mu_boot_log_last_boot(&log), 0);
	add_crashes(&log, 40, true);
	assert_int_equal(log.count, 1);
	assert_int_equal(log.entry[0].count, 40);
	assert_int_equal(log.entry[0].unreported, 40);
	assert_int_equal(mu_boot_log_last_boot(&log), 40);
}

// Each row: this change to the second boot keeps it apart.
static void test_different_boots_do_not_fold(void **unused)
{
	(void)unused;
	struct mu_boot_entry second[7];
	for (int i = 0; i < 7; i++)
		second[i] = crash_at(2, 0x42);
	second[0].pc = 0x43;
	second[1].reset_raw = 15;
	second[2].cause = (uint8_t)MU__RESET_CAUSE__CAUSE_ASSERT;
	second[3].name[0] = 'x';
	second[4].elf_sha[3] = 1;
	second[5].flags |= MU_BOOT_NAME_IS_TOKEN;
	second[6].first_boot = 3; // a boot between them is not in the log
	for (int i = 0; i < 7; i++) {
		struct mu_boot_log log;
		struct mu_boot_entry first = crash_at(1, 0x42);
		mu_boot_log_init(&log);
		mu_boot_log_add(&log, &first);
		mu_boot_log_add(&log, &second[i]);
		assert_int_equal(log.count, 2);
	}
}

// A watchdog stops a hung task wherever it is: 20 PCs, one hang.
static void test_hangs_fold_whatever_the_pc(void **unused)
{
	(void)unused;
	struct mu_boot_log log;
	mu_boot_log_init(&log);
	for (uint32_t boot = 1; boot <= 20; boot++) {
		struct mu_boot_entry hang = crash_at(boot, 0x1000 + boot);
		hang.reset_class = (uint8_t)MU__RESET_CLASS__RESET_HANG;
		mu_boot_log_add(&log, &hang);
	}
	assert_int_equal(log.count, 1);
	assert_int_equal(log.entry[0].pc, 0x1014); // the newest
}

static void test_the_oldest_falls_out_and_is_counted(void **unused)
{
	(void)unused;
	struct mu_boot_log log;
	mu_boot_log_init(&log);
	add_crashes(&log, 3, true);
	add_crashes(&log, 15, false);
	assert_int_equal(log.count, MU_BOOT_ENTRIES);
	assert_int_equal(log.boots_lost, 0);
	add_crashes(&log, 1, false);
	assert_int_equal(log.boots_lost, 3); // the folded three
	mu_boot_log_reported(&log);
	assert_int_equal(log.boots_lost, 0);
	add_crashes(&log, 2, false);
	assert_int_equal(log.boots_lost, 0); // what was reported is not lost
}

static void test_a_full_count_starts_a_new_entry(void **unused)
{
	(void)unused;
	struct mu_boot_log log;
	mu_boot_log_init(&log);
	add_crashes(&log, 1, true);
	log.entry[0].count = log.entry[0].unreported = UINT16_MAX;
	add_crashes(&log, 1, true);
	assert_int_equal(log.count, 2);
	assert_int_equal(mu_boot_log_last_boot(&log), UINT16_MAX + 1);
}

// Any one flipped bit of the stored log is noticed.
static void test_every_flipped_bit_is_noticed(void **unused)
{
	(void)unused;
	struct mu_boot_log log, read;
	mu_boot_log_init(&log);
	add_crashes(&log, 20, false);
	mu_boot_log_seal(&log);
	read = log;
	assert_int_equal(mu_boot_log_open(&read), 0);
	assert_memory_equal(&read, &log, sizeof log);
	for (size_t bit = 0; bit < sizeof log * 8; bit++) {
		read = log;
		((uint8_t *)&read)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(mu_boot_log_open(&read), MU_ERR_CRC);
		assert_int_equal(read.count, 0);
	}
}

static void test_rubbish_is_no_log(void **unused)
{
	(void)unused;
	static const uint8_t fills[] = { 0x00, 0xFF, 0xAA, 0x55 };
	for (size_t i = 0; i < sizeof fills; i++) {
		uint8_t copy;
		struct mu_boot_memory memory;
		struct mu_boot_current current;
		memset(&memory, fills[i], sizeof memory);
		assert_int_equal(mu_boot_log_open(&memory.log), MU_ERR_CRC);
		assert_int_equal(mu_boot_log_last_boot(&memory.log), 0);
		assert_int_equal(mu_boot_current_load(&current, &copy, &memory), MU_ERR_CRC);
		assert_false(mu_boot_place_valid(&memory.place));
	}
}

// The newer of the two copies is the newer one across the wrap of their sequence, too.
static void test_the_sequence_wraps(void **unused)
{
	(void)unused;
	uint8_t copy = 0;
	struct mu_boot_memory memory = { 0 };
	struct mu_boot_current current = { .boot = 7, .sequence = UINT32_MAX - 3 }, read;
	for (uint32_t s = 1; s <= 9; s++) {
		current.uptime_s = s;
		mu_boot_current_store(&current, &copy, &memory);
		assert_int_equal(mu_boot_current_load(&read, &copy, &memory), 0);
		assert_int_equal(read.uptime_s, s);
	}
}

// A reset inside a write leaves the copy before it.
static void test_torn_current_falls_back(void **unused)
{
	(void)unused;
	uint8_t copy = 0;
	struct mu_boot_memory memory = { 0 }, before, after;
	struct mu_boot_current current = { .boot = 7 }, read;
	for (uint32_t s = 1; s <= 9; s++) {
		current.uptime_s = s;
		mu_boot_current_store(&current, &copy, &memory);
		assert_int_equal(mu_boot_current_load(&read, &copy, &memory), 0);
		assert_int_equal(read.uptime_s, s);
	}
	before = memory;
	current.uptime_s = 10;
	mu_boot_current_store(&current, &copy, &memory);
	after = memory;
	for (size_t cut = 0; cut <= sizeof memory; cut++) {
		memory = before;
		memcpy(&memory, &after, cut);
		assert_int_equal(mu_boot_current_load(&read, &copy, &memory), 0);
		assert_in_range(read.uptime_s, 9, 10);
	}
}

// A reset inside the write of a crash's place: it is there as a whole, or not at all.
static void test_a_torn_place_is_none(void **unused)
{
	(void)unused;
	struct mu_boot_place old = { .boot = 3, .pc = 1, .task = "net", .backtrace_count = 2, .backtrace = { 1, 2 } };
	struct mu_boot_place new = { .boot = 9, .pc = 5, .task = "app", .backtrace_count = 16, .backtrace = { 5, 6, 7 } };
	mu_boot_place_seal(&old);
	mu_boot_place_seal(&new);
	for (size_t cut = 0; cut <= sizeof old; cut++) {
		struct mu_boot_place torn = old;
		memcpy(&torn, &new, cut);
		bool is_whole = cut == 0 || !memcmp(&torn, &new, sizeof torn);
		assert_int_equal(mu_boot_place_valid(&torn), is_whole);
	}
}

// Whole by its checksum, but whoever wrote that, it is not ours: more frames than there can be, a name without an end.
static void test_a_place_that_cannot_be_is_none(void **unused)
{
	(void)unused;
	struct mu_boot_place place = { .boot = 9, .task = "fifteen-letters", .backtrace_count = MU_BACKTRACE_MAX };
	mu_boot_place_seal(&place);
	assert_true(mu_boot_place_valid(&place));
	place.backtrace_count++;
	mu_boot_place_seal(&place);
	assert_false(mu_boot_place_valid(&place));
	place.backtrace_count--;
	place.task[MU_NAME_MAX - 1] = 'x';
	mu_boot_place_seal(&place);
	assert_false(mu_boot_place_valid(&place));
}

static void test_shadow_keeps_the_newest_twelve(void **unused)
{
	(void)unused;
	uint8_t shadow[MU_BOOT_SHADOW_BYTES];
	uint16_t ahead;
	struct mu_boot_log log, read;
	mu_boot_log_init(&log);
	assert_int_equal(mu_boot_shadow_write(&log, 77, shadow), 12);
	assert_int_equal(read_shadow(&read, &ahead, shadow, 12), 0);
	add_crashes(&log, 15, false);
	size_t size = mu_boot_shadow_write(&log, 77, shadow);
	assert_int_equal(size, MU_BOOT_SHADOW_BYTES);
	assert_int_equal(read_shadow(&read, &ahead, shadow, size), 0);
	assert_int_equal(read.count, MU_BOOT_SHADOW_ENTRIES);
	assert_int_equal(read.boots_lost, 3);
	assert_int_equal(ahead, 77);
	assert_int_equal(mu_boot_log_last_boot(&read), 15);
	assert_int_equal(read.entry[0].pc, 4);
}

// Whole by their checksums, but nothing that was ever written: numbers that do not rise, more told than counted, numbers without an end.
static void test_what_cannot_be_is_refused(void **unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++) {
		uint8_t shadow[MU_BOOT_SHADOW_BYTES];
		uint16_t ahead;
		struct mu_boot_log log, read;
		mu_boot_log_init(&log);
		add_crashes(&log, 3, false);
		switch (i) {
		case 0: log.entry[1].count = 0; break;
		case 1: log.entry[1].unreported = 2; break;
		case 2: log.entry[1].first_boot = 1; break;
		case 3: log.entry[2].first_boot = UINT32_MAX; break;
		default: log.entry[0].first_boot = 0; break;
		}
		assert_int_equal(read_shadow(&read, &ahead, shadow, mu_boot_shadow_write(&log, 9, shadow)), MU_ERR_INVALID);
		assert_int_equal(read.count + ahead, 0);
		mu_boot_log_seal(&log);
		assert_int_equal(mu_boot_log_open(&log), MU_ERR_CRC);
		assert_int_equal(log.count, 0);
	}
	uint8_t copy = 0;
	struct mu_boot_memory memory = { 0 };
	struct mu_boot_current current = { .boot = UINT32_MAX }, read;
	mu_boot_current_store(&current, &copy, &memory);
	assert_int_equal(mu_boot_current_load(&read, &copy, &memory), MU_ERR_CRC);
}

static void test_damaged_shadows(void **unused)
{
	(void)unused;
	uint8_t shadow[MU_BOOT_SHADOW_BYTES];
	uint16_t ahead;
	struct mu_boot_log log, read;
	mu_boot_log_init(&log);
	add_crashes(&log, 4, false);
	size_t size = mu_boot_shadow_write(&log, 77, shadow);
	assert_int_equal(read_shadow(&read, &ahead, shadow, 11), MU_ERR_SIZE);
	assert_int_equal(read_shadow(&read, &ahead, shadow, size - 1), MU_ERR_SIZE);
	for (size_t i = 0; i < size; i++) {
		shadow[i] ^= 0x10;
		assert_true(read_shadow(&read, &ahead, shadow, size) < 0);
		assert_int_equal(read.count, 0);
		shadow[i] ^= 0x10;
	}
	shadow[0] = 2;
	assert_int_equal(read_shadow(&read, &ahead, shadow, size), MU_ERR_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_boots_fold),
		cmocka_unit_test(test_different_boots_do_not_fold),
		cmocka_unit_test(test_hangs_fold_whatever_the_pc),
		cmocka_unit_test(test_the_oldest_falls_out_and_is_counted),
		cmocka_unit_test(test_a_full_count_starts_a_new_entry),
		cmocka_unit_test(test_every_flipped_bit_is_noticed),
		cmocka_unit_test(test_rubbish_is_no_log),
		cmocka_unit_test(test_the_sequence_wraps),
		cmocka_unit_test(test_torn_current_falls_back),
		cmocka_unit_test(test_a_torn_place_is_none),
		cmocka_unit_test(test_a_place_that_cannot_be_is_none),
		cmocka_unit_test(test_shadow_keeps_the_newest_twelve),
		cmocka_unit_test(test_what_cannot_be_is_refused),
		cmocka_unit_test(test_damaged_shadows),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
