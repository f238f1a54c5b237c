// SPDX-License-Identifier: Apache-2.0
// The bootloader emulation against every recorded boot of the real one, and against power cuts.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/bootloader.h"
#include "agent/port/linux/digest.h"
#include "agent/port/linux/virtual_image.h"
#include "tests/agent/image/golden_row.h"
#include <string.h>

// Columns of boot-*.txt.
enum { CASE, A, B, SLOT0, SLOT1, FACTORY, BOOTED, STATE, REWRITTEN, AFTER_A, AFTER_B, COLUMNS };

enum { OTADATA = 0xF000, SLOT_SIZE = 0x20000, FIRST_SLOT = 0x20000, MARKER_AT = 0x800, MARKER_SIZE = 64, APPS = 3 };

static const struct mu_partition_entry parts[] = {
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_OTA, OTADATA, 0x2000, 0, "otadata" },
	{ MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0, FIRST_SLOT, SLOT_SIZE, 0, "ota_0" },
	{ MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0 + 1, FIRST_SLOT + SLOT_SIZE, SLOT_SIZE, 0, "ota_1" },
	{ MU_PARTITION_APP, MU_SUBTYPE_APP_FACTORY, FIRST_SLOT + 2 * SLOT_SIZE, SLOT_SIZE, 0, "factory" },
	{ MU_PARTITION_APP, MU_SUBTYPE_APP_TEST, FIRST_SLOT + 3 * SLOT_SIZE, SLOT_SIZE, 0, "test" },
};

static uint32_t app_offset(int app) // 0, 1: slots; 2: factory
{
	return FIRST_SLOT + (uint32_t)app * SLOT_SIZE;
}

static uint8_t image[MU_VIRTUAL_IMAGE_MAX];
static uint32_t image_size;

static void put_table(struct mu_flash_image *flash, unsigned count)
{
	struct mu_partition_table table = { .count = count };
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	struct mu_digest digest;
	struct mu_hash md5;
	memcpy(table.partitions, parts, count * sizeof *parts);
	assert_int_equal(mu_digest_open_md5(&digest, &md5), 0);
	assert_int_equal(mu_partition_table_write(&table, bytes, sizeof bytes, &md5), 0);
	mu_digest_close(&digest);
	assert_int_equal(mu_flash_program(flash, MU_PARTITION_TABLE_OFFSET, bytes, sizeof bytes), 0);
}

// A flash with `apps` good images and a marker behind each otadata entry, so that an erase shows.
static struct mu_flash_image *make_base(int apps)
{
	struct mu_flash_image *flash;
	const struct mu_flash_options options = { .size_bytes = MU_FLASH_SIZE_DEFAULT };
	uint8_t marker[MARKER_SIZE];
	memset(marker, 0x5A, sizeof marker);
	assert_int_equal(mu_flash_open(&flash, &options), 0);
	put_table(flash, (unsigned)apps + 1);
	for (int i = 0; i < apps; i++)
		assert_int_equal(mu_flash_program(flash, app_offset(i), image, image_size), 0);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(mu_flash_program(flash, OTADATA + i * 0x1000 + MARKER_AT, marker, sizeof marker), 0);
	return flash;
}

// Clears one bit that is set.
static void clear_bit(struct mu_flash_image *flash, uint32_t offset)
{
	uint8_t byte;
	assert_int_equal(mu_flash_read(flash, offset, &byte, 1), 0);
	assert_int_not_equal(byte, 0);
	byte &= (uint8_t)(byte - 1);
	assert_int_equal(mu_flash_program(flash, offset, &byte, 1), 0);
}

static void damage(struct mu_flash_image *flash, int app, const char *how)
{
	const uint8_t zero = 0;
	uint32_t offset = app_offset(app);
	if (!strcmp(how, "ok") || !strcmp(how, "absent"))
		return;
	if (!strcmp(how, "badmagic"))
		assert_int_equal(mu_flash_program(flash, offset, &zero, 1), 0);
	else if (!strcmp(how, "badhash"))
		clear_bit(flash, offset + MU_APP_DESC_FILE_OFFSET + 16); // the version's first letter
	else if (!strcmp(how, "erased"))
		assert_int_equal(mu_flash_erase(flash, offset, 0x2000), 0);
	else {
		uint32_t at = image_size - MU_SHA256_SIZE;
		assert_string_equal(how, "baddigest");
		while (!image[at])
			at++;
		clear_bit(flash, offset + at);
	}
}

static void put_entry(struct mu_flash_image *flash, unsigned sector, const struct mu_otadata_entry *entry)
{
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
	mu_otadata_encode(entry, bytes);
	assert_int_equal(mu_flash_program(flash, OTADATA + sector * 0x1000, bytes, sizeof bytes), 0);
}

