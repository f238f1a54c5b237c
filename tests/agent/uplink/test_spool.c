// SPDX-License-Identifier: Apache-2.0
// What the spool promises while the power stays; test_spool_power_cut.c is about the rest.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool.h"
#include "tests/agent/fake_port.h"

struct rig {
	struct fake_port fake;
	struct mu_spool spool;
};

static int set_up(void **state)
{
	static struct rig rig;
	fake_port_init(&rig.fake, 11);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, 8);
	assert_int_equal(mu_spool_open(&rig.spool, &rig.fake.port), 0);
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

static void reopen(struct rig *rig)
{
	assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), 0);
}

// A record that can be told from its number.
static uint64_t add(struct rig *rig, enum mu_record_class record_class, size_t size)
{
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	uint64_t seq = 0;
	memset(bytes, (int)(mu_spool_next_seq(&rig->spool) * 7), size);
	assert_int_equal(mu_spool_append(&rig->spool, record_class, bytes, size, &seq), 0);
	return seq;
}

static void add_many(struct rig *rig, enum mu_record_class record_class, size_t size, unsigned count)
{
	while (count--)
		add(rig, record_class, size);
}

static struct mu_spool_entry read_at(struct rig *rig, uint64_t seq)
{
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	struct mu_spool_entry entry;
	assert_int_equal(mu_spool_read(&rig->spool, seq, &entry, bytes, sizeof bytes), 0);
	assert_true(entry.seq == seq && entry.count > 0);
	for (size_t i = 0; i < entry.size; i++)
		assert_int_equal(bytes[i], (uint8_t)(seq * 7));
	return entry;
}

// How many numbers from `seq` to the end have this reason (NONE: are records).
static uint64_t count_reason(struct rig *rig, uint64_t seq, enum mu_gap_reason reason)
{
	uint64_t count = 0;
	while (seq < mu_spool_next_seq(&rig->spool)) {
		struct mu_spool_entry entry = read_at(rig, seq);
		count += entry.gap == reason ? entry.count : 0;
		seq += entry.count;
	}
	assert_true(seq == mu_spool_next_seq(&rig->spool));
	return count;
}

static uint8_t *sector(struct rig *rig, unsigned index)
{
	return rig->fake.flash[MU_PART_SPOOL] + index * MU_SECTOR_BYTES;
}

// ---- the basics

static void test_records_come_back_in_order_and_after_a_boot(void **state)
{
	struct rig *rig = *state;
	uint64_t epoch = mu_spool_epoch(&rig->spool);
	assert_true(epoch != 0);
	for (int boot = 0; boot < 3; boot++) {
		for (unsigned i = 1; i <= 5; i++)
			assert_true(add(rig, MU_CLASS_EVENT, i * 100) == (uint64_t)boot * 5 + i);
		reopen(rig);
		assert_true(mu_spool_epoch(&rig->spool) == epoch);
	}
	assert_int_equal(mu_spool_depth(&rig->spool), 15);
	assert_int_equal(count_reason(rig, 1, MU_GAP_NONE), 15);
	assert_int_equal(read_at(rig, 2).size, 200);
	assert_int_equal(read_at(rig, 2).record_class, MU_CLASS_EVENT);
}

static void test_what_append_and_read_refuse(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[MU_SPOOL_RECORD_MAX + 1] = { 0 };
	struct mu_spool_entry entry;
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_LOG, bytes, 0, NULL), MU_ERR_SIZE);
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_LOG, bytes, sizeof bytes, NULL), MU_ERR_SIZE);
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_COUNT, bytes, 1, NULL), MU_ERR_SIZE);
	assert_true(mu_spool_next_seq(&rig->spool) == 1); // no number was used
	assert_int_equal(mu_spool_read(&rig->spool, 1, &entry, bytes, sizeof bytes), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_spool_read(&rig->spool, 0, &entry, bytes, sizeof bytes), MU_ERR_RANGE);
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_LOG, bytes, MU_SPOOL_RECORD_MAX, NULL), 0);
	assert_int_equal(mu_spool_read(&rig->spool, 1, &entry, bytes, MU_SPOOL_RECORD_MAX - 1), MU_ERR_SIZE);
	assert_int_equal(entry.size, MU_SPOOL_RECORD_MAX);
	assert_int_equal(mu_spool_ack(&rig->spool, 2), MU_ERR_RANGE);
}

