// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/ingest/decode.h"
#include "tests/collector/ingest/uplink_maker.h"

static uint8_t bytes[MU_UPLINK_BYTES_MAX + 1];
static uint8_t memory[DECODE_ARENA_BYTES];
static char reason[DECODE_REASON_BYTES];

// Each row: a payload that is refused as a whole, and what is said of it.
static const struct {
	const char *payload;
	size_t size;
	const char *reason;
} refused[] = {
	{ "", 0, "not an uplink" },
	{ "hello", 5, "not an uplink" },
	{ "\x09\x01\0\0\0\0\0\0\0\x10\x01", 11, "not an uplink" },                    // oldest_seq is missing
	{ "\x09\0\0\0\0\0\0\0\0\x10\x01\x18\x01\x22\0", 15, "out of range" },         // epoch 0
	{ "\x09\x01\0\0\0\0\0\0\0\x10\x01\x18\x02\x22\0", 15, "out of range" },       // oldest above first
	{ "\x09\x01\0\0\0\0\0\0\0\x10\x01\x18\x01\x22\x05z", 16, "not an uplink" },   // a record longer than the payload
};

static void test_every_refused_payload(void **unused)
{
	(void)unused;
	struct mu_wire_uplink uplink;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_true(decode_uplink((const uint8_t *)refused[i].payload, refused[i].size, &uplink, reason) < 0);
		assert_non_null(strstr(reason, refused[i].reason));
	}
	assert_int_equal(decode_uplink(bytes, sizeof bytes, &uplink, reason), MU_ERR_SIZE);
	assert_non_null(strstr(reason, "16385 bytes"));
}

// SPEC.md section 2 allows it: a device that wants to hear how far the collector has come.
static void test_an_uplink_may_be_without_records(void **unused)
{
	(void)unused;
	struct mu_wire_uplink uplink;
	assert_int_equal(decode_uplink((const uint8_t *)"\x09\x01\0\0\0\0\0\0\0\x10\x05\x18\x01", 13, &uplink, reason), 0);
	assert_int_equal(uplink.record_count, 0);
	assert_int_equal(uplink.first_seq, 5);
}

static void test_bad_records_leave_their_neighbours_alone(void **unused)
{
	(void)unused;
	struct uplink_maker maker = { 7, 10, 1, 1, 500, 4, 1 << 1, 1 << 2, 0 };
	struct mu_wire_uplink uplink;
	struct mu_wire_record wire;
	struct mu_arena arena;
	const char *const reasons[] = { 0, "heartbeat.vitals.temperature", "not well formed", 0 };
	size_t size = uplink_make(&maker, bytes, sizeof bytes);
	mu_arena_init(&arena, memory, sizeof memory);
	assert_int_equal(decode_uplink(bytes, size, &uplink, reason), 0);
	mu_wire_record_first(&uplink, &wire);
	for (unsigned i = 0; i < 4; i++, mu_wire_record_next(&uplink, &wire)) {
		const Mu__Record *record = decode_record(&arena, &wire, reason);
		assert_int_equal(wire.seq, 10 + i);
		assert_int_equal(record != 0, reasons[i] == 0);
		if (reasons[i])
			assert_non_null(strstr(reason, reasons[i]));
		else
			assert_int_equal(record->heartbeat->vitals->heap_free_bytes, 100000 + i);
	}
	assert_null(wire.data);
}

// Two bytes make a whole part: the worst that input can do to memory. One record is held to its share, all together to DECODE_ARENA_BYTES.
static void test_small_input_cannot_take_much_memory(void **unused)
{
	(void)unused;
	static const uint8_t head[] = { 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0x18, 1 };
	static const uint8_t parts[] = { 10, 18, 26, 34, 42, 50, 58 }; // tags of the parts of a heartbeat
	struct mu_wire_uplink uplink;
	struct mu_wire_record wire;
	for (size_t kind = 0; kind < sizeof parts; kind++) {
		size_t used = sizeof head;
		memcpy(bytes, head, sizeof head);
		while (used + 110 < MU_UPLINK_BYTES_MAX) { // records of a heartbeat with 48 times the same empty part
			memcpy(bytes + used, "\x22\x66\x08\x01\x10\x01\x2a\x60", 8);
			for (int i = 0; i < 48; i++)
				memcpy(bytes + used + 8 + 2 * i, (uint8_t[]){ parts[kind], 0 }, 2);
			used += 8 + 96;
		}
		struct mu_arena arena;
		mu_arena_init(&arena, memory, sizeof memory);
		assert_int_equal(decode_uplink(bytes, used, &uplink, reason), 0);
		for (mu_wire_record_first(&uplink, &wire); wire.data; mu_wire_record_next(&uplink, &wire)) {
			size_t before = arena.used;
			decode_record(&arena, &wire, reason);
			assert_true(arena.used - before <= MU_ARENA_RECORD_BYTES);
			assert_false(arena.exhausted);
		}
		assert_true(arena.used < sizeof memory);
	}
}

static void test_record_beyond_its_share_is_refused(void **unused)
{
	(void)unused;
	static uint8_t record[2048];
	struct mu_arena arena;
	size_t used = 6;
	memcpy(record, "\x08\x01\x10\x01\x2a\x00", 6);
	record[5] = 0x80 | (2000 & 127);
	record[used++] = 2000 >> 7;
	for (size_t end = used + 2000; used < end; used += 2)
		memcpy(record + used, "\x32\x00", 2); // a thousand empty OtaHealth
	struct mu_wire_record wire = { .data = record, .size = used, .seq = 1, .span = 1 };
	mu_arena_init(&arena, memory, sizeof memory);
	assert_null(decode_record(&arena, &wire, reason));
	assert_non_null(strstr(reason, "unpacks to too much"));
	struct uplink_maker maker = { 7, 10, 1, 1, 500, 1, 0, 0, 0 };
	struct mu_wire_uplink uplink;
	size_t size = uplink_make(&maker, bytes, sizeof bytes);
	assert_int_equal(decode_uplink(bytes, size, &uplink, reason), 0);
	mu_wire_record_first(&uplink, &wire);
	assert_non_null(decode_record(&arena, &wire, reason)); // and the next one has its own
}

// Rows: bytes that the decoder takes, but that mean another thing to who reads them again.
static void test_records_of_two_meanings_are_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *bytes;
		size_t size;
		const char *reason;
	} rows[] = {
		{ "\x08\x01\x10\x01\x52\x05\x0a\x03x\0y", 11, "name holds a NUL" },
		{ "\x08\x01\x10\x01\x62\x04\x08\x05\x10\x01\x62\x04\x08\x07\x10\x01", 16, "gap.count not the count" }, // counted as one number
		{ "\x08\x01\x10\x01\x98\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x52\x03\x0a\x01x", 21, "record is not well formed" },
	};
	struct mu_arena arena;
	mu_arena_init(&arena, memory, sizeof memory);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_wire_record wire = { .data = (const uint8_t *)rows[i].bytes, .size = rows[i].size, .seq = 1, .span = 1 };
		assert_null(decode_record(&arena, &wire, reason));
		if (!strstr(reason, rows[i].reason))
			fail_msg("%s, not: %s", reason, rows[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_refused_payload),
		cmocka_unit_test(test_an_uplink_may_be_without_records),
		cmocka_unit_test(test_bad_records_leave_their_neighbours_alone),
		cmocka_unit_test(test_small_input_cannot_take_much_memory),
		cmocka_unit_test(test_record_beyond_its_share_is_refused),
		cmocka_unit_test(test_records_of_two_meanings_are_refused),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
