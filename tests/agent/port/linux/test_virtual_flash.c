// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/bootloader.h"
#include "agent/port/linux/virtual_flash.h"
#include <string.h>

static const struct mu_boot_config config = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
static struct mu_flash_image *flash;

static int set_up(void **unused)
{
	(void)unused;
	const struct mu_flash_options options = { 0 };
	return mu_flash_open(&flash, &options);
}

static int tear_down(void **unused)
{
	(void)unused;
	mu_flash_close(flash);
	return 0;
}

static void test_layout_is_sound(void **unused)
{
	(void)unused;
	struct mu_partition_table table;
	unsigned index;
	mu_virtual_layout(&table);
	assert_int_equal(mu_partition_table_check(&table, MU_FLASH_SIZE_DEFAULT, &index), 0);
	assert_int_equal(mu_partition_table_app_count(&table), 2);
	assert_int_equal(mu_partition_table_find(&table, MU_PARTITION_DATA, MU_SUBTYPE_DATA_SPOOL, "mu_spool")->size, 0x20000);
	assert_int_equal(mu_partition_table_find(&table, MU_PARTITION_DATA, MU_SUBTYPE_ANY, "mu_keys")->flags, MU_PARTITION_READONLY);
}

// Which slot is active, with or without the other one committed: that one boots, without a write.
static void test_boots_as_asked(void **unused)
{
	(void)unused;
	for (unsigned row = 0; row < 4; row++) {
		struct mu_virtual_flash contents = mu_virtual_flash_default();
		struct mu_boot_result result;
		contents.active_slot = row % 2;
		contents.other_valid = row / 2;
		assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
		assert_int_equal(mu_bootloader_run(flash, &config, &result), 0);
		assert_int_equal(result.slot, contents.active_slot);
		assert_int_equal(result.write_count, 0);
		assert_int_equal(result.active_entry, contents.other_valid);
		assert_string_equal(result.desc.version, contents.active_slot ? "1.1.0" : "1.0.0");
		tear_down(0);
		set_up(0);
	}
}

static void test_keys(void **unused)
{
	(void)unused;
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	struct mu_keyset back;
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	contents.keys.count = 1;
	contents.keys.keys[0] = (struct mu_key){ .id = { 1 }, .role = MU_KEY_OPERATOR, .point = { 4 }, .name = "alice" };
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	assert_int_equal(mu_flash_read(flash, 0x3A000, bytes, sizeof bytes), 0);
	assert_int_equal(mu_keyset_parse(&back, bytes, sizeof bytes), 0);
	assert_int_equal(back.count, 1);
	assert_string_equal(back.keys[0].name, "alice");
}

static void test_one_slot_empty(void **unused)
{
	(void)unused;
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	struct mu_boot_result result;
	contents.images[0].version = 0;
	assert_int_equal(mu_virtual_flash_create(flash, &contents), MU_ERR_INVALID); // has a VALID entry, but no image
	contents.other_valid = false;
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	assert_int_equal(mu_bootloader_run(flash, &config, &result), 0);
	assert_int_equal(result.slot, 1);
}

static void test_refused(void **unused)
{
	(void)unused;
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	struct mu_flash_image *small;
	const struct mu_flash_options options = { .size_bytes = 0x200000 };
	contents.active_slot = 2;
	assert_int_equal(mu_virtual_flash_create(flash, &contents), MU_ERR_INVALID);
	contents = mu_virtual_flash_default();
	contents.keys.count = 99;
	assert_int_equal(mu_virtual_flash_create(flash, &contents), MU_ERR_FULL);
	contents = mu_virtual_flash_default();
	assert_int_equal(mu_flash_open(&small, &options), 0);
	assert_int_equal(mu_virtual_flash_create(small, &contents), MU_ERR_RANGE);
	mu_flash_close(small);
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	assert_int_equal(mu_virtual_flash_create(flash, &contents), MU_ERR_STATE); // somebody's already
}

// The table comes last: a making that was cut short anywhere is made again from the start.
static void test_cut_while_made(void **unused)
{
	(void)unused;
	const struct mu_virtual_flash contents = mu_virtual_flash_default();
	for (uint64_t operation = 1; operation <= 6; operation++) {
		const struct mu_flash_cut cut = { .at_operation = operation, .bytes_done = 17 };
		struct mu_boot_result result;
		mu_flash_cut_at(flash, &cut);
		assert_int_equal(mu_virtual_flash_create(flash, &contents), MU_ERR_IO);
		mu_flash_power_on(flash);
		if (operation == 6) // inside the table: it is there, in part
			assert_int_equal(mu_flash_erase(flash, MU_PARTITION_TABLE_OFFSET, MU_FLASH_SECTOR_SIZE), 0);
		assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
		assert_int_equal(mu_bootloader_run(flash, &config, &result), 0);
		tear_down(0);
		set_up(0);
	}
}

static void test_put_image(void **unused)
{
	(void)unused;
	const struct mu_virtual_flash contents = mu_virtual_flash_default();
	struct mu_virtual_image image = { .version = "2.0.0", .traits = mu_traits_none() };
	struct mu_boot_result result;
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	assert_int_equal(mu_virtual_flash_put_image(flash, 1, &image), 0);
	assert_int_equal(mu_bootloader_run(flash, &config, &result), 0);
	assert_string_equal(result.desc.version, "2.0.0");
	assert_int_equal(mu_virtual_flash_put_image(flash, 2, &image), MU_ERR_RANGE);
	assert_int_equal(mu_flash_statistics(flash).bit_violations, 0);
}

// Thousands of devices fit one process: a fresh one costs no more than the sectors that hold something.
static void test_memory_of_a_device(void **unused)
{
	(void)unused;
	const struct mu_virtual_flash contents = mu_virtual_flash_default();
	struct mu_flash_image *device;
	const struct mu_flash_options options = { .base = flash };
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	assert_in_range(mu_flash_memory_bytes(flash), 6 * 4096, 6 * 4096 + 13000);
	assert_int_equal(mu_flash_open(&device, &options), 0);
	assert_true(mu_flash_memory_bytes(device) < 13000);
	mu_flash_close(device);
}

#define WITH_FLASH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FLASH(test_layout_is_sound),
		WITH_FLASH(test_boots_as_asked),
		WITH_FLASH(test_keys),
		WITH_FLASH(test_one_slot_empty),
		WITH_FLASH(test_refused),
		WITH_FLASH(test_cut_while_made),
		WITH_FLASH(test_put_image),
		WITH_FLASH(test_memory_of_a_device),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
