// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/ingest/ledger.h"

enum { EPOCH = 7, NOW_MS = 1000000000 };

// A device that has records 1 .. 9 accepted, the last in boot 2 at 900 ms.
static struct ledger ledger_at_10(void)
{
	struct ledger ledger = { .epoch = EPOCH, .start_seq = 1, .next_seq = 10, .last_n = 90, .boot = 2, .uptime_ms = 900 };
	return ledger;
}

// Each row: an Uplink that claims this, and what the ledger opens with.
static const struct {
	struct ledger_claim claim;
	enum ledger_opening opening;
	uint64_t unexplained_first, unexplained_count;
	bool new_epoch;
} claims[] = {
	{ { EPOCH, 10, 1 }, LEDGER_OPEN, 0, 0, false },                        // in order
	{ { EPOCH, 4, 1 }, LEDGER_OPEN, 0, 0, false },                         // sent again, or partly
	{ { EPOCH, 12, 1 }, LEDGER_HOLE, 0, 0, false },                        // 10 and 11 are missing, the device has them
	{ { EPOCH, 12, 10 }, LEDGER_HOLE, 0, 0, false },                       // and says so
	{ { EPOCH, 12, 12 }, LEDGER_OPEN, 10, 2, false },                      // it has them no longer: a collector restored from backup
	{ { EPOCH, 15, 12 }, LEDGER_HOLE, 10, 2, false },                      // 10 and 11 are gone, 12 to 14 can still be had
	{ { 8, 1, 1 }, LEDGER_OPEN, 0, 0, true },                              // wiped: numbering begins anew
	{ { 8, 40, 40 }, LEDGER_OPEN, 0, 0, true },                            // a new numbering of which only this much is left
	{ { 8, 5, 2 }, LEDGER_HOLE, 0, 0, true },                              // and one whose beginning is missing
	{ { 0, 10, 1 }, LEDGER_BAD_CLAIM, 0, 0, false },                       // no epoch
	{ { EPOCH, 0, 0 }, LEDGER_BAD_CLAIM, 0, 0, false },                    // numbers start at 1
	{ { EPOCH, 10, 0 }, LEDGER_BAD_CLAIM, 0, 0, false },                   // so does oldest_seq
	{ { EPOCH, 10, 11 }, LEDGER_BAD_CLAIM, 0, 0, false },                  // sends what it no longer has
	{ { EPOCH, LEDGER_SEQ_MAX, 1 }, LEDGER_BAD_CLAIM, 0, 0, false },       // no sum may overflow
	{ { EPOCH, UINT64_MAX, UINT64_MAX }, LEDGER_BAD_CLAIM, 0, 0, false },  // whatever is sent
	{ { 8, UINT64_MAX, 1 }, LEDGER_BAD_CLAIM, 0, 0, false },               // and it does not change the epoch
};

static void test_every_claim(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
		struct ledger ledger = ledger_at_10();
		struct ledger_start start = ledger_begin(&ledger, &claims[i].claim, NOW_MS);
		assert_int_equal(start.opening, claims[i].opening);
		assert_int_equal(start.unexplained_first, claims[i].unexplained_first);
		assert_int_equal(start.unexplained_count, claims[i].unexplained_count);
		assert_int_equal(start.new_epoch, claims[i].new_epoch);
		assert_int_equal(ledger.epoch, claims[i].new_epoch ? 8 : EPOCH);
		assert_int_equal(ledger.holes, claims[i].opening == LEDGER_HOLE);
	}
}

