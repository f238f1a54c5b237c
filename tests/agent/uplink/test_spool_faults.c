// SPDX-License-Identifier: Apache-2.0
// Flash that rots, fails, or was never ours.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool.h"
#include "tests/agent/uplink/spool_rig.h"

// ---- damage

static void test_a_damaged_record_costs_itself(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 10);
	spool_rig_sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 3 * 112 + 50] ^= 4; // in the fourth
	for (int boot = 0; boot < 2; boot++) {
		struct mu_spool_entry entry = spool_rig_read_at(rig, 4);
		assert_int_equal(entry.gap, MU_GAP_DAMAGED);
		assert_true(entry.count == 1);
		assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 9);
		spool_rig_reopen(rig);
	}
	assert_true(spool_rig_add(rig, MU_CLASS_EVENT, 100) == 11);
}

static void test_a_damaged_entry_header_costs_the_rest_of_its_sector(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 80); // 35 a sector
	spool_rig_sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 30 * 112] ^= 1;
	spool_rig_reopen(rig);
	assert_int_equal(mu_spool_damaged(&rig->spool), 1);
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_DAMAGED), 5);
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 75);
	assert_true(mu_spool_next_seq(&rig->spool) == 81);
}

// Rows: which of three sectors of 35 records loses its header.
static void test_a_damaged_sector_costs_its_own_records(void **state)
{
	struct spool_rig *rig = *state;
	static const struct {
		unsigned sector;
		uint64_t first, lost;
	} rows[] = {
		{ 0, 1, 35 }, // the oldest
		{ 1, 36, 35 }, // between two
		{ 2, 71, 10 }, // the newest: whatever it may have held is skipped
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 8);
		spool_rig_reopen(rig);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 80);
		spool_rig_sector(rig, rows[i].sector)[20] ^= 0x10;
		spool_rig_reopen(rig);
		assert_int_equal(mu_spool_damaged(&rig->spool), 1);
		struct mu_spool_entry entry = spool_rig_read_at(rig, rows[i].first);
		assert_int_equal(entry.gap, MU_GAP_DAMAGED);
		assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 80 - rows[i].lost);
		assert_true(mu_spool_next_seq(&rig->spool) > 80); // what may have been sent is never given out again
		uint64_t seq = spool_rig_add(rig, MU_CLASS_EVENT, 100);
		spool_rig_reopen(rig);
		assert_int_equal(spool_rig_read_at(rig, rows[i].first).gap, MU_GAP_DAMAGED);
		assert_int_equal(spool_rig_read_at(rig, seq).gap, MU_GAP_NONE);
		assert_true(mu_spool_next_seq(&rig->spool) == seq + 1);
	}
}

static void test_a_damaged_end_skips_what_it_may_have_held(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 10);
	spool_rig_sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 6 * 112] ^= 1;
	spool_rig_reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) > 10);
	uint64_t seq = spool_rig_add(rig, MU_CLASS_EVENT, 100);
	assert_true(seq > 10);
	assert_int_equal(spool_rig_read_at(rig, 7).gap, MU_GAP_DAMAGED);
	assert_true(spool_rig_read_at(rig, 7).count == seq - 7);
}

static void test_nothing_readable_is_a_new_epoch(void **state)
{
	struct spool_rig *rig = *state;
	uint64_t epoch = mu_spool_epoch(&rig->spool);
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 200);
	for (unsigned i = 0; i < 4; i++)
		spool_rig_sector(rig, i)[8] ^= 1; // all of recent; archive still has good headers
	spool_rig_reopen(rig);
	assert_true(mu_spool_epoch(&rig->spool) != epoch && mu_spool_epoch(&rig->spool) != 0);
	assert_true(mu_spool_next_seq(&rig->spool) == 1);
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
	epoch = mu_spool_epoch(&rig->spool);
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 200);
	for (unsigned i = 0; i < 4; i++)
		spool_rig_sector(rig, i)[8] ^= 1; // a bit that flips back brings no old sector to life
	spool_rig_reopen(rig);
	assert_true(mu_spool_epoch(&rig->spool) != epoch);
	assert_true(mu_spool_next_seq(&rig->spool) == 1);
}

