// SPDX-License-Identifier: Apache-2.0
#include "collector/store/dead_letters.h"

#include "collector/store/database.h"

enum { TEXT_MAX = 300 };

static int count_letters(struct store *store)
{
	if (store->letters_counted)
		return 0;
	sqlite3_stmt *count = store_statement(store, SQL_LETTER_COUNT);
	if (!count)
		return store->fault.err;
	int err = store_failed(store, sqlite3_step(count));
	if (!err) {
		store->letter_rows = (uint64_t)sqlite3_column_int64(count, 0);
		store->letter_bytes = (uint64_t)sqlite3_column_int64(count, 1);
		store->letters_counted = true;
	}
	sqlite3_reset(count);
	return err;
}

static int drop_oldest(struct store *store)
{
	sqlite3_stmt *oldest = store_statement(store, SQL_LETTER_OLDEST);
	sqlite3_stmt *drop = store_statement(store, SQL_LETTER_DELETE);
	if (!oldest || !drop)
		return store->fault.err;
	int rc = sqlite3_step(oldest);
	int err = rc == SQLITE_DONE ? -STORE_ENOENT : store_failed(store, rc);
	sqlite3_int64 n = err ? 0 : sqlite3_column_int64(oldest, 0);
	uint64_t bytes = err ? 0 : (uint64_t)sqlite3_column_int64(oldest, 1);
	sqlite3_reset(oldest);
	if (err)
		return err;
	sqlite3_bind_int64(drop, 1, n);
	err = store_run(store, drop);
	if (!err) {
		store->letter_rows--;
		store->letter_bytes -= bytes;
	}
	return err;
}

static int make_room(struct store *store, size_t size)
{
	int dropped = 0;
	while (store->letter_rows && (store->letter_rows >= DEAD_LETTERS_MAX || store->letter_bytes + size > DEAD_LETTER_BYTES_MAX)) {
		int err = drop_oldest(store);
		if (err)
			return err;
		dropped++;
	}
	return dropped;
}

int store_dead_letter_add(struct store *store, const struct dead_letter *letter)
{
	struct store_blob payload = letter->payload;
	if (payload.size > DEAD_LETTER_PAYLOAD_MAX)
		payload.size = DEAD_LETTER_PAYLOAD_MAX;
	int err = count_letters(store);
	int dropped = err ? err : make_room(store, payload.size);
	sqlite3_stmt *add = dropped < 0 ? 0 : store_statement(store, SQL_LETTER_ADD);
	if (!add)
		return dropped < 0 ? dropped : store->fault.err;
	sqlite3_bind_int64(add, 1, (sqlite3_int64)letter->recv_ms);
	store_bind_text(add, 2, letter->topic, TEXT_MAX);
	store_bind_text(add, 3, letter->device, TEXT_MAX);
	sqlite3_bind_int64(add, 4, (sqlite3_int64)letter->epoch);
	sqlite3_bind_int64(add, 5, (sqlite3_int64)letter->seq);
	store_bind_text(add, 6, letter->reason, TEXT_MAX);
	sqlite3_bind_int64(add, 7, (sqlite3_int64)letter->size);
	store_bind_blob(add, 8, payload);
	err = store_run(store, add);
	if (err)
		return err;
	store->letter_rows++;
	store->letter_bytes += payload.size;
	return dropped;
}

static struct dead_letter row_of(sqlite3_stmt *row)
{
	return (struct dead_letter){
		.n = (uint64_t)sqlite3_column_int64(row, 0),
		.recv_ms = (uint64_t)sqlite3_column_int64(row, 1),
		.topic = store_column_text(row, 2),
		.device = store_column_text(row, 3),
		.epoch = (uint64_t)sqlite3_column_int64(row, 4),
		.seq = (uint64_t)sqlite3_column_int64(row, 5),
		.reason = store_column_text(row, 6),
		.size = (uint64_t)sqlite3_column_int64(row, 7),
		.payload = store_column_blob(row, 8),
	};
}

// A statement for rows beyond a number, with a limit. Returns how many rows it showed, STORE_E*, or what each() returned.
static int show(struct store *store, enum statement statement, uint64_t from, unsigned limit, dead_letter_each *each, void *context)
{
	sqlite3_stmt *list = store_statement(store, statement);
	if (!list)
		return store->fault.err;
	sqlite3_bind_int64(list, 1, (sqlite3_int64)from);
	sqlite3_bind_int64(list, 2, limit);
	int rc, err = 0, shown = 0;
	while (!err && (rc = sqlite3_step(list)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct dead_letter letter = row_of(list);
		err = each(context, &letter);
		shown++;
	}
	sqlite3_reset(list);
	return err ? err : shown;
}

int store_dead_letter_list(struct store *store, uint64_t before, unsigned limit, dead_letter_each *each, void *context)
{
	return show(store, SQL_LETTER_LIST, before ? before : INT64_MAX, limit, each, context);
}

int store_dead_letter_after(struct store *store, uint64_t after, unsigned limit, dead_letter_each *each, void *context)
{
	return show(store, SQL_LETTER_AFTER, after, limit, each, context);
}

int store_dead_letter_count(struct store *store, uint64_t *rows, uint64_t *bytes)
{
	int err = count_letters(store);
	*rows = store->letter_rows;
	*bytes = store->letter_bytes;
	return err;
}
