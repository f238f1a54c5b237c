// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool_scan.h"
#include "tests/agent/fake_port.h"

enum { COUNT = 4, SIZE = 100, STRIDE = SIZE + MU_SPOOL_ENTRY_BYTES, EPOCH = 77 };

struct rig {
	struct fake_port fake;
	struct mu_spool_sector sectors[COUNT];
	struct mu_spool_ring ring;
	struct mu_spool_found found;
};

static void reset_ring(struct rig *rig, uint8_t id)
{
	rig->ring = (struct mu_spool_ring){ .port = &rig->fake.port, .sectors = rig->sectors, .count = COUNT, .id = id, .next_seq = 1 };
	rig->found = (struct mu_spool_found){ 0 };
}

static int set_up(void **state)
{
	static struct rig rig;
	fake_port_init(&rig.fake, 1);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, COUNT);
	reset_ring(&rig, MU_RING_RECENT);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(rig->fake.rule_violations, 0);
	fake_port_free(&rig->fake);
	return 0;
}

static void write_sector(struct rig *rig, uint32_t number, uint64_t epoch, uint64_t first_seq, unsigned records)
{
	uint8_t bytes[SIZE];
	memset(bytes, 0x33, sizeof bytes);
	struct mu_spool_header header = { .ring = rig->ring.id,
		.number = number,
		.epoch = epoch,
		.first_seq = first_seq,
		.acked_through = first_seq / 2,
		.dropped = { number } };
	assert_int_equal(mu_spool_ring_open_sector(&rig->ring, &header), 0);
	for (unsigned i = 0; i < records; i++)
		assert_int_equal(mu_spool_ring_append(&rig->ring, first_seq + i, MU_CLASS_EVENT, bytes, SIZE), 0);
}

static uint8_t *sector(struct rig *rig, uint32_t number)
{
	return rig->fake.flash[MU_PART_SPOOL] + (number - 1) % COUNT * MU_SECTOR_BYTES;
}

static uint8_t *entry(struct rig *rig, uint32_t number, unsigned index)
{
	return sector(rig, number) + MU_SPOOL_HEADER_BYTES + index * STRIDE;
}

static void scan(struct rig *rig)
{
	uint8_t id = rig->ring.id;
	reset_ring(rig, id);
	assert_int_equal(mu_spool_scan(&rig->ring, &rig->found), 0);
}

static void test_nothing(void **state)
{
	struct rig *rig = *state;
	scan(rig);
	assert_int_equal(rig->ring.head, 0);
	assert_int_equal(rig->ring.damaged, 0);
	assert_true(rig->found.epoch == 0);
}

static void test_what_is_there_is_found(void **state)
{
	struct rig *rig = *state;
	for (uint32_t number = 1; number <= 6; number++) // goes round: 3..6 remain
		write_sector(rig, number, EPOCH, number * 100, number);
	scan(rig);
	assert_int_equal(rig->ring.head, 6);
	assert_int_equal(mu_spool_ring_oldest(&rig->ring), 3);
	assert_true(rig->found.epoch == EPOCH);
	assert_true(rig->found.acked == 300); // of the newest header
	assert_int_equal(rig->found.dropped[0], 6);
	assert_true(rig->ring.next_seq == 606);
	assert_int_equal(mu_spool_ring_sector(&rig->ring, 6)->end, MU_SPOOL_HEADER_BYTES + 6 * STRIDE);
	assert_false(mu_spool_ring_sector(&rig->ring, 6)->closed);
	assert_true(mu_spool_ring_sector(&rig->ring, 5)->closed);
}

static void test_marks_tell_what_is_acked(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 10, 20);
	memset(sector(rig, 1) + MU_SPOOL_MARKS_OFFSET, 0, 3);
	scan(rig);
	assert_true(rig->found.acked == 15); // the sixth record starts at 656, the seventh at 768
}

