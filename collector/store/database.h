// SPDX-License-Identifier: Apache-2.0
// Inside of store/: the opened database, its prepared statements, and how an SQLite result becomes a store_err with words.
// Nothing outside of store/ and its tests includes this.
#ifndef COLLECTOR_STORE_DATABASE_H
#define COLLECTOR_STORE_DATABASE_H
#include <sqlite3.h>
#include "collector/store/cursors.h"
#include "collector/store/store.h"

// One SQL text each in database.c; prepared at first use, kept until the store is closed.
enum statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_META_GET,
	SQL_META_SET,
	SQL_PROBE,
	SQL_PAGES,
	SQL_FREE_PAGES,
	SQL_RECORD_APPEND,
	SQL_RECORD_READ,
	SQL_RECORD_AFTER,
	SQL_RECORD_CHUNK,
	SQL_RECORD_OLDEST,
	SQL_RECORD_NEWEST,
	SQL_RECORD_DELETE,
	SQL_DEVICE_ADD,
	SQL_DEVICE_LOAD,
	SQL_DEVICE_SNAPSHOT,
	SQL_LETTER_ADD,
	SQL_LETTER_LIST,
	SQL_LETTER_AFTER,
	SQL_LETTER_COUNT,
	SQL_LETTER_OLDEST,
	SQL_LETTER_DELETE,
	SQL_COMMAND_COUNTER,
	SQL_COMMAND_ADD,
	SQL_COMMAND_UPDATE,
	SQL_COMMAND_READ,
	SQL_COMMAND_LIST,
	SQL_COMMAND_LIST_DEVICE,
	SQL_COMMAND_OPEN,
	SQL_TOKEN_ADD,
	SQL_TOKEN_REVOKE,
	SQL_TOKEN_FIND,
	SQL_TOKEN_LIST,
	SQL_AUDIT_ADD,
	SQL_AUDIT_LIST,
	SQL_TRANSITION_ADD,
	SQL_TRANSITION_AFTER,
	SQL_TRANSITION_BEFORE,
	SQL_TRANSITION_OF,
	SQL_TRANSITION_OLDEST,
	SQL_TRANSITION_NEWEST,
	SQL_TRANSITION_OLDEST_TIME,
	SQL_TRANSITION_DELETE,
	SQL_ALERT_PUT,
	SQL_ALERT_DROP,
	SQL_ALERT_EACH,
	SQL_ALERT_OF,
	SQL_WINDOWS_SET,
	SQL_WINDOWS_LOAD,
	SQL_COUNT
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	int lock_fd; // -1: not held
	bool owner, unclean, in_transaction;
	int page_bytes;
	uint64_t next_n, next_n_at_begin;
	bool letters_counted; // the next two are known
	uint64_t letter_rows, letter_bytes;
	bool cursor_used[CURSOR_COUNT];
	struct store_fault fault;
};

// The statement, reset and without bindings, or 0 (fault is set).
sqlite3_stmt *store_statement(struct store *store, enum statement statement);

// Steps a statement that gives no rows, resets it. Returns 0 or STORE_E*.
int store_run(struct store *store, sqlite3_stmt *statement);

// Sets the fault for an SQLite result code of this database; returns its negative store_err. SQLITE_OK, ROW and DONE give 0.
int store_failed(struct store *store, int rc);

void store_bind_blob(sqlite3_stmt *statement, int column, struct store_blob blob);
void store_bind_text(sqlite3_stmt *statement, int column, const char *text, size_t most); // cut after most bytes
struct store_blob store_column_blob(sqlite3_stmt *statement, int column);
const char *store_column_text(sqlite3_stmt *statement, int column); // "" for NULL

// The number that a statement of one row and one column gives; 0 for NULL or on an error.
int store_read_number(struct store *store, enum statement statement, uint64_t *number);

// Counts that the database keeps under a key; -STORE_ENOENT if there is none.
int store_meta_get(struct store *store, const char *key, uint64_t *value);
int store_meta_set(struct store *store, const char *key, uint64_t value);

#endif