static void test_partitions(void **state)
{
	struct rig *rig = *state;
	static const struct {
		unsigned sectors;
		int result;
	} rows[] = {
		{ 0, MU_ERR_SIZE },
		{ 3, MU_ERR_SIZE },
		{ 4, 0 },
		{ 5, 0 },
		{ 32, 0 },
		{ 64, 0 },
		{ 100, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, rows[i].sectors);
		assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), rows[i].result);
		assert_int_equal(mu_spool_epoch(&rig->spool) != 0, rows[i].result == 0);
		if (rows[i].result == 0)
			add_many(rig, MU_CLASS_EVENT, 500, 8 * rows[i].sectors); // around both rings, also an odd number of sectors
	}
}

static void test_a_closed_spool_answers_everything(void **state)
{
	struct rig *rig = *state;
	struct mu_spool_entry entry;
	uint8_t byte = 1;
	memset(&rig->spool, 0, sizeof rig->spool);
	assert_int_equal(mu_spool_append(&rig->spool, MU_CLASS_LOG, &byte, 1, NULL), MU_ERR_STATE);
	assert_int_equal(mu_spool_read(&rig->spool, 1, &entry, &byte, 1), MU_ERR_STATE);
	assert_int_equal(mu_spool_ack(&rig->spool, 0), MU_ERR_STATE);
	assert_true(mu_spool_epoch(&rig->spool) == 0 && mu_spool_next_seq(&rig->spool) == 0 && mu_spool_oldest_seq(&rig->spool) == 0);
	assert_true(mu_spool_acked_through(&rig->spool) == 0 && mu_spool_depth(&rig->spool) == 0);
	assert_true(mu_spool_used_permille(&rig->spool) == 0 && mu_spool_dropped(&rig->spool, MU_CLASS_LOG) == 0);
}

// ---- acks

static void test_acks_survive_a_boot_up_to_two_marks(void **state)
{
	struct rig *rig = *state;
	for (uint64_t seq = 1; seq <= 200; seq++) {
		add(rig, MU_CLASS_HEARTBEAT, 100);
		assert_int_equal(mu_spool_ack(&rig->spool, seq), 0);
		assert_int_equal(mu_spool_depth(&rig->spool), 0);
		reopen(rig);
		assert_in_range(mu_spool_acked_through(&rig->spool), seq > 5 ? seq - 5 : 0, seq);
		assert_int_equal(mu_spool_ack(&rig->spool, seq), 0);
	}
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		assert_int_equal(mu_spool_dropped(&rig->spool, (enum mu_record_class)i), 0);
	assert_int_equal(rig->spool.archive.head, 0); // what is acked is not worth moving
}

static void test_a_lower_ack_changes_nothing(void **state)
{
	struct rig *rig = *state;
	add_many(rig, MU_CLASS_EVENT, 50, 10);
	assert_int_equal(mu_spool_ack(&rig->spool, 6), 0);
	assert_int_equal(mu_spool_ack(&rig->spool, 2), 0);
	assert_true(mu_spool_acked_through(&rig->spool) == 6);
	assert_int_equal(mu_spool_depth(&rig->spool), 4);
	assert_true(mu_spool_oldest_seq(&rig->spool) == 1); // acked ones stay readable while there is room
	assert_int_equal(count_reason(rig, 1, MU_GAP_NONE), 10);
}

static void test_acks_may_end_inside_a_gap(void **state)
{
	struct rig *rig = *state;
	add_many(rig, MU_CLASS_LOG, 400, 60); // 24 KiB into a ring of 16
	uint64_t floor = 1 + read_at(rig, 1).count;
	assert_true(floor > 10);
	assert_int_equal(mu_spool_ack(&rig->spool, 5), 0);
	assert_true(mu_spool_oldest_seq(&rig->spool) == 6);
	assert_true(read_at(rig, 6).count == floor - 6);
	assert_int_equal(mu_spool_depth(&rig->spool), 61 - floor);
}

// ---- what is kept

