// SPDX-License-Identifier: Apache-2.0
// A flash call fails in each place of a long life of a small spool: what it was to write has landed wholly, in part or not at all; the calls
// behind it fail or do not; a few records later comes a reset. What was stored must be there, byte for byte; no number of which anybody was
// told comes twice or goes back.
//
// Without an argument: what takes some seconds. With the argument `exhaustive`: each pattern of failures in each operation, some minutes.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/agent/uplink/spool_life.h"

enum { SIZE_LEAST = 20, SIZE_SPREAD = 700, AFTERWARDS = 6, RESETS = 4, OPENS_MAX = 8 };

// What becomes of one erase or program.
enum fate {
	FATE_GOOD,
	FATE_NOTHING, // it fails, and nothing has changed
	FATE_PART, // it fails, and some bits have changed
	FATE_ALL, // it fails, and everything has changed
	FATE_UNREAD, // it is done, and the next read fails
	FATE_BLIND, // it is done, and all reads up to the next erase or program fail
	FATES,
};
enum { FATED = 3, PATTERNS = FATES * FATES * FATES };

static struct {
	uint64_t at; // the first operation that the pattern is for, 0: none
	unsigned pattern; // the fates of FATED operations, the first as the lowest digit
	uint64_t operations; // so far
	uint64_t unread; // so many reads will fail
} fault;
static struct mu_flash_port fake_flash; // the fake's own calls
static bool exhaustive;

// ---- the port

static enum fate next_fate(void)
{
	uint64_t number = ++fault.operations;
	fault.unread = 0;
	if (!fault.at || number < fault.at || number - fault.at >= FATED)
		return FATE_GOOD;
	unsigned pattern = fault.pattern;
	for (uint64_t skip = number - fault.at; skip; skip--)
		pattern /= FATES;
	return (enum fate)(pattern % FATES);
}

// Before the fake's call: what it shall make of it.
static void prepare(struct fake_port *fake)
{
	static const enum fake_tear tears[FATES] = { [FATE_PART] = FAKE_TEAR_BITS, [FATE_ALL] = FAKE_TEAR_ALL };
	enum fate fate = next_fate();
	if (fate >= FATE_NOTHING && fate <= FATE_ALL)
		fake_port_cut(fake, 1, tears[fate]);
	if (fate == FATE_UNREAD)
		fault.unread = 1;
	if (fate == FATE_BLIND)
		fault.unread = UINT64_MAX;
}

static int give_back(struct fake_port *fake, int result)
{
	fake->power_off = false; // it was no more than a failed call
	fake->cut_at = 0;
	return result;
}

static int failing_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	prepare(context);
	return give_back(context, fake_flash.program(context, part, offset, data, size));
}

static int failing_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	prepare(context);
	return give_back(context, fake_flash.erase(context, part, offset, size));
}

static int failing_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	if (!fault.unread)
		return fake_flash.read(context, part, offset, out, size);
	fault.unread--;
	return MU_ERR_IO;
}

static struct mu_flash_port flash_port; // the three above, the rest from the fake

static void begin(unsigned sectors)
{
	spool_life_begin(sectors, SIZE_LEAST, SIZE_SPREAD);
	memset(&fault, 0, sizeof fault);
	fake_flash = flash_port = *spool_life.fake.port.flash;
	flash_port.program = failing_program;
	flash_port.erase = failing_erase;
	flash_port.read = failing_read;
	spool_life.fake.port.flash = &flash_port;
}

static void arm(uint64_t operation, unsigned pattern)
{
	fault.at = fault.operations + operation;
	fault.pattern = pattern;
}

static void disarm(void)
{
	fault.at = fault.unread = 0;
}

// ---- a life

static char where[100]; // what is lived just now

static void check(bool holds, const char *what)
{
	if (!holds)
		fail_msg("%s, %s", what, where);
}

static void go(unsigned step)
{
	fault.unread = 0; // it was a short blindness
	if (!mu_spool_epoch(&spool_life.spool))
		(void)spool_life_open();
	else if (step % 9 == 0 && step % 120 < 60) // an hour with Acks, an hour without
		spool_life_ack();
	else
		spool_life_append(step);
}

// As the agent does it: again, until it opens.
static void open_again(void)
{
	spool_life_forget();
	for (int tries = 1; spool_life_open() < 0; tries++) {
		assert_true(tries < OPENS_MAX);
		fault.unread = 0;
	}
}

