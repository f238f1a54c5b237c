// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/store/cursors.h"
#include "tests/collector/store/scratch.h"

static const enum store_cursor both[] = { CURSOR_KAFKA_TRANSITIONS, CURSOR_WEBHOOK };

static uint64_t at(struct store *store, enum store_cursor cursor)
{
	uint64_t n = 99;
	assert_int_equal(store_cursor_get(store, cursor, &n), 0);
	return n;
}

static uint64_t lowest(struct store *store)
{
	uint64_t n = 99;
	assert_int_equal(store_cursor_lowest(store, both, 2, &n), 0);
	return n;
}

static void test_each_has_its_own_place_and_keeps_it(void **state)
{
	struct scratch *scratch = *state;
	for (int cursor = 0; cursor < CURSOR_COUNT; cursor++) {
		assert_int_equal(at(scratch->store, cursor), 0); // never stored
		assert_int_equal(store_cursor_set(scratch->store, cursor, 100 + (uint64_t)cursor), 0);
	}
	scratch_close(scratch);
	scratch_open(scratch);
	for (int cursor = 0; cursor < CURSOR_COUNT; cursor++)
		assert_int_equal(at(scratch->store, cursor), 100 + cursor);
}

// The first use decides where a reader begins, even if it begins with nothing; later starts go on where it was.
static void test_a_reader_begins_once(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(store_cursor_begin(store, CURSOR_WEBHOOK, 0), 0);
	assert_int_equal(store_cursor_begin(store, CURSOR_WEBHOOK, 12), 0); // 12 happened while it was away: it must still see them
	assert_int_equal(at(store, CURSOR_WEBHOOK), 0);
	assert_int_equal(store_cursor_begin(store, CURSOR_KAFKA_LETTERS, 12), 0);
	assert_int_equal(at(store, CURSOR_KAFKA_LETTERS), 12);
}

static void test_it_is_part_of_the_open_transaction(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_cursor_set(store, CURSOR_WEBHOOK, 7), 0);
	store_rollback(store);
	assert_int_equal(at(store, CURSOR_WEBHOOK), 0);
}

// Only a reader in use holds anything; one that never read holds all.
static void test_the_lowest_in_use(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(store_cursor_set(store, CURSOR_KAFKA_TRANSITIONS, 5), 0);
	assert_true(lowest(store) == UINT64_MAX);
	store_cursor_use(store, CURSOR_KAFKA_TRANSITIONS, true);
	assert_int_equal(lowest(store), 5);
	store_cursor_use(store, CURSOR_WEBHOOK, true);
	assert_int_equal(lowest(store), 0);
	assert_int_equal(store_cursor_set(store, CURSOR_WEBHOOK, 9), 0);
	assert_int_equal(lowest(store), 5);
	store_cursor_use(store, CURSOR_KAFKA_TRANSITIONS, false);
	assert_int_equal(lowest(store), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_has_its_own_place_and_keeps_it, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_reader_begins_once, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_it_is_part_of_the_open_transaction, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_the_lowest_in_use, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