// By class: logs and link changes go, one heartbeat in fifteen and all else stays.
static void test_what_moves_into_archive(void **state)
{
	struct rig *rig = *state;
	unsigned kept[MU_CLASS_COUNT] = { 0 }, added = 700;
	fake_port_partition(&rig->fake, MU_PART_SPOOL, 32);
	reopen(rig);
	for (unsigned i = 0; i < added; i++)
		add(rig, i % 7 == 0 ? (enum mu_record_class)(i / 7 % MU_CLASS_COUNT) : MU_CLASS_HEARTBEAT, 150);
	uint64_t floor = mu_spool_ring_floor(&rig->spool.recent);
	unsigned heartbeats = 0, others = 0;
	for (uint64_t seq = 1; seq < floor; seq++) {
		unsigned i = (unsigned)seq - 1;
		int record_class = i % 7 == 0 ? (int)(i / 7 % MU_CLASS_COUNT) : MU_CLASS_HEARTBEAT;
		heartbeats += record_class == MU_CLASS_HEARTBEAT;
		others += record_class >= MU_CLASS_EVENT;
	}
	for (uint64_t seq = 1; seq < floor;) {
		struct mu_spool_entry entry = read_at(rig, seq);
		if (entry.gap == MU_GAP_NONE)
			kept[entry.record_class]++;
		else
			assert_int_equal(entry.gap, MU_GAP_THINNED);
		seq += entry.count;
	}
	assert_int_equal(kept[MU_CLASS_LOG] + kept[MU_CLASS_LINK], 0);
	assert_int_equal(kept[MU_CLASS_HEARTBEAT], (heartbeats + 14) / 15);
	assert_int_equal(kept[MU_CLASS_EVENT] + kept[MU_CLASS_COMMAND] + kept[MU_CLASS_OTA] + kept[MU_CLASS_BOOT], others);
	assert_int_equal(mu_spool_dropped(&rig->spool, MU_CLASS_HEARTBEAT), heartbeats - kept[MU_CLASS_HEARTBEAT]);
}

static void test_every_number_is_a_record_or_counted(void **state)
{
	struct rig *rig = *state;
	for (unsigned i = 0; i < 900; i++) {
		add(rig, (enum mu_record_class)(i * 13 % MU_CLASS_COUNT), 60 + i % 90);
		if (i % 100 == 99)
			reopen(rig);
	}
	uint64_t dropped = 0;
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		dropped += mu_spool_dropped(&rig->spool, (enum mu_record_class)i);
	assert_int_equal(count_reason(rig, 1, MU_GAP_NONE), mu_spool_depth(&rig->spool));
	assert_int_equal(dropped + mu_spool_depth(&rig->spool), 900);
	assert_true(count_reason(rig, 1, MU_GAP_OVERWRITTEN) > 100 && count_reason(rig, 1, MU_GAP_THINNED) > 50);
	assert_int_equal(read_at(rig, 1).gap, MU_GAP_OVERWRITTEN); // the oldest went first
	assert_true(mu_spool_dropped(&rig->spool, MU_CLASS_BOOT) < mu_spool_dropped(&rig->spool, MU_CLASS_LOG));
	assert_int_equal(mu_spool_used_permille(&rig->spool), 1000);
}

// The default size, a heartbeat a minute without a collector for three days, and an event every 43 minutes.
static void test_three_days_without_a_collector(void **state)
{
	struct rig *rig = *state;
	enum { MINUTES = 72 * 60 };
	static bool have[MINUTES];
	static uint64_t minute_of[MINUTES * 2];
	unsigned events = 0;
	fake_port_partition(&rig->fake, MU_PART_SPOOL, 32);
	reopen(rig);
	memset(have, 0, sizeof have);
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		minute_of[add(rig, MU_CLASS_HEARTBEAT, minute % 10 == 0 ? 256 : 120)] = minute;
		if (minute % 43 == 0)
			minute_of[add(rig, MU_CLASS_EVENT, 60)] = minute;
	}
	for (uint64_t seq = 1; seq < mu_spool_next_seq(&rig->spool);) {
		struct mu_spool_entry entry = read_at(rig, seq);
		if (entry.gap == MU_GAP_NONE && entry.record_class == MU_CLASS_HEARTBEAT)
			have[minute_of[seq]] = true;
		events += entry.gap == MU_GAP_NONE && entry.record_class == MU_CLASS_EVENT;
		seq += entry.count;
	}
	for (unsigned minute = MINUTES - 6 * 60; minute < MINUTES; minute++)
		assert_true(have[minute]);
	unsigned missing = 0;
	for (unsigned quarter = 0; quarter < MINUTES / 15; quarter++) {
		bool found = false;
		for (unsigned i = 0; i < 15; i++)
			found = found || have[quarter * 15 + i];
		missing += !found;
	}
	assert_int_equal(missing, 0);
	assert_int_equal(events, 101);
	uint64_t most = 0;
	for (unsigned i = 0; i < 32; i++)
		most = rig->fake.erases_by_sector[i] > most ? rig->fake.erases_by_sector[i] : most;
	assert_in_range(most, 1, 12); // four a sector and day
}