static void test_random_flash_opens_and_works(void **state)
{
	struct spool_rig *rig = *state;
	for (int round = 0; round < 50; round++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 4);
		for (size_t i = 0; i < 4 * MU_SECTOR_BYTES; i++)
			rig->fake.flash[MU_PART_SPOOL][i] = (uint8_t)fake_port_random(&rig->fake);
		spool_rig_reopen(rig);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 300, 60);
		spool_rig_reopen(rig);
		assert_true(spool_rig_count_reason(rig, 1, MU_GAP_NONE) >= 20);
	}
}

// Bits fall anywhere in a spool that is in use: it opens, and all numbers are still accounted for.
static void test_flipped_bits_anywhere(void **state)
{
	struct spool_rig *rig = *state;
	for (int round = 0; round < 300; round++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 6);
		spool_rig_reopen(rig);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 40 + (size_t)round % 100, 160);
		mu_spool_ack(&rig->spool, 20);
		uint64_t next = mu_spool_next_seq(&rig->spool);
		for (int flips = 0; flips <= round % 8; flips++)
			rig->fake.flash[MU_PART_SPOOL][fake_port_random(&rig->fake) % (6 * MU_SECTOR_BYTES)] ^=
				(uint8_t)(1 << fake_port_random(&rig->fake) % 8);
		spool_rig_reopen(rig);
		if (mu_spool_next_seq(&rig->spool) > 1) // else all of recent was hit: a new epoch
			assert_true(mu_spool_next_seq(&rig->spool) >= next);
		spool_rig_count_reason(rig, mu_spool_oldest_seq(&rig->spool), MU_GAP_NONE);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 20);
	}
}

// ---- flash that fails

// The same small life for each fault.
static void live(struct spool_rig *rig, uint64_t *newest, uint64_t *appended)
{
	uint8_t bytes[200];
	*newest = *appended = 0;
	for (unsigned i = 0; i < 90; i++) {
		uint64_t seq = mu_spool_next_seq(&rig->spool);
		memset(bytes, (int)(seq * 7), sizeof bytes);
		if (mu_spool_append(&rig->spool, i % 3 ? MU_CLASS_HEARTBEAT : MU_CLASS_EVENT, bytes, sizeof bytes, &seq) == 0) {
			assert_true(seq > *newest);
			*newest = seq;
			*appended += 1;
		}
		if (i % 10 == 9 && i < 40 && *newest)
			mu_spool_ack(&rig->spool, *newest);
	}
}

// One call of each kind fails once, at each position: nothing but that record is lost, and the newest sector's worth is there.
static void test_each_call_failing_once(void **state)
{
	struct spool_rig *rig = *state;
	static const enum fake_call calls[] = { FAKE_CALL_READ, FAKE_CALL_PROGRAM, FAKE_CALL_ERASE, FAKE_CALL_RANDOM };
	for (size_t kind = 0; kind < sizeof calls / sizeof *calls; kind++) {
		uint64_t at = 1, newest, appended, failures = 0;
		for (bool reached = true; reached; at++) {
			fake_port_partition(&rig->fake, MU_PART_SPOOL, 4);
			uint64_t before = rig->fake.calls[calls[kind]];
			fake_port_fail(&rig->fake, calls[kind], at, 1);
			if (mu_spool_open(&rig->spool, &rig->fake.port) < 0)
				spool_rig_reopen(rig); // the next boot
			live(rig, &newest, &appended);
			reached = rig->fake.calls[calls[kind]] - before >= at;
			failures += reached;
			rig->fake.fail_at[calls[kind]] = 0;
			assert_true(appended + 1 >= 90);
			spool_rig_reopen(rig);
			assert_true(mu_spool_next_seq(&rig->spool) > newest);
			uint64_t recent = spool_rig_count_reason(rig, newest - 12, MU_GAP_NONE);
			assert_true(recent >= (appended == 90 ? 13 : 12));
		}
		assert_true(failures > 0);
	}
}

