// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/records.h"
#include "tests/collector/store/fixture.h"

static uint64_t shown[300];
static unsigned count;

static int show(void *context, const struct store_record *record)
{
	(void)context;
	shown[count++] = record->n;
	return 0;
}

// Two devices in turns, 100 records each; kind 5, every tenth of device 0 kind 6.
static uint64_t fill(void)
{
	uint64_t last[2] = { 0, 0 };
	assert_int_equal(store_begin(fixture_store), 0);
	for (uint64_t i = 0; i < 200; i++) {
		uint8_t body[3] = { (uint8_t)i, 0, 1 };
		struct store_record record = { .epoch = UINT64_MAX, .seq = i + 1, .recv_ms = 1000 + i, .prev = last[i % 2], .dev = (uint32_t)(i % 2),
			.kind = i % 20 == 0 ? 6 : 5, .body = { body, sizeof body } };
		assert_int_equal(store_record_append(fixture_store, &record, &last[i % 2]), 0);
	}
	assert_int_equal(store_commit(fixture_store), 0);
	count = 0;
	return last[0];
}

static int compare(void *context, const struct store_record *record)
{
	(void)context;
	assert_int_equal(record->n, 42);
	assert_true(record->epoch == UINT64_MAX); // all 64 bits come back
	assert_int_equal(record->seq, 42);
	assert_int_equal(record->recv_ms, 1041);
	assert_int_equal(record->prev, 40);
	assert_int_equal(record->dev, 1);
	assert_int_equal(record->kind, 5);
	assert_int_equal(record->body.size, 3);
	assert_memory_equal(record->body.bytes, "\x29\0\x01", 3);
	return 77;
}

static void test_row_comes_back_as_it_was(void **unused)
{
	(void)unused;
	fill();
	assert_int_equal(store_record_read(fixture_store, 42, compare, 0), 77);
	assert_int_equal(store_record_read(fixture_store, 201, compare, 0), -STORE_ENOENT);
}

static void test_walk_in_pages(void **unused)
{
	(void)unused;
	uint64_t next = fill();
	unsigned total = 0;
	while (next) {
		int page = store_record_walk(fixture_store, next, 0, 30, show, 0, &next);
		assert_in_range(page, 1, 30);
		total += (unsigned)page;
	}
	assert_int_equal(total, 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(shown[i], 199 - 2 * i); // newest first, all of device 0
}

static void test_walk_by_kind(void **unused)
{
	(void)unused;
	uint64_t next = fill();
	assert_int_equal(store_record_walk(fixture_store, next, 6, 100, show, 0, &next), 10);
	assert_int_equal(next, 0);
	assert_int_equal(shown[0], 181);
	assert_int_equal(shown[9], 1);
}

static void test_rows_after(void **unused)
{
	(void)unused;
	fill();
	uint64_t oldest, newest;
	assert_int_equal(store_record_after(fixture_store, 150, show, 0), 0);
	assert_int_equal(count, 50);
	assert_int_equal(shown[0], 151);
	assert_int_equal(store_record_bounds(fixture_store, &oldest, &newest), 0);
	assert_int_equal(oldest, 1);
	assert_int_equal(newest, 200);
}

static void test_record_too_large(void **unused)
{
	(void)unused;
	static uint8_t body[STORE_RECORD_BYTES_MAX + 1];
	struct store_record record = { .body = { body, sizeof body } };
	uint64_t n;
	assert_int_equal(store_begin(fixture_store), 0);
	assert_int_equal(store_record_append(fixture_store, &record, &n), -STORE_ELIMIT);
	store_rollback(fixture_store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_row_comes_back_as_it_was, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_walk_in_pages, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_walk_by_kind, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_rows_after, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_record_too_large, fixture_make, fixture_clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
