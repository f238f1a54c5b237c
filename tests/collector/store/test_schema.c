// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sqlite3.h>
#include "collector/store/schema.h"

static int read_number(sqlite3 *db, const char *question)
{
	sqlite3_stmt *ask;
	assert_int_equal(sqlite3_prepare_v2(db, question, -1, &ask, 0), SQLITE_OK);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	int answer = sqlite3_column_int(ask, 0);
	sqlite3_finalize(ask);
	return answer;
}

static void test_empty_database_becomes_ours(void **unused)
{
	(void)unused;
	sqlite3 *db;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(schema_migrate(db, 0), SQLITE_OK);
	assert_int_equal(read_number(db, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
	assert_int_equal(read_number(db, "PRAGMA user_version"), schema_version());
	assert_int_equal(schema_migrate(db, schema_version()), SQLITE_OK); // nothing left to do
	sqlite3_close(db);
}

static void test_failed_step_leaves_nothing(void **unused)
{
	(void)unused;
	sqlite3 *db;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE token(x)", 0, 0, 0), SQLITE_OK); // in the way
	assert_int_equal(schema_migrate(db, 0), SQLITE_ERROR);
	assert_int_equal(read_number(db, "SELECT count(*) FROM sqlite_master"), 1);
	assert_int_equal(read_number(db, "PRAGMA user_version"), 0);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_database_becomes_ours),
		cmocka_unit_test(test_failed_step_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
