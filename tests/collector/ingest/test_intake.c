// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "collector/ingest/intake.h"
#include "collector/ingest/topic.h"
#include "collector/log.h"
#include "collector/store/database.h"
#include "collector/store/dead_letters.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "tests/collector/ingest/uplink_maker.h"
#include "tests/collector/store/scratch.h"

enum { EPOCH = 7 };
#define NOW_MS UINT64_C(1790000000000)

struct bench {
	struct scratch *scratch;
	struct fleet *fleet;
	struct counters counters;
	struct intake *intake;
};

static int setup(void **state)
{
	void *scratch;
	log_set_threshold(LOG_AT_ERROR);
	if (scratch_setup(&scratch) < 0)
		return -1;
	struct bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	bench->scratch = scratch;
	bench->fleet = fleet_new();
	bench->intake = intake_new(bench->scratch->store, bench->fleet, 0, &bench->counters);
	*state = bench;
	return bench->intake ? 0 : -1;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	void *scratch = bench->scratch;
	intake_free(bench->intake);
	fleet_free(bench->fleet);
	scratch_teardown(&scratch);
	free(bench);
	return 0;
}

static struct batch_message message_of(enum topic_kind kind, const char *id, const void *bytes, size_t size)
{
	struct batch_message message = { .kind = kind, .recv_ms = NOW_MS, .bytes = bytes, .size = size };
	strncpy(message.id, id, sizeof message.id - 1);
	return message;
}

static int take(struct bench *bench, const char *id, const struct uplink_maker *maker)
{
	uint8_t bytes[4096];
	struct batch_message message = message_of(TOPIC_UP, id, bytes, uplink_make(maker, bytes, sizeof bytes));
	return intake_take(bench->intake, &message);
}

static int say(struct bench *bench, const char *id, const char *word)
{
	struct batch_message message = message_of(TOPIC_STATE, id, word, strlen(word));
	return intake_take(bench->intake, &message);
}

static struct uplink_maker uplink_of(uint64_t first_seq, unsigned count)
{
	return (struct uplink_maker){ .epoch = EPOCH,
		.first_seq = first_seq,
		.oldest_seq = 1,
		.boot = 1,
		.uptime_ms = first_seq * 1000,
		.count = count };
}

static void take_good(struct bench *bench, const char *id, uint64_t first_seq, unsigned count)
{
	struct uplink_maker maker = uplink_of(first_seq, count);
	assert_int_equal(take(bench, id, &maker), 0);
}

// The kinds of the items as letters, in order: r record, + online, - offline, a Ack, A urgent Ack.
static const char *items_of(struct bench *bench)
{
	static char text[256];
	size_t count;
	const struct intake_item *items = intake_items(bench->intake, &count);
	assert_true(count < sizeof text);
	for (size_t i = 0; i < count; i++)
		text[i] = "r+-aA"[items[i].kind];
	text[count] = 0;
	return text;
}

static uint64_t newest(struct bench *bench)
{
	uint64_t oldest, newest;
	assert_int_equal(store_record_bounds(bench->scratch->store, &oldest, &newest), 0);
	return newest;
}

static uint64_t next_seq(struct bench *bench, const char *id)
{
	const struct device *device = fleet_find(bench->fleet, id);
	return device ? device->ledger.next_seq : 0;
}

