// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "golden_file.h"
#include "muster.pb-c.h"
#include "proto/wire.h"

// Frames are written byte by byte, so that also those can be made that no encoder makes.
struct frame {
	uint8_t bytes[MU_UPLINK_BYTES_MAX + 4096];
	size_t size;
};

static void add(struct frame *frame, const void *bytes, size_t size)
{
	assert_true(frame->size + size <= sizeof frame->bytes);
	memcpy(frame->bytes + frame->size, bytes, size);
	frame->size += size;
}

static void add_varint(struct frame *frame, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		add(frame, &(uint8_t){ (uint8_t)(value | 0x80) }, 1);
	add(frame, &(uint8_t){ (uint8_t)value }, 1);
}

static void add_header(struct frame *frame, uint64_t epoch, uint64_t first_seq, uint64_t oldest_seq)
{
	add_varint(frame, 1 << 3 | 1);
	for (unsigned i = 0; i < 8; i++)
		add(frame, &(uint8_t){ (uint8_t)(epoch >> 8 * i) }, 1);
	add_varint(frame, 2 << 3);
	add_varint(frame, first_seq);
	add_varint(frame, 3 << 3);
	add_varint(frame, oldest_seq);
}

static void add_record(struct frame *frame, const void *bytes, size_t size)
{
	add_varint(frame, 4 << 3 | 2);
	add_varint(frame, size);
	add(frame, bytes, size);
}

static void start(struct frame *frame, uint64_t first_seq)
{
	frame->size = 0;
	add_header(frame, 77, first_seq, 1);
}

static const uint8_t event_record[] = { 0x08, 1, 0x10, 1, 0x52, 3, 0x0a, 1, 'x' };
static const uint8_t gap_record[] = { 0x08, 1, 0x10, 1, 0x62, 5, 0x08, 0x80, 0x20, 0x10, 1 };          // 4096 numbers
static const uint8_t torn_record[] = { 0x08, 1, 0x10, 1, 0x52, 30, 0x0a };                             // says 30 bytes, has 1
static const uint8_t no_boot_record[] = { 0x10, 1, 0x52, 3, 0x0a, 1, 'x' };                            // a required field is missing
static const uint8_t zero_gap_record[] = { 0x08, 1, 0x10, 1, 0x62, 4, 0x08, 0, 0x10, 1 };
static const uint8_t two_bodies[] = { 0x08, 1, 0x10, 1, 0x62, 4, 0x08, 9, 0x10, 1, 0x52, 3, 0x0a, 1, 'x' }; // a gap, then an event
static const uint8_t two_gaps[] = { 0x08, 1, 0x10, 1, 0x62, 4, 0x08, 9, 0x10, 1, 0x62, 4, 0x08, 5, 0x10, 1 };

static void test_seqs_and_exact_bytes(void **unused)
{
	(void)unused;
	struct frame frame;
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;

	start(&frame, 17);
	add_record(&frame, event_record, sizeof event_record);
	add_record(&frame, gap_record, sizeof gap_record);
	add_record(&frame, event_record, sizeof event_record);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	assert_int_equal(uplink.epoch, 77);
	assert_int_equal(uplink.first_seq, 17);
	assert_int_equal(uplink.oldest_seq, 1);
	assert_int_equal(uplink.record_count, 3);
	assert_int_equal(uplink.last_seq, 17 + 4097);

	mu_wire_record_first(&uplink, &record);
	assert_int_equal(record.seq, 17);
	assert_int_equal(record.span, 1);
	assert_int_equal(record.size, sizeof event_record);
	assert_memory_equal(record.data, event_record, record.size);
	assert_true(record.data > frame.bytes && record.data < frame.bytes + frame.size); // a slice, not a copy
	mu_wire_record_next(&uplink, &record);
	assert_int_equal(record.seq, 18);
	assert_int_equal(record.span, 4096);
	assert_int_equal(record.index, 1);
	mu_wire_record_next(&uplink, &record);
	assert_int_equal(record.seq, 18 + 4096);
	mu_wire_record_next(&uplink, &record);
	assert_null(record.data);
	mu_wire_record_next(&uplink, &record); // stays at the end
	assert_null(record.data);
}

