// SPDX-License-Identifier: Apache-2.0
// What the spool promises while the power stays and the flash is good; the rest: test_spool_power_cut.c, test_spool_faults.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool.h"
#include "tests/agent/uplink/spool_rig.h"

// ---- the basics

static void test_records_come_back_in_order_and_after_a_boot(void **state)
{
	struct spool_rig *rig = *state;
	uint64_t epoch = mu_spool_epoch(&rig->spool);
	assert_true(epoch != 0);
	for (int boot = 0; boot < 3; boot++) {
		for (unsigned i = 1; i <= 5; i++)
			assert_true(spool_rig_add(rig, MU_CLASS_EVENT, i * 100) == (uint64_t)boot * 5 + i);
		spool_rig_reopen(rig);
		assert_true(mu_spool_epoch(&rig->spool) == epoch);
	}
	assert_int_equal(mu_spool_depth(&rig->spool), 15);
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 15);
	assert_int_equal(spool_rig_read_at(rig, 2).size, 200);
	assert_int_equal(spool_rig_read_at(rig, 2).record_class, MU_CLASS_EVENT);
}

static void test_what_append_and_read_refuse(void **state)
{
	struct spool_rig *rig = *state;
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
	struct spool_rig *rig = *state;
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
			spool_rig_add_many(rig, MU_CLASS_EVENT, 500,
				8 * rows[i].sectors); // around both rings, also an odd number of sectors
	}
}

static void test_a_closed_spool_answers_everything(void **state)
{
	struct spool_rig *rig = *state;
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
	struct spool_rig *rig = *state;
	for (uint64_t seq = 1; seq <= 200; seq++) {
		spool_rig_add(rig, MU_CLASS_HEARTBEAT, 100);
		assert_int_equal(mu_spool_ack(&rig->spool, seq), 0);
		assert_int_equal(mu_spool_depth(&rig->spool), 0);
		spool_rig_reopen(rig);
		assert_in_range(mu_spool_acked_through(&rig->spool), seq > 5 ? seq - 5 : 0, seq);
		assert_int_equal(mu_spool_ack(&rig->spool, seq), 0);
	}
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		assert_int_equal(mu_spool_dropped(&rig->spool, (enum mu_record_class)i), 0);
	assert_int_equal(rig->spool.archive.head, 0); // what is acked is not worth moving
}

// A new sector's header has the exact number, so that acked sectors may go at once.
static void test_a_new_sector_knows_what_is_acked(void **state)
{
	struct spool_rig *rig = *state;
	unsigned sectors = 0;
	for (uint64_t seq = 1; seq <= 200; seq++) {
		uint32_t head = rig->spool.recent.head;
		spool_rig_add(rig, MU_CLASS_HEARTBEAT, 100);
		if (rig->spool.recent.head != head) {
			spool_rig_reopen(rig);
			assert_true(mu_spool_acked_through(&rig->spool) == seq - 1);
			sectors++;
		}
		assert_int_equal(mu_spool_ack(&rig->spool, seq), 0);
	}
	assert_true(sectors >= 5);
}

// Reading in order goes on where it was: a few flash reads a record, however long the sector.
static void test_reading_in_order_is_cheap(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 20, 400);
	uint64_t before = rig->fake.calls[FAKE_CALL_READ];
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 400);
	assert_in_range(rig->fake.calls[FAKE_CALL_READ] - before, 400, 400 * 6);
}

static void test_a_lower_ack_changes_nothing(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_EVENT, 50, 10);
	assert_int_equal(mu_spool_ack(&rig->spool, 6), 0);
	assert_int_equal(mu_spool_ack(&rig->spool, 2), 0);
	assert_true(mu_spool_acked_through(&rig->spool) == 6);
	assert_int_equal(mu_spool_depth(&rig->spool), 4);
	assert_true(mu_spool_oldest_seq(&rig->spool) == 1); // acked ones stay readable while there is room
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), 10);
}

static void test_acks_may_end_inside_a_gap(void **state)
{
	struct spool_rig *rig = *state;
	spool_rig_add_many(rig, MU_CLASS_LOG, 400, 60); // 24 KiB into a ring of 16
	uint64_t floor = 1 + spool_rig_read_at(rig, 1).count;
	assert_true(floor > 10);
	assert_int_equal(mu_spool_ack(&rig->spool, 5), 0);
	assert_true(mu_spool_oldest_seq(&rig->spool) == 6);
	assert_true(spool_rig_read_at(rig, 6).count == floor - 6);
	assert_int_equal(mu_spool_depth(&rig->spool), 61 - floor);
}

// ---- what is kept

