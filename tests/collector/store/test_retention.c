// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/store/cursors.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "collector/store/retention.h"
#include "tests/collector/store/scratch.h"

enum { DAY_MS = 86400000, ROWS = 2500, LATER = 1000000 };
#define START_MS UINT64_C(1790000000000)
#define PLENTY UINT64_MAX

// Rows 1 to ROWS, one a second from START_MS on, all of them folded.
static int setup_rows(void **state)
{
	static const uint8_t body[100];
	int err = scratch_setup(state);
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(store_begin(store), 0);
	for (uint64_t i = 0; i < ROWS; i++) {
		uint64_t n;
		struct store_record record = { .seq = i + 1, .recv_ms = START_MS + 1000 * i, .body = { body, sizeof body } };
		assert_int_equal(store_record_append(store, &record, &n), 0);
	}
	assert_int_equal(store_set_folded_through(store, ROWS), 0);
	assert_int_equal(store_commit(store), 0);
	return err;
}

static uint64_t oldest(struct store *store)
{
	uint64_t oldest, newest;
	assert_int_equal(store_record_bounds(store, &oldest, &newest), 0);
	assert_int_equal(newest, ROWS); // the newest never goes in these tests
	return oldest;
}

// One step at a time of day, as seconds after the first row was received.
static const struct {
	uint64_t folded, age_s, bytes_max, now_s;
	int deleted;
} steps[] = {
	{ ROWS, 5000, PLENTY, 5000, 0 },                       // nothing is old
	{ ROWS, 5000, PLENTY, 5999, 0 },                       // the newest of the chunk is just as old as allowed
	{ ROWS, 5000, PLENTY, 6000, RETENTION_CHUNK },         // and now older
	{ ROWS, 5000, PLENTY, LATER, RETENTION_CHUNK },        // all are old: still only one chunk a step
	{ ROWS, LATER, 1, 5000, RETENTION_CHUNK },             // too large, though young
	{ ROWS, LATER, PLENTY, 5000, 0 },                      // neither
	{ RETENTION_CHUNK, 10, 1, LATER, RETENTION_CHUNK },    // folded just far enough
	{ RETENTION_CHUNK - 1, 10, 1, LATER, 0 },              // one row of the chunk is not in a snapshot yet: history may wait, ledgers not
	{ 0, 10, 1, LATER, 0 },                                // never a snapshot
	{ ROWS, UINT64_MAX / 1000, PLENTY, LATER, 0 },         // an age beyond the clock: no underflow
};

static void test_steps(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct retention retention = { steps[i].age_s * 1000, steps[i].bytes_max };
		assert_int_equal(store_begin(store), 0);
		assert_int_equal(store_set_folded_through(store, steps[i].folded), 0);
		int deleted = retention_step(store, &retention, START_MS + 1000 * steps[i].now_s);
		if (deleted != steps[i].deleted)
			fail_msg("row %zu: %d", i, deleted);
		assert_int_equal(oldest(store), 1 + deleted);
		store_rollback(store);
	}
}

// A clock that lost its battery says 1970: nothing may look old.
static void test_a_clock_far_back_deletes_nothing(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct retention retention = { DAY_MS, PLENTY };
	assert_int_equal(retention_step(store, &retention, 5000), 0);
	assert_int_equal(oldest(store), 1);
}

// What a reader in use does not have yet stays, however old or large; only then no more may be taken.
static void test_a_cursor_holds_the_rows_behind_it(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct retention tight = { DAY_MS, 1 }, wide = { DAY_MS, PLENTY };
	assert_int_equal(retention_is_held(store, &tight), 0); // nobody reads
	store_cursor_use(store, CURSOR_KAFKA_RECORDS, true);
	assert_int_equal(retention_is_held(store, &tight), 1);
	assert_int_equal(retention_is_held(store, &wide), 0);
	assert_int_equal(retention_step(store, &tight, START_MS), 0);
	assert_int_equal(store_cursor_set(store, CURSOR_KAFKA_RECORDS, RETENTION_CHUNK - 1), 0);
	assert_int_equal(retention_step(store, &tight, START_MS), 0);
	assert_int_equal(store_cursor_set(store, CURSOR_KAFKA_RECORDS, RETENTION_CHUNK), 0);
	assert_int_equal(retention_is_held(store, &tight), 0);
	assert_int_equal(retention_step(store, &tight, START_MS), RETENTION_CHUNK);
	assert_int_equal(retention_is_held(store, &tight), 1);
}

static void test_steps_end_by_themselves(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct retention retention = { DAY_MS, 1 };
	assert_int_equal(retention_step(store, &retention, START_MS), RETENTION_CHUNK);
	assert_int_equal(retention_step(store, &retention, START_MS), RETENTION_CHUNK);
	assert_int_equal(retention_step(store, &retention, START_MS), 0); // less than a chunk is left
	assert_int_equal(oldest(store), 2 * RETENTION_CHUNK + 1);
}

// Three quarters of the size: it stops as soon as the database is below it, and does not take the rest along.
static void test_by_size_stops_below_it(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct retention retention = { DAY_MS, store_bytes(store) * 3 / 4 };
	assert_int_equal(retention_step(store, &retention, START_MS), RETENTION_CHUNK);
	assert_true(store_bytes(store) <= retention.bytes_max);
	assert_int_equal(retention_step(store, &retention, START_MS), 0);
	assert_int_equal(oldest(store), RETENTION_CHUNK + 1);
}

static void test_an_empty_log(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct retention retention = { 0, 0 };
	assert_int_equal(retention_step(store, &retention, START_MS), 0);
}

// Rows that a repair of the file lost must not stop retention for ever.
static void test_rows_lost_in_the_middle(void **state)
{
	struct scratch *scratch = *state;
	struct retention retention = { DAY_MS, 1 };
	scratch_sql(scratch->path, "DELETE FROM record WHERE n BETWEEN 500 AND 1500");
	assert_int_equal(retention_step(scratch->store, &retention, START_MS), 499);
	assert_int_equal(oldest(scratch->store), 1501);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_steps, setup_rows, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_clock_far_back_deletes_nothing, setup_rows, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_cursor_holds_the_rows_behind_it, setup_rows, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_steps_end_by_themselves, setup_rows, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_by_size_stops_below_it, setup_rows, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_log, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_rows_lost_in_the_middle, setup_rows, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
