// SPDX-License-Identifier: Apache-2.0
// The power goes in every flash operation of a long life of a small spool, in every way it can tear; then again while the spool is
// being opened. What was durable and not displaced must be there, byte for byte; no number may come twice or go back.
//
// Nothing but flash survives a cut: the struct is made anew, retained memory is garbage. Without an argument: what takes some seconds. With
// the argument `exhaustive`: at every byte of every program and every erase, some minutes.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/spool.h"
#include "tests/agent/fake_port.h"

enum { SECTORS_MAX = 32, SEQS = 1400, AFTERWARDS = 10, RECORD_BYTES = 800 };

// How thoroughly a spool of so many sectors is cut. *_every: in each n-th step, 0: never.
struct plan {
	unsigned sectors, steps;
	unsigned tears_every; // in each of the five ways, in each operation
	unsigned again_every; // ... and again in each operation of the next open
	unsigned program_bytes_every, erase_bytes_every; // at every byte
	unsigned samples_every; // at one byte of one operation, at random
};

static const struct plan *plan;

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
static uint8_t flash_before_step[SECTORS_MAX * MU_SECTOR_BYTES];
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
static unsigned acks_pause(void)
{
	return plan->steps / 3;
}

static unsigned acks_resume(void)
{
	return plan->steps - 15;
}

static bool is_ack_step(unsigned step)
{
	return step % 9 == 0 && (step <= acks_pause() || step > acks_resume());
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

static void begin_life(void)
{
	memset(&life, 0, sizeof life);
	fake_port_init(&life.fake, 7);
	fake_port_partition(&life.fake, MU_PART_SPOOL, plan->sectors);
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
	if (step > acks_pause() && step + AFTERWARDS < acks_resume())
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

// Where the power goes.
struct cut {
	uint64_t operation; // of this step, from 1 on
	enum fake_tear tear;
	size_t at; // FAKE_TEAR_AT
	uint64_t again; // once more, in this operation of opening again; 0: not
};

static void arm(uint64_t operation, const struct cut *cut)
{
	life.fake.tear_at = cut->at;
	fake_port_cut(&life.fake, operation, cut->tear);
}

// false: opening has no operation `again`. *bytes: of the operation that was cut.
static bool live_with(unsigned step, const struct cut *cut, size_t *bytes)
{
	restore();
	arm(cut->operation, cut);
	go(step);
	assert_true(life.fake.power_off);
	*bytes = life.fake.cut_bytes;
	bool cut_again = false;
	fake_port_power_on(&life.fake);
	memset(&life.spool, 0xA5, sizeof life.spool); // RAM is gone
	if (cut->again) {
		arm(cut->again, cut);
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

static bool is_due(unsigned every, unsigned step)
{
	return every && step % every == 0;
}

// Each of these returns how many lives were lived.
static unsigned cut_in_five_ways(unsigned step, uint64_t operation)
{
	unsigned lives = 0;
	size_t bytes;
	for (int tear = FAKE_TEAR_NOTHING; tear < FAKE_TEAR_COUNT; tear++) {
		struct cut cut = { operation, (enum fake_tear)tear, 0, 0 };
		(void)live_with(step, &cut, &bytes);
		lives++;
		if (is_due(plan->again_every, step))
			for (cut.again = 1; live_with(step, &cut, &bytes); cut.again++)
				lives++;
	}
	return lives;
}

static unsigned cut_at_every_byte(unsigned step, uint64_t operation)
{
	struct cut cut = { operation, FAKE_TEAR_AT, 0, 0 };
	size_t bytes;
	(void)live_with(step, &cut, &bytes);
	if (!is_due(bytes == MU_SECTOR_BYTES ? plan->erase_bytes_every : plan->program_bytes_every, step))
		return 1;
	for (cut.at = 1; cut.at < bytes; cut.at++)
		(void)live_with(step, &cut, &bytes);
	return (unsigned)bytes;
}

static unsigned cut_at_random(unsigned step, uint64_t operations)
{
	struct cut cut = { 1 + fake_port_random(&before_step.fake) % operations, FAKE_TEAR_AT, 0, 0 };
	size_t bytes;
	(void)live_with(step, &cut, &bytes);
	cut.at = fake_port_random(&before_step.fake) % bytes;
	cut.again = 1;
	(void)live_with(step, &cut, &bytes);
	return 2;
}

static unsigned cut_step(unsigned step, uint64_t *operations)
{
	unsigned lives = 0;
	save();
	go(step);
	*operations = life.fake.operations - before_step.fake.operations;
	read_all(readable_after);
	for (uint64_t operation = 1; operation <= *operations; operation++) {
		if (is_due(plan->tears_every, step))
			lives += cut_in_five_ways(step, operation);
		if (is_due(plan->program_bytes_every, step) || is_due(plan->erase_bytes_every, step))
			lives += cut_at_every_byte(step, operation);
	}
	if (is_due(plan->samples_every, step) && *operations)
		lives += cut_at_random(step, *operations);
	restore();
	go(step);
	memcpy(readable_before, readable_after, sizeof readable_before);
	return lives;
}

static void cut_everywhere(const struct plan *chosen)
{
	uint64_t operations = 0;
	unsigned lives = 0;
	plan = chosen;
	memset(readable_before, 0, sizeof readable_before);
	begin_life();
	for (unsigned step = 0; step <= plan->steps; step++) {
		uint64_t more;
		if (step == acks_pause())
			life.dropped_before = count_dropped();
		lives += cut_step(step, &more);
		operations += more;
	}
	print_message("sectors=%u operations=%u lives=%u\n", plan->sectors, (unsigned)operations, lives);
	// Worth its time only if both rings went round and something was thrown away.
	assert_true(life.spool.recent.head > life.spool.recent.count * 3 / 2);
	assert_true(life.spool.archive.head > life.spool.archive.count);
	assert_true(mu_spool_dropped(&life.spool, MU_CLASS_HEARTBEAT) > 0 && mu_spool_dropped(&life.spool, MU_CLASS_EVENT) > 0);
	fake_port_free(&life.fake);
}

static bool exhaustive;

// Both rings of two sectors, the least there can be.
static void test_rings_of_two_sectors(void **unused)
{
	(void)unused;
	static const struct plan quick = { .sectors = 4, .steps = 180, .tears_every = 2, .again_every = 6 };
	static const struct plan long_one = { 4, 180, 1, 1, 1, 1, 0 };
	cut_everywhere(exhaustive ? &long_one : &quick);
}

static void test_rings_of_four_sectors(void **unused)
{
	(void)unused;
	static const struct plan quick = { 8, 250, 5, 15, 60, 0, 0 };
	static const struct plan long_one = { 8, 250, 1, 1, 1, 1, 0 };
	cut_everywhere(exhaustive ? &long_one : &quick);
}

// The default size. Each step is cut at random.
static void test_the_full_size_sampled(void **unused)
{
	(void)unused;
	static const struct plan quick = { .sectors = SECTORS_MAX, .steps = 1050, .samples_every = 5 };
	static const struct plan long_one = { .sectors = SECTORS_MAX, .steps = 1050, .tears_every = 10, .samples_every = 1 };
	cut_everywhere(exhaustive ? &long_one : &quick);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_of_two_sectors),
		cmocka_unit_test(test_rings_of_four_sectors),
		cmocka_unit_test(test_the_full_size_sampled),
	};
	exhaustive = argc > 1 && strcmp(argv[1], "exhaustive") == 0;
	return cmocka_run_group_tests(tests, 0, 0);
}
