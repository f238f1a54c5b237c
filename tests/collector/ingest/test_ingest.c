// SPDX-License-Identifier: Apache-2.0
// The commit cycle with a real store and fleet, without a broker.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <string.h>
#include "collector/fleet/fleet.h"
#include "collector/ingest/checkpoint.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/ledger.h"
#include "collector/store/database.h"
#include "collector/store/dead_letters.h"
#include "collector/store/records.h"
#include "tests/collector/ingest/uplink_maker.h"
#include "tests/collector/store/scratch.h"

enum { NOW_MS = 1700000000 };

static struct scratch *scratch;
static struct fleet *fleet;
static struct counters counters;
static struct ingest *ingest;
static struct checkpoint checkpoint;
static struct checkpoint_loaded loaded;
static unsigned asked, urgent;

static void ask_ack(void *context, const struct device *device, bool is_urgent)
{
	(void)context, (void)device;
	asked++;
	urgent += is_urgent;
}

static void begin(void)
{
	memset(&counters, 0, sizeof counters);
	asked = urgent = 0;
	scratch_open(scratch);
	fleet = fleet_new();
	assert_int_equal(checkpoint_load(&checkpoint, scratch->store, fleet, 0, &counters, &loaded), 0);
	assert_int_equal(checkpoint_replay(&checkpoint, 0, &loaded), 0);
	struct ingest_parts parts = { .store = scratch->store, .fleet = fleet, .counters = &counters, .ask_ack = ask_ack };
	ingest = ingest_new(&parts, 1000, 1 << 20);
	assert_non_null(ingest);
}

static void end(void)
{
	ingest_free(ingest);
	fleet_free(fleet);
	scratch_close(scratch);
}

static int make(void **state)
{
	int err = scratch_setup_folder(state);
	if (err)
		return err;
	scratch = *state;
	begin();
	return 0;
}

static int clean(void **state)
{
	end();
	return scratch_teardown(state);
}

static void add(const char *id, struct uplink_maker maker)
{
	uint8_t bytes[4096];
	char topic[64] = "muster/v1/";
	maker.boot = maker.boot ? maker.boot : 1;
	size_t size = uplink_make(&maker, bytes, sizeof bytes);
	strncat(topic, id, 40);
	strncat(topic, "/up", 4);
	assert_int_equal(ingest_add(ingest, topic, bytes, size, NOW_MS), 0);
}

static void take(const char *id, struct uplink_maker maker)
{
	add(id, maker);
	assert_int_equal(ingest_commit(ingest), 0);
}

static const struct ledger *ledger_of(const char *id)
{
	struct device *device = fleet_find(fleet, id);
	assert_non_null(device);
	return &device->ledger;
}

static int count_row(void *context, const struct store_record *record)
{
	(void)record;
	++*(unsigned *)context;
	return 0;
}

static unsigned rows(void)
{
	unsigned count = 0;
	assert_int_equal(store_record_after(scratch->store, 0, count_row, &count), 0);
	return count;
}

static int keep_letter(void *context, const struct dead_letter *letter)
{
	struct dead_letter *last = context;
	if (!last->reason) {
		static char reason[200];
		strncpy(reason, letter->reason, sizeof reason - 1);
		*last = *letter;
		last->reason = reason;
	}
	return 0;
}

static void assert_last_letter(uint64_t seq, const char *reason)
{
	struct dead_letter last = { 0 };
	assert_true(store_dead_letter_list(scratch->store, 0, 1, keep_letter, &last) == 1);
	assert_int_equal(last.seq, seq);
	assert_non_null(strstr(last.reason, reason));
}

static void test_in_order_then_again(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 4, .oldest_seq = 1, .uptime_ms = 3000, .count = 2 });
	assert_int_equal(urgent, 0);
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	assert_int_equal(rows(), 5);
	assert_int_equal(ledger_through(ledger_of("a")), 5);
	assert_int_equal(counters.records_duplicate, 3);
	assert_int_equal(asked, 3); // a duplicate is acked again,
	assert_int_equal(urgent, 1); // at once
}