// What could be read right before the reset, and is not acked.
static void check_kept(const bool before[SPOOL_LIFE_SEQS], const bool after[SPOOL_LIFE_SEQS])
{
	for (uint64_t seq = mu_spool_acked_through(&spool_life.spool) + 1; seq <= spool_life.newest; seq++)
		check(after[seq] || !before[seq], "a record is lost by the reset");
}

static void check_stored_since(uint64_t newest, const bool readable[SPOOL_LIFE_SEQS])
{
	for (uint64_t seq = newest + 1; seq <= spool_life.newest; seq++)
		check(readable[seq] || !spool_life.known[seq].durable, "a record is lost at once");
}

static void reset_and_check(unsigned again)
{
	bool before[SPOOL_LIFE_SEQS], after[SPOOL_LIFE_SEQS];
	(void)spool_life_read_all(before, true); // the depth may be one of before a read that failed
	uint64_t told = mu_spool_sendable_seq(&spool_life.spool);
	if (again)
		arm(1, again);
	open_again();
	disarm();
	spool_life_check_depth(spool_life_read_all(after, true));
	check_kept(before, after);
	check(mu_spool_next_seq(&spool_life.spool) >= told, "a number that was told goes back");
	check(mu_spool_next_seq(&spool_life.spool) > spool_life.newest, "a number that was stored goes back");
	check(mu_spool_acked_through(&spool_life.spool) <= spool_life.heard, "acked without an Ack");
}

// `more` steps after the one with the fault; `again`: the pattern of the next open.
static void live_with(unsigned step, uint64_t operation, unsigned pattern, unsigned more, unsigned again)
{
	bool readable[SPOOL_LIFE_SEQS];
	snprintf(where, sizeof where, "step %u operation %u pattern %u more %u again %u", step, (unsigned)operation, pattern, more, again);
	spool_life_restore();
	uint64_t newest = spool_life.newest;
	arm(operation, pattern);
	for (unsigned i = 0; i <= more; i++)
		go(step + i);
	disarm();
	if (!mu_spool_epoch(&spool_life.spool))
		open_again();
	(void)spool_life_read_all(readable, true);
	check_stored_since(newest, readable);
	reset_and_check(again);
	newest = spool_life.newest;
	for (unsigned i = 1; i <= AFTERWARDS; i++)
		go(step + more + i);
	check(spool_life.newest >= newest + AFTERWARDS - 1, "it stores no more"); // all but an Ack
	(void)spool_life_read_all(readable, true);
	check_stored_since(newest, readable);
	reset_and_check(0);
	assert_int_equal(spool_life.fake.rule_violations, 0);
}

static unsigned fail_in_operation(unsigned step, uint64_t operation, unsigned stride)
{
	static unsigned turn; // so that a stride does not meet the same patterns again and again
	unsigned lives = 0;
	for (unsigned pattern = 1 + (exhaustive ? 0 : turn++ % stride); pattern < PATTERNS; pattern += stride) {
		if (pattern % FATES == FATE_GOOD)
			continue; // is another operation's
		for (unsigned more = exhaustive ? 0 : turn % RESETS; more < RESETS; more += exhaustive ? 1 : RESETS) {
			live_with(step, operation, pattern, more, lives % 4 ? 0 : (pattern * 7 + more) % PATTERNS);
			lives++;
		}
	}
	return lives;
}

static void fail_everywhere(unsigned sectors, unsigned steps, unsigned stride)
{
	unsigned lives = 0;
	uint64_t operations = 0;
	begin(sectors);
	for (unsigned step = 0; step <= steps; step++) {
		spool_life_save();
		uint64_t before = fault.operations;
		go(step);
		uint64_t count = fault.operations - before;
		for (uint64_t operation = 1; operation <= count; operation++)
			lives += fail_in_operation(step, operation, exhaustive ? 1 : stride);
		operations += count;
		spool_life_restore();
		go(step);
	}
	print_message("sectors=%u operations=%u lives=%u\n", sectors, (unsigned)operations, lives);
	assert_true(spool_life.spool.recent.head > spool_life.spool.recent.count); // else it was not worth its time
	assert_true(spool_life.spool.archive.head > spool_life.spool.archive.count);
	spool_life_end();
}

static void test_rings_of_two_sectors(void **unused)
{
	(void)unused;
	fail_everywhere(4, 180, 47);
}

static void test_rings_of_three_sectors(void **unused)
{
	(void)unused;
	fail_everywhere(6, 240, 47);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_of_two_sectors),
		cmocka_unit_test(test_rings_of_three_sectors),
	};
	exhaustive = argc > 1 && strcmp(argv[1], "exhaustive") == 0;
	return cmocka_run_group_tests(tests, 0, 0);
}
