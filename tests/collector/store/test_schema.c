// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "collector/store/schema.h"

static int64_t number(sqlite3 *db, const char *text)
{
	sqlite3_stmt *ask = 0;
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &ask, 0), SQLITE_OK);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	int64_t answer = sqlite3_column_int64(ask, 0);
	sqlite3_finalize(ask);
	return answer;
}

static int setup(void **state)
{
	return sqlite3_open(":memory:", (sqlite3 **)state);
}

static int teardown(void **state)
{
	return sqlite3_close(*state);
}

static void test_an_empty_database_gets_all_tables(void **state)
{
	static const char *const tables[] = { "meta", "record", "device", "dead_letter", "command", "command_counter", "token", "audit" };
	char text[120];
	assert_int_equal(schema_migrate(*state, 0), SQLITE_OK);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		snprintf(text, sizeof text, "SELECT count(*) FROM sqlite_master WHERE type='table' AND name='%s'", tables[i]);
		assert_int_equal(number(*state, text), 1);
	}
	assert_int_equal(number(*state, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
	assert_int_equal(number(*state, "PRAGMA user_version"), schema_version());
	assert_true(schema_version() >= 1);
}

// A commit appends to the log; an index would dirty one page more for each device.
static void test_the_record_log_has_no_index(void **state)
{
	assert_int_equal(schema_migrate(*state, 0), SQLITE_OK);
	assert_int_equal(number(*state, "SELECT count(*) FROM sqlite_master WHERE type='index' AND tbl_name='record'"), 0);
}

// Numbers that people and pages refer to are never given out twice, even after the newest row was deleted.
static void test_listed_numbers_are_not_used_again(void **state)
{
	assert_int_equal(schema_migrate(*state, 0), SQLITE_OK);
	assert_int_equal(number(*state,
				 "SELECT count(*) FROM sqlite_master WHERE name IN ('dead_letter','command','audit')"
				 " AND sql LIKE '%AUTOINCREMENT%'"),
		3);
}

static void test_the_current_version_is_left_alone(void **state)
{
	assert_int_equal(schema_migrate(*state, 0), SQLITE_OK);
	int64_t before = number(*state, "PRAGMA schema_version");
	assert_int_equal(schema_migrate(*state, schema_version()), SQLITE_OK);
	assert_int_equal(number(*state, "PRAGMA schema_version"), before);
}

// One step fails in its middle (a table of that name is there): the version stays and none of the step's tables is left.
static void test_a_failed_step_leaves_nothing(void **state)
{
	assert_int_equal(sqlite3_exec(*state, "CREATE TABLE audit(x)", 0, 0, 0), SQLITE_OK);
	assert_int_not_equal(schema_migrate(*state, 0), SQLITE_OK);
	assert_int_equal(number(*state, "SELECT count(*) FROM sqlite_master"), 1);
	assert_int_equal(number(*state, "PRAGMA user_version"), 0);
	assert_int_equal(number(*state, "PRAGMA application_id"), 0);
	assert_int_not_equal(sqlite3_get_autocommit(*state), 0); // no transaction is left open
	assert_int_equal(sqlite3_exec(*state, "DROP TABLE audit", 0, 0, 0), SQLITE_OK);
	assert_int_equal(schema_migrate(*state, 0), SQLITE_OK);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_an_empty_database_gets_all_tables),
		ROW(test_the_record_log_has_no_index),
		ROW(test_listed_numbers_are_not_used_again),
		ROW(test_the_current_version_is_left_alone),
		ROW(test_a_failed_step_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