// ---- damage

static void test_a_damaged_record_costs_itself(void **state)
{
	struct rig *rig = *state;
	add_many(rig, MU_CLASS_EVENT, 100, 10);
	sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 3 * 112 + 50] ^= 4; // in the fourth
	for (int boot = 0; boot < 2; boot++) {
		struct mu_spool_entry entry = read_at(rig, 4);
		assert_int_equal(entry.gap, MU_GAP_DAMAGED);
		assert_true(entry.count == 1);
		assert_int_equal(count_reason(rig, 1, MU_GAP_NONE), 9);
		reopen(rig);
	}
	assert_true(add(rig, MU_CLASS_EVENT, 100) == 11);
}

static void test_a_damaged_entry_header_costs_the_rest_of_its_sector(void **state)
{
	struct rig *rig = *state;
	add_many(rig, MU_CLASS_EVENT, 100, 80); // 35 a sector
	sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 30 * 112] ^= 1;
	reopen(rig);
	assert_int_equal(mu_spool_damaged(&rig->spool), 1);
	assert_int_equal(count_reason(rig, 1, MU_GAP_DAMAGED), 5);
	assert_int_equal(count_reason(rig, 1, MU_GAP_NONE), 75);
	assert_true(mu_spool_next_seq(&rig->spool) == 81);
}

// Rows: which of three sectors of 35 records loses its header.
static void test_a_damaged_sector_costs_its_own_records(void **state)
{
	struct rig *rig = *state;
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
		reopen(rig);
		add_many(rig, MU_CLASS_EVENT, 100, 80);
		sector(rig, rows[i].sector)[20] ^= 0x10;
		reopen(rig);
		assert_int_equal(mu_spool_damaged(&rig->spool), 1);
		struct mu_spool_entry entry = read_at(rig, rows[i].first);
		assert_int_equal(entry.gap, MU_GAP_DAMAGED);
		assert_int_equal(count_reason(rig, 1, MU_GAP_NONE), 80 - rows[i].lost);
		assert_true(mu_spool_next_seq(&rig->spool) > 80); // what may have been sent is never given out again
		uint64_t seq = add(rig, MU_CLASS_EVENT, 100);
		reopen(rig);
		assert_int_equal(read_at(rig, rows[i].first).gap, MU_GAP_DAMAGED);
		assert_int_equal(read_at(rig, seq).gap, MU_GAP_NONE);
		assert_true(mu_spool_next_seq(&rig->spool) == seq + 1);
	}
}

static void test_a_damaged_end_skips_what_it_may_have_held(void **state)
{
	struct rig *rig = *state;
	add_many(rig, MU_CLASS_EVENT, 100, 10);
	sector(rig, 0)[MU_SPOOL_HEADER_BYTES + 6 * 112] ^= 1;
	reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) > 10);
	uint64_t seq = add(rig, MU_CLASS_EVENT, 100);
	assert_true(seq > 10);
	assert_int_equal(read_at(rig, 7).gap, MU_GAP_DAMAGED);
	assert_true(read_at(rig, 7).count == seq - 7);
}

static void test_nothing_readable_is_a_new_epoch(void **state)
{
	struct rig *rig = *state;
	uint64_t epoch = mu_spool_epoch(&rig->spool);
	add_many(rig, MU_CLASS_EVENT, 100, 200);
	for (unsigned i = 0; i < 4; i++)
		sector(rig, i)[8] ^= 1; // all of recent; archive still has good headers
	reopen(rig);
	assert_true(mu_spool_epoch(&rig->spool) != epoch && mu_spool_epoch(&rig->spool) != 0);
	assert_true(mu_spool_next_seq(&rig->spool) == 1);
	assert_int_equal(mu_spool_depth(&rig->spool), 0);
	epoch = mu_spool_epoch(&rig->spool);
	add_many(rig, MU_CLASS_EVENT, 100, 200);
	for (unsigned i = 0; i < 4; i++)
		sector(rig, i)[8] ^= 1; // a bit that flips back brings no old sector to life
	reopen(rig);
	assert_true(mu_spool_epoch(&rig->spool) != epoch);
	assert_true(mu_spool_next_seq(&rig->spool) == 1);
}