// Each row: what comes when 1 to 5 are accepted of device a, and what must follow.
static const struct {
	struct uplink_maker maker;
	const char *items;
	uint64_t next_seq, rows, letters;
} cases[] = {
	{ { EPOCH, 6, 1, 1, 6000, 3, 0, 0, 0 }, "rrra", 9, 3, 0 },            // in order
	{ { EPOCH, 1, 1, 1, 1000, 5, 0, 0, 0 }, "A", 6, 0, 0 },               // all known: nothing stored, acked soon
	{ { EPOCH, 4, 1, 1, 4000, 4, 0, 0, 0 }, "rrA", 8, 2, 0 },             // overlap: only what is new
	{ { EPOCH, 8, 1, 1, 8000, 2, 0, 0, 0 }, "A", 6, 0, 0 },               // hole: nothing stored, acked soon
	{ { EPOCH, 8, 8, 1, 8000, 2, 0, 0, 0 }, "rra", 10, 3, 0 },            // 6 and 7 are gone: one Gap of ours before the two
	{ { EPOCH, 9, 8, 1, 9000, 2, 0, 0, 0 }, "A", 8, 1, 0 },               // 6, 7 are gone, 8 can be had: the Gap alone
	{ { EPOCH, 6, 1, 1, 6000, 3, 1 << 1, 0, 0 }, "rra", 9, 3, 1 },        // one outside the limits among good ones
	{ { EPOCH, 6, 1, 1, 6000, 3, 0, 1 << 0, 0 }, "rra", 9, 3, 1 },        // one not well formed at the head
	{ { EPOCH, 6, 1, 1, 6000, 3, 7, 0, 0 }, "a", 9, 3, 3 },               // none of them good: still passed and acked
	{ { EPOCH, 6, 1, 1, 6000, 2, 0, 0, 100 }, "rra", 107, 2, 0 },         // a Gap of 100 numbers, then a record
	{ { EPOCH, 4, 1, 1, 4000, 2, 0, 0, 100 }, "ra", 105, 2, 0 },          // a Gap of which the end is new: 6 to 103
	{ { EPOCH, 3, 1, 1, 999000, 1, 0, 0, 0 }, "a", 6, 0, 1 },             // a used number with a later time
	{ { 8, 1, 1, 1, 1000, 2, 0, 0, 0 }, "rra", 3, 2, 0 },                 // wiped: a new numbering
	{ { 0, 6, 1, 1, 6000, 1, 0, 0, 0 }, "", 6, 0, 1 },                    // no epoch: refused, and not acked
	{ { EPOCH, 6, 7, 1, 6000, 1, 0, 0, 0 }, "", 6, 0, 1 },                // sends what it no longer has
	{ { EPOCH, 6, 1, 1, 6000, 0, 0, 0, 0 }, "a", 6, 0, 0 },               // no record in it: a question, and it is answered
	{ { EPOCH, 9, 1, 1, 6000, 0, 0, 0, 0 }, "A", 6, 0, 0 },               // the same from beyond a hole
	{ { EPOCH, 9, 9, 1, 6000, 0, 0, 0, 0 }, "a", 9, 1, 0 },               // 6 to 8 are gone, and nothing has come since
	{ { EPOCH, (UINT64_C(1) << 53) - 1, (UINT64_C(1) << 53) - 1, 1, 6000, 1, 0, 0, 0 }, "ra", UINT64_C(1) << 53, 2, 0 }, // the last number there is
	{ { EPOCH, (UINT64_C(1) << 53) - 1, (UINT64_C(1) << 53) - 1, 1, 6000, 2, 0, 0, 0 }, "", 6, 0, 1 },                   // one beyond it
	{ { EPOCH, UINT64_C(1) << 53, 6, 1, 6000, 1, 0, 0, 0 }, "", 6, 0, 1 },                                                // far beyond
};

static void test_every_uplink(void **state)
{
	struct bench *bench = *state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t rows, bytes;
		assert_int_equal(intake_begin(bench->intake), 0);
		take_good(bench, "a", 1, 5);
		size_t before = strlen(items_of(bench));
		uint64_t n = newest(bench);
		assert_int_equal(take(bench, "a", &cases[i].maker), 0);
		if (strcmp(items_of(bench) + before, cases[i].items) != 0)
			fail_msg("row %zu: %s, not %s", i, items_of(bench) + before, cases[i].items);
		assert_int_equal(store_dead_letter_count(bench->scratch->store, &rows, &bytes), 0);
		if (next_seq(bench, "a") != cases[i].next_seq || newest(bench) - n != cases[i].rows || rows != cases[i].letters)
			fail_msg("row %zu: next %llu, %llu rows, %llu letters", i, (unsigned long long)next_seq(bench, "a"),
				(unsigned long long)(newest(bench) - n), (unsigned long long)rows);
		intake_abandon(bench->intake);
		assert_int_equal(next_seq(bench, "a"), 0); // all of it is taken back
		assert_int_equal(newest(bench), 0);
		assert_string_equal(items_of(bench), "");
	}
}

static int take_prev(void *context, const struct store_record *record)
{
	*(uint64_t *)context = record->prev;
	return 0;
}

static int assert_same(void *context, const struct store_record *record)
{
	const struct store_record *expected = context;
	assert_int_equal(record->seq, expected->seq);
	assert_int_equal(record->epoch, expected->epoch);
	assert_int_equal(record->recv_ms, NOW_MS);
	assert_int_equal(record->prev, expected->prev);
	assert_int_equal(record->dev, expected->dev);
	assert_int_equal(record->body.size, expected->body.size);
	assert_memory_equal(record->body.bytes, expected->body.bytes, expected->body.size);
	return 0;
}

