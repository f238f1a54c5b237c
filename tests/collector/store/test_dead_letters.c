// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/dead_letters.h"
#include "tests/collector/store/scratch.h"

enum { SHOWN_MAX = 8 };

struct shown {
	unsigned count;
	struct dead_letter rows[SHOWN_MAX];
	char reasons[SHOWN_MAX][400], topics[SHOWN_MAX][400];
	uint8_t first_byte[SHOWN_MAX];
};

static int show(void *context, const struct dead_letter *letter)
{
	struct shown *shown = context;
	assert_true(shown->count < SHOWN_MAX);
	snprintf(shown->reasons[shown->count], sizeof shown->reasons[0], "%s", letter->reason);
	snprintf(shown->topics[shown->count], sizeof shown->topics[0], "%s", letter->topic);
	shown->first_byte[shown->count] = letter->payload.size ? *(const uint8_t *)letter->payload.bytes : 0;
	shown->rows[shown->count++] = *letter;
	return 0;
}

static int add(struct store *store, const void *bytes, size_t size)
{
	struct dead_letter letter = { .recv_ms = 1000,
		.topic = "muster/v1/a/up",
		.device = "a",
		.reason = "bad",
		.size = size,
		.payload = { bytes, size } };
	return store_dead_letter_add(store, &letter);
}

static void count(struct store *store, uint64_t *rows, uint64_t *bytes)
{
	assert_int_equal(store_dead_letter_count(store, rows, bytes), 0);
}

static void test_a_letter_comes_back_as_it_was(void **state)
{
	struct scratch *scratch = *state;
	struct dead_letter letter = {
		.recv_ms = UINT64_C(1790000000123),
		.topic = "muster/v1/dev-1/up",
		.device = "dev-1",
		.epoch = UINT64_C(0xfedcba9876543210),
		.seq = 42,
		.reason = "record is not well formed",
		.size = 3,
		.payload = { "\0\1\2", 3 },
	};
	struct shown shown = { 0 };
	assert_int_equal(store_dead_letter_add(scratch->store, &letter), 0);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_dead_letter_list(scratch->store, 0, 10, show, &shown), 1);
	assert_true(shown.rows[0].n > 0);
	assert_true(shown.rows[0].recv_ms == letter.recv_ms);
	assert_true(shown.rows[0].epoch == letter.epoch);
	assert_int_equal(shown.rows[0].seq, 42);
	assert_int_equal(shown.rows[0].size, 3);
	assert_int_equal(shown.rows[0].payload.size, 3);
	assert_string_equal(shown.reasons[0], letter.reason);
	assert_string_equal(shown.topics[0], letter.topic);
	uint64_t rows, bytes;
	count(scratch->store, &rows, &bytes); // counted again after the restart
	assert_int_equal(rows, 1);
	assert_int_equal(bytes, 3);
}

// Whatever a stranger publishes fits: long topics, no payload, payloads without end.
static void test_what_is_long_is_cut(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	static uint8_t bytes[DEAD_LETTER_PAYLOAD_MAX];
	char topic[1000];
	memset(topic, 't', sizeof topic - 1);
	topic[sizeof topic - 1] = 0;
	memset(bytes, 7, sizeof bytes);
	struct dead_letter letter = { .topic = topic,
		.device = "",
		.reason = topic,
		.size = 100 * sizeof bytes,
		.payload = { bytes, sizeof bytes } };
	struct shown shown = { 0 };
	assert_int_equal(store_dead_letter_add(store, &letter), 0);
	assert_int_equal(add(store, 0, 0), 0);
	assert_int_equal(store_dead_letter_list(store, 0, 10, show, &shown), 2);
	assert_int_equal(shown.rows[0].payload.size, 0); // newest first
	assert_int_equal(shown.rows[1].size, 100 * sizeof bytes); // its own length is kept
	assert_int_equal(shown.rows[1].payload.size, DEAD_LETTER_PAYLOAD_MAX);
	assert_in_range(strlen(shown.topics[1]), 64, 399); // cut, but still of use
	assert_in_range(strlen(shown.reasons[1]), 64, 399);
}

static void test_payload_beyond_the_limit_is_cut(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	static uint8_t bytes[DEAD_LETTER_PAYLOAD_MAX + 100];
	uint64_t rows, total;
	assert_int_equal(add(store, bytes, sizeof bytes), 0);
	count(store, &rows, &total);
	assert_int_equal(total, DEAD_LETTER_PAYLOAD_MAX);
}

