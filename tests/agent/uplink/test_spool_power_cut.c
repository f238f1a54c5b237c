// SPDX-License-Identifier: Apache-2.0
// The power goes in every flash operation of a long life of a small spool, in every way it can tear; then again while the spool is
// being opened. What was durable and not displaced must be there, byte for byte; no number may come twice.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool.h"
#include "tests/agent/fake_port.h"

enum { STEPS = 180, ACKS_PAUSE = 60, ACKS_RESUME = 165, SEQS = 256, AFTERWARDS = 10, RECORD_BYTES = 800 };

// What the world outside knows of a number.
struct known {
	unsigned step; // that appended it, 1..; 0: never given out
	bool durable; // append returned it
};

struct life {
	struct fake_port fake;
	struct mu_spool spool;
	struct known known[SEQS];
	uint64_t acked; // mu_spool_ack() returned
	uint64_t heard; // ... or was cut
	uint64_t newest; // highest number that append returned
	uint64_t dropped_before; // the pause of the Acks
	uint64_t epoch;
	bool opened;
};

// The life that is cut, and its state before the step in which it is: put back for each cut. In one place, because an open spool
// points into itself.
static struct life life;
static struct life before_step;
static uint8_t flash_before_step[8 * MU_SECTOR_BYTES];
static bool readable_before[SEQS], readable_after[SEQS];

// Mostly heartbeats, so that thinning has work; every step has its own length and bytes.
static enum mu_record_class class_of(unsigned step)
{
	static const enum mu_record_class classes[] = { MU_CLASS_HEARTBEAT, MU_CLASS_EVENT, MU_CLASS_HEARTBEAT, MU_CLASS_LOG,
		MU_CLASS_HEARTBEAT, MU_CLASS_BOOT, MU_CLASS_HEARTBEAT, MU_CLASS_LINK, MU_CLASS_OTA, MU_CLASS_HEARTBEAT, MU_CLASS_COMMAND };
	return classes[step % (sizeof classes / sizeof *classes)];
}

static size_t fill(unsigned step, uint8_t *bytes)
{
	size_t size = 290 + step * 37 % 509;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(step * 31 + i * 7);
	return size;
}

// Acks come late and in strides, and none for a long while in the middle: there the spool overflows.
static bool is_ack_step(unsigned step)
{
	return step % 9 == 0 && (step <= ACKS_PAUSE || step > ACKS_RESUME);
}

static void take_step(unsigned step)
{
	uint8_t bytes[RECORD_BYTES];
	if (is_ack_step(step) && life.newest > 3) {
		uint64_t through = life.newest - 3;
		life.heard = through;
		if (mu_spool_ack(&life.spool, through) == 0)
			life.acked = through;
		return;
	}
	uint64_t seq = mu_spool_next_seq(&life.spool);
	assert_in_range(seq, 1, SEQS - 1);
	assert_false(life.known[seq].durable); // the promise: never twice
	life.known[seq].step = step;
	if (mu_spool_append(&life.spool, class_of(step), bytes, fill(step, bytes), &seq) < 0)
		return;
	life.known[seq].durable = true;
	life.newest = seq;
}

static void open_life(void)
{
	if (mu_spool_open(&life.spool, &life.fake.port) < 0)
		return;
	if (life.opened)
		assert_true(mu_spool_epoch(&life.spool) == life.epoch);
	life.epoch = mu_spool_epoch(&life.spool);
	life.opened = true;
}

static void begin_life(unsigned sectors)
{
	memset(&life, 0, sizeof life);
	fake_port_init(&life.fake, 7);
	fake_port_partition(&life.fake, MU_PART_SPOOL, sectors);
}

static void check_record(const struct mu_spool_entry *entry, const uint8_t *bytes)
{
	uint8_t wanted[RECORD_BYTES];
	unsigned step = life.known[entry->seq].step;
	assert_int_not_equal(step, 0);
	size_t size = fill(step, wanted);
	assert_int_equal(entry->size, size);
	assert_int_equal(entry->record_class, class_of(step));
	assert_memory_equal(bytes, wanted, size);
}

static void check_gap(const struct mu_spool_entry *entry)
{
	assert_int_not_equal(entry->gap, MU_GAP_DAMAGED); // a power cut damages nothing
	for (uint64_t seq = entry->seq; seq < entry->seq + entry->count; seq++)
		if (entry->gap == MU_GAP_RESERVED)
			assert_false(life.known[seq].durable);
}

// Reads everything: no number is left out, none comes twice, each record is what was stored.
static void read_all(bool readable[SEQS])
{
	uint8_t bytes[RECORD_BYTES];
	memset(readable, 0, SEQS * sizeof *readable);
	uint64_t seq = mu_spool_oldest_seq(&life.spool), next = mu_spool_next_seq(&life.spool);
	uint32_t unacked = 0;
	assert_true(next < SEQS);
	while (seq < next) {
		struct mu_spool_entry entry;
		assert_int_equal(mu_spool_read(&life.spool, seq, &entry, bytes, sizeof bytes), 0);
		assert_true(entry.seq == seq && entry.count >= 1 && entry.count <= next - seq);
		if (entry.gap == MU_GAP_NONE) {
			check_record(&entry, bytes);
			readable[seq] = true;
			unacked += seq > mu_spool_acked_through(&life.spool);
		} else {
			check_gap(&entry);
		}
		seq += entry.count;
	}
	struct mu_spool_entry none;
	assert_int_equal(mu_spool_read(&life.spool, next, &none, bytes, sizeof bytes), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_spool_depth(&life.spool), unacked);
}

