// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sqlite3.h>
#include "collector/ingest/store_watch.h"
#include "collector/store/database.h"
#include "tests/collector/store/scratch.h"

static void test_stops_once_and_goes_again(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct counters counters = { 0 };
	struct store_watch watch;
	store_watch_init(&watch, store, &counters);
	assert_false(store_watch_probe(&watch, 0)); // not stopped
	assert_int_equal(sqlite3_exec(store->db, "PRAGMA max_page_count=1", 0, 0, 0), SQLITE_OK);
	assert_int_equal(store_probe(store), -STORE_EFULL);
	store_watch_failed(&watch, 1000);
	store_watch_failed(&watch, 1100); // a second failure is no second stop
	assert_true(watch.is_stopped);
	assert_int_equal(counters.store_stops, 1);
	assert_int_equal(counters.store_stopped, 1);
	assert_non_null(strstr(watch.why.what, "full"));
	assert_false(store_watch_probe(&watch, 2000));
	assert_int_equal(counters.store_probes_failed, 1);
	assert_int_equal(sqlite3_exec(store->db, "PRAGMA max_page_count=100000", 0, 0, 0), SQLITE_OK);
	assert_true(store_watch_probe(&watch, 3000));
	assert_false(watch.is_stopped);
	assert_int_equal(counters.store_stopped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_stops_once_and_goes_again, scratch_setup,
		scratch_teardown) };
	return cmocka_run_group_tests(tests, 0, 0);
}
