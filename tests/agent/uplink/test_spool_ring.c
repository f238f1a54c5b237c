// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool_ring.h"
#include "proto/limits.h"
#include "tests/agent/fake_port.h"

enum { COUNT = 3, SIZE = 500, IN_A_SECTOR = 7 };

struct rig {
	struct fake_port fake;
	struct mu_spool_sector sectors[COUNT], other_sectors[COUNT];
	struct mu_spool_ring ring, other;
};

static struct mu_spool_header header(const struct mu_spool_ring *ring, uint32_t number, uint64_t first_seq)
{
	return (struct mu_spool_header){ .ring = ring->id, .number = number, .epoch = 5, .first_seq = first_seq };
}

static void open_sector(struct mu_spool_ring *ring, uint32_t number, uint64_t first_seq)
{
	struct mu_spool_header wanted = header(ring, number, first_seq);
	assert_int_equal(mu_spool_ring_open_sector(ring, &wanted), 0);
}

static void append(struct mu_spool_ring *ring, uint64_t seq)
{
	uint8_t bytes[SIZE];
	memset(bytes, (int)seq, sizeof bytes);
	assert_true(mu_spool_ring_fits(ring, seq, SIZE));
	assert_int_equal(mu_spool_ring_append(ring, seq, MU_CLASS_EVENT, bytes, SIZE), 0);
}

// Three sectors of seven records each: 1..7, 8..14, 101..107 (a jump).
static int set_up(void **state)
{
	static struct rig rig;
	memset(&rig, 0, sizeof rig);
	fake_port_init(&rig.fake, 1);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, 2 * COUNT);
	rig.ring = (struct mu_spool_ring){ .port = &rig.fake.port, .sectors = rig.sectors, .count = COUNT, .next_seq = 1 };
	rig.other = (struct mu_spool_ring){ .port = &rig.fake.port,
		.sectors = rig.other_sectors,
		.first_sector = COUNT,
		.count = COUNT,
		.id = MU_RING_ARCHIVE,
		.next_seq = 1 };
	static const uint64_t first[COUNT] = { 1, 8, 101 };
	for (uint32_t number = 1; number <= COUNT; number++) {
		open_sector(&rig.ring, number, first[number - 1]);
		for (uint64_t i = 0; i < IN_A_SECTOR; i++)
			append(&rig.ring, first[number - 1] + i);
	}
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	fake_port_free(&rig->fake);
	return 0;
}

// Rows: searched for, found (0: none).
static void test_find_in_any_order(void **state)
{
	struct rig *rig = *state;
	static const struct {
		uint64_t seq, found;
	} rows[] = {
		{ 1, 1 },
		{ 0, 1 },
		{ 7, 7 },
		{ 8, 8 },
		{ 107, 107 },
		{ 15, 101 },
		{ 100, 101 },
		{ 108, 0 },
		{ 3, 3 },
		{ 4, 4 },
		{ 2, 2 },
	};
	struct mu_spool_walk walk;
	uint8_t bytes[SIZE];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mu_spool_ring_find(&rig->ring, rows[i].seq, &walk), rows[i].found != 0);
		if (!rows[i].found)
			continue;
		assert_true(walk.seq == rows[i].found);
		assert_int_equal(mu_spool_ring_load(&rig->ring, &walk, bytes), 0);
		assert_int_equal(bytes[SIZE - 1], (uint8_t)rows[i].found);
	}
}

static void test_what_was_passed_is_told(void **state)
{
	struct rig *rig = *state;
	struct mu_spool_walk walk;
	rig->sectors[2].jump = MU_GAP_DAMAGED;
	assert_int_equal(mu_spool_ring_find(&rig->ring, 15, &walk), 1);
	assert_int_equal(walk.reason, MU_GAP_DAMAGED);
	assert_int_equal(mu_spool_ring_find(&rig->ring, 9, &walk), 1);
	assert_int_equal(walk.reason, MU_GAP_NONE);
	rig->sectors[1].valid = false; // a sector in the middle is gone
	assert_int_equal(mu_spool_ring_find(&rig->ring, 8, &walk), 1);
	assert_true(walk.seq == 101);
	assert_int_equal(walk.reason, MU_GAP_DAMAGED);
	mu_spool_ring_clear(&rig->ring, 1, MU_SPOOL_HEADER_BYTES + MU_SPOOL_LIVE_OFFSET, 1); // the first entry is void
	rig->ring.last = (struct mu_spool_walk){ 0 };
	assert_int_equal(mu_spool_ring_find(&rig->ring, 1, &walk), 1);
	assert_true(walk.seq == 2);
	assert_int_equal(walk.reason, MU_GAP_RESERVED);
}

