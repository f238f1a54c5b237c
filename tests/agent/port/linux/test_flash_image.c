// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/port/linux/flash_image.h"
#include <string.h>

enum { SECTOR = MU_FLASH_SECTOR_SIZE, SIZE = 16 * SECTOR };

static struct mu_flash_image *flash;

static int set_up(void **unused)
{
	(void)unused;
	const struct mu_flash_options options = { .size_bytes = SIZE };
	return mu_flash_open(&flash, &options);
}

static int tear_down(void **unused)
{
	(void)unused;
	mu_flash_close(flash);
	return 0;
}

static uint8_t byte_at(const struct mu_flash_image *image, uint32_t offset)
{
	uint8_t byte;
	assert_int_equal(mu_flash_read(image, offset, &byte, 1), 0);
	return byte;
}

static void program_byte(uint32_t offset, uint8_t byte)
{
	assert_int_equal(mu_flash_program(flash, offset, &byte, 1), 0);
}

static void test_nor_rules(void **unused)
{
	(void)unused;
	assert_int_equal(byte_at(flash, 5), 0xFF);
	program_byte(5, 0xF3);
	program_byte(5, 0xE7); // clears bits only: what was 0 stays 0
	assert_int_equal(byte_at(flash, 5), 0xE3);
	assert_int_equal(mu_flash_statistics(flash).bit_violations, 1);
	program_byte(5, 0xE2);
	assert_int_equal(mu_flash_statistics(flash).bit_violations, 1);
	program_byte(SECTOR, 0x00);
	assert_int_equal(mu_flash_erase(flash, 0, SECTOR), 0);
	assert_int_equal(byte_at(flash, 5), 0xFF);
	assert_int_equal(byte_at(flash, SECTOR), 0x00);
}

static void test_across_sectors(void **unused)
{
	(void)unused;
	static uint8_t data[3 * SECTOR], back[3 * SECTOR];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 31 + i / SECTOR);
	assert_int_equal(mu_flash_program(flash, SECTOR - 7, data, sizeof data), 0);
	assert_int_equal(mu_flash_read(flash, SECTOR - 7, back, sizeof back), 0);
	assert_memory_equal(data, back, sizeof data);
	assert_int_equal(byte_at(flash, SECTOR - 8), 0xFF);
	assert_int_equal(byte_at(flash, 4 * SECTOR - 7), 0xFF);
	assert_int_equal(mu_flash_statistics(flash).operations, 1);
	assert_int_equal(mu_flash_statistics(flash).programmed_bytes, sizeof data);
}

static void test_range(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t offset;
		size_t size;
		int result;
	} rows[] = {
		{ SIZE - 1, 1, 0 }, { SIZE, 0, 0 }, { SIZE, 1, MU_ERR_RANGE }, { SIZE - 1, 2, MU_ERR_RANGE },
		{ UINT32_MAX, 1, MU_ERR_RANGE }, { 1, SIZE_MAX, MU_ERR_RANGE },
	};
	static uint8_t buffer[4];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mu_flash_read(flash, rows[i].offset, buffer, rows[i].size), rows[i].result);
		assert_int_equal(mu_flash_program(flash, rows[i].offset, buffer, rows[i].size), rows[i].result);
	}
	assert_int_equal(mu_flash_erase(flash, SIZE - SECTOR, 2 * SECTOR), MU_ERR_RANGE);
	assert_int_equal(mu_flash_erase(flash, 1, SECTOR), MU_ERR_INVALID);
	assert_int_equal(mu_flash_erase(flash, 0, 1), MU_ERR_INVALID);
}

static void test_bad_options(void **unused)
{
	(void)unused;
	const struct mu_flash_options rows[] = {
		{ .size_bytes = SECTOR + 1 },
		{ .size_bytes = 2u * MU_FLASH_SIZE_MAX },
		{ .size_bytes = SECTOR, .base = flash },    // another size than the base
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_flash_image *image = flash;
		assert_int_equal(mu_flash_open(&image, &rows[i]), MU_ERR_INVALID);
		assert_null(image);
	}
	mu_flash_close(0);
}

