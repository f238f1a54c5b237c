// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/database.h"
#include "tests/collector/store/scratch.h"

// A spelling error in a statement that is seldom used would else be found in the field.
static void test_every_statement_compiles_once(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	for (int i = 0; i < SQL_COUNT; i++) {
		sqlite3_stmt *statement = store_statement(store, (enum statement)i);
		if (!statement)
			fail_msg("statement %d: %s", i, store_fault(store)->what);
		assert_ptr_equal(store_statement(store, (enum statement)i), statement);
	}
}

static const struct {
	int rc, err;
} codes[] = {
	{ SQLITE_OK, 0 },
	{ SQLITE_ROW, 0 },
	{ SQLITE_DONE, 0 },
	{ SQLITE_FULL, -STORE_EFULL },
	{ SQLITE_READONLY, -STORE_EREADONLY },
	{ SQLITE_READONLY_DIRECTORY, -STORE_EREADONLY }, // extended codes follow their primary one
	{ SQLITE_PERM, -STORE_EREADONLY },
	{ SQLITE_CANTOPEN, -STORE_EREADONLY },
	{ SQLITE_CORRUPT, -STORE_EDAMAGED },
	{ SQLITE_CORRUPT_INDEX, -STORE_EDAMAGED },
	{ SQLITE_NOTADB, -STORE_EFOREIGN },
	{ SQLITE_BUSY, -STORE_EBUSY },
	{ SQLITE_BUSY_SNAPSHOT, -STORE_EBUSY },
	{ SQLITE_LOCKED, -STORE_EBUSY },
	{ SQLITE_CONSTRAINT_UNIQUE, -STORE_EEXIST },
	{ SQLITE_TOOBIG, -STORE_ELIMIT },
	{ SQLITE_IOERR_FSYNC, -STORE_EIO },
	{ SQLITE_NOMEM, -STORE_EIO },                    // no row of its own: still an error with words
	{ SQLITE_MISUSE, -STORE_EIO },
};

static void test_every_code_has_words(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		memset(&store->fault, 0, sizeof store->fault);
		assert_int_equal(store_failed(store, codes[i].rc), codes[i].err);
		assert_int_equal(store_fault(store)->err, codes[i].err);
		assert_int_equal(store_fault(store)->what[0] != 0, codes[i].err != 0);
		assert_int_equal(store_fault(store)->remedy[0] != 0, codes[i].err != 0);
		assert_null(strstr(store_fault(store)->what, "not an error")); // what SQLite says when the code is not its own
	}
}

static void test_meta(void **state)
{
	struct scratch *scratch = *state;
	uint64_t value = 5;
	assert_int_equal(store_meta_get(scratch->store, "thing", &value), -STORE_ENOENT);
	assert_int_equal(value, 5); // untouched
	assert_int_equal(store_meta_set(scratch->store, "thing", 1), 0);
	assert_int_equal(store_meta_set(scratch->store, "thing", UINT64_C(1) << 53), 0); // set again replaces
	assert_int_equal(store_meta_get(scratch->store, "thing", &value), 0);
	assert_int_equal(value, UINT64_C(1) << 53);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_meta_get(scratch->store, "thing", &value), 0);
	assert_int_equal(value, UINT64_C(1) << 53);
}

static sqlite3_stmt *question(struct store *store, const char *text)
{
	sqlite3_stmt *ask = 0;
	assert_int_equal(sqlite3_prepare_v2(store->db, text, -1, &ask, 0), SQLITE_OK);
	return ask;
}

// The tables say NOT NULL: what is absent is stored as empty.
static void test_absent_text_and_bytes_are_empty(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	sqlite3_stmt *ask = question(store, "SELECT typeof(?1), typeof(?2), length(?1), ?2");
	store_bind_text(ask, 1, 0, 10);
	store_bind_blob(ask, 2, (struct store_blob){ 0, 0 });
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	assert_string_equal(store_column_text(ask, 0), "text");
	assert_string_equal(store_column_text(ask, 1), "blob");
	assert_int_equal(sqlite3_column_int(ask, 2), 0);
	struct store_blob blob = store_column_blob(ask, 3);
	assert_null(blob.bytes);
	assert_int_equal(blob.size, 0);
	sqlite3_finalize(ask);
}

static void test_long_text_is_cut_and_null_reads_as_empty(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	sqlite3_stmt *ask = question(store, "SELECT ?1, ?2, NULL");
	store_bind_text(ask, 1, "abcdef", 4);
	store_bind_text(ask, 2, "abcd", 4); // just fits
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	assert_string_equal(store_column_text(ask, 0), "abcd");
	assert_string_equal(store_column_text(ask, 1), "abcd");
	assert_string_equal(store_column_text(ask, 2), "");
	sqlite3_finalize(ask);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_every_statement_compiles_once),
		ROW(test_every_code_has_words),
		ROW(test_meta),
		ROW(test_absent_text_and_bytes_are_empty),
		ROW(test_long_text_is_cut_and_null_reads_as_empty),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