static void test_oldest_and_floor(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(mu_spool_ring_oldest(&rig->ring), 1);
	assert_true(mu_spool_ring_floor(&rig->ring) == 1);
	mu_spool_ring_retire(&rig->ring, 1);
	assert_int_equal(mu_spool_ring_oldest(&rig->ring), 2);
	assert_true(mu_spool_ring_floor(&rig->ring) == 8);
	open_sector(&rig->ring, 4, 200);
	assert_null(mu_spool_ring_sector(&rig->ring, 1)); // its place has a new owner
	assert_null(mu_spool_ring_sector(&rig->ring, 0));
	assert_null(mu_spool_ring_sector(&rig->ring, 5));
	assert_true(mu_spool_sector_first(mu_spool_ring_sector(&rig->ring, 4)) == 200);
	assert_int_equal(mu_spool_ring_oldest(&rig->other), 0);
	assert_true(mu_spool_ring_floor(&rig->other) == 1);
}

static void test_what_fits(void **state)
{
	struct rig *rig = *state;
	open_sector(&rig->ring, 4, 200);
	size_t room = MU_SECTOR_BYTES - MU_SPOOL_HEADER_BYTES - MU_SPOOL_ENTRY_BYTES;
	assert_true(mu_spool_ring_fits(&rig->ring, 200, room));
	assert_false(mu_spool_ring_fits(&rig->ring, 200, room + 1));
	assert_true(mu_spool_ring_fits(&rig->ring, 200 + UINT16_MAX, 1));
	assert_false(mu_spool_ring_fits(&rig->ring, 201 + UINT16_MAX, 1)); // the difference has 16 bits
	assert_false(mu_spool_ring_fits(&rig->ring, 199, 1));
	assert_false(mu_spool_ring_fits(&rig->other, 1, 1)); // no sector yet
}

static void test_copy(void **state)
{
	struct rig *rig = *state;
	struct mu_spool_walk walk, copy;
	uint8_t bytes[SIZE];
	open_sector(&rig->other, 1, 3);
	assert_int_equal(mu_spool_ring_find(&rig->ring, 3, &walk), 1);
	assert_int_equal(mu_spool_ring_copy(&rig->other, &rig->ring, &walk), 0);
	assert_int_equal(mu_spool_ring_find(&rig->other, 1, &copy), 1);
	assert_true(copy.seq == 3 && copy.entry.record_class == MU_CLASS_EVENT && copy.entry.size == SIZE);
	assert_int_equal(mu_spool_ring_load(&rig->other, &copy, bytes), 0);
	assert_int_equal(bytes[0], 3);
	rig->fake.flash[MU_PART_SPOOL][walk.next + 40] ^= 1; // the next one is damaged: not copied, and the target stays open
	assert_int_equal(mu_spool_ring_next(&rig->ring, &walk), 1);
	assert_int_equal(mu_spool_ring_copy(&rig->other, &rig->ring, &walk), MU_ERR_CRC);
	assert_true(mu_spool_ring_fits(&rig->other, 5, SIZE));
}

static void test_a_failed_write_closes_the_sector(void **state)
{
	struct rig *rig = *state;
	uint8_t byte = 1;
	for (uint64_t call = 1; call <= 2; call++) { // entry header, record
		open_sector(&rig->ring, rig->ring.head + 1, 300 * call);
		fake_port_fail(&rig->fake, FAKE_CALL_PROGRAM, call, 1);
		assert_int_equal(mu_spool_ring_append(&rig->ring, 300 * call, 0, &byte, 1), MU_ERR_IO);
		assert_false(mu_spool_ring_fits(&rig->ring, 300 * call + 1, 1));
	}
	assert_int_equal(rig->ring.faults, 2);
}

