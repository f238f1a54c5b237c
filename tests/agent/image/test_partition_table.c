// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/image/partition_table.h"
#include "agent/port/linux/digest.h"
#include <string.h>

enum { FLASH_SIZE = 0x400000 };

static struct mu_digest digest;
static struct mu_hash md5;

static const struct mu_partition_table good = {
	.count = 4,
	.partitions = {
		{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_NVS, 0x9000, 0x6000, 0, "nvs" },
		{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_OTA, 0xF000, 0x2000, 0, "otadata" },
		{ MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0, 0x20000, 0x100000, 0, "sixteen_letters_" }, // fills the field
		{ MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0 + 1, 0x120000, 0x2E0000, MU_PARTITION_READONLY, "ota_1" },
	},
};

static void write_good(uint8_t bytes[MU_PARTITION_TABLE_SIZE])
{
	assert_int_equal(mu_partition_table_write(&good, bytes, MU_PARTITION_TABLE_SIZE, &md5), 0);
}

static int parse(const uint8_t bytes[MU_PARTITION_TABLE_SIZE], struct mu_partition_table *table)
{
	return mu_partition_table_parse(table, bytes, MU_PARTITION_TABLE_SIZE, FLASH_SIZE, &md5);
}

static void test_there_and_back(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	write_good(bytes);
	assert_int_equal(parse(bytes, &table), 0);
	assert_int_equal(table.count, good.count);
	assert_true(table.has_md5);
	for (unsigned i = 0; i < good.count; i++) {
		const struct mu_partition_entry *a = &table.partitions[i], *b = &good.partitions[i];
		assert_int_equal(a->type, b->type);
		assert_int_equal(a->subtype, b->subtype);
		assert_int_equal(a->offset, b->offset);
		assert_int_equal(a->size, b->size);
		assert_int_equal(a->flags, b->flags);
		assert_string_equal(a->label, b->label);
	}
}