static void test_partly_known(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 2, .oldest_seq = 1, .uptime_ms = 1000, .count = 5 });
	assert_int_equal(rows(), 6);
	assert_int_equal(ledger_through(ledger_of("a")), 6);
}

static void test_hole_is_not_stored_but_acked(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 6, .oldest_seq = 1, .uptime_ms = 9000, .count = 2 });
	assert_int_equal(rows(), 3);
	assert_int_equal(ledger_through(ledger_of("a")), 3);
	assert_int_equal(urgent, 1);
	assert_int_equal(counters.uplinks_hole, 1);
}

static void test_what_the_device_no_longer_has_is_recorded_as_unexplained(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 6, .oldest_seq = 6, .uptime_ms = 9000, .count = 2 });
	assert_int_equal(rows(), 6); // 3, the gap, 2
	assert_int_equal(ledger_through(ledger_of("a")), 7);
	assert_int_equal(ledger_of("a")->gaps[MU__GAP_REASON__GAP_UNEXPLAINED], 2);
	assert_int_equal(counters.unexplained_numbers, 2);
}

static void test_bad_record_is_passed_and_its_neighbours_kept(void **unused)
{
	(void)unused;
	struct uplink_maker maker = { .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 4, .bad = 1 << 1, .broken = 1 << 2 };
	take("a", maker);
	assert_int_equal(rows(), 4);
	assert_int_equal(ledger_through(ledger_of("a")), 4);
	assert_int_equal(ledger_of("a")->gaps[MU__GAP_REASON__GAP_REFUSED], 2);
	assert_int_equal(counters.records_refused, 2);
	assert_int_equal(counters.dead_letters, 2);
	assert_last_letter(3, "not well formed");
	take("a", maker); // sent again: no second dead letter
	assert_int_equal(counters.dead_letters, 2);
	assert_int_equal(counters.records_duplicate, 4);
}

static void test_gap_that_has_grown(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 2, .gap_count = 5 });
	assert_int_equal(ledger_through(ledger_of("a")), 6);
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 2, .gap_count = 10, .uptime_ms = 20000 });
	assert_int_equal(ledger_through(ledger_of("a")), 11);
	assert_int_equal(ledger_of("a")->gaps[MU__GAP_REASON__GAP_OVERWRITTEN], 9); // 1..5 and 7..10; 6 was a record
}

static void test_used_number_with_a_new_record(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 2, .oldest_seq = 2, .boot = 5, .count = 1 });
	assert_int_equal(rows(), 3);
	assert_int_equal(counters.numbers_reused, 1);
	assert_int_equal(counters.identity_conflicts, 1);
	assert_int_equal(ledger_of("a")->conflict_ms, NOW_MS);
	assert_last_letter(2, "already used");
	assert_int_equal(urgent, 0); // an Ack was asked for, though
	assert_int_equal(asked, 2);
}

static void test_two_numberings_under_one_id(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	take("a", (struct uplink_maker){ .epoch = 8, .first_seq = 1, .oldest_seq = 1, .count = 2 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 4, .oldest_seq = 1, .uptime_ms = 5000, .count = 1 });
	assert_int_equal(rows(), 6);
	assert_int_equal(counters.epoch_changes, 2);
	assert_int_equal(counters.identity_conflicts, 1);
}

// Each row: a message that is refused as a whole.
static const struct {
	const char *topic, *payload;
	int added; // what ingest_add() says
	const char *reason;
} refused[] = {
	{ "muster/v1/a/up", "rubbish", 0, "not an uplink" },
	{ "muster/v1/a/state", "sleeping", 0, "neither online nor offline" },
	{ "muster/v1/a b/up", "rubbish", 1, 0 }, // id outside the alphabet: not even a dead letter
	{ "other/topic", "rubbish", 1, 0 },
};