// By class: logs and link changes go, one heartbeat in fifteen and all else stays.
static void test_what_moves_into_archive(void **state)
{
	struct spool_rig *rig = *state;
	unsigned kept[MU_CLASS_COUNT] = { 0 }, added = 700;
	fake_port_partition(&rig->fake, MU_PART_SPOOL, 32);
	spool_rig_reopen(rig);
	for (unsigned i = 0; i < added; i++)
		spool_rig_add(rig, i % 7 == 0 ? (enum mu_record_class)(i / 7 % MU_CLASS_COUNT) : MU_CLASS_HEARTBEAT, 150);
	uint64_t floor = mu_spool_ring_floor(&rig->spool.recent);
	unsigned heartbeats = 0, others = 0;
	for (uint64_t seq = 1; seq < floor; seq++) {
		unsigned i = (unsigned)seq - 1;
		int record_class = i % 7 == 0 ? (int)(i / 7 % MU_CLASS_COUNT) : MU_CLASS_HEARTBEAT;
		heartbeats += record_class == MU_CLASS_HEARTBEAT;
		others += record_class >= MU_CLASS_EVENT;
	}
	for (uint64_t seq = 1; seq < floor;) {
		struct mu_spool_entry entry = spool_rig_read_at(rig, seq);
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
	struct spool_rig *rig = *state;
	for (unsigned i = 0; i < 900; i++) {
		spool_rig_add(rig, (enum mu_record_class)(i * 13 % MU_CLASS_COUNT), 60 + i % 90);
		if (i % 100 == 99)
			spool_rig_reopen(rig);
	}
	uint64_t dropped = 0;
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		dropped += mu_spool_dropped(&rig->spool, (enum mu_record_class)i);
	assert_int_equal(spool_rig_count_reason(rig, 1, MU_GAP_NONE), mu_spool_depth(&rig->spool));
	assert_int_equal(dropped + mu_spool_depth(&rig->spool), 900);
	assert_true(spool_rig_count_reason(rig, 1, MU_GAP_OVERWRITTEN) > 100 && spool_rig_count_reason(rig, 1, MU_GAP_THINNED) > 50);
	assert_int_equal(spool_rig_read_at(rig, 1).gap, MU_GAP_OVERWRITTEN); // the oldest went first
	assert_true(mu_spool_dropped(&rig->spool, MU_CLASS_BOOT) < mu_spool_dropped(&rig->spool, MU_CLASS_LOG));
	assert_int_equal(mu_spool_used_permille(&rig->spool), 1000);
}

// The default size, a heartbeat a minute without a collector for three days, and an event every 43 minutes.
enum { MINUTES = 72 * 60 };

static unsigned longest_hole(const bool have[MINUTES])
{
	unsigned longest = 0, hole = 0;
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		hole = have[minute] ? 0 : hole + 1;
		longest = hole > longest ? hole : longest;
	}
	return longest;
}

static unsigned note_heartbeats(struct spool_rig *rig, const uint64_t minute_of[], bool have[MINUTES])
{
	unsigned events = 0;
	for (uint64_t seq = 1; seq < mu_spool_next_seq(&rig->spool);) {
		struct mu_spool_entry entry = spool_rig_read_at(rig, seq);
		if (entry.gap == MU_GAP_NONE && entry.record_class == MU_CLASS_HEARTBEAT)
			have[minute_of[seq]] = true;
		events += entry.gap == MU_GAP_NONE && entry.record_class == MU_CLASS_EVENT;
		seq += entry.count;
	}
	return events;
}

static void test_three_days_without_a_collector(void **state)
{
	struct spool_rig *rig = *state;
	static bool have[MINUTES];
	static uint64_t minute_of[MINUTES * 2];
	fake_port_partition(&rig->fake, MU_PART_SPOOL, 32);
	spool_rig_reopen(rig);
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		minute_of[spool_rig_add(rig, MU_CLASS_HEARTBEAT, minute % 10 == 0 ? 256 : 120)] = minute;
		if (minute % 43 == 0)
			spool_rig_add(rig, MU_CLASS_EVENT, 60);
	}
	assert_int_equal(note_heartbeats(rig, minute_of, have), 101);
	for (unsigned minute = MINUTES - 6 * 60; minute < MINUTES; minute++)
		assert_true(have[minute]);
	assert_true(have[0] && longest_hole(have) <= 14); // so one in each quarter of an hour
	uint64_t most = 0;
	for (unsigned i = 0; i < 32; i++)
		most = rig->fake.erases_by_sector[i] > most ? rig->fake.erases_by_sector[i] : most;
	assert_in_range(most, 1, 12); // four a sector and day
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, spool_rig_set_up, spool_rig_tear_down)
		ROW(test_records_come_back_in_order_and_after_a_boot),
		ROW(test_what_append_and_read_refuse),
		ROW(test_partitions),
		ROW(test_a_closed_spool_answers_everything),
		ROW(test_acks_survive_a_boot_up_to_two_marks),
		ROW(test_a_new_sector_knows_what_is_acked),
		ROW(test_reading_in_order_is_cheap),
		ROW(test_a_lower_ack_changes_nothing),
		ROW(test_acks_may_end_inside_a_gap),
		ROW(test_what_moves_into_archive),
		ROW(test_every_number_is_a_record_or_counted),
		ROW(test_three_days_without_a_collector),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
