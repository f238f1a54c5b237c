// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/devices.h"
#include "tests/collector/store/scratch.h"

enum { LOADED_MAX = 8 };

struct loaded {
	unsigned count, stop_at;
	struct store_device rows[LOADED_MAX];
	char ids[LOADED_MAX][40];
	uint8_t snapshots[LOADED_MAX][16];
};

static int load(void *context, const struct store_device *device)
{
	struct loaded *loaded = context;
	assert_true(loaded->count < LOADED_MAX && device->snapshot.size <= 16);
	snprintf(loaded->ids[loaded->count], sizeof loaded->ids[0], "%s", device->id);
	if (device->snapshot.size)
		memcpy(loaded->snapshots[loaded->count], device->snapshot.bytes, device->snapshot.size);
	loaded->rows[loaded->count++] = *device;
	return loaded->count == loaded->stop_at ? 77 : 0;
}

static int setup_three(void **state)
{
	int err = scratch_setup(state);
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(store_device_add(store, 0, "a", 1000), 0);
	assert_int_equal(store_device_add(store, 2, "c", 3000), 0); // the order of insertion is not the order of loading
	assert_int_equal(store_device_add(store, 1, "B_-9", 2000), 0);
	return err;
}

static void test_loaded_in_the_order_of_dev(void **state)
{
	struct scratch *scratch = *state;
	struct loaded loaded = { 0 };
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_device_load(scratch->store, load, &loaded), 0);
	assert_int_equal(loaded.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(loaded.rows[i].dev, i);
		assert_int_equal(loaded.rows[i].first_seen_ms, 1000 * (i + 1));
		assert_int_equal(loaded.rows[i].snapshot.size, 0); // empty until the first
	}
	assert_string_equal(loaded.ids[1], "B_-9");
}

static void test_an_id_and_a_number_are_given_once(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct loaded loaded = { 0 };
	assert_int_equal(store_device_add(store, 3, "a", 4000), -STORE_EEXIST);
	assert_int_equal(store_device_add(store, 2, "d", 4000), -STORE_EEXIST);
	assert_int_equal(store_device_add(store, 3, "A", 4000), 0); // ids tell cases apart
	assert_int_equal(store_device_load(store, load, &loaded), 0);
	assert_int_equal(loaded.count, 4);
}

static void test_a_snapshot_replaces_the_one_before(void **state)
{
	struct scratch *scratch = *state;
	struct loaded loaded = { 0 };
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(store_device_snapshot(scratch->store, 1, (struct store_blob){ "long and old", 12 }), 0);
	assert_int_equal(store_device_snapshot(scratch->store, 1, (struct store_blob){ "n\0w", 3 }), 0);
	assert_int_equal(store_set_folded_through(scratch->store, 41), 0);
	assert_int_equal(store_commit(scratch->store), 0);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_device_load(scratch->store, load, &loaded), 0);
	assert_int_equal(loaded.rows[0].snapshot.size, 0); // the neighbour has none still
	assert_int_equal(loaded.rows[1].snapshot.size, 3);
	assert_memory_equal(loaded.snapshots[1], "n\0w", 3);
	assert_int_equal(loaded.rows[1].first_seen_ms, 2000);
}

// A snapshot and the number that it reaches go together or not at all.
static void test_a_rollback_takes_both_back(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct loaded loaded = { 0 };
	uint64_t n = 9;
	assert_int_equal(store_folded_through(store, &n), 0);
	assert_int_equal(n, 0); // never written
	assert_int_equal(store_set_folded_through(store, 5), 0);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_device_snapshot(store, 0, (struct store_blob){ "x", 1 }), 0);
	assert_int_equal(store_set_folded_through(store, 6), 0);
	store_rollback(store);
	assert_int_equal(store_folded_through(store, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(store_device_load(store, load, &loaded), 0);
	assert_int_equal(loaded.rows[0].snapshot.size, 0);
}

static void test_a_callback_ends_the_load(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct loaded loaded = { .stop_at = 2 };
	assert_int_equal(store_device_load(store, load, &loaded), 77);
	assert_int_equal(loaded.count, 2);
	loaded = (struct loaded){ 0 };
	assert_int_equal(store_device_load(store, load, &loaded), 0); // from the start again
	assert_int_equal(loaded.count, 3);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup_three, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_loaded_in_the_order_of_dev),
		ROW(test_an_id_and_a_number_are_given_once),
		ROW(test_a_snapshot_replaces_the_one_before),
		ROW(test_a_rollback_takes_both_back),
		ROW(test_a_callback_ends_the_load),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
