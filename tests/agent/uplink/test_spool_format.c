// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/uplink/spool_format.h"
#include "proto/limits.h"

static const struct mu_spool_header sample = { .ring = MU_RING_ARCHIVE,
	.jump = 2,
	.number = 0x01020304,
	.epoch = UINT64_C(0x1122334455667788),
	.first_seq = 1000,
	.acked_through = 999,
	.dropped = { 1, 2, 3, 4, 5, 6, UINT32_MAX } };

static void encode(const struct mu_spool_header *header, uint8_t bytes[MU_SPOOL_HEADER_BYTES])
{
	memset(bytes, 0xFF, MU_SPOOL_HEADER_BYTES);
	mu_spool_header_encode(header, bytes);
}

static void test_a_header_comes_back(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	struct mu_spool_header header;
	encode(&sample, bytes);
	assert_int_equal(mu_spool_header_decode(&header, bytes), 0);
	assert_int_equal(header.ring, sample.ring);
	assert_int_equal(header.jump, sample.jump);
	assert_int_equal(header.number, sample.number);
	assert_true(header.epoch == sample.epoch && header.first_seq == 1000 && header.acked_through == 999);
	assert_memory_equal(header.dropped, sample.dropped, sizeof sample.dropped);
	assert_false(header.retired || header.succeeded);
	assert_int_equal(header.marks, 0);
}

// The bytes are a contract: devices in the field have them in flash.
static void test_the_layout_stays(void **unused)
{
	(void)unused;
	static const uint8_t wanted[48] = { 'M', 'U', 'S', 'P', 1, 1, 2, 0xFF, 4, 3, 2, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x88, 0x77, 0x66, 0x55,
		0x44, 0x33, 0x22, 0x11, 0xE8, 3, 0, 0, 0, 0, 0, 0, 0xE7, 3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 };
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	encode(&sample, bytes);
	assert_memory_equal(bytes, wanted, sizeof wanted);
	assert_true(mu_spool_is_blank(bytes + MU_SPOOL_FIXED_BYTES, sizeof bytes - MU_SPOOL_FIXED_BYTES));
	uint8_t entry[MU_SPOOL_ENTRY_BYTES];
	static const uint8_t wanted_entry[6] = { 0x34, 0x02, MU_CLASS_BOOT, 0xFF, 0x78, 0x56 };
	mu_spool_entry_encode(&(struct mu_spool_entry_header){ 0x0234, 0x5678, MU_CLASS_BOOT, 0xA1B2C3D4 }, entry);
	assert_memory_equal(entry, wanted_entry, sizeof wanted_entry);
	assert_memory_equal(entry + 8, ((uint8_t[]){ 0xD4, 0xC3, 0xB2, 0xA1 }), 4);
}

static void test_any_flipped_bit_of_the_fixed_part_is_found(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	struct mu_spool_header header;
	encode(&sample, bytes);
	for (unsigned bit = 0; bit < MU_SPOOL_FIXED_BYTES * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(mu_spool_header_decode(&header, bytes) < 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(mu_spool_header_decode(&header, bytes), 0);
}

static void test_headers_that_cannot_be(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	struct mu_spool_header header = sample, out;
	static const struct {
		uint32_t number;
		uint64_t epoch, first_seq, acked;
	} rows[] = {
		{ 0, 1, 1, 0 }, // sectors count from 1
		{ 1, 0, 1, 0 }, // an epoch is never 0
		{ 1, 1, 0, 0 }, // nor is a seq; and acked is below it
		{ 1, 1, 5, 5 }, { 1, 1, UINT64_C(1) << 53, 0 }, // beyond the limit of the wire
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		header.number = rows[i].number;
		header.epoch = rows[i].epoch;
		header.first_seq = rows[i].first_seq;
		header.acked_through = rows[i].acked;
		encode(&header, bytes);
		assert_int_equal(mu_spool_header_decode(&out, bytes), MU_ERR_RANGE);
	}
}

// A word counts from half of its bits on; a mark only if all of it is clear, and only behind its predecessors.
static void test_words_and_marks(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_SPOOL_HEADER_BYTES];
	struct mu_spool_header header;
	encode(&sample, bytes);
	bytes[MU_SPOOL_RETIRED_OFFSET] = 0;
	bytes[MU_SPOOL_RETIRED_OFFSET + 1] = 1;
	bytes[MU_SPOOL_SUCCEEDED_OFFSET] = 0x7F;
	bytes[MU_SPOOL_MARKS_OFFSET] = 0;
	bytes[MU_SPOOL_MARKS_OFFSET + 1] = 0;
	bytes[MU_SPOOL_MARKS_OFFSET + 2] = 0x40;
	bytes[MU_SPOOL_MARKS_OFFSET + 3] = 0;
	assert_int_equal(mu_spool_header_decode(&header, bytes), 0);
	assert_false(header.retired || header.succeeded); // 15 bits, 1 bit
	assert_int_equal(header.marks, 2);
	bytes[MU_SPOOL_RETIRED_OFFSET + 1] = 0;
	memset(bytes + MU_SPOOL_SUCCEEDED_OFFSET, 0, 4);
	bytes[MU_SPOOL_MARKS_OFFSET + 2] = 0;
	assert_int_equal(mu_spool_header_decode(&header, bytes), 0);
	assert_true(header.retired && header.succeeded);
	assert_int_equal(header.marks, 4);
}

static void test_entries(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_SPOOL_ENTRY_BYTES];
	struct mu_spool_entry_header entry = { 300, 17, MU_CLASS_OTA, 0x12345678 }, out;
	mu_spool_entry_encode(&entry, bytes);
	assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_RECORD);
	assert_int_equal(out.size, 300);
	assert_int_equal(out.delta, 17);
	assert_int_equal(out.record_class, MU_CLASS_OTA);
	assert_int_equal(out.crc, 0x12345678);
	for (unsigned bit = 0; bit < sizeof bytes * 8; bit++) {
		if (bit / 8 == MU_SPOOL_LIVE_OFFSET)
			continue;
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_DAMAGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	bytes[MU_SPOOL_LIVE_OFFSET] = 0x1F; // three bits: still live
	assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_RECORD);
	bytes[MU_SPOOL_LIVE_OFFSET] = 0;
	assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_VOID);
	assert_int_equal(out.size, 300); // so that it can be passed
}

static void test_places_without_an_entry(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_SPOOL_ENTRY_BYTES];
	struct mu_spool_entry_header out;
	memset(bytes, 0xFF, sizeof bytes);
	assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_BLANK);
	memset(bytes, 0, sizeof bytes);
	assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_VOID);
	assert_int_equal(out.size, 0);
	static const struct mu_spool_entry_header bad[] = { { 0, 1, 1, 1 }, { MU_SPOOL_RECORD_MAX + 1, 1, 1, 1 },
		{ 5, 1, MU_CLASS_COUNT, 1 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		mu_spool_entry_encode(&bad[i], bytes);
		assert_int_equal(mu_spool_entry_decode(&out, bytes), MU_PLACE_DAMAGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_header_comes_back),
		cmocka_unit_test(test_the_layout_stays),
		cmocka_unit_test(test_any_flipped_bit_of_the_fixed_part_is_found),
		cmocka_unit_test(test_headers_that_cannot_be),
		cmocka_unit_test(test_words_and_marks),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_places_without_an_entry),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