static void test_every_refused_message(void **unused)
{
	(void)unused;
	uint64_t letters = 0;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_int_equal(ingest_add(ingest, refused[i].topic, refused[i].payload, strlen(refused[i].payload), NOW_MS),
			refused[i].added);
		assert_int_equal(ingest_commit(ingest), 0);
		letters += refused[i].reason != 0;
		assert_int_equal(counters.payloads_refused, letters);
		assert_int_equal(counters.dead_letters, letters);
		if (refused[i].reason)
			assert_last_letter(0, refused[i].reason);
	}
	assert_int_equal(counters.mqtt_topic_rejected, 2);
	assert_int_equal(asked, 0);
	assert_int_equal(fleet_count(fleet), 0); // rubbish makes no device
}

static void test_presence(void **unused)
{
	(void)unused;
	assert_int_equal(ingest_add(ingest, "muster/v1/b/state", "offline", 7, NOW_MS), 0);
	assert_int_equal(ingest_commit(ingest), 0);
	assert_null(fleet_find(fleet, "b")); // the last word of one that was never there
	assert_int_equal(ingest_add(ingest, "muster/v1/b/state", "online", 6, NOW_MS), 0);
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(fleet_find(fleet, "b")->presence, PRESENCE_ONLINE);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(ingest_add(ingest, "muster/v1/b/state", "offline", 7, NOW_MS), 0);
		assert_int_equal(ingest_add(ingest, "muster/v1/b/state", "online", 6, NOW_MS), 0);
	}
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(counters.session_flaps, 1);
}

// The store fails in the middle: nothing is left, nothing acked; the same messages again are all new. Also with devices that nobody knew.
static void test_full_disk_takes_everything_back(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3 });
	struct ledger before = *ledger_of("a");
	struct uplink_maker next = { .epoch = 7, .first_seq = 4, .oldest_seq = 1, .uptime_ms = 3000, .count = 16 };
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=1", 0, 0, 0), SQLITE_OK); // the size it has
	int err = 0;
	unsigned fits = 0;
	while (!err && fits < 500) { // until what pages are free is used up
		next.first_seq = 4 + 16 * fits++;
		next.uptime_ms = next.first_seq * 1000;
		before = *ledger_of("a");
		asked = 0;
		add("a", next);
		add("new", (struct uplink_maker){ .epoch = 9, .first_seq = fits, .oldest_seq = 1, .uptime_ms = fits * 1000, .count = 1 });
		err = ingest_commit(ingest);
	}
	assert_int_equal(err, -STORE_EFULL);
	assert_int_equal(asked, 0);
	assert_true(ingest_is_empty(ingest));
	assert_int_equal(ledger_of("a")->next_seq, before.next_seq);
	assert_int_equal(ledger_of("a")->last_n, before.last_n);
	unsigned stored = rows();
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=100000", 0, 0, 0), SQLITE_OK);
	add("a", next);
	add("new", (struct uplink_maker){ .epoch = 9, .first_seq = fits, .oldest_seq = 1, .uptime_ms = fits * 1000, .count = 1 });
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(rows(), stored + 17);
	assert_int_equal(asked, 2);
}

// A device first seen in a transaction that failed is stored with the next one that does not.
static void test_new_device_of_a_failed_commit(void **unused)
{
	(void)unused;
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=1", 0, 0, 0), SQLITE_OK);
	struct uplink_maker large = { .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 16 };
	for (int i = 0; i < 200; i++, large.first_seq += 16, large.uptime_ms += 16000)
		add("early", large);
	assert_int_equal(ingest_commit(ingest), -STORE_EFULL);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=100000", 0, 0, 0), SQLITE_OK);
	take("late", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 1 });
	end();
	begin();
	assert_int_equal(loaded.devices, 2);
	assert_non_null(fleet_find(fleet, "early"));
	assert_int_equal(ledger_through(ledger_of("late")), 1);
}