// The bytes in the store are those that came, field numbers of later versions included; history is a chain along prev.
static void test_bytes_are_kept_as_they_came(void **state)
{
	struct bench *bench = *state;
	// boot 1, uptime 5, an event "x", and field 200 that this version does not know
	static const uint8_t record[] = { 0x08, 1, 0x10, 5, 0x52, 3, 0x0a, 1, 'x', 0xc0, 0x0c, 42 };
	uint8_t bytes[64];
	struct uplink_maker maker = uplink_of(1, 0);
	size_t size = uplink_make(&maker, bytes, sizeof bytes - 2 - sizeof record);
	bytes[size++] = 4 << 3 | 2;
	bytes[size++] = sizeof record;
	memcpy(bytes + size, record, sizeof record);
	size += sizeof record;
	struct batch_message message = message_of(TOPIC_UP, "b", bytes, size);
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 1); // row 1, device 0
	assert_int_equal(intake_take(bench->intake, &message), 0);
	take_good(bench, "b", 2, 1); // row 3 follows row 2
	assert_int_equal(intake_commit(bench->intake), 0);
	struct store_record expected = { .epoch = EPOCH, .seq = 1, .dev = 1, .prev = 0, .body = { record, sizeof record } };
	assert_int_equal(store_record_read(bench->scratch->store, 2, assert_same, &expected), 0);
	uint64_t prev = 0;
	assert_int_equal(fleet_find(bench->fleet, "b")->ledger.last_n, 3);
	assert_int_equal(store_record_read(bench->scratch->store, 3, take_prev, &prev), 0);
	assert_int_equal(prev, 2);
}

// A Gap that breaks a limit (a wall time of 1970) and of which the end is new: the new numbers are passed, the bytes are a dead letter.
static void test_a_bad_gap_that_has_grown(void **state)
{
	struct bench *bench = *state;
	static const uint8_t gap[] = { 4 << 3 | 2, 10, 0x08, 1, 0x10, 5, 0x18, 1, 0x62, 4, 0x08, 100, 0x10, 1 };
	uint8_t bytes[64];
	struct uplink_maker maker = uplink_of(4, 0);
	size_t size = uplink_make(&maker, bytes, sizeof bytes - sizeof gap);
	memcpy(bytes + size, gap, sizeof gap);
	bytes[size + 1] = sizeof gap - 2;
	struct batch_message message = message_of(TOPIC_UP, "a", bytes, size + sizeof gap);
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 5);
	assert_int_equal(intake_take(bench->intake, &message), 0);
	assert_int_equal(intake_commit(bench->intake), 0);
	assert_int_equal(next_seq(bench, "a"), 104);
	assert_int_equal(fleet_find(bench->fleet, "a")->ledger.gaps[MU__GAP_REASON__GAP_REFUSED], 98); // 6 to 103
	assert_int_equal(bench->counters.records_refused, 1);
	assert_int_equal(bench->counters.dead_letters, 1);
	assert_int_equal(bench->counters.gap_records, 0); // none that a device said rightly
}

// What the loop does for each word on .../state.
static const struct {
	const char *id, *word, *items;
	uint64_t rejected, devices;
} words[] = {
	{ "a", "online", "+", 0, 1 },
	{ "a", "offline", "-", 0, 1 },
	{ "new", "online", "+", 0, 2 },     // a device is known from its first word on
	{ "other", "offline", "", 0, 1 },   // the last will of one that never was here
	{ "a", "Online", "", 1, 1 },
	{ "a", "online ", "", 1, 1 },
	{ "a", "", "", 1, 1 },
	{ "fresh", "nonsense", "", 1, 1 },  // makes no device
};

static void test_every_word(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 1);
	assert_int_equal(intake_commit(bench->intake), 0);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t devices = fleet_count(bench->fleet);
		uint64_t rejected = bench->counters.state_rejected, letters = bench->counters.dead_letters;
		assert_int_equal(intake_begin(bench->intake), 0);
		assert_int_equal(say(bench, words[i].id, words[i].word), 0);
		assert_string_equal(items_of(bench), words[i].items);
		assert_int_equal(intake_commit(bench->intake), 0);
		assert_int_equal(bench->counters.state_rejected - rejected, words[i].rejected);
		assert_int_equal(bench->counters.dead_letters - letters, words[i].rejected);
		assert_int_equal(fleet_count(bench->fleet) - devices, words[i].devices - 1);
	}
}

