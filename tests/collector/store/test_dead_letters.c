// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/dead_letters.h"
#include "tests/collector/store/fixture.h"

static uint8_t payload[DEAD_LETTER_PAYLOAD_MAX + 100];
static uint64_t first_n;
static unsigned count;

static int show(void *context, const struct dead_letter *letter)
{
	(void)context;
	if (!count++)
		first_n = letter->n;
	assert_string_equal(letter->topic, "muster/v1/a/up");
	assert_string_equal(letter->device, "a");
	assert_string_equal(letter->reason, "why");
	assert_int_equal(letter->epoch, 7);
	assert_int_equal(letter->seq, 8);
	assert_int_equal(letter->size, sizeof payload);
	assert_int_equal(letter->payload.size, DEAD_LETTER_PAYLOAD_MAX); // cut
	return 0;
}

static struct dead_letter make(size_t size)
{
	return (struct dead_letter){ .recv_ms = 5, .topic = "muster/v1/a/up", .device = "a", .epoch = 7, .seq = 8, .reason = "why", .size = size,
		.payload = { payload, size } };
}

static void test_letters_come_back_newest_first_and_cut(void **unused)
{
	(void)unused;
	struct dead_letter letter = make(sizeof payload);
	for (int i = 0; i < 5; i++)
		assert_int_equal(store_dead_letter_add(fixture_store, &letter), 0);
	count = 0;
	assert_int_equal(store_dead_letter_list(fixture_store, 0, 3, show, 0), 3);
	assert_int_equal(first_n, 5);
	count = 0;
	assert_int_equal(store_dead_letter_list(fixture_store, 3, 10, show, 0), 2);
	assert_int_equal(first_n, 2);
}

static void test_oldest_make_room_by_bytes(void **unused)
{
	(void)unused;
	enum { FIT = DEAD_LETTER_BYTES_MAX / DEAD_LETTER_PAYLOAD_MAX };
	struct dead_letter letter = make(sizeof payload);
	uint64_t rows, bytes;
	assert_int_equal(store_begin(fixture_store), 0);
	for (int i = 0; i < FIT + 3; i++)
		assert_int_equal(store_dead_letter_add(fixture_store, &letter), i >= FIT);
	assert_int_equal(store_commit(fixture_store), 0);
	fixture_reopen();
	assert_int_equal(store_dead_letter_count(fixture_store, &rows, &bytes), 0);
	assert_int_equal(rows, FIT);
	assert_int_equal(bytes, DEAD_LETTER_BYTES_MAX);
}

static void test_oldest_make_room_by_count(void **unused)
{
	(void)unused;
	struct dead_letter letter = make(1);
	uint64_t rows, bytes;
	assert_int_equal(store_begin(fixture_store), 0);
	for (int i = 0; i < DEAD_LETTERS_MAX + 2; i++)
		assert_int_equal(store_dead_letter_add(fixture_store, &letter), i >= DEAD_LETTERS_MAX);
	assert_int_equal(store_commit(fixture_store), 0);
	assert_int_equal(store_dead_letter_count(fixture_store, &rows, &bytes), 0);
	assert_int_equal(rows, DEAD_LETTERS_MAX);
}

static void test_count_is_right_after_a_rollback(void **unused)
{
	(void)unused;
	struct dead_letter letter = make(10);
	uint64_t rows, bytes;
	assert_int_equal(store_dead_letter_add(fixture_store, &letter), 0);
	assert_int_equal(store_begin(fixture_store), 0);
	assert_int_equal(store_dead_letter_add(fixture_store, &letter), 0);
	store_rollback(fixture_store);
	assert_int_equal(store_dead_letter_count(fixture_store, &rows, &bytes), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(bytes, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_letters_come_back_newest_first_and_cut, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_oldest_make_room_by_bytes, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_oldest_make_room_by_count, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_count_is_right_after_a_rollback, fixture_make, fixture_clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
