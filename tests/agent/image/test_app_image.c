// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"
#include <string.h>

static struct mu_digest digest;
static struct mu_hash sha256;

static const struct mu_app_header header = { .chip_id = MU_APP_IMAGE_CHIP_ESP32C3, .entry_address = 0x40380000 };
static uint8_t payload[1000];
static const struct mu_app_payload segments[] = {
	{ 0x3C000020, payload, 300 },        // mapped: its address fits its place in the file
	{ 0x3FC80000, payload + 300, 699 },  // padded to 700
};

enum { CAPACITY = 2048 };

static uint8_t image[CAPACITY];
static int image_size;

static int verify(const uint8_t *bytes, uint32_t size, uint16_t chip_id)
{
	struct mu_app_verifier verifier;
	struct mu_source source = mu_source_memory(bytes, size);
	return mu_app_image_verify(&verifier, &source, &sha256, chip_id);
}

// 24 + 8 + 300 + 8 + 700 = 1040; its checksum ends the next line: 1056; 32 of SHA-256.
static void test_written_image_verifies(void **unused)
{
	(void)unused;
	struct mu_app_verifier verifier;
	struct mu_source source = mu_source_memory(image, CAPACITY);
	assert_int_equal(image_size, 1088);
	assert_int_equal(mu_app_image_verify(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ESP32C3), 0);
	assert_int_equal(verifier.image_size, 1088);
	assert_int_equal(verifier.header.segment_count, 2);
	assert_int_equal(verifier.header.entry_address, header.entry_address);
	assert_memory_equal(verifier.digest, image + 1056, MU_SHA256_SIZE);
}

static void test_checksum_is_that_of_the_format(void **unused)
{
	(void)unused;
	uint8_t checksum = 0xEF;
	for (int i = 0; i < 300; i++)
		checksum ^= payload[i];
	for (int i = 300; i < 999; i++)
		checksum ^= payload[i];
	assert_int_equal(image[1055], checksum);
}