static struct mu_otadata_entry get_entry(struct mu_flash_image *flash, unsigned sector)
{
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
	struct mu_otadata_entry entry;
	assert_int_equal(mu_flash_read(flash, OTADATA + sector * 0x1000, bytes, sizeof bytes), 0);
	mu_otadata_decode(&entry, bytes);
	return entry;
}

static bool was_erased(struct mu_flash_image *flash, unsigned sector)
{
	uint8_t tail;
	assert_int_equal(mu_flash_read(flash, OTADATA + sector * 0x1000 + MARKER_AT, &tail, 1), 0);
	assert_true(tail == 0xFF || tail == 0x5A);
	return tail == 0xFF;
}

static void assert_text(const struct golden_row *row, const char *what, const char *got, const char *wanted)
{
	if (strcmp(got, wanted))
		fail_msg("%s: %s %s instead of %s", row->column[CASE], what, got, wanted);
}

static const char *slot_name(int slot)
{
	return slot == 0 ? "ota_0" : slot == 1 ? "ota_1" : slot == MU_SLOT_FACTORY ? "factory" : "none";
}

// What the application would be told about its own slot.
static const char *running_state(const struct mu_otadata *otadata, int slot, char *buffer)
{
	uint32_t state;
	if (slot == MU_SLOT_NONE)
		return "none";
	if (slot == MU_SLOT_FACTORY)
		return "err106";
	return mu_otadata_slot_state(otadata, (unsigned)slot, 2, &state) < 0 ? "err105" : golden_state_name(state, buffer);
}

static const char *rewritten(const struct golden_row *row, const struct mu_boot_result *result, struct mu_flash_image *flash)
{
	static const char *const names[] = { "-", "A", "B", "AB" };
	unsigned said = 0, seen = 0;
	for (unsigned i = 0; i < result->write_count; i++)
		said |= 1u << result->writes[i];
	for (unsigned i = 0; i < 2; i++)
		seen |= (unsigned)was_erased(flash, i) << i;
	if (said != seen)
		fail_msg("%s: says it rewrote %s, but erased %s", row->column[CASE], names[said], names[seen]);
	return names[seen];
}

static void check_row(const struct golden_row *row, const struct mu_flash_image *base, bool rollback)
{
	const struct mu_flash_options options = { .base = base };
	const struct mu_boot_config config = { .rollback = rollback, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
	struct mu_otadata_entry before[2] = { golden_entry(row->column[A], 0), golden_entry(row->column[B], 0) };
	struct mu_otadata after;
	struct mu_boot_result result;
	struct mu_flash_image *flash;
	char buffer[12];
	assert_int_equal(mu_flash_open(&flash, &options), 0);
	for (int i = 0; i < APPS; i++)
		damage(flash, i, row->column[SLOT0 + i]);
	for (unsigned i = 0; i < 2; i++)
		put_entry(flash, i, &before[i]);
	int err = mu_bootloader_run(flash, &config, &result);
	assert_int_equal(err, result.slot == MU_SLOT_NONE ? MU_ERR_NOT_FOUND : 0);
	assert_text(row, "booted", slot_name(result.slot), row->column[BOOTED]);
	assert_text(row, "rewrote", rewritten(row, &result, flash), row->column[REWRITTEN]);
	for (unsigned i = 0; i < 2; i++) {
		struct mu_otadata_entry wanted = golden_entry(row->column[AFTER_A + i], &before[i]);
		after.entry[i] = get_entry(flash, i);
		golden_assert_entry(row->column[CASE], &after.entry[i], &wanted);
	}
	assert_text(row, "state", running_state(&after, result.slot, buffer), row->column[STATE]);
	assert_int_equal(mu_flash_statistics(flash).bit_violations, 0);
	mu_flash_close(flash);
}

static void check_file(const char *name, int apps, bool rollback, int rows_wanted)
{
	struct golden_row row;
	int rows = 0;
	struct mu_flash_image *base = make_base(apps);
	FILE *file = golden_open(name);
	for (; golden_next(file, &row); rows++) {
		assert_int_equal(row.columns, COLUMNS);
		check_row(&row, base, rollback);
	}
	fclose(file);
	mu_flash_close(base);
	assert_int_equal(rows, rows_wanted);
}

// Rollback off and on, with (t1) and without (t2) a factory partition.
static void test_golden_r0_t1(void **unused)
{
	(void)unused;
	check_file("boot-r0-t1.txt", 3, false, 435);
}

static void test_golden_r0_t2(void **unused)
{
	(void)unused;
	check_file("boot-r0-t2.txt", 2, false, 435);
}

static void test_golden_r1_t1(void **unused)
{
	(void)unused;
	check_file("boot-r1-t1.txt", 3, true, 1099);
}

static void test_golden_r1_t2(void **unused)
{
	(void)unused;
	check_file("boot-r1-t2.txt", 2, true, 979);
}

static const struct mu_boot_config with_rollback = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };

