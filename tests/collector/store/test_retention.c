// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "collector/store/retention.h"
#include "tests/collector/store/fixture.h"

enum { RECORDS = 5 * RETENTION_CHUNK, BODY = 400 };

// Record i was received at i ms.
static int fill(void **state)
{
	static const uint8_t body[BODY];
	uint64_t n;
	fixture_make(state);
	assert_int_equal(store_begin(fixture_store), 0);
	for (uint64_t i = 1; i <= RECORDS; i++) {
		struct store_record record = { .seq = i, .recv_ms = i, .body = { body, BODY } };
		assert_int_equal(store_record_append(fixture_store, &record, &n), 0);
	}
	assert_int_equal(store_commit(fixture_store), 0);
	return 0;
}

static uint64_t run(uint64_t age_ms, uint64_t bytes_max, uint64_t wall_ms)
{
	struct retention retention = { age_ms, bytes_max };
	uint64_t oldest, newest;
	int deleted;
	while ((deleted = retention_step(fixture_store, &retention, wall_ms)) > 0)
		assert_int_equal(deleted, RETENTION_CHUNK);
	assert_int_equal(deleted, 0);
	assert_int_equal(store_record_bounds(fixture_store, &oldest, &newest), 0);
	assert_int_equal(newest, RECORDS);
	return oldest;
}

static void test_by_age(void **unused)
{
	(void)unused;
	assert_int_equal(store_set_folded_through(fixture_store, RECORDS), 0);
	assert_int_equal(run(10000, UINT64_MAX, 5000), 1);              // nothing is so old
	assert_int_equal(run(10000, UINT64_MAX, 10000 + 2500), 2001);   // a chunk goes when all of it is
	assert_int_equal(run(10000, UINT64_MAX, 0), 2001);              // a clock that went back deletes nothing
}

static void test_by_size(void **unused)
{
	(void)unused;
	assert_int_equal(store_set_folded_through(fixture_store, RECORDS), 0);
	uint64_t half = store_bytes(fixture_store) / 2;
	uint64_t oldest = run(UINT64_MAX, half, 5000);
	assert_in_range(oldest, 2001, 3001);
	assert_true(store_bytes(fixture_store) <= half);
}

static void test_never_past_the_snapshots(void **unused)
{
	(void)unused;
	assert_int_equal(run(1, 1, 1000000), 1);
	assert_int_equal(store_set_folded_through(fixture_store, 3 * RETENTION_CHUNK + 5), 0);
	assert_int_equal(run(1, 1, 1000000), 3 * RETENTION_CHUNK + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_age, fill, fixture_clean),
		cmocka_unit_test_setup_teardown(test_by_size, fill, fixture_clean),
		cmocka_unit_test_setup_teardown(test_never_past_the_snapshots, fill, fixture_clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