// What was acked and is needed again: at most a sector, in fact at most what two marks and two records hold.
static void check_acked(const bool readable[SEQS])
{
	uint64_t acked = mu_spool_acked_through(&life.spool);
	uint8_t bytes[RECORD_BYTES];
	size_t again = 0;
	assert_true(acked <= life.heard);
	for (uint64_t seq = acked + 1; seq <= life.acked; seq++)
		if (readable[seq])
			again += MU_SPOOL_ENTRY_BYTES + fill(life.known[seq].step, bytes);
	assert_true(again <= 2 * 256 + 2 * RECORD_BYTES);
}

static void check_after_cut(void)
{
	bool readable[SEQS];
	read_all(readable);
	check_acked(readable);
	for (uint64_t seq = mu_spool_acked_through(&life.spool) + 1; seq <= life.newest; seq++)
		if (readable_before[seq] && readable_after[seq])
			assert_true(readable[seq]);
	assert_true(mu_spool_next_seq(&life.spool) > life.newest);
}

// The newest sector's worth is always complete, whatever its classes.
static void check_newest(const bool readable[SEQS])
{
	uint8_t bytes[RECORD_BYTES];
	size_t room = MU_SECTOR_BYTES - MU_SPOOL_HEADER_BYTES - RECORD_BYTES;
	for (uint64_t seq = life.newest; seq > 0; seq--) {
		size_t size = MU_SPOOL_ENTRY_BYTES + fill(life.known[seq].step, bytes);
		if (size > room)
			break;
		room -= size;
		assert_true(readable[seq] || !life.known[seq].durable);
	}
}

static uint64_t count_dropped(void)
{
	uint64_t dropped = 0;
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		dropped += mu_spool_dropped(&life.spool, (enum mu_record_class)i);
	return dropped;
}

// Nothing is counted as dropped twice, though a cut makes the emptying of a sector begin anew. Only while no Acks come, because they
// pass what was dropped.
static void check_counters(void)
{
	uint64_t unacked = 0;
	for (uint64_t seq = mu_spool_acked_through(&life.spool) + 1; seq < SEQS; seq++)
		unacked += life.known[seq].step != 0;
	assert_true(count_dropped() - life.dropped_before + mu_spool_depth(&life.spool) <= unacked);
}

static void check_life_goes_on(unsigned step)
{
	bool readable[SEQS];
	uint64_t first = mu_spool_next_seq(&life.spool);
	for (unsigned i = 1; i <= AFTERWARDS; i++)
		take_step(step + i);
	read_all(readable);
	check_newest(readable);
	if (step > ACKS_PAUSE && step + AFTERWARDS < ACKS_RESUME)
		check_counters();
	assert_true(life.newest + 3 >= first + AFTERWARDS); // all but the acks among them
}

static void go(unsigned step)
{
	if (step)
		take_step(step);
	else
		open_life();
}

static void save(void)
{
	before_step = life;
	memcpy(flash_before_step, life.fake.flash[MU_PART_SPOOL], life.fake.flash_bytes[MU_PART_SPOOL]);
}

static void restore(void)
{
	life = before_step;
	memcpy(life.fake.flash[MU_PART_SPOOL], flash_before_step, life.fake.flash_bytes[MU_PART_SPOOL]);
}

// Cut in the n-th operation of this step, and once more in the m-th of opening again (0: not). false: there is no m-th.
static bool cut(unsigned step, uint64_t n, enum fake_tear tear, uint64_t m)
{
	restore();
	fake_port_cut(&life.fake, n, tear);
	go(step);
	assert_true(life.fake.power_off);
	bool cut_again = false;
	fake_port_power_on(&life.fake);
	if (m) {
		fake_port_cut(&life.fake, m, tear);
		open_life();
		cut_again = life.fake.power_off;
		fake_port_power_on(&life.fake);
	}
	open_life();
	assert_true(life.opened);
	check_after_cut();
	check_life_goes_on(step);
	assert_int_equal(life.fake.rule_violations, 0);
	return cut_again;
}

// Returns how many lives were lived. *operations: of this step.
static unsigned cut_step(unsigned step, uint64_t *operations)
{
	unsigned lives = 0;
	save();
	go(step);
	*operations = life.fake.operations - before_step.fake.operations;
	read_all(readable_after);
	for (int tear = FAKE_TEAR_NOTHING; tear < FAKE_TEAR_COUNT; tear++)
		for (uint64_t n = 1; n <= *operations; n++)
			for (uint64_t m = 0; cut(step, n, (enum fake_tear)tear, m) || m == 0; m++)
				lives++;
	restore();
	go(step);
	memcpy(readable_before, readable_after, sizeof readable_before);
	return lives;
}

static void cut_everywhere(unsigned sectors)
{
	uint64_t operations = 0;
	unsigned lives = 0;
	memset(readable_before, 0, sizeof readable_before);
	begin_life(sectors);
	for (unsigned step = 0; step <= STEPS; step++) {
		uint64_t more;
		if (step == ACKS_PAUSE)
			life.dropped_before = count_dropped();
		lives += cut_step(step, &more);
		operations += more;
	}
	print_message("sectors=%u operations=%u lives=%u\n", sectors, (unsigned)operations, lives);
	// Worth its time only if both rings went round and something was thrown away.
	assert_true(life.spool.recent.head > 2 * life.spool.recent.count);
	assert_true(life.spool.archive.head > life.spool.archive.count);
	assert_true(mu_spool_dropped(&life.spool, MU_CLASS_HEARTBEAT) > 0 && mu_spool_dropped(&life.spool, MU_CLASS_EVENT) > 0);
	fake_port_free(&life.fake);
}

static void test_four_sectors(void **unused)
{
	(void)unused;
	cut_everywhere(4);
}

static void test_six_sectors(void **unused)
{
	(void)unused;
	cut_everywhere(6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_sectors),
		cmocka_unit_test(test_six_sectors),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