// First record byte by byte, as the format's description has it, and the MD5 record behind the last one.
static void test_bytes(void **unused)
{
	(void)unused;
	static const uint8_t nvs[MU_PARTITION_RECORD_SIZE] = {
		0xAA,
		0x50,
		1,
		2,
		0x00,
		0x90,
		0,
		0,
		0x00,
		0x60,
		0,
		0,
		'n',
		'v',
		's',
	};
	static const uint8_t md5_head[16] = { 0xEB, 0xEB, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	write_good(bytes);
	assert_memory_equal(bytes, nvs, sizeof nvs);
	assert_memory_equal(bytes + 4 * MU_PARTITION_RECORD_SIZE, md5_head, sizeof md5_head);
	for (size_t i = 5 * MU_PARTITION_RECORD_SIZE; i < sizeof bytes; i++)
		assert_int_equal(bytes[i], 0xFF);
}

static void put_record(uint8_t *bytes, unsigned index, uint16_t magic)
{
	memset(bytes + index * MU_PARTITION_RECORD_SIZE, 0, MU_PARTITION_RECORD_SIZE);
	bytes[index * MU_PARTITION_RECORD_SIZE] = (uint8_t)magic;
	bytes[index * MU_PARTITION_RECORD_SIZE + 1] = (uint8_t)(magic >> 8);
}

static void test_refused(void **unused)
{
	(void)unused;
	static const struct {
		unsigned at;
		uint8_t value;
		int result;
	} rows[] = {
		{ 0, 0xAB, MU_ERR_INVALID },                   // first magic
		{ 3 * 32 + 1, 0x51, MU_ERR_INVALID },          // a later one
		{ 12, 'm', MU_ERR_CRC },                       // a label: only the MD5 can tell
		{ 4 * 32 + 16, 0, MU_ERR_CRC },                // the MD5 itself (its first byte is not 0)
		{ 3 * 32 + 10, 0x2F, MU_ERR_RANGE },           // size reaches beyond the flash
		{ 3 * 32 + 7, 0xFF, MU_ERR_RANGE },            // offset so high that a sum would wrap
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[MU_PARTITION_TABLE_SIZE];
		struct mu_partition_table table;
		write_good(bytes);
		assert_int_not_equal(bytes[rows[i].at], rows[i].value);
		bytes[rows[i].at] = rows[i].value;
		assert_int_equal(parse(bytes, &table), rows[i].result);
	}
}

static void test_ends(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	memset(bytes, 0xFF, sizeof bytes);
	assert_int_equal(parse(bytes, &table), MU_ERR_INVALID); // begins with its end
	assert_int_equal(mu_partition_table_parse(&table, bytes, sizeof bytes - 1, FLASH_SIZE, &md5), MU_ERR_SIZE);
	for (unsigned i = 0; i < 95; i++)
		put_record(bytes, i, 0x50AA);
	assert_int_equal(parse(bytes, &table), 0); // the largest there is
	assert_int_equal(table.count, MU_PARTITION_MAX);
	put_record(bytes, 95, 0x50AA);
	assert_int_equal(parse(bytes, &table), MU_ERR_INVALID); // no end
}

static void test_second_md5_is_refused(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	write_good(bytes);
	put_record(bytes, 5, 0xEBEB);
	assert_int_equal(parse(bytes, &table), MU_ERR_INVALID);
}

static void test_md5_is_optional(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	assert_int_equal(mu_partition_table_write(&good, bytes, sizeof bytes, 0), 0);
	assert_int_equal(parse(bytes, &table), 0);
	assert_false(table.has_md5);
	write_good(bytes);
	bytes[12] = 'm';
	assert_int_equal(mu_partition_table_parse(&table, bytes, sizeof bytes, FLASH_SIZE, 0), 0); // not compared
}

static void test_write_limits(void **unused)
{
	(void)unused;
	static struct mu_partition_table table;
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	assert_int_equal(mu_partition_table_write(&good, bytes, sizeof bytes - 1, &md5), MU_ERR_SIZE);
	table.count = 95;
	assert_int_equal(mu_partition_table_write(&table, bytes, sizeof bytes, 0), 0);
	assert_int_equal(mu_partition_table_write(&table, bytes, sizeof bytes, &md5), MU_ERR_FULL);
}

static void test_find(void **unused)
{
	(void)unused;
	assert_ptr_equal(mu_partition_table_find(&good, MU_PARTITION_DATA, MU_SUBTYPE_DATA_OTA, 0), &good.partitions[1]);
	assert_ptr_equal(mu_partition_table_find(&good, MU_PARTITION_APP, MU_SUBTYPE_ANY, "ota_1"), &good.partitions[3]);
	assert_ptr_equal(mu_partition_table_find(&good, MU_PARTITION_APP, MU_SUBTYPE_ANY, 0), &good.partitions[2]);
	assert_null(mu_partition_table_find(&good, MU_PARTITION_DATA, MU_SUBTYPE_ANY, "ota_1"));
	assert_int_equal(mu_partition_table_app_count(&good), 2);
}

// A layout that somebody made, each row with one thing wrong.
static void test_check(void **unused)
{
	(void)unused;
	static const struct {
		unsigned index;
		struct mu_partition_entry entry;
		int result;
	} rows[] = {
		{ 0, { MU_PARTITION_DATA, 2, 0x8000, 0x1000, 0, "nvs" }, MU_ERR_RANGE },      // where the table lies
		{ 1, { MU_PARTITION_DATA, 0, 0xE000, 0x2000, 0, "otadata" }, MU_ERR_RANGE },  // overlaps nvs
		{ 1, { MU_PARTITION_DATA, 0, 0xF000, 0x2000, 0, "nvs" }, MU_ERR_INVALID },    // label twice
		{ 1, { MU_PARTITION_DATA, 0, 0xF000, 0x2000, 0, "" }, MU_ERR_INVALID },
		{ 1, { MU_PARTITION_DATA, 0, 0xF100, 0x2000, 0, "otadata" }, MU_ERR_INVALID }, // not on a sector
		{ 1, { MU_PARTITION_DATA, 0, 0xF000, 0, 0, "otadata" }, MU_ERR_INVALID },
		{ 2, { MU_PARTITION_APP, 0x10, 0x21000, 0xFF000, 0, "ota_0" }, MU_ERR_INVALID }, // apps lie on 64 KiB
		{ 3, { MU_PARTITION_APP, 0x11, 0x120000, 0x2F0000, 0, "ota_1" }, MU_ERR_RANGE }, // beyond the flash
	};
	unsigned index = 99;
	assert_int_equal(mu_partition_table_check(&good, FLASH_SIZE, &index), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_partition_table table = good;
		table.partitions[rows[i].index] = rows[i].entry;
		assert_int_equal(mu_partition_table_check(&table, FLASH_SIZE, &index), rows[i].result);
		assert_int_equal(index, rows[i].index);
	}
}

static int open_md5(void **unused)
{
	(void)unused;
	return mu_digest_open_md5(&digest, &md5);
}

static int close_md5(void **unused)
{
	(void)unused;
	mu_digest_close(&digest);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_second_md5_is_refused),
		cmocka_unit_test(test_md5_is_optional),
		cmocka_unit_test(test_write_limits),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, open_md5, close_md5);
}