static void test_default_size(void **unused)
{
	(void)unused;
	struct mu_flash_image *image;
	const struct mu_flash_options options = { 0 };
	assert_int_equal(mu_flash_open(&image, &options), 0);
	assert_int_equal(mu_flash_size(image), MU_FLASH_SIZE_DEFAULT);
	assert_true(mu_flash_memory_bytes(image) < 16384); // nothing written yet
	mu_flash_close(image);
}

// A program of 4 bytes over FF, torn after each byte and within one.
static void test_torn_program(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t bytes_done;
		uint8_t bits;
		uint8_t wanted[4];
	} rows[] = {
		{ 0, 0x00, { 0xFF, 0xFF, 0xFF, 0xFF } },
		{ 0, 0x0F, { 0xF1, 0xFF, 0xFF, 0xFF } }, // the low nibble got through
		{ 2, 0xF0, { 0x11, 0x22, 0x3F, 0xFF } },
		{ 3, 0xFF, { 0x11, 0x22, 0x33, 0x44 } },
		{ 9, 0x00, { 0x11, 0x22, 0x33, 0x44 } }, // done, but nobody heard of it
	};
	static const uint8_t data[4] = { 0x11, 0x22, 0x33, 0x44 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct mu_flash_cut cut = { 1, rows[i].bytes_done, rows[i].bits };
		uint8_t back[4];
		assert_int_equal(mu_flash_erase(flash, 0, SECTOR), 0);
		mu_flash_cut_at(flash, &cut);
		assert_int_equal(mu_flash_program(flash, 0, data, sizeof data), MU_ERR_IO);
		assert_false(mu_flash_has_power(flash));
		assert_int_equal(mu_flash_read(flash, 0, back, sizeof back), MU_ERR_IO);
		assert_int_equal(mu_flash_erase(flash, 0, SECTOR), MU_ERR_IO);
		assert_int_equal(mu_flash_program(flash, 100, data, sizeof data), MU_ERR_IO);
		mu_flash_power_on(flash);
		assert_int_equal(mu_flash_read(flash, 0, back, sizeof back), 0);
		assert_memory_equal(back, rows[i].wanted, sizeof back);
		assert_int_equal(byte_at(flash, 100), 0xFF);
	}
}

// An erase of a sector full of 0x10: none, part, all of it; some bits let go earlier than others.
static void test_torn_erase(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t bytes_done;
		uint8_t bits;
		uint8_t first, middle, last;
	} rows[] = {
		{ 0, 0x00, 0x10, 0x10, 0x10 }, { 0, 0x01, 0x11, 0x11, 0x11 }, { 2048, 0x00, 0xFF, 0xFF, 0x10 },
		{ 2048, 0x83, 0xFF, 0xFF, 0x93 }, { 4096, 0x00, 0xFF, 0xFF, 0xFF },
	};
	static uint8_t data[SECTOR];
	memset(data, 0x10, sizeof data);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct mu_flash_cut cut = { 2, rows[i].bytes_done, rows[i].bits };
		assert_int_equal(mu_flash_erase(flash, 0, 3 * SECTOR), 0);
		for (uint32_t sector = 0; sector < 3; sector++)
			assert_int_equal(mu_flash_program(flash, sector * SECTOR, data, sizeof data), 0);
		mu_flash_cut_at(flash, &cut);
		assert_int_equal(mu_flash_erase(flash, 0, 3 * SECTOR), MU_ERR_IO);
		mu_flash_power_on(flash);
		assert_int_equal(byte_at(flash, 0), 0xFF); // the sector before is done
		assert_int_equal(byte_at(flash, SECTOR), rows[i].first);
		assert_int_equal(byte_at(flash, SECTOR + 2047), rows[i].middle);
		assert_int_equal(byte_at(flash, 2 * SECTOR - 1), rows[i].last);
		assert_int_equal(byte_at(flash, 2 * SECTOR), 0x10); // the one behind untouched
	}
}