// A bad record keeps its number and takes no neighbour along.
static void test_bad_record_between_good_ones(void **unused)
{
	(void)unused;
	static const struct {
		const uint8_t *bytes;
		size_t size;
	} bad[] = {
		{ torn_record, sizeof torn_record },
		{ no_boot_record, sizeof no_boot_record },
		{ zero_gap_record, sizeof zero_gap_record },
		{ two_gaps, sizeof two_gaps },
		{ event_record, 0 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		static uint8_t buffer[8192];
		struct frame frame;
		struct mu_wire_uplink uplink;
		struct mu_wire_record record;
		struct mu_arena arena;
		struct mu_limits_fault fault = { .what = 0 };
		Mu__Record *unpacked;

		mu_arena_init(&arena, buffer, sizeof buffer);
		start(&frame, 5);
		add_record(&frame, event_record, sizeof event_record);
		add_record(&frame, bad[i].bytes, bad[i].size);
		add_record(&frame, event_record, sizeof event_record);
		assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
		assert_int_equal(uplink.last_seq, 7);
		mu_wire_record_first(&uplink, &record);
		assert_int_equal(mu_wire_record_unpack(&record, &arena, &unpacked, &fault), 0);
		assert_non_null(unpacked);
		mu_wire_record_next(&uplink, &record);
		assert_true(mu_wire_record_unpack(&record, &arena, &unpacked, &fault) < 0);
		assert_null(unpacked);
		assert_non_null(fault.what);
		mu_wire_record_next(&uplink, &record);
		assert_int_equal(record.seq, 7);
		assert_int_equal(mu_wire_record_unpack(&record, &arena, &unpacked, &fault), 0);
	}
}

// Protobuf's rule for a oneof given twice: the last one counts. What the numbering goes by and what is decoded must not differ.
static void test_two_bodies_are_the_last_one(void **unused)
{
	(void)unused;
	static uint8_t buffer[8192];
	struct frame frame;
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;
	struct mu_arena arena;
	Mu__Record *unpacked;

	mu_arena_init(&arena, buffer, sizeof buffer);
	start(&frame, 5);
	add_record(&frame, two_bodies, sizeof two_bodies);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	assert_int_equal(uplink.last_seq, 5);
	mu_wire_record_first(&uplink, &record);
	assert_int_equal(mu_wire_record_unpack(&record, &arena, &unpacked, 0), 0);
	assert_int_equal(unpacked->body_case, MU__RECORD__BODY_EVENT);
}

// The decoder keeps no length of a string, so the limits see what is before a NUL: what is behind it must not get in either. The bytes of the
// record are what is stored and handed on.
static void test_text_behind_a_nul_is_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *what;
		uint8_t bytes[24];
		size_t size;
		bool good;
	} rows[] = {
		{ "event, plain", { 0x08, 1, 0x10, 1, 0x52, 4, 0x0a, 2, 'x', 'y' }, 10, true },
		{ "event.name", { 0x08, 1, 0x10, 1, 0x52, 5, 0x0a, 3, 'x', 0, 0x1b }, 11, false },
		{ "event.name, at its end", { 0x08, 1, 0x10, 1, 0x52, 4, 0x0a, 2, 'x', 0 }, 10, false },
		{ "event.text", { 0x08, 1, 0x10, 1, 0x52, 7, 0x0a, 1, 'x', 0x12, 2, 0, 'y' }, 13, false },
		{ "heartbeat.tasks.stack_min_task", { 0x08, 1, 0x10, 1, 0x2a, 6, 0x2a, 4, 0x22, 2, 'x', 0 }, 12, false },
		{ "behind a varint of more than 64 bits",
			{ 0x08, 1, 0x10, 1, 0x98, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x52, 4, 0x0a, 2, 'x', 0 },
			22, false },
	};
	uint8_t room[MU_ARENA_RECORD_BYTES];
	struct mu_arena arena;
	mu_arena_init(&arena, room, sizeof room);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_wire_record record = { .data = rows[i].bytes, .size = rows[i].size, .span = 1 };
		Mu__Record *unpacked;
		struct mu_limits_fault fault;
		mu_arena_reset(&arena);
		int err = mu_wire_record_unpack(&record, &arena, &unpacked, &fault);
		if (err != (rows[i].good ? 0 : MU_ERR_INVALID))
			fail_msg("%s: %d", rows[i].what, err);
		assert_int_equal(unpacked != 0, rows[i].good);
	}
}