static void test_random_flash_opens_and_works(void **state)
{
	struct rig *rig = *state;
	for (int round = 0; round < 50; round++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 4);
		for (size_t i = 0; i < 4 * MU_SECTOR_BYTES; i++)
			rig->fake.flash[MU_PART_SPOOL][i] = (uint8_t)fake_port_random(&rig->fake);
		reopen(rig);
		add_many(rig, MU_CLASS_EVENT, 300, 60);
		reopen(rig);
		assert_true(count_reason(rig, 1, MU_GAP_NONE) >= 20);
	}
}

// Bits fall anywhere in a spool that is in use: it opens, and all numbers are still accounted for.
static void test_flipped_bits_anywhere(void **state)
{
	struct rig *rig = *state;
	for (int round = 0; round < 300; round++) {
		fake_port_partition(&rig->fake, MU_PART_SPOOL, 6);
		reopen(rig);
		add_many(rig, MU_CLASS_EVENT, 40 + (size_t)round % 100, 160);
		mu_spool_ack(&rig->spool, 20);
		uint64_t next = mu_spool_next_seq(&rig->spool);
		for (int flips = 0; flips <= round % 8; flips++)
			rig->fake.flash[MU_PART_SPOOL][fake_port_random(&rig->fake) % (6 * MU_SECTOR_BYTES)] ^=
				(uint8_t)(1 << fake_port_random(&rig->fake) % 8);
		reopen(rig);
		if (mu_spool_next_seq(&rig->spool) > 1) // else all of recent was hit: a new epoch
			assert_true(mu_spool_next_seq(&rig->spool) >= next);
		count_reason(rig, mu_spool_oldest_seq(&rig->spool), MU_GAP_NONE);
		add_many(rig, MU_CLASS_EVENT, 100, 20);
	}
}

// ---- flash that fails

// The same small life for each fault.
static void live(struct rig *rig, uint64_t *newest, uint64_t *appended)
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
	struct rig *rig = *state;
	static const enum fake_call calls[] = { FAKE_CALL_READ, FAKE_CALL_PROGRAM, FAKE_CALL_ERASE, FAKE_CALL_RANDOM };
	for (size_t kind = 0; kind < sizeof calls / sizeof *calls; kind++) {
		uint64_t at = 1, newest, appended, failures = 0;
		for (bool reached = true; reached; at++) {
			fake_port_partition(&rig->fake, MU_PART_SPOOL, 4);
			uint64_t before = rig->fake.calls[calls[kind]];
			fake_port_fail(&rig->fake, calls[kind], at, 1);
			if (mu_spool_open(&rig->spool, &rig->fake.port) < 0)
				reopen(rig); // the next boot
			live(rig, &newest, &appended);
			reached = rig->fake.calls[calls[kind]] - before >= at;
			failures += reached;
			rig->fake.fail_at[calls[kind]] = 0;
			assert_true(appended + 1 >= 90);
			reopen(rig);
			assert_true(mu_spool_next_seq(&rig->spool) > newest);
			uint64_t recent = count_reason(rig, newest - 12, MU_GAP_NONE);
			assert_true(recent >= (appended == 90 ? 13 : 12));
		}
		assert_true(failures > 0);
	}
}

// From some call on, every call fails: errors, no hang, no crash; when the flash is back, so is the spool.
static void test_each_call_failing_for_good(void **state)
{
	struct rig *rig = *state;
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
			reopen(rig);
			add(rig, MU_CLASS_EVENT, 50);
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
	struct rig *rig = *state;
	struct mu_flash_port flash = *rig->fake.port.flash;
	flash.program = broken_program;
	rig->fake.port.flash = &flash;
	add_many(rig, MU_CLASS_EVENT, 100, 300);
	assert_true(mu_spool_next_seq(&rig->spool) == 301);
	reopen(rig);
	assert_true(mu_spool_next_seq(&rig->spool) == 301);
	assert_true(count_reason(rig, 1, MU_GAP_NONE) >= 35 * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		ROW(test_records_come_back_in_order_and_after_a_boot),
		ROW(test_what_append_and_read_refuse),
		ROW(test_partitions),
		ROW(test_a_closed_spool_answers_everything),
		ROW(test_acks_survive_a_boot_up_to_two_marks),
		ROW(test_a_lower_ack_changes_nothing),
		ROW(test_acks_may_end_inside_a_gap),
		ROW(test_what_moves_into_archive),
		ROW(test_every_number_is_a_record_or_counted),
		ROW(test_three_days_without_a_collector),
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
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
