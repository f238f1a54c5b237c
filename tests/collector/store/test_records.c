// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/records.h"
#include "tests/collector/store/scratch.h"

enum { KIND_HEARTBEAT = 5, KIND_BOOT = 6, SHOWN_MAX = 64 };

// Keeps what a walk shows.
struct shown {
	unsigned count, stop_at; // stop_at 0: never
	struct store_record rows[SHOWN_MAX];
	uint8_t bodies[SHOWN_MAX][16];
};

static int show(void *context, const struct store_record *record)
{
	struct shown *shown = context;
	assert_true(shown->count < SHOWN_MAX);
	assert_true(record->body.size <= 16);
	if (record->body.size)
		memcpy(shown->bodies[shown->count], record->body.bytes, record->body.size);
	shown->rows[shown->count++] = *record;
	return shown->count == shown->stop_at ? 77 : 0;
}

static uint64_t append(struct store *store, uint32_t dev, uint32_t kind, uint64_t prev)
{
	uint64_t n = 0;
	struct store_record record = { .epoch = 7, .seq = 1, .recv_ms = 1000, .dev = dev, .kind = kind, .prev = prev };
	assert_int_equal(store_record_append(store, &record, &n), 0);
	return n;
}

// Rows 1 to 10: odd ones of device 0, even ones of device 1; every fifth is a boot.
static int setup_ten(void **state)
{
	int err = scratch_setup(state);
	struct store *store = ((struct scratch *)*state)->store;
	uint64_t last[2] = { 0, 0 };
	assert_int_equal(store_begin(store), 0);
	for (uint32_t i = 0; i < 10; i++)
		last[i % 2] = append(store, i % 2, i % 5 ? KIND_HEARTBEAT : KIND_BOOT, last[i % 2]);
	assert_int_equal(store_commit(store), 0);
	return err;
}

// Numbers that a device sends may use all 64 bits of the epoch; bytes are kept as they came.
static void test_a_row_comes_back_as_it_was(void **state)
{
	struct scratch *scratch = *state;
	struct store_record record = {
		.n = 999, // ignored
		.epoch = UINT64_C(0xfedcba9876543210),
		.seq = (UINT64_C(1) << 53) - 1,
		.recv_ms = UINT64_C(1790000000123),
		.prev = 12,
		.dev = UINT32_MAX - 1,
		.kind = UINT32_MAX,
		.body = { "a\0b\xff", 4 },
	};
	struct shown shown = { 0 };
	uint64_t n;
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(store_record_append(scratch->store, &record, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_commit(scratch->store), 0);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_record_read(scratch->store, 1, show, &shown), 0);
	assert_int_equal(shown.count, 1);
	assert_int_equal(shown.rows[0].n, 1);
	assert_true(shown.rows[0].epoch == record.epoch);
	assert_true(shown.rows[0].seq == record.seq);
	assert_true(shown.rows[0].recv_ms == record.recv_ms);
	assert_int_equal(shown.rows[0].prev, 12);
	assert_int_equal(shown.rows[0].dev, record.dev);
	assert_int_equal(shown.rows[0].kind, record.kind);
	assert_int_equal(shown.rows[0].body.size, 4);
	assert_memory_equal(shown.bodies[0], "a\0b\xff", 4);
}

static void test_the_largest_body_and_one_more(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	static uint8_t bytes[STORE_RECORD_BYTES_MAX + 1];
	struct store_record record = { .body = { bytes, STORE_RECORD_BYTES_MAX } };
	uint64_t n = 0;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_record_append(store, &record, &n), 0);
	record.body.size++;
	assert_int_equal(store_record_append(store, &record, &n), -STORE_ELIMIT);
	assert_int_equal(store_fault(store)->err, -STORE_ELIMIT); // store_fault() says the last error of any call
	assert_int_equal(n, 1);
	record.body.size = 0;
	assert_int_equal(store_record_append(store, &record, &n), 0); // an empty one is a row too
	assert_int_equal(n, 2);
	assert_int_equal(store_commit(store), 0);
}

static void test_rows_that_are_not_there(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	uint64_t oldest = 9, newest = 9, next = 9;
	assert_int_equal(store_record_bounds(store, &oldest, &newest), 0);
	assert_int_equal(oldest, 0);
	assert_int_equal(newest, 0);
	assert_int_equal(store_record_read(store, 1, show, &shown), -STORE_ENOENT);
	assert_int_equal(store_record_walk(store, 0, 0, 10, show, &shown, &next), 0); // a device without records: last_n 0
	assert_int_equal(next, 0);
	assert_int_equal(store_record_after(store, 0, show, &shown), 0);
	assert_int_equal(shown.count, 0);
}

// One page of a device's history: from, kinds, limit -> rows, and where to go on.
static const struct {
	uint64_t n;
	uint32_t kinds;
	unsigned limit;
	int count;
	uint64_t first, last, next;
} pages[] = {
	{ 9, 0, 10, 5, 9, 1, 0 },              // all of device 0, newest first
	{ 10, 0, 10, 5, 10, 2, 0 },            // all of device 1, none of device 0
	{ 9, 0, 2, 2, 9, 7, 5 },               // a page
	{ 5, 0, 2, 2, 5, 3, 1 },               // the next, from where the first said
	{ 1, 0, 2, 1, 1, 1, 0 },               // the last one
	{ 9, 1 << KIND_BOOT, 10, 1, 1, 1, 0 },      // one kind
	{ 10, 1 << KIND_BOOT, 10, 1, 6, 6, 0 },
	{ 10, 1 << KIND_BOOT, 1, 1, 6, 6, 4 },      // full at once: goes on below, though nothing will come
	{ 9, 1 << KIND_HEARTBEAT, 2, 2, 9, 7, 5 },
	{ 9, 1 << 12, 10, 0, 0, 0, 0 },             // a kind that it never sent
	{ 10, 1 << KIND_BOOT | 1 << KIND_HEARTBEAT, 10, 5, 10, 2, 0 }, // several kinds
	{ 9, 0, 0, 0, 0, 0, 9 },               // limit 0: nothing read
	{ 77, 0, 10, 0, 0, 0, 0 },             // no such row
};