// No bit of an image may change unseen.
static void test_every_flipped_bit_is_refused(void **unused)
{
	(void)unused;
	uint8_t bytes[CAPACITY];
	memcpy(bytes, image, sizeof bytes);
	for (int bit = 0; bit < image_size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		// Without the flag that a SHA-256 follows, only the checksum guards: the bootloader takes that, too. Any value but 0 is the flag.
		bool hash_flag = bit == 23 * 8;
		if (!hash_flag && verify(bytes, CAPACITY, MU_APP_IMAGE_CHIP_ANY) >= 0)
			fail_msg("bit %d of byte %d", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_every_cut_is_refused(void **unused)
{
	(void)unused;
	for (uint32_t size = 0; size < (uint32_t)image_size; size++)
		assert_int_equal(verify(image, size, MU_APP_IMAGE_CHIP_ANY), MU_ERR_RANGE);
	assert_int_equal(verify(image, (uint32_t)image_size, MU_APP_IMAGE_CHIP_ANY), 0);
}

static void test_refused(void **unused)
{
	(void)unused;
	static const struct {
		unsigned at;
		uint8_t value;
		int result;
	} rows[] = {
		{ 0, 0, MU_ERR_INVALID },             // magic
		{ 1, 17, MU_ERR_INVALID },            // too many segments
		{ 12, 9, MU_ERR_UNSUPPORTED },        // another chip
		{ 28, 0x2D, MU_ERR_INVALID },         // length not a multiple of 4
		{ 31, 1, MU_ERR_INVALID },            // 16 MiB
		{ 30, 1, MU_ERR_RANGE },              // longer than the partition
		{ 24, 0x24, MU_ERR_INVALID },         // mapped, but not where the MMU could map it
		{ 1055, 0, MU_ERR_CRC },              // checksum
		{ 1056, 0, MU_ERR_CRC },              // SHA-256
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[CAPACITY];
		memcpy(bytes, image, sizeof bytes);
		assert_int_not_equal(bytes[rows[i].at], rows[i].value);
		bytes[rows[i].at] = rows[i].value;
		assert_int_equal(verify(bytes, CAPACITY, MU_APP_IMAGE_CHIP_ESP32C3), rows[i].result);
	}
}

// With 2 MiB of flash a chip that can choose maps pages of 32 KiB: an image is laid out for its bootloader, whose choice is not known here.
static void test_smaller_pages_are_no_fault(void **unused)
{
	(void)unused;
	static const uint16_t chips[] = { 13, 16 }; // ESP32-C6, ESP32-H2
	static const struct mu_app_payload mapped[] = { { 0x42008020, payload, 300 } };
	for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
		const struct mu_app_header of_chip = { .chip_id = chips[i], .entry_address = 0x40800000 };
		uint8_t bytes[CAPACITY];
		int size = mu_app_image_write(&of_chip, mapped, 1, bytes, sizeof bytes, &sha256);
		assert_true(size > 0);
		assert_int_equal(verify(bytes, (uint32_t)size, chips[i]), 0);
	}
}

static void test_without_appended_hash(void **unused)
{
	(void)unused;
	struct mu_app_verifier verifier;
	uint8_t bytes[CAPACITY];
	memcpy(bytes, image, sizeof bytes);
	bytes[23] = 0;
	struct mu_source source = mu_source_memory(bytes, 1056);
	assert_int_equal(mu_app_image_verify(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ANY), 0);
	assert_int_equal(verifier.image_size, 1056);
	bytes[100] ^= 1;
	assert_int_equal(mu_app_image_verify(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ANY), MU_ERR_CRC);
}

// Any budget leads to the same end, in steps that do not run away.
static void test_steps_are_bounded(void **unused)
{
	(void)unused;
	struct mu_source source = mu_source_memory(image, CAPACITY);
	for (uint32_t budget = 0; budget < 1200; budget += 100) {
		struct mu_app_verifier verifier;
		int result = 0, steps = 0;
		mu_app_verifier_start(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ANY);
		while (!result) {
			uint32_t before = verifier.offset;
			result = mu_app_verifier_step(&verifier, budget);
			assert_true(verifier.offset - before < budget + 257);
			assert_true(++steps < 20);
		}
		assert_int_equal(result, 1);
		assert_int_equal(mu_app_verifier_step(&verifier, budget), 1); // stays decided
	}
}

static int fail_to_read(void *context, uint32_t offset, void *buffer, size_t size)
{
	(void)context;
	(void)offset;
	memset(buffer, 0, size);
	return MU_ERR_IO;
}

static void test_failed_source_stays_failed(void **unused)
{
	(void)unused;
	struct mu_app_verifier verifier;
	struct mu_source source = { .read = fail_to_read, .size_bytes = CAPACITY };
	mu_app_verifier_start(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ANY);
	assert_int_equal(mu_app_verifier_step(&verifier, 100), MU_ERR_IO);
	assert_int_equal(mu_app_verifier_step(&verifier, 100), MU_ERR_IO);
}

static void test_find_segments(void **unused)
{
	(void)unused;
	struct mu_app_segment segment;
	struct mu_source source = mu_source_memory(image, CAPACITY);
	assert_int_equal(mu_app_image_segment(&source, 1, &segment), 0);
	assert_int_equal(segment.load_address, 0x3FC80000);
	assert_int_equal(segment.size, 700);
	assert_int_equal(segment.file_offset, 340);
	assert_memory_equal(image + segment.file_offset, payload + 300, 699);
	assert_int_equal(mu_app_image_segment(&source, 2, &segment), MU_ERR_NOT_FOUND);
	source.size_bytes = 339;
	assert_int_equal(mu_app_image_segment(&source, 1, &segment), MU_ERR_RANGE);
}

static void test_write_limits(void **unused)
{
	(void)unused;
	uint8_t bytes[CAPACITY];
	assert_int_equal(mu_app_image_write(&header, segments, 2, bytes, 1088, &sha256), 1088);
	assert_int_equal(mu_app_image_write(&header, segments, 2, bytes, 1087, &sha256), MU_ERR_FULL);
	assert_int_equal(mu_app_image_write(&header, segments, 0, bytes, CAPACITY, &sha256), MU_ERR_INVALID);
	assert_int_equal(mu_app_image_write(&header, segments, 17, bytes, CAPACITY, &sha256), MU_ERR_INVALID);
	const struct mu_app_payload huge = { 0, payload, UINT32_MAX };
	assert_int_equal(mu_app_image_write(&header, &huge, 1, bytes, CAPACITY, &sha256), MU_ERR_FULL);
}

static int set_up(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * i + 3 * i);
	memset(image, 0xFF, sizeof image);
	if (mu_digest_open_sha256(&digest, &sha256) < 0)
		return -1;
	image_size = mu_app_image_write(&header, segments, 2, image, sizeof image, &sha256);
	return image_size < 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	mu_digest_close(&digest);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_image_verifies),
		cmocka_unit_test(test_checksum_is_that_of_the_format),
		cmocka_unit_test(test_every_flipped_bit_is_refused),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_smaller_pages_are_no_fault),
		cmocka_unit_test(test_without_appended_hash),
		cmocka_unit_test(test_steps_are_bounded),
		cmocka_unit_test(test_failed_source_stays_failed),
		cmocka_unit_test(test_find_segments),
		cmocka_unit_test(test_write_limits),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