// From some call on, every call fails: errors, no hang, no crash; when the flash is back, so is the spool.
static void test_each_call_failing_for_good(void **state)
{
	struct spool_rig *rig = *state;
	for (int call = FAKE_CALL_READ; call <= FAKE_CALL_PROGRAM; call++) {
		bool reached = true;
		for (uint64_t at = 1; reached; at += 3) {
			uint64_t newest, appended;
			fake_port_partition(&rig->fake, MU_PART_SPOOL, 4);
			fake_port_fail(&rig->fake, (enum fake_call)call, at, UINT64_MAX);
			if (mu_spool_open(&rig->spool, &rig->fake.port) == 0) {
				live(rig, &newest, &appended);
				reached = appended < 90;
				assert_true(!reached || mu_spool_faults(&rig->spool) > 0);
			}
			rig->fake.fail_at[call] = 0;
			spool_rig_reopen(rig);
			spool_rig_add(rig, MU_CLASS_EVENT, 50);
		}
	}
}

// A sector that can no longer be written is passed over; the ones behind it are used.
static int broken_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	struct fake_port *fake = context;
	(void)data;
	(void)size;
	(void)part;
	if (offset / MU_SECTOR_BYTES == 2)
		return 0; // says yes, writes nothing
	memcpy(fake->flash[MU_PART_SPOOL] + offset, data, size);
	return 0;
}

static void test_a_sector_that_does_not_keep_what_is_written(void **state)
{
	struct spool_rig *rig = *state;
	struct mu_flash_port flash = *rig->fake.port.flash;
	flash.program = broken_program;
	rig->fake.port.flash = &flash;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 300);
	assert_true(mu_spool_next_seq(&rig->spool) == 301);
	assert_true(mu_spool_faults(&rig->spool) > 0); // though no call has failed
	spool_rig_reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) == 301);
	assert_true(spool_rig_count_reason(rig, 1, MU_GAP_NONE) >= 35 * 5);
}

// Two headers were written, and neither could be read back: the second one stays behind in flash with a higher number than the sector that is
// used in the end. If it were believed after a reset, the records before it would be damage and the numbers would go back.
static void test_a_header_left_behind_is_not_believed(void **state)
{
	struct spool_rig *rig = *state;
	uint8_t packed[100] = { 0 };
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 35); // fills the first sector
	fake_port_fail(&rig->fake, FAKE_CALL_READ, 1, 100);
	assert_true(mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, 0) < 0);
	fake_port_fail(&rig->fake, FAKE_CALL_READ, 1000000, 1);
	uint64_t next = mu_spool_next_seq(&rig->spool);
	assert_true(spool_rig_add(rig, MU_CLASS_EVENT, 100) == next);
	spool_rig_reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) == next + 1);
	assert_int_equal(spool_rig_read_at(rig, next).gap, MU_GAP_NONE);
}

// The header of the next sector is there, but neither the word in the old head nor the sector behind it could be written. A record that still
// fits into the old head must not go there: after a reset the new header is the head, and its first number is this record's.
static void test_nothing_is_stored_beside_a_header_left_behind(void **state)
{
	struct spool_rig *rig = *state;
	uint8_t packed[400] = { 0 };
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 33); // 208 bytes are left in the first sector
	uint64_t next = mu_spool_next_seq(&rig->spool);
	fake_port_fail(&rig->fake, FAKE_CALL_PROGRAM, 2, 1); // header, word
	fake_port_fail(&rig->fake, FAKE_CALL_ERASE, 2, 1);
	assert_true(mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, 0) < 0);
	assert_true(spool_rig_add(rig, MU_CLASS_EVENT, 50) == next);
	spool_rig_reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) == next + 1);
	assert_int_equal(spool_rig_read_at(rig, next).gap, MU_GAP_NONE);
}

// A header left behind becomes the head after a reset, two places behind the old head. If it rots later, the old head must know that there was one:
// else the numbers go on behind its own records.
static void test_a_header_left_behind_has_succeeded(void **state)
{
	struct spool_rig *rig = *state;
	uint8_t packed[100] = { 0 };
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 35); // fills the first sector
	fake_port_fail(&rig->fake, FAKE_CALL_ERASE, 1, 1); // of the second
	fake_port_fail(&rig->fake, FAKE_CALL_READ, 1, 1); // the third's header, once written
	assert_true(mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, 0) < 0);
	spool_rig_reopen(rig);
	uint64_t seq = spool_rig_add(rig, MU_CLASS_EVENT, 100);
	spool_rig_sector(rig, 2)[20] ^= 0x10;
	spool_rig_reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) > seq);
	assert_int_equal(spool_rig_read_at(rig, seq).gap, MU_GAP_DAMAGED);
}