static void test_pages_of_a_walk(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct shown shown = { 0 };
		uint64_t next = 1234;
		assert_int_equal(store_record_walk(store, pages[i].n, pages[i].kinds, pages[i].limit, show, &shown, &next), pages[i].count);
		assert_int_equal(shown.count, pages[i].count);
		assert_int_equal(next, pages[i].next);
		if (pages[i].count) {
			assert_int_equal(shown.rows[0].n, pages[i].first);
			assert_int_equal(shown.rows[shown.count - 1].n, pages[i].last);
		}
	}
}

// Retention took the older half: the walk ends there, and is no error.
static void test_a_walk_into_deleted_rows(void **state)
{
	struct scratch *scratch = *state;
	struct shown shown = { 0 };
	uint64_t next = 1234, oldest, newest;
	scratch_sql(scratch->path, "DELETE FROM record WHERE n<=4");
	assert_int_equal(store_record_walk(scratch->store, 9, 0, 10, show, &shown, &next), 3);
	assert_int_equal(next, 0);
	assert_int_equal(store_record_bounds(scratch->store, &oldest, &newest), 0);
	assert_int_equal(oldest, 5);
	assert_int_equal(newest, 10);
}

// Looking for a rare kind in a long history must not hold up the loop: it stops, shows nothing, and says where to go on.
static void test_a_walk_looks_at_a_bounded_number_of_rows(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	uint64_t n = 0, next = 0;
	assert_int_equal(store_begin(store), 0);
	for (int i = 0; i < STORE_SEARCH_MAX + 5; i++)
		n = append(store, 0, KIND_HEARTBEAT, n);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_record_walk(store, n, 1 << KIND_BOOT, 1, show, &shown, &next), 0);
	assert_int_equal(next, 5);
	assert_int_equal(store_record_walk(store, next, 1 << KIND_BOOT, 1, show, &shown, &next), 0);
	assert_int_equal(next, 0);
}

static void test_after_is_in_order_and_complete(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	assert_int_equal(store_record_after(store, 4, show, &shown), 0);
	assert_int_equal(shown.count, 6);
	for (unsigned i = 0; i < shown.count; i++)
		assert_int_equal(shown.rows[i].n, 5 + i);
	shown.count = 0;
	assert_int_equal(store_record_after(store, 10, show, &shown), 0);
	assert_int_equal(shown.count, 0);
}

// A chunk is what a reader takes in one turn of the loop: from, limit -> rows, in order, from the next one on.
static void test_chunks_join_without_a_seam(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	assert_int_equal(store_record_chunk(store, 0, 4, show, &shown), 4);
	assert_int_equal(store_record_chunk(store, shown.rows[3].n, 4, show, &shown), 4);
	assert_int_equal(store_record_chunk(store, shown.rows[7].n, 4, show, &shown), 2);
	assert_int_equal(store_record_chunk(store, shown.rows[9].n, 4, show, &shown), 0);
	assert_int_equal(shown.count, 10);
	for (unsigned i = 0; i < shown.count; i++)
		assert_int_equal(shown.rows[i].n, 1 + i);
	shown = (struct shown){ .stop_at = 2 };
	assert_int_equal(store_record_chunk(store, 0, 4, show, &shown), 77);
	assert_int_equal(shown.count, 2);
}

// The callback's own value ends each walk and comes back; the statement is free for the next one.
static void test_a_callback_can_end_it(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { .stop_at = 2 };
	uint64_t next;
	assert_int_equal(store_record_after(store, 0, show, &shown), 77);
	assert_int_equal(shown.count, 2);
	shown = (struct shown){ .stop_at = 3 };
	assert_int_equal(store_record_walk(store, 9, 0, 10, show, &shown, &next), 77);
	assert_int_equal(shown.count, 3);
	shown = (struct shown){ .stop_at = 1 };
	assert_int_equal(store_record_read(store, 9, show, &shown), 77);
	shown = (struct shown){ 0 };
	assert_int_equal(store_record_after(store, 0, show, &shown), 0);
	assert_int_equal(shown.count, 10);
}

// The log was emptied by retention after its snapshot: numbers go on, else `folded through` would hide the new rows at the next start.
static void test_numbers_go_on_after_the_log_is_empty(void **state)
{
	struct scratch *scratch = *state;
	scratch_close(scratch);
	scratch_sql(scratch->path, "DELETE FROM record; INSERT INTO meta(key, value) VALUES('folded_through', 10)");
	scratch_open(scratch);
	assert_int_equal(append(scratch->store, 0, KIND_BOOT, 0), 11);
}

int main(void)
{
#define ROW(test, setup) cmocka_unit_test_setup_teardown(test, setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_a_row_comes_back_as_it_was, scratch_setup),
		ROW(test_the_largest_body_and_one_more, scratch_setup),
		ROW(test_rows_that_are_not_there, scratch_setup),
		ROW(test_pages_of_a_walk, setup_ten),
		ROW(test_a_walk_into_deleted_rows, setup_ten),
		ROW(test_a_walk_looks_at_a_bounded_number_of_rows, scratch_setup),
		ROW(test_after_is_in_order_and_complete, setup_ten),
		ROW(test_chunks_join_without_a_seam, setup_ten),
		ROW(test_a_callback_can_end_it, setup_ten),
		ROW(test_numbers_go_on_after_the_log_is_empty, setup_ten),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
