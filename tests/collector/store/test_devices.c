// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/devices.h"
#include "tests/collector/store/fixture.h"

static int compare(void *context, const struct store_device *device)
{
	unsigned *seen = context;
	assert_int_equal(device->dev, *seen);
	assert_string_equal(device->id, *seen ? "second" : "first");
	assert_int_equal(device->first_seen_ms, 1000 + *seen);
	assert_int_equal(device->snapshot.size, *seen ? 4 : 0);
	if (device->snapshot.size)
		assert_memory_equal(device->snapshot.bytes, "snap", 4);
	++*seen;
	return 0;
}

static void test_devices_and_snapshots_come_back(void **unused)
{
	(void)unused;
	unsigned seen = 0;
	assert_int_equal(store_device_add(fixture_store, 0, "first", 1000), 0);
	assert_int_equal(store_device_add(fixture_store, 1, "second", 1001), 0);
	assert_int_equal(store_device_snapshot(fixture_store, 1, (struct store_blob){ "snap", 4 }), 0);
	fixture_reopen();
	assert_int_equal(store_device_load(fixture_store, compare, &seen), 0);
	assert_int_equal(seen, 2);
}

static void test_id_and_number_are_unique(void **unused)
{
	(void)unused;
	assert_int_equal(store_device_add(fixture_store, 0, "a", 1), 0);
	assert_int_equal(store_device_add(fixture_store, 1, "a", 1), -STORE_EEXIST);
	assert_int_equal(store_device_add(fixture_store, 0, "b", 1), -STORE_EEXIST);
}

static void test_folded_through(void **unused)
{
	(void)unused;
	uint64_t n = 5;
	assert_int_equal(store_folded_through(fixture_store, &n), 0);
	assert_int_equal(n, 0); // nothing yet
	assert_int_equal(store_set_folded_through(fixture_store, 41), 0);
	assert_int_equal(store_set_folded_through(fixture_store, 42), 0);
	fixture_reopen();
	assert_int_equal(store_folded_through(fixture_store, &n), 0);
	assert_int_equal(n, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_devices_and_snapshots_come_back, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_id_and_number_are_unique, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_folded_through, fixture_make, fixture_clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