static void test_arena_too_small_is_told_apart(void **unused)
{
	(void)unused;
	uint8_t buffer[64];
	struct mu_arena arena;
	Mu__Record *unpacked;
	struct mu_limits_fault fault;

	mu_arena_init(&arena, buffer, sizeof buffer);
	struct mu_wire_record record = { .data = event_record, .size = sizeof event_record, .span = 1 };
	assert_int_equal(mu_wire_record_unpack(&record, &arena, &unpacked, &fault), MU_ERR_NO_MEMORY);
	assert_int_equal(mu_wire_record_unpack(&record, &arena, &unpacked, 0), MU_ERR_NO_MEMORY);
}

// Each row: bytes put behind a good header, and what the split says.
static const struct {
	uint8_t bytes[16];
	size_t size;
	int err;
} tails[] = {
	{ { 0 }, 0, 0 },                                                     // an uplink without records is one
	{ { 0x10, 5 }, 2, MU_ERR_INVALID },                                  // first_seq twice
	{ { 0x22, 0x7f, 1 }, 3, MU_ERR_INVALID },                            // a record longer than the frame
	{ { 0x20, 1 }, 2, MU_ERR_INVALID },                                  // a record that is a number
	{ { 0x2a, 1, 'x' }, 3, 0 },                                          // unknown field 5: ignored
	{ { 0x2d, 1, 2, 3, 4 }, 5, 0 },                                      // ... of 4 bytes
	{ { 0x29, 1, 2, 3, 4, 5, 6, 7, 8 }, 9, 0 },                          // ... of 8
	{ { 0x29, 1, 2, 3 }, 4, MU_ERR_INVALID },                            // ... cut
	{ { 0x2b, 0x2c }, 2, MU_ERR_INVALID },                               // a group
	{ { 0x2e, 0 }, 2, MU_ERR_INVALID },                                  // wire type 6
	{ { 0x00, 0 }, 2, MU_ERR_INVALID },                                  // field 0
	{ { 0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, 11, 0 },
	{ { 0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 }, 11, MU_ERR_INVALID }, // more than 64 bits
	{ { 0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0 }, 12, MU_ERR_INVALID },
	{ { 0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, 11, MU_ERR_INVALID }, // a size that would wrap a pointer
	{ { 0xff, 0xff, 0xff, 0xff, 0x7f, 0 }, 6, MU_ERR_INVALID },          // a field number beyond 2^29
};

static void test_tails(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		struct frame frame;
		struct mu_wire_uplink uplink;
		start(&frame, 5);
		add(&frame, tails[i].bytes, tails[i].size);
		int err = mu_wire_uplink_split(frame.bytes, frame.size, &uplink);
		if (err != tails[i].err)
			fail_msg("row %zu gave %d", i, err);
	}
}

static void test_headers(void **unused)
{
	(void)unused;
	struct frame frame = { .size = 0 };
	struct mu_wire_uplink uplink;

	assert_int_equal(mu_wire_uplink_split(0, 0, &uplink), MU_ERR_INVALID);
	add_header(&frame, 77, 5, 1);
	for (size_t size = 0; size < frame.size; size++) // cut anywhere, a header is none
		assert_int_equal(mu_wire_uplink_split(frame.bytes, size, &uplink), MU_ERR_INVALID);
	frame.size = 0;
	add_header(&frame, 0, 5, 1);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_RANGE);
	frame.size = 0;
	add_header(&frame, 77, 5, 6);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_RANGE);
	frame.size = 0;
	add_header(&frame, 77, UINT64_MAX, 1);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_RANGE);
	start(&frame, MU_SEQ_MAX - 4096);
	add_record(&frame, gap_record, sizeof gap_record);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	add_record(&frame, event_record, sizeof event_record);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	assert_int_equal(uplink.last_seq, MU_SEQ_MAX);
	add_record(&frame, event_record, sizeof event_record); // the one number too many
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_RANGE);
}