// The place of a sector that could not be emptied is passed over. What it held lies under old numbers, and must not be found in place of the
// new ones. Rows: each kind of call fails once, in each position around the change of sectors in a ring that has gone round.
static void test_a_sector_passed_over_hides_nothing(void **state)
{
	struct spool_rig *rig = *state;
	uint8_t packed[100] = { 0 };
	for (int call = FAKE_CALL_READ; call <= FAKE_CALL_PROGRAM; call++)
		for (uint64_t n = 1; n <= 80; n++) {
			fake_port_partition(&rig->fake, MU_PART_SPOOL, 8);
			spool_rig_reopen(rig);
			spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 35 * 6); // 35 a sector: the next one changes it
			uint64_t first = mu_spool_next_seq(&rig->spool), seq;
			fake_port_fail(&rig->fake, (enum fake_call)call, n, 1);
			bool stored = mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, 0) >= 0;
			assert_true(mu_spool_sendable_seq(&rig->spool) == first + stored); // of one that is not stored nobody is told
			rig->fake.fail_at[call] = 0;
			struct mu_spool_entry entry;
			for (seq = first - 30; seq < first; seq++) {
				assert_int_equal(mu_spool_read(&rig->spool, seq, &entry, packed, sizeof packed), 0);
				assert_int_equal(entry.gap, MU_GAP_NONE);
			}
			for (int i = 0; i < 40; i++) {
				assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, &seq), 0);
				assert_int_equal(mu_spool_read(&rig->spool, seq, &entry, packed, sizeof packed), 0);
				assert_int_equal(entry.gap, MU_GAP_NONE);
			}
		}
}

// The place of the newest sector loses its header again and again, as a weak sector does. Each time the numbers go on behind all that it may have
// held, also behind what was stored since the time before. Rows: a ring that has not gone round yet, and one that has.
static void test_a_sector_lost_again_and_again(void **state)
{
	struct spool_rig *rig = *state;
	static const unsigned records[] = { 80, 35 * 6 + 10 };
	for (size_t row = 0; row < sizeof records / sizeof *records; row++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 16);
		spool_rig_reopen(rig);
		uint64_t epoch = mu_spool_epoch(&rig->spool);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 100, records[row]);
		for (int loss = 0; loss < 4; loss++) {
			uint64_t next = mu_spool_next_seq(&rig->spool);
			spool_rig_sector(rig, (rig->spool.recent.head - 1) % 8)[20] ^= 0x10;
			spool_rig_reopen(rig);
			assert_true(mu_spool_epoch(&rig->spool) == epoch);
			assert_true(mu_spool_next_seq(&rig->spool) >= next);
			assert_true(spool_rig_add(rig, MU_CLASS_EVENT, 100) >= next);
			assert_int_equal(spool_rig_read_at(rig, next - 1).gap, MU_GAP_DAMAGED);
		}
	}
}

// One read fails, wherever, while the next sector is made: what is to leave recent is looked at again, and nothing is lost. 35 a sector.
static void test_a_read_that_fails_once_costs_no_sector(void **state)
{
	struct spool_rig *rig = *state;
	uint8_t packed[100];
	uint64_t reads = 1;
	for (uint64_t n = 1; n <= reads; n++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 16);
		spool_rig_reopen(rig);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 35 * 8); // the next one changes it, and recent is full
		memset(packed, (uint8_t)(mu_spool_next_seq(&rig->spool) * 7), sizeof packed);
		reads = rig->fake.calls[FAKE_CALL_READ];
		fake_port_fail(&rig->fake, FAKE_CALL_READ, n, 1);
		bool stored = mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, 0) >= 0;
		reads = rig->fake.calls[FAKE_CALL_READ] - reads;
		rig->fake.fail_at[FAKE_CALL_READ] = 0;
		assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 35 * 8 + stored);
		assert_int_equal(mu_spool_depth(&rig->spool), 35 * 8 + stored);
	}
	assert_true(reads > 100);
}