// Rows: what the power cut left behind the fifth record, and what becomes of it.
static void test_torn_ends(void **state)
{
	struct rig *rig = *state;
	enum { TORN_RECORD, TORN_HEADER, LOST_IN_THE_MIDDLE, DIRT_BEHIND };
	static const struct {
		int what;
		uint8_t ring;
		uint64_t next_seq;
		unsigned end;
		bool closed;
	} rows[] = {
		{ TORN_RECORD, MU_RING_RECENT, 6, 5 * STRIDE, false }, // its number is passed over
		{ TORN_RECORD, MU_RING_ARCHIVE, 5, 5 * STRIDE, false }, // will be copied again
		{ TORN_HEADER, MU_RING_RECENT, 7, 5 * STRIDE + MU_SPOOL_ENTRY_BYTES, false },
		{ TORN_HEADER, MU_RING_ARCHIVE, 6, 5 * STRIDE + MU_SPOOL_ENTRY_BYTES, false },
		{ LOST_IN_THE_MIDDLE, MU_RING_RECENT, 3 + (4000 - 2 * STRIDE) / 13, 2 * STRIDE, true }, // whatever it may have held
		{ DIRT_BEHIND, MU_RING_RECENT, 6 + (4000 - 5 * STRIDE) / 13, 5 * STRIDE, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		reset_ring(rig, rows[i].ring);
		fake_port_partition(&rig->fake, MU_PART_SPOOL, COUNT);
		write_sector(rig, 1, EPOCH, 1, 5);
		switch (rows[i].what) {
		case TORN_RECORD: entry(rig, 1, 4)[60] = 0xFF; break;
		case TORN_HEADER: memset(entry(rig, 1, 5), 0x20, 5); break;
		case LOST_IN_THE_MIDDLE: entry(rig, 1, 2)[0] ^= 1; break;
		default: sector(rig, 1)[4000] = 0xFE; break;
		}
		for (int boot = 0; boot < 2; boot++) { // a repair is done once and stays
			scan(rig);
			assert_true(rig->ring.next_seq == rows[i].next_seq);
			const struct mu_spool_sector *head = mu_spool_ring_sector(&rig->ring, 1);
			assert_int_equal(head->end, MU_SPOOL_HEADER_BYTES + rows[i].end);
			assert_int_equal(head->closed, rows[i].closed);
			assert_int_equal(rig->ring.damaged, rows[i].closed);
		}
	}
}

// A copy was torn. At the next boot the thinning also kept the record before it; then the torn one was copied again, into the next sector.
static void test_a_torn_copy_hides_nothing(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[SIZE] = { 0 };
	rig->ring.id = MU_RING_ARCHIVE;
	write_sector(rig, 1, EPOCH, 100, 3);
	assert_int_equal(mu_spool_ring_append(&rig->ring, 105, MU_CLASS_EVENT, bytes, SIZE), 0);
	entry(rig, 1, 3)[MU_SPOOL_LIVE_OFFSET] = 0;
	assert_int_equal(mu_spool_ring_append(&rig->ring, 104, MU_CLASS_HEARTBEAT, bytes, SIZE), 0);
	write_sector(rig, 2, EPOCH, 105, 1);
	scan(rig);
	struct mu_spool_walk walk;
	assert_int_equal(mu_spool_ring_find(&rig->ring, 104, &walk), 1);
	assert_true(walk.seq == 104 && walk.number == 1);
	assert_int_equal(mu_spool_ring_find(&rig->ring, 105, &walk), 1);
	assert_true(walk.seq == 105 && walk.number == 2);
	assert_int_equal(rig->ring.damaged, 0);
}

static void test_a_lost_successor_is_jumped(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 1, 5);
	write_sector(rig, 2, EPOCH, 6, 5);
	write_sector(rig, 3, EPOCH, 11, 5);
	sector(rig, 3)[0] = 0;
	scan(rig);
	assert_int_equal(rig->ring.head, 3); // its place is not to be used again before the ring has come round
	assert_null(mu_spool_ring_sector(&rig->ring, 3));
	assert_int_equal(rig->ring.damaged, 1);
	assert_true(rig->ring.next_seq == 11 + (COUNT + 1) * MU_SPOOL_LOST_SEQS);
	assert_true(mu_spool_ring_sector(&rig->ring, 2)->closed);
	assert_int_equal(mu_spool_ring_sector(&rig->ring, 2)->tail, MU_GAP_DAMAGED);
	write_sector(rig, 4, EPOCH, rig->ring.next_seq, 5);
	sector(rig, 4)[0] = 0; // and so is the one behind it
	uint64_t before = rig->ring.next_seq;
	scan(rig);
	assert_true(rig->ring.next_seq >= before + 5);
	assert_int_equal(rig->ring.head, 4);
	memset(sector(rig, 5), 0x5A, 2000); // and the one behind that: but the place of the newest readable one is never taken
	scan(rig);
	assert_int_equal(rig->ring.head, 4);
	assert_non_null(mu_spool_ring_sector(&rig->ring, 2));
}

// Archive's numbers lie in recent still: nothing jumps, and the place is written anew.
static void test_a_lost_successor_in_archive(void **state)
{
	struct rig *rig = *state;
	rig->ring.id = MU_RING_ARCHIVE;
	write_sector(rig, 1, EPOCH, 1, 5);
	write_sector(rig, 2, EPOCH, 6, 5);
	sector(rig, 2)[0] = 0;
	scan(rig);
	assert_int_equal(rig->ring.head, 1);
	assert_int_equal(rig->ring.damaged, 1);
	assert_true(rig->ring.next_seq == 6);
	assert_true(mu_spool_ring_sector(&rig->ring, 1)->closed);
}