// Fields may come in any order: the header behind the records counts just as well.
static void test_header_behind_the_records(void **unused)
{
	(void)unused;
	struct frame frame = { .size = 0 };
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;

	add_record(&frame, gap_record, sizeof gap_record);
	add_header(&frame, 77, 5, 1);
	add_record(&frame, event_record, sizeof event_record);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	mu_wire_record_first(&uplink, &record);
	assert_int_equal(record.seq, 5);
	mu_wire_record_next(&uplink, &record);
	assert_int_equal(record.seq, 5 + 4096);
}

static void test_sizes_and_counts(void **unused)
{
	(void)unused;
	static uint8_t large[MU_RECORD_BYTES_MAX + 1];
	static struct frame frame;
	struct mu_wire_uplink uplink;

	start(&frame, 5);
	add_record(&frame, large, MU_RECORD_BYTES_MAX);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	start(&frame, 5);
	add_record(&frame, large, MU_RECORD_BYTES_MAX + 1);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_SIZE);

	start(&frame, 5);
	for (unsigned i = 0; i < MU_UPLINK_RECORDS_MAX; i++)
		add_record(&frame, event_record, sizeof event_record);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), 0);
	add_record(&frame, event_record, sizeof event_record);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_SIZE);

	start(&frame, 5);
	while (frame.size <= MU_UPLINK_BYTES_MAX)
		add_record(&frame, large, 512);
	assert_int_equal(mu_wire_uplink_split(frame.bytes, frame.size, &uplink), MU_ERR_SIZE);
}

// Our own encoder's frames are split into what our own decoder finds in them.
static void test_agrees_with_the_decoder(void **unused)
{
	(void)unused;
	struct golden_row row = { .name = "uplink" };
	uint8_t bytes[GOLDEN_BYTES_MAX], packed[GOLDEN_BYTES_MAX];
	size_t size = golden_hex(&row, bytes);
	Mu__Uplink *whole = mu__uplink__unpack(0, size, bytes);
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;

	assert_non_null(whole);
	assert_int_equal(mu_wire_uplink_split(bytes, size, &uplink), 0);
	assert_int_equal(uplink.record_count, whole->n_records);
	assert_true(uplink.epoch == whole->epoch);
	for (mu_wire_record_first(&uplink, &record); record.data; mu_wire_record_next(&uplink, &record)) {
		assert_int_equal(mu__record__pack(whole->records[record.index], packed), record.size);
		assert_memory_equal(packed, record.data, record.size);
	}
	mu__uplink__free_unpacked(whole, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seqs_and_exact_bytes),
		cmocka_unit_test(test_bad_record_between_good_ones),
		cmocka_unit_test(test_two_bodies_are_the_last_one),
		cmocka_unit_test(test_text_behind_a_nul_is_refused),
		cmocka_unit_test(test_arena_too_small_is_told_apart),
		cmocka_unit_test(test_tails),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_header_behind_the_records),
		cmocka_unit_test(test_sizes_and_counts),
		cmocka_unit_test(test_agrees_with_the_decoder),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