// Acked up to a number: the marks that are set in flash, of a sector whose records start each 512 bytes from 96 on.
static void test_marks(void **state)
{
	struct rig *rig = *state;
	static const struct {
		uint64_t before, acked;
		unsigned number, marks;
	} rows[] = {
		{ 0, 1, 1, 2 }, // record 2 starts at 608: the blocks 0 and 1 are done
		{ 1, 2, 1, 4 }, { 2, 8, 1, 16 }, // all of a sector that has a successor
		{ 2, 8, 2, 2 }, { 8, 107, 2, 16 }, { 8, 107, 3, 14 }, // the head: up to where the next record will start, 3680
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mu_spool_ring_mark(&rig->ring, rows[i].before, rows[i].acked), 0);
		const uint8_t *marks = rig->fake.flash[MU_PART_SPOOL] + (rows[i].number - 1) * MU_SECTOR_BYTES + MU_SPOOL_MARKS_OFFSET;
		for (unsigned k = 0; k < MU_SPOOL_MARKS; k++)
			assert_int_equal(marks[k], k < rows[i].marks ? 0 : 0xFF);
	}
}

static void test_opening_writes_the_successor_into_the_old_head(void **state)
{
	struct rig *rig = *state;
	const uint8_t *flash = rig->fake.flash[MU_PART_SPOOL];
	static const uint8_t zeros[4], ones[4] = { 0xFF, 0xFF, 0xFF, 0xFF };
	assert_memory_equal(flash + 1 * MU_SECTOR_BYTES + MU_SPOOL_SUCCEEDED_OFFSET, zeros, 4);
	assert_memory_equal(flash + 2 * MU_SECTOR_BYTES + MU_SPOOL_SUCCEEDED_OFFSET, ones, 4);
}

static void test_each_step_of_opening_may_fail(void **state)
{
	struct rig *rig = *state;
	static const struct {
		enum fake_call call;
		uint64_t at;
	} rows[] = {
		{ FAKE_CALL_ERASE, 1 },
		{ FAKE_CALL_PROGRAM, 1 },
		{ FAKE_CALL_READ, 1 },
		{ FAKE_CALL_PROGRAM, 2 },
	};
	struct mu_spool_header wanted = header(&rig->ring, 4, 200);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fake_port_fail(&rig->fake, rows[i].call, rows[i].at, 1);
		assert_int_equal(mu_spool_ring_open_sector(&rig->ring, &wanted), MU_ERR_IO);
		assert_int_equal(rig->ring.head, 3);
	}
	assert_int_equal(mu_spool_ring_open_sector(&rig->ring, &wanted), 0);
	assert_int_equal(rig->ring.head, 4);
}

// Numbers do not end at 32 bits: a device's are 53 bits long, and all of them come back.
static void test_the_largest_numbers(void **state)
{
	struct rig *rig = *state;
	static const uint64_t firsts[] = { UINT32_MAX - 3, (UINT64_C(5) << 32) + 2, MU_SEQ_MAX - IN_A_SECTOR };
	struct mu_spool_walk walk;
	for (uint32_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		open_sector(&rig->other, i + 1, firsts[i]);
		for (uint64_t j = 0; j < IN_A_SECTOR; j++)
			append(&rig->other, firsts[i] + j);
	}
	for (uint32_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		assert_true(mu_spool_sector_first(mu_spool_ring_sector(&rig->other, i + 1)) == firsts[i]);
		for (uint64_t j = 0; j < IN_A_SECTOR; j++) {
			assert_int_equal(mu_spool_ring_find(&rig->other, firsts[i] + j, &walk), 1);
			assert_true(walk.seq == firsts[i] + j && walk.number == i + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		ROW(test_find_in_any_order),
		ROW(test_what_was_passed_is_told),
		ROW(test_oldest_and_floor),
		ROW(test_the_largest_numbers),
		ROW(test_what_fits),
		ROW(test_copy),
		ROW(test_a_failed_write_closes_the_sector),
		ROW(test_marks),
		ROW(test_opening_writes_the_successor_into_the_old_head),
		ROW(test_each_step_of_opening_may_fail),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