// A cut while the next sector was being made: it never held anything, so nothing is damaged and nothing jumps.
static void test_a_sector_in_the_making_is_no_damage(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 1, 5);
	memset(sector(rig, 2), 0x5A, 2000);
	scan(rig);
	assert_int_equal(rig->ring.head, 1);
	assert_int_equal(rig->ring.damaged, 0);
	assert_true(rig->ring.next_seq == 6);
	assert_false(mu_spool_ring_sector(&rig->ring, 1)->closed);
}

static void test_a_retired_sector_counts_no_more(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 1, 20);
	write_sector(rig, 2, EPOCH, 21, 5);
	memset(sector(rig, 1) + MU_SPOOL_MARKS_OFFSET, 0, MU_SPOOL_MARKS);
	memset(sector(rig, 1) + MU_SPOOL_RETIRED_OFFSET, 0, 4);
	scan(rig);
	assert_null(mu_spool_ring_sector(&rig->ring, 1));
	assert_true(rig->found.acked == 20); // but its marks do
}

static void test_the_succession_is_finished(void **state)
{
	struct rig *rig = *state;
	static const uint8_t zeros[4];
	write_sector(rig, 1, EPOCH, 1, 5);
	write_sector(rig, 2, EPOCH, 6, 0);
	memset(sector(rig, 1) + MU_SPOOL_SUCCEEDED_OFFSET, 0xFF, 4); // the cut came between the two
	scan(rig);
	assert_int_equal(rig->ring.head, 2);
	assert_memory_equal(sector(rig, 1) + MU_SPOOL_SUCCEEDED_OFFSET, zeros, 4);
}

static void test_foreign_sectors_are_no_damage(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 1, 5);
	write_sector(rig, 2, EPOCH + 1, 6, 5); // another life of this flash, newer
	scan(rig);
	assert_true(rig->found.epoch == EPOCH + 1);
	assert_null(mu_spool_ring_sector(&rig->ring, 1));
	assert_int_equal(rig->ring.damaged, 0);
	reset_ring(rig, MU_RING_RECENT);
	rig->found.epoch = EPOCH; // as the other ring has it
	assert_int_equal(mu_spool_scan(&rig->ring, &rig->found), 0);
	assert_int_equal(rig->ring.head, 1);
	rig->ring.id = MU_RING_ARCHIVE; // a sector of the other ring
	scan(rig);
	assert_int_equal(rig->ring.head, 0);
}

// Good checksums, but numbers that overlap: the newer sector is believed.
static void test_sectors_out_of_order(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 500, 5);
	write_sector(rig, 2, EPOCH, 100, 5);
	write_sector(rig, 3, EPOCH, 103, 5);
	scan(rig);
	assert_null(mu_spool_ring_sector(&rig->ring, 1));
	assert_int_equal(mu_spool_ring_sector(&rig->ring, 2)->end, MU_SPOOL_HEADER_BYTES + 3 * STRIDE); // 100, 101, 102
	assert_true(rig->ring.next_seq == 108);
}

static void test_a_read_that_fails_is_an_error(void **state)
{
	struct rig *rig = *state;
	write_sector(rig, 1, EPOCH, 1, 5);
	write_sector(rig, 2, EPOCH, 6, 5);
	scan(rig);
	uint64_t reads = rig->fake.calls[FAKE_CALL_READ];
	scan(rig);
	reads = rig->fake.calls[FAKE_CALL_READ] - reads;
	for (uint64_t at = 1; at < reads; at++) { // the last one looks whether the succession is finished, and may fail
		reset_ring(rig, MU_RING_RECENT);
		fake_port_fail(&rig->fake, FAKE_CALL_READ, at, 1);
		assert_int_equal(mu_spool_scan(&rig->ring, &rig->found), MU_ERR_IO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		ROW(test_nothing),
		ROW(test_what_is_there_is_found),
		ROW(test_marks_tell_what_is_acked),
		ROW(test_torn_ends),
		ROW(test_a_torn_copy_hides_nothing),
		ROW(test_a_lost_successor_is_jumped),
		ROW(test_a_lost_successor_in_archive),
		ROW(test_a_sector_in_the_making_is_no_damage),
		ROW(test_a_retired_sector_counts_no_more),
		ROW(test_the_succession_is_finished),
		ROW(test_foreign_sectors_are_no_damage),
		ROW(test_sectors_out_of_order),
		ROW(test_a_read_that_fails_is_an_error),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