// What a kill leaves: no snapshot. The log alone brings back the ledger, so what comes again is known.
static void test_ledger_is_exact_after_a_kill(void **unused)
{
	(void)unused;
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 3, .gap_count = 5, .bad = 1 << 2 });
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 12, .oldest_seq = 12, .uptime_ms = 9000, .count = 2 });
	take("b", (struct uplink_maker){ .epoch = 8, .first_seq = 1, .oldest_seq = 1, .count = 2 });
	struct ledger before = *ledger_of("a");
	end();
	begin();
	const struct ledger *after = ledger_of("a");
	assert_int_equal(loaded.folded_again, 8);
	assert_int_equal(after->epoch, before.epoch);
	assert_int_equal(after->next_seq, before.next_seq);
	assert_int_equal(after->last_n, before.last_n);
	assert_int_equal(after->accepted, before.accepted);
	assert_int_equal(after->boot, before.boot);
	assert_int_equal(after->uptime_ms, before.uptime_ms);
	assert_memory_equal(after->gaps, before.gaps, sizeof before.gaps);
	take("a", (struct uplink_maker){ .epoch = 7, .first_seq = 12, .oldest_seq = 12, .uptime_ms = 9000, .count = 2 });
	assert_int_equal(counters.records_duplicate, 2);
	assert_int_equal(fleet_count(fleet), 2);
}

static void test_batch_beyond_the_arena_is_committed_in_parts(void **unused)
{
	(void)unused;
	struct uplink_maker maker = { .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 16 };
	for (int i = 0; i < 1000; i++, maker.first_seq += 16, maker.uptime_ms += 16000)
		add("a", maker);
	assert_true(ingest_is_full(ingest));
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(counters.records, 16000);
	assert_in_range(counters.batches, 2, 10);
}

static void test_resize_waits_for_an_empty_batch(void **unused)
{
	(void)unused;
	add("a", (struct uplink_maker){ .epoch = 7, .first_seq = 1, .oldest_seq = 1, .count = 1 });
	assert_int_equal(ingest_resize(ingest, 1, 100), -1);
	assert_int_equal(ingest_commit(ingest), 0);
	assert_int_equal(ingest_resize(ingest, 1, 100), 0);
	add("a", (struct uplink_maker){ .epoch = 7, .first_seq = 2, .oldest_seq = 1, .count = 1 });
	assert_true(ingest_is_full(ingest));
	ingest_drop(ingest);
	assert_true(ingest_is_empty(ingest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order_then_again, make, clean),
		cmocka_unit_test_setup_teardown(test_partly_known, make, clean),
		cmocka_unit_test_setup_teardown(test_hole_is_not_stored_but_acked, make, clean),
		cmocka_unit_test_setup_teardown(test_what_the_device_no_longer_has_is_recorded_as_unexplained, make, clean),
		cmocka_unit_test_setup_teardown(test_bad_record_is_passed_and_its_neighbours_kept, make, clean),
		cmocka_unit_test_setup_teardown(test_gap_that_has_grown, make, clean),
		cmocka_unit_test_setup_teardown(test_used_number_with_a_new_record, make, clean),
		cmocka_unit_test_setup_teardown(test_two_numberings_under_one_id, make, clean),
		cmocka_unit_test_setup_teardown(test_every_refused_message, make, clean),
		cmocka_unit_test_setup_teardown(test_presence, make, clean),
		cmocka_unit_test_setup_teardown(test_full_disk_takes_everything_back, make, clean),
		cmocka_unit_test_setup_teardown(test_new_device_of_a_failed_commit, make, clean),
		cmocka_unit_test_setup_teardown(test_ledger_is_exact_after_a_kill, make, clean),
		cmocka_unit_test_setup_teardown(test_batch_beyond_the_arena_is_committed_in_parts, make, clean),
		cmocka_unit_test_setup_teardown(test_resize_waits_for_an_empty_batch, make, clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
