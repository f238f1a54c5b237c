// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/port/linux/flash_partitions.h"
#include "agent/port/linux/virtual_flash.h"

static struct mu_flash_image *flash;
static struct mu_flash_partitions parts;

static int set_up(void **unused)
{
	(void)unused;
	const struct mu_flash_options options = { 0 };
	const struct mu_virtual_flash contents = mu_virtual_flash_default();
	int err = mu_flash_open(&flash, &options);
	if (!err)
		err = mu_virtual_flash_create(flash, &contents);
	return err < 0 ? err : mu_flash_partitions_open(&parts, flash);
}

static int tear_down(void **unused)
{
	(void)unused;
	mu_flash_close(flash);
	return 0;
}

static void test_sizes(void **unused)
{
	(void)unused;
	static const int64_t wanted[MU_PART_COUNT] = {
		[MU_PART_OTADATA] = 0x2000,
		[MU_PART_BOOT] = 0x2000,
		[MU_PART_JOURNAL] = 0x2000,
		[MU_PART_SPOOL] = 0x20000,
		[MU_PART_KEYS] = 0x1000,
		[MU_PART_SLOT0] = 0x100000,
		[MU_PART_SLOT1] = 0x100000,
	};
	for (int i = 0; i < MU_PART_COUNT; i++)
		assert_int_equal(mu_flash_partitions_size(&parts, (enum mu_partition)i), wanted[i]);
	assert_int_equal(mu_flash_partitions_size(&parts, MU_PART_COUNT), MU_ERR_NOT_FOUND);
	assert_int_equal(parts.keyvalue.size, 0x4000);
}

// Nobody reaches beyond its partition, whose neighbour is somebody's.
static void test_stays_inside(void **unused)
{
	(void)unused;
	uint8_t byte = 0;
	assert_int_equal(mu_flash_partitions_program(&parts, MU_PART_BOOT, 0x1FFF, &byte, 1), 0);
	assert_int_equal(mu_flash_partitions_program(&parts, MU_PART_BOOT, 0x2000, &byte, 1), MU_ERR_RANGE);
	assert_int_equal(mu_flash_partitions_program(&parts, MU_PART_BOOT, 0x1FFF, "ab", 2), MU_ERR_RANGE);
	assert_int_equal(mu_flash_partitions_erase(&parts, MU_PART_BOOT, 0x1000, 0x2000), MU_ERR_RANGE);
	assert_int_equal(mu_flash_partitions_read(&parts, MU_PART_BOOT, UINT32_MAX, &byte, 2), MU_ERR_RANGE);
	assert_int_equal(mu_flash_read(flash, 0x13FFF, &byte, 1), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(mu_flash_partitions_erase(&parts, MU_PART_BOOT, 0x1000, 0x1000), 0);
	assert_int_equal(mu_flash_partitions_read(&parts, MU_PART_BOOT, 0x1FFF, &byte, 1), 0);
	assert_int_equal(byte, 0xFF);
}

static void test_keys_cannot_be_written(void **unused)
{
	(void)unused;
	uint8_t byte;
	assert_int_equal(mu_flash_partitions_read(&parts, MU_PART_KEYS, 0, &byte, 1), 0);
	assert_int_equal(byte, 'M');
	assert_int_equal(mu_flash_partitions_program(&parts, MU_PART_KEYS, 0, "", 1), MU_ERR_AUTH);
	assert_int_equal(mu_flash_partitions_erase(&parts, MU_PART_KEYS, 0, 0x1000), MU_ERR_AUTH);
}

static void test_no_table(void **unused)
{
	(void)unused;
	assert_int_equal(mu_flash_erase(flash, MU_PARTITION_TABLE_OFFSET, MU_FLASH_SECTOR_SIZE), 0);
	assert_int_equal(mu_flash_partitions_open(&parts, flash), MU_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stays_inside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keys_cannot_be_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_table, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