static void test_pages(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown first = { 0 }, second = { 0 }, none = { 0 };
	for (uint8_t i = 1; i <= 5; i++)
		assert_int_equal(add(store, &i, 1), 0);
	assert_int_equal(store_dead_letter_list(store, 0, 3, show, &first), 3);
	assert_int_equal(first.first_byte[0], 5);
	assert_int_equal(first.first_byte[2], 3);
	assert_int_equal(store_dead_letter_list(store, first.rows[2].n, 3, show, &second), 2);
	assert_int_equal(second.first_byte[0], 2);
	assert_int_equal(second.first_byte[1], 1);
	assert_int_equal(store_dead_letter_list(store, second.rows[1].n, 3, show, &none), 0);
	assert_int_equal(none.count, 0);
}

// A device gone mad sends a bad payload every second: the oldest letters make room, the disk does not fill.
static void test_the_number_of_letters_is_bounded(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	uint64_t rows, bytes;
	struct shown shown = { 0 };
	assert_int_equal(store_begin(store), 0);
	for (int i = 0; i < DEAD_LETTERS_MAX; i++)
		assert_int_equal(add(store, "x", 1), 0);
	count(store, &rows, &bytes);
	assert_int_equal(rows, DEAD_LETTERS_MAX);
	for (int i = 0; i < 3; i++)
		assert_int_equal(add(store, "yz", 2), 1); // each says that one made room
	assert_int_equal(store_commit(store), 0);
	count(store, &rows, &bytes);
	assert_int_equal(rows, DEAD_LETTERS_MAX);
	assert_int_equal(bytes, DEAD_LETTERS_MAX - 3 + 6);
	assert_int_equal(store_dead_letter_list(store, 0, 4, show, &shown), 4);
	assert_int_equal(shown.first_byte[2], 'y'); // the new ones are there
	assert_int_equal(shown.first_byte[3], 'x');
	assert_int_equal(scratch_number(((struct scratch *)*state)->path, "SELECT min(n) FROM dead_letter"), 4);
}

static void test_the_bytes_of_letters_are_bounded(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	static uint8_t payload[DEAD_LETTER_PAYLOAD_MAX];
	const int fit = DEAD_LETTER_BYTES_MAX / DEAD_LETTER_PAYLOAD_MAX;
	uint64_t rows, bytes;
	assert_int_equal(store_begin(store), 0);
	for (int i = 0; i < fit; i++)
		assert_int_equal(add(store, payload, sizeof payload), 0);
	count(store, &rows, &bytes);
	assert_int_equal(bytes, DEAD_LETTER_BYTES_MAX); // exactly full is allowed
	assert_int_equal(add(store, payload, 1), 1); // one byte more costs one letter
	assert_int_equal(add(store, payload, 1), 0);
	assert_int_equal(store_commit(store), 0);
	count(store, &rows, &bytes);
	assert_int_equal(rows, fit + 1);
	assert_int_equal(bytes, DEAD_LETTER_BYTES_MAX - DEAD_LETTER_PAYLOAD_MAX + 2);
}

static void test_a_rollback_takes_the_count_back(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	uint64_t rows, bytes;
	assert_int_equal(add(store, "x", 1), 0);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(add(store, "yyyy", 4), 0);
	store_rollback(store);
	count(store, &rows, &bytes);
	assert_int_equal(rows, 1);
	assert_int_equal(bytes, 1);
}

// Oldest first, for a reader behind a cursor; what made room meanwhile is simply not there any more.
static void test_after_a_number(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	for (char i = 0; i < 5; i++)
		assert_int_equal(add(store, &i, 1), 0);
	assert_int_equal(store_dead_letter_after(store, 0, 2, show, &shown), 2);
	assert_int_equal(store_dead_letter_after(store, shown.rows[1].n, 10, show, &shown), 3);
	assert_int_equal(store_dead_letter_after(store, shown.rows[4].n, 10, show, &shown), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(shown.first_byte[i], i);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_a_letter_comes_back_as_it_was),
		ROW(test_what_is_long_is_cut),
		ROW(test_payload_beyond_the_limit_is_cut),
		ROW(test_pages),
		ROW(test_after_a_number),
		ROW(test_the_number_of_letters_is_bounded),
		ROW(test_the_bytes_of_letters_are_bounded),
		ROW(test_a_rollback_takes_the_count_back),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