// Each row: a record that comes when 10 is expected.
static const struct {
	struct ledger_entry entry;
	enum ledger_judgement judgement;
} entries[] = {
	{ { 10, 1, 2, 950, -1 }, LEDGER_NEW },        // in order
	{ { 10, 1, 1, 5, -1 }, LEDGER_NEW },          // of an older boot: strange, but its number is free
	{ { 9, 1, 2, 900, -1 }, LEDGER_DUPLICATE },   // the last one again
	{ { 1, 1, 1, 5, -1 }, LEDGER_DUPLICATE },     // the first one again
	{ { 9, 1, 2, 901, -1 }, LEDGER_REUSED },      // a used number with a later time
	{ { 3, 1, 3, 0, -1 }, LEDGER_REUSED },        // and with a later boot: flash restored from a copy
	{ { 3, 2, 0, 0, 1 }, LEDGER_DUPLICATE },      // a Gap of used numbers says nothing of time
	{ { 3, 2, 9, 5, 1 }, LEDGER_DUPLICATE },      // also if it was made in a later boot: devices cut new Gaps for old numbers
	{ { 10, 5, 0, 0, 1 }, LEDGER_NEW },           // a Gap in order
	{ { 8, 5, 0, 0, 1 }, LEDGER_TAIL },           // a Gap that has grown since it was sent first
	{ { 8, 2, 0, 0, 1 }, LEDGER_DUPLICATE },      // one that ends where we are
	{ { 11, 1, 2, 950, -1 }, LEDGER_BEYOND },     // cannot be in a good frame
	{ { 10, 0, 0, 0, 1 }, LEDGER_TOO_FAR },       // stands for nothing
	{ { 10, UINT64_MAX, 0, 0, 1 }, LEDGER_TOO_FAR },               // stands for more than there is
	{ { 10, LEDGER_SEQ_MAX - 9, 0, 0, 1 }, LEDGER_TOO_FAR },       // by one
	{ { 10, LEDGER_SEQ_MAX - 10, 0, 0, 1 }, LEDGER_NEW },          // the most that fits
};

static void test_every_entry(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		struct ledger ledger = ledger_at_10();
		assert_int_equal(ledger_judge(&ledger, &entries[i].entry, NOW_MS), entries[i].judgement);
		assert_int_equal(ledger.next_seq, 10); // judging accepts nothing
		assert_int_equal(ledger.duplicates, entries[i].judgement == LEDGER_DUPLICATE);
		assert_int_equal(ledger.reused, entries[i].judgement == LEDGER_REUSED);
		assert_int_equal(ledger.conflict_ms, entries[i].judgement == LEDGER_REUSED ? NOW_MS : 0);
	}
}

static void test_acceptance_moves_on(void **unused)
{
	(void)unused;
	struct ledger ledger = ledger_at_10();
	struct ledger_entry record = { 10, 1, 2, 950, -1 }, gap = { 11, 5, 0, 0, 3 }, old_boot = { 16, 1, 1, 2000, -1 };
	ledger_accept(&ledger, EPOCH, &record, 100);
	assert_int_equal(ledger_through(&ledger), 10);
	assert_int_equal(ledger.uptime_ms, 950);
	ledger_accept(&ledger, EPOCH, &gap, 101);
	assert_int_equal(ledger_through(&ledger), 15);
	assert_int_equal(ledger.gaps[3], 5);
	assert_int_equal(ledger.uptime_ms, 950); // a Gap has no time
	ledger_accept(&ledger, EPOCH, &old_boot, 102);
	assert_int_equal(ledger.boots_back, 1);
	assert_int_equal(ledger.accepted, 3);
	assert_int_equal(ledger.last_n, 102);
}

static void test_unknown_gap_reasons_are_counted_as_unknown(void **unused)
{
	(void)unused;
	struct ledger ledger = ledger_at_10();
	struct ledger_entry gap = { 10, 4, 0, 0, 99 };
	ledger_accept(&ledger, EPOCH, &gap, 100);
	assert_int_equal(ledger.gaps[0], 4);
}