static void test_cut_is_counted_from_now(void **unused)
{
	(void)unused;
	const struct mu_flash_cut cut = { .at_operation = 3 }, none = { 0 };
	program_byte(0, 1);
	mu_flash_cut_at(flash, &cut);
	program_byte(1, 1);
	assert_int_equal(byte_at(flash, 1), 1); // reads do not count
	assert_int_equal(mu_flash_erase(flash, SECTOR, SECTOR), 0);
	assert_int_equal(mu_flash_program(flash, 2, "", 1), MU_ERR_IO);
	mu_flash_power_on(flash);
	mu_flash_cut_at(flash, &cut);
	mu_flash_cut_at(flash, &none);
	for (uint32_t i = 0; i < 9; i++)
		program_byte(10 + i, 0);
}

static void test_wear(void **unused)
{
	(void)unused;
	assert_int_equal(mu_flash_erase(flash, 0, 2 * SECTOR), 0);
	assert_int_equal(mu_flash_erase(flash, SECTOR, SECTOR), 0);
	assert_int_equal(mu_flash_wear(flash, 0), 1);
	assert_int_equal(mu_flash_wear(flash, 1), 2);
	assert_int_equal(mu_flash_wear(flash, 2), 0);
	assert_int_equal(mu_flash_wear(flash, 999), 0);
	assert_int_equal(mu_flash_statistics(flash).erases, 3);
	assert_int_equal(mu_flash_statistics(flash).operations, 3);
}

// Two devices share one base, and neither sees what the other writes.
static void test_base_is_shared_until_written(void **unused)
{
	(void)unused;
	struct mu_flash_image *a, *b;
	const struct mu_flash_options options = { .base = flash };
	program_byte(7, 0x0F);
	program_byte(SECTOR, 0x0F);
	assert_int_equal(mu_flash_open(&a, &options), 0);
	assert_int_equal(mu_flash_open(&b, &options), 0);
	size_t empty = mu_flash_memory_bytes(a);
	assert_int_equal(byte_at(a, 7), 0x0F);
	assert_int_equal(mu_flash_program(a, 7, "\x03", 1), 0);
	assert_int_equal(mu_flash_erase(b, 0, SECTOR), 0);
	assert_int_equal(byte_at(a, 7), 0x03);
	assert_int_equal(byte_at(b, 7), 0xFF);
	assert_int_equal(byte_at(flash, 7), 0x0F);
	assert_int_equal(byte_at(b, SECTOR), 0x0F);
	assert_int_equal(mu_flash_memory_bytes(a), empty + SECTOR);
	mu_flash_close(a);
	mu_flash_close(b);
}

static void test_dense_never_grows(void **unused)
{
	(void)unused;
	struct mu_flash_image *dense;
	const struct mu_flash_options options = { .size_bytes = SIZE, .dense = true };
	assert_int_equal(mu_flash_open(&dense, &options), 0);
	size_t bytes = mu_flash_memory_bytes(dense);
	assert_true(bytes > SIZE);
	for (uint32_t offset = 0; offset < SIZE; offset += SECTOR)
		assert_int_equal(mu_flash_program(dense, offset, "x", 1), 0);
	assert_int_equal(mu_flash_memory_bytes(dense), bytes);
	mu_flash_close(dense);
}

static void test_window(void **unused)
{
	(void)unused;
	struct mu_flash_window window;
	uint8_t byte;
	struct mu_source source = mu_flash_source(&window, flash, SECTOR, 16);
	program_byte(SECTOR + 3, 0x42);
	assert_int_equal(mu_source_read(&source, 3, &byte, 1), 0);
	assert_int_equal(byte, 0x42);
	assert_int_equal(mu_source_read(&source, 16, &byte, 1), MU_ERR_RANGE);
}

#define WITH_FLASH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FLASH(test_nor_rules),
		WITH_FLASH(test_across_sectors),
		WITH_FLASH(test_range),
		WITH_FLASH(test_bad_options),
		WITH_FLASH(test_default_size),
		WITH_FLASH(test_torn_program),
		WITH_FLASH(test_torn_erase),
		WITH_FLASH(test_cut_is_counted_from_now),
		WITH_FLASH(test_wear),
		WITH_FLASH(test_base_is_shared_until_written),
		WITH_FLASH(test_dense_never_grows),
		WITH_FLASH(test_window),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