// Counters say what is in the store: a batch that failed counts nothing, though it is tried again.
static void test_only_what_is_committed_counts(void **state)
{
	struct bench *bench = *state;
	struct uplink_maker bad = uplink_of(4, 2);
	bad.bad = 1;
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 3);
	intake_abandon(bench->intake);
	assert_int_equal(bench->counters.records, 0);
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 3);
	take_good(bench, "a", 2, 2);
	take_good(bench, "a", 9, 1);
	assert_int_equal(take(bench, "a", &bad), 0);
	assert_int_equal(bench->counters.records, 0); // not before the commit
	assert_int_equal(intake_commit(bench->intake), 0);
	assert_int_equal(bench->counters.records, 5); // 3, the Gap for the refused one, 1
	assert_int_equal(bench->counters.records_duplicate, 2);
	assert_int_equal(bench->counters.uplinks_hole, 1);
	assert_int_equal(bench->counters.records_refused, 1);
	assert_int_equal(bench->counters.dead_letters, 1);
	assert_int_equal(bench->counters.uplinks, 4);
	assert_int_equal(newest(bench), 5);
}

// The device row was in the transaction that failed: it is written again with the next one, or a restart could not name its records.
static void test_a_device_of_a_failed_batch_is_stored_later(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 1);
	intake_abandon(bench->intake);
	assert_int_equal(scratch_number(bench->scratch->path, "SELECT count(*) FROM device"), 0);
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "b", 1, 1);
	assert_int_equal(intake_commit(bench->intake), 0);
	assert_int_equal(scratch_number(bench->scratch->path, "SELECT count(*) FROM device"), 2);
	assert_int_equal(scratch_number(bench->scratch->path, "SELECT dev FROM device WHERE id='a'"), 0);
	assert_int_equal(scratch_number(bench->scratch->path, "SELECT dev FROM record"), 1);
}

// Full in the middle of an uplink: the error comes out, everything goes back, and after there is room the same uplink is taken.
static void test_a_full_disk_in_the_middle(void **state)
{
	struct bench *bench = *state;
	sqlite3 *db = bench->scratch->store->db;
	int err = 0;
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 1, 3);
	assert_int_equal(intake_commit(bench->intake), 0);
	assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=1", 0, 0, 0), SQLITE_OK); // no page more
	assert_int_equal(intake_begin(bench->intake), 0);
	for (uint64_t seq = 4; !err && seq < 40000; seq += 10) {
		struct uplink_maker maker = uplink_of(seq, 10);
		err = take(bench, "a", &maker);
		if (!intake_has_room(bench->intake))
			break;
	}
	assert_int_equal(err, -STORE_EFULL);
	intake_abandon(bench->intake);
	assert_int_equal(next_seq(bench, "a"), 4);
	assert_int_equal(newest(bench), 3);
	assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=100000", 0, 0, 0), SQLITE_OK);
	assert_int_equal(intake_begin(bench->intake), 0);
	take_good(bench, "a", 4, 10);
	assert_int_equal(intake_commit(bench->intake), 0);
	assert_int_equal(next_seq(bench, "a"), 14);
	assert_int_equal(newest(bench), 13);
}

// Room ends before the arena or the list of items does, whatever comes.
static void test_room_ends_in_time(void **state)
{
	struct bench *bench = *state;
	size_t count = 0;
	uint64_t seq = 1;
	assert_int_equal(intake_begin(bench->intake), 0);
	while (intake_has_room(bench->intake) && seq < 100000) {
		take_good(bench, "a", seq, 16);
		seq += 16;
	}
	assert_true(seq < 100000);
	intake_items(bench->intake, &count);
	assert_in_range(count, 1000, INTAKE_ITEMS_MAX);
	assert_int_equal(intake_commit(bench->intake), 0);
	assert_int_equal(next_seq(bench, "a"), seq);
	assert_int_equal(intake_begin(bench->intake), 0);
	assert_true(intake_has_room(bench->intake)); // and the next transaction has all of it again
	intake_abandon(bench->intake);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_every_uplink),
		ROW(test_bytes_are_kept_as_they_came),
		ROW(test_a_bad_gap_that_has_grown),
		ROW(test_every_word),
		ROW(test_only_what_is_committed_counts),
		ROW(test_a_device_of_a_failed_batch_is_stored_later),
		ROW(test_a_full_disk_in_the_middle),
		ROW(test_room_ends_in_time),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