// Two devices with one id: their numberings take turns, each goes on where it stopped, nothing is stored twice.
static void test_epochs_that_take_turns(void **unused)
{
	(void)unused;
	struct ledger ledger = ledger_at_10();
	struct ledger_claim other = { 8, 1, 1 }, back = { EPOCH, 10, 1 };
	struct ledger_entry one = { 1, 1, 1, 1, -1 };
	ledger_begin(&ledger, &other, NOW_MS);
	ledger_accept(&ledger, 8, &one, 100);
	struct ledger_start start = ledger_begin(&ledger, &back, NOW_MS + 60000);
	assert_true(start.epoch_returned);
	assert_int_equal(start.opening, LEDGER_OPEN);
	assert_int_equal(ledger.next_seq, 10);
	assert_int_equal(ledger.conflict_ms, NOW_MS + 60000);
	assert_int_equal(ledger.epoch_changes, 2);
	assert_int_equal(ledger.epoch_returns, 1); // the first change was to a numbering never seen
	start = ledger_begin(&ledger, &other, NOW_MS + 3600000);
	assert_true(start.epoch_returned);
	assert_int_equal(ledger.next_seq, 2);
	assert_int_equal(ledger.conflict_ms, NOW_MS + 60000); // an hour later is no turn-taking
}

static void test_only_so_many_epochs_are_remembered(void **unused)
{
	(void)unused;
	struct ledger ledger = ledger_at_10();
	for (uint64_t epoch = 100; epoch < 100 + LEDGER_EPOCHS; epoch++) {
		struct ledger_claim claim = { epoch, 1, 1 };
		ledger_begin(&ledger, &claim, NOW_MS);
	}
	struct ledger_claim oldest = { EPOCH, 10, 10 };
	assert_true(ledger_begin(&ledger, &oldest, NOW_MS).epoch_returned);
	for (uint64_t epoch = 200; epoch < 201 + LEDGER_EPOCHS; epoch++) {
		struct ledger_claim claim = { epoch, 1, 1 };
		ledger_begin(&ledger, &claim, NOW_MS);
	}
	assert_false(ledger_begin(&ledger, &oldest, NOW_MS).epoch_returned);
}

static void test_first_contact_starts_at_what_can_be_had(void **unused)
{
	(void)unused;
	struct ledger ledger = { 0 };
	struct ledger_claim claim = { EPOCH, 4990, 4990 };
	assert_int_equal(ledger_through(&ledger), 0);
	struct ledger_start start = ledger_begin(&ledger, &claim, NOW_MS);
	assert_int_equal(start.opening, LEDGER_OPEN);
	assert_int_equal(start.unexplained_count, 0);
	assert_int_equal(ledger.start_seq, 4990);
	assert_int_equal(ledger.epoch_changes, 0);
}

static void test_pack_and_unpack(void **unused)
{
	(void)unused;
	uint8_t bytes[LEDGER_PACKED_MAX];
	struct ledger ledger, copy;
	memset(&ledger, 0, sizeof ledger);
	uint64_t *numbers = (uint64_t *)&ledger;
	for (size_t i = 0; i < offsetof(struct ledger, batch) / sizeof *numbers; i++)
		numbers[i] = i * UINT64_C(0x0123456789abcdef) + 1; // every field another value
	int size = ledger_pack(&ledger, bytes, sizeof bytes);
	assert_in_range(size, 1, sizeof bytes);
	assert_int_equal(ledger_unpack(&copy, bytes, (size_t)size), size);
	assert_memory_equal(&copy, &ledger, offsetof(struct ledger, batch));
	assert_int_equal(ledger_unpack(&copy, bytes, (size_t)size - 1), -1);
	bytes[0]++;
	assert_int_equal(ledger_unpack(&copy, bytes, (size_t)size), -1); // a newer version
	assert_int_equal(ledger_pack(&ledger, bytes, LEDGER_PACKED_MAX - 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_claim),
		cmocka_unit_test(test_every_entry),
		cmocka_unit_test(test_acceptance_moves_on),
		cmocka_unit_test(test_unknown_gap_reasons_are_counted_as_unknown),
		cmocka_unit_test(test_epochs_that_take_turns),
		cmocka_unit_test(test_only_so_many_epochs_are_remembered),
		cmocka_unit_test(test_first_contact_starts_at_what_can_be_had),
		cmocka_unit_test(test_pack_and_unpack),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