static void test_bad_table_is_a_brick(void **unused)
{
	(void)unused;
	struct mu_boot_result result;
	struct mu_flash_image *flash = make_base(2);
	clear_bit(flash, MU_PARTITION_TABLE_OFFSET + 12); // a label: only the MD5 can tell
	assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), MU_ERR_CRC);
	assert_int_equal(result.slot, MU_SLOT_NONE);
	assert_int_equal(mu_flash_erase(flash, MU_PARTITION_TABLE_OFFSET, 0x1000), 0);
	assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), MU_ERR_INVALID);
	mu_flash_close(flash);
}

// The test app is the very last resort, after factory.
static void test_test_app_comes_last(void **unused)
{
	(void)unused;
	struct mu_boot_result result;
	struct mu_flash_image *flash = make_base(4);
	for (int i = 0; i < APPS; i++)
		damage(flash, i, "badmagic");
	assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), 0);
	assert_int_equal(result.slot, MU_SLOT_TEST);
	assert_int_equal(result.rejected_count, 3);
	assert_string_equal(result.desc.version, "1.0.0");
	mu_flash_close(flash);
}

static void test_other_chip_is_refused(void **unused)
{
	(void)unused;
	struct mu_boot_result result;
	const struct mu_boot_config other = { .rollback = true, .chip_id = 9 };
	struct mu_flash_image *flash = make_base(2);
	assert_int_equal(mu_bootloader_run(flash, &other, &result), MU_ERR_NOT_FOUND);
	assert_int_equal(result.rejected_count, 2);
	mu_flash_close(flash);
}

static void test_rescue_is_reported(void **unused)
{
	(void)unused;
	struct mu_boot_result result;
	struct mu_flash_image *flash = make_base(2);
	struct mu_otadata_entry entry = mu_otadata_make(2, MU_OTADATA_VALID);
	put_entry(flash, 0, &entry);
	assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), 0);
	assert_int_equal(result.slot, 1);
	assert_false(result.rescue);
	damage(flash, 1, "badhash");
	assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), 0);
	assert_int_equal(result.slot, 0);
	assert_true(result.rescue);
	mu_flash_close(flash);
}

// A trial begins by rewriting an entry; wherever the power fails in that, the next boot runs something.
static void test_cut_while_a_trial_begins(void **unused)
{
	(void)unused;
	static const uint32_t bytes_done[] = { 0, 1, 4, 24, 27, 28, 31, 4096 };
	struct mu_flash_image *base = make_base(2);
	struct mu_otadata_entry old = mu_otadata_make(1, MU_OTADATA_VALID), trial = mu_otadata_make(2, MU_OTADATA_NEW);
	put_entry(base, 0, &old);
	put_entry(base, 1, &trial);
	for (unsigned i = 0; i < 2 * sizeof bytes_done / sizeof *bytes_done; i++) {
		const struct mu_flash_options options = { .base = base };
		const struct mu_flash_cut cut = { .at_operation = 1 + i % 2, .bytes_done = bytes_done[i / 2] };
		struct mu_flash_image *flash;
		struct mu_boot_result result;
		assert_int_equal(mu_flash_open(&flash, &options), 0);
		mu_flash_cut_at(flash, &cut);
		assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), MU_ERR_IO);
		assert_int_equal(result.slot, MU_SLOT_NONE);
		mu_flash_power_on(flash);
		assert_int_equal(mu_bootloader_run(flash, &with_rollback, &result), 0);
		assert_true(result.slot == 0 || result.slot == 1);
		mu_flash_close(flash);
	}
	mu_flash_close(base);
}

static int make_image(void **unused)
{
	(void)unused;
	const struct mu_virtual_image virtual_image = { .version = "1.0.0", .traits = mu_traits_none() };
	int size = mu_virtual_image_write(&virtual_image, image, sizeof image);
	image_size = (uint32_t)size;
	return size < 0 ? size : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_r0_t1),
		cmocka_unit_test(test_golden_r0_t2),
		cmocka_unit_test(test_golden_r1_t1),
		cmocka_unit_test(test_golden_r1_t2),
		cmocka_unit_test(test_bad_table_is_a_brick),
		cmocka_unit_test(test_test_app_comes_last),
		cmocka_unit_test(test_other_chip_is_refused),
		cmocka_unit_test(test_rescue_is_reported),
		cmocka_unit_test(test_cut_while_a_trial_begins),
	};
	return cmocka_run_group_tests(tests, make_image, 0);
}
