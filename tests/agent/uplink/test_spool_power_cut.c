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
#include "tests/agent/uplink/spool_life.h"

enum { AFTERWARDS = 10 };

// How thoroughly a spool of so many sectors is cut. *_every: in each n-th step, 0: never.
struct plan {
	unsigned sectors, steps;
	unsigned tears_every; // in each of the five ways, in each operation
	unsigned again_every; // ... and again in each operation of the next open
	unsigned program_bytes_every, erase_bytes_every; // at every byte
	unsigned samples_every; // at one byte of one operation, at random
};

static const struct plan *plan;

static uint64_t dropped_before; // the pause of the Acks
static struct fake_port dice; // whose random numbers choose the samples
static bool readable_before[SPOOL_LIFE_SEQS], readable_after[SPOOL_LIFE_SEQS];

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
	if (is_ack_step(step) && spool_life.newest > 3)
		spool_life_ack();
	else
		spool_life_append(step);
}

static void read_all(bool readable[SPOOL_LIFE_SEQS])
{
	spool_life_check_depth(spool_life_read_all(readable, false)); // a power cut damages nothing
}

// What was acked and is needed again: at most a sector, in fact at most what two marks and two records hold.
static void check_acked(const bool readable[SPOOL_LIFE_SEQS])
{
	uint64_t acked = mu_spool_acked_through(&spool_life.spool);
	uint8_t bytes[SPOOL_LIFE_RECORD_BYTES];
	size_t again = 0;
	assert_true(acked <= spool_life.heard);
	for (uint64_t seq = acked + 1; seq <= spool_life.acked; seq++)
		if (readable[seq])
			again += MU_SPOOL_ENTRY_BYTES + spool_life_fill(spool_life.known[seq].step, bytes);
	assert_true(again <= 2 * 256 + 2 * SPOOL_LIFE_RECORD_BYTES);
}

static void check_after_cut(void)
{
	bool readable[SPOOL_LIFE_SEQS];
	read_all(readable);
	check_acked(readable);
	for (uint64_t seq = mu_spool_acked_through(&spool_life.spool) + 1; seq <= spool_life.newest; seq++)
		if (readable_before[seq] && readable_after[seq])
			assert_true(readable[seq]);
	assert_true(mu_spool_next_seq(&spool_life.spool) > spool_life.newest);
}

// The newest sector's worth is always complete, whatever its classes.
static void check_newest(const bool readable[SPOOL_LIFE_SEQS])
{
	uint8_t bytes[SPOOL_LIFE_RECORD_BYTES];
	size_t room = MU_SECTOR_BYTES - MU_SPOOL_HEADER_BYTES - SPOOL_LIFE_RECORD_BYTES;
	for (uint64_t seq = spool_life.newest; seq > 0; seq--) {
		size_t size = MU_SPOOL_ENTRY_BYTES + spool_life_fill(spool_life.known[seq].step, bytes);
		if (size > room)
			break;
		room -= size;
		assert_true(readable[seq] || !spool_life.known[seq].durable);
	}
}

static uint64_t count_dropped(void)
{
	uint64_t dropped = 0;
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		dropped += mu_spool_dropped(&spool_life.spool, (enum mu_record_class)i);
	return dropped;
}

// Nothing is counted as dropped twice, though a cut makes the emptying of a sector begin anew. Only while no Acks come, because they
// pass what was dropped.
static void check_counters(void)
{
	uint64_t unacked = 0;
	for (uint64_t seq = mu_spool_acked_through(&spool_life.spool) + 1; seq < SPOOL_LIFE_SEQS; seq++)
		unacked += spool_life.known[seq].step != 0;
	assert_true(count_dropped() - dropped_before + mu_spool_depth(&spool_life.spool) <= unacked);
}

static void check_life_goes_on(unsigned step)
{
	bool readable[SPOOL_LIFE_SEQS];
	uint64_t first = mu_spool_next_seq(&spool_life.spool);
	for (unsigned i = 1; i <= AFTERWARDS; i++)
		take_step(step + i);
	read_all(readable);
	check_newest(readable);
	if (step > acks_pause() && step + AFTERWARDS < acks_resume())
		check_counters();
	assert_true(spool_life.newest + 3 >= first + AFTERWARDS); // all but the acks among them
}

static void go(unsigned step)
{
	if (step)
		take_step(step);
	else
		(void)spool_life_open();
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
	spool_life.fake.tear_at = cut->at;
	fake_port_cut(&spool_life.fake, operation, cut->tear);
}

// false: opening has no operation `again`. *bytes: of the operation that was cut.
static bool live_with(unsigned step, const struct cut *cut, size_t *bytes)
{
	spool_life_restore();
	arm(cut->operation, cut);
	go(step);
	assert_true(spool_life.fake.power_off);
	*bytes = spool_life.fake.cut_bytes;
	bool cut_again = false;
	fake_port_power_on(&spool_life.fake);
	spool_life_forget();
	if (cut->again) {
		arm(cut->again, cut);
		(void)spool_life_open();
		cut_again = spool_life.fake.power_off;
		fake_port_power_on(&spool_life.fake);
	}
	(void)spool_life_open();
	assert_true(spool_life.opened);
	check_after_cut();
	check_life_goes_on(step);
	assert_int_equal(spool_life.fake.rule_violations, 0);
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
	struct cut cut = { 1 + fake_port_random(&dice) % operations, FAKE_TEAR_AT, 0, 0 };
	size_t bytes;
	(void)live_with(step, &cut, &bytes);
	cut.at = fake_port_random(&dice) % bytes;
	cut.again = 1;
	(void)live_with(step, &cut, &bytes);
	return 2;
}

static unsigned cut_step(unsigned step, uint64_t *operations)
{
	unsigned lives = 0;
	spool_life_save();
	uint64_t before = spool_life.fake.operations;
	go(step);
	*operations = spool_life.fake.operations - before;
	read_all(readable_after);
	for (uint64_t operation = 1; operation <= *operations; operation++) {
		if (is_due(plan->tears_every, step))
			lives += cut_in_five_ways(step, operation);
		if (is_due(plan->program_bytes_every, step) || is_due(plan->erase_bytes_every, step))
			lives += cut_at_every_byte(step, operation);
	}
	if (is_due(plan->samples_every, step) && *operations)
		lives += cut_at_random(step, *operations);
	spool_life_restore();
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
	spool_life_begin(plan->sectors, 290, 509);
	for (unsigned step = 0; step <= plan->steps; step++) {
		uint64_t more;
		if (step == acks_pause())
			dropped_before = count_dropped();
		lives += cut_step(step, &more);
		operations += more;
	}
	print_message("sectors=%u operations=%u lives=%u\n", plan->sectors, (unsigned)operations, lives);
	// Worth its time only if both rings went round and something was thrown away.
	assert_true(spool_life.spool.recent.head > spool_life.spool.recent.count * 3 / 2);
	assert_true(spool_life.spool.archive.head > spool_life.spool.archive.count);
	assert_true(mu_spool_dropped(&spool_life.spool, MU_CLASS_HEARTBEAT) > 0 && mu_spool_dropped(&spool_life.spool, MU_CLASS_EVENT) > 0);
	spool_life_end();
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
	static const struct plan quick = { .sectors = SPOOL_LIFE_SECTORS_MAX, .steps = 1050, .samples_every = 5 };
	static const struct plan long_one = { .sectors = SPOOL_LIFE_SECTORS_MAX, .steps = 1050, .tears_every = 10, .samples_every = 1 };
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