// The end of a sector rots, and the first append into the next one fails: the Gap of what has rotted must not reach into the number that the
// failed append has used up. After a reset it is given out again, and a collector that was told of a Gap there would drop its record.
static void test_no_gap_reaches_beyond_what_may_be_told(void **state)
{
	struct spool_rig *rig = *state;
	uint8_t packed[100] = { 0 };
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 35); // fills the first sector
	spool_rig_sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 33 * 112] ^= 1; // the 34th
	fake_port_fail(&rig->fake, FAKE_CALL_PROGRAM, 3, 1); // header, word, entry
	assert_true(mu_spool_append(&rig->spool, MU_CLASS_EVENT, packed, sizeof packed, 0) < 0);
	assert_true(mu_spool_sendable_seq(&rig->spool) == 36 && mu_spool_next_seq(&rig->spool) == 37);
	struct mu_spool_entry entry = spool_rig_read_at(rig, 34);
	assert_int_equal(entry.gap, MU_GAP_DAMAGED);
	assert_true(entry.count == 2);
	spool_rig_reopen(rig);
	assert_true(spool_rig_add(rig, MU_CLASS_EVENT, 100) >= entry.seq + entry.count);
	entry = spool_rig_read_at(rig, 34);
	assert_true(entry.count == 2);
	assert_int_equal(spool_rig_read_at(rig, 36).gap, MU_GAP_NONE);
}

// What lay in flash before the spool was made is no damage: else each boot would report it until the ring has come round.
static void test_old_rubbish_is_no_damage(void **state)
{
	struct spool_rig *rig = *state;
	for (unsigned i = 0; i < 8; i++)
		memset(spool_rig_sector(rig, i), 0x5A, MU_SECTOR_BYTES);
	for (int boot = 0; boot < 12; boot++) {
		spool_rig_reopen(rig);
		assert_int_equal(mu_spool_damaged(&rig->spool), 0);
		spool_rig_add_many(rig, MU_CLASS_EVENT, 400, 7); // through both rings, by and by
	}
	assert_true(rig->spool.recent.head > 4 && rig->spool.archive.head > 2);
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_DAMAGED), 0);
}

// However often a damaged record is read, its sector counts once a boot.
static void test_damage_is_counted_once_a_boot(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 100, 60);
	spool_rig_sector(rig, 0)[MU_SPOOL_HEADER_BYTES + MU_SPOOL_ENTRY_BYTES + 10] ^= 4;
	spool_rig_sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 3 * MU_SPOOL_ENTRY_BYTES + 210] ^= 4;
	for (int boot = 0; boot < 2; boot++) {
		spool_rig_reopen(rig);
		for (int again = 0; again < 3; again++)
			assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_DAMAGED), 2);
		assert_int_equal(mu_spool_damaged(&rig->spool), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, spool_rig_set_up, spool_rig_tear_down)
		ROW(test_a_damaged_record_costs_itself),
		ROW(test_a_damaged_entry_header_costs_the_rest_of_its_sector),
		ROW(test_a_damaged_sector_costs_its_own_records),
		ROW(test_a_damaged_end_skips_what_it_may_have_held),
		ROW(test_nothing_readable_is_a_new_epoch),
		ROW(test_random_flash_opens_and_works),
		ROW(test_flipped_bits_anywhere),
		ROW(test_each_call_failing_once),
		ROW(test_each_call_failing_for_good),
		ROW(test_a_sector_that_does_not_keep_what_is_written),
		ROW(test_a_header_left_behind_is_not_believed),
		ROW(test_nothing_is_stored_beside_a_header_left_behind),
		ROW(test_a_header_left_behind_has_succeeded),
		ROW(test_a_sector_passed_over_hides_nothing),
		ROW(test_a_sector_lost_again_and_again),
		ROW(test_a_read_that_fails_once_costs_no_sector),
		ROW(test_no_gap_reaches_beyond_what_may_be_told),
		ROW(test_old_rubbish_is_no_damage),
		ROW(test_damage_is_counted_once_a_boot),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
