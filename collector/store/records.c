// SPDX-License-Identifier: Apache-2.0
#include "collector/store/records.h"

#include "collector/store/database.h"

int store_record_append(struct store *store, const struct store_record *record, uint64_t *n)
{
	if (record->body.size > STORE_RECORD_BYTES_MAX)
		return store_failed(store, SQLITE_TOOBIG);
	sqlite3_stmt *append = store_statement(store, SQL_RECORD_APPEND);
	if (!append)
		return store->fault.err;
	sqlite3_bind_int64(append, 1, (sqlite3_int64)store->next_n);
	sqlite3_bind_int64(append, 2, record->dev);
	sqlite3_bind_int64(append, 3, (sqlite3_int64)record->epoch);
	sqlite3_bind_int64(append, 4, (sqlite3_int64)record->seq);
	sqlite3_bind_int64(append, 5, (sqlite3_int64)record->recv_ms);
	sqlite3_bind_int64(append, 6, (sqlite3_int64)record->prev);
	sqlite3_bind_int64(append, 7, record->kind);
	store_bind_blob(append, 8, record->body);
	int err = store_run(store, append);
	if (!err)
		*n = store->next_n++;
	return err;
}

static struct store_record row_of(sqlite3_stmt *row)
{
	return (struct store_record){
		.n = (uint64_t)sqlite3_column_int64(row, 0),
		.dev = (uint32_t)sqlite3_column_int64(row, 1),
		.epoch = (uint64_t)sqlite3_column_int64(row, 2),
		.seq = (uint64_t)sqlite3_column_int64(row, 3),
		.recv_ms = (uint64_t)sqlite3_column_int64(row, 4),
		.prev = (uint64_t)sqlite3_column_int64(row, 5),
		.kind = (uint32_t)sqlite3_column_int64(row, 6),
		.body = store_column_blob(row, 7),
	};
}

int store_record_read(struct store *store, uint64_t n, store_record_each *each, void *context)
{
	sqlite3_stmt *read = store_statement(store, SQL_RECORD_READ);
	if (!read)
		return store->fault.err;
	sqlite3_bind_int64(read, 1, (sqlite3_int64)n);
	int rc = sqlite3_step(read);
	int err = rc == SQLITE_DONE ? -STORE_ENOENT : store_failed(store, rc);
	if (!err) {
		struct store_record record = row_of(read);
		err = each(context, &record);
	}
	sqlite3_reset(read);
	return err;
}

struct step {
	uint32_t kinds;
	bool shown;
	uint64_t prev;
	store_record_each *each;
	void *context;
};

static int take_step(void *context, const struct store_record *record)
{
	struct step *step = context;
	step->prev = record->prev;
	step->shown = !step->kinds || (record->kind < 32 && step->kinds & UINT32_C(1) << record->kind);
	return step->shown ? step->each(step->context, record) : 0;
}

int store_record_walk(struct store *store, uint64_t n, uint32_t kinds, unsigned limit, store_record_each *each, void *context,
	uint64_t *next)
{
	int shown = 0;
	struct step step = { .kinds = kinds, .each = each, .context = context };
	unsigned most = kinds ? STORE_SEARCH_MAX : STORE_WALK_MAX;
	for (unsigned looked = 0; n && looked < most && (unsigned)shown < limit; looked++) {
		int err = store_record_read(store, n, take_step, &step);
		if (err == -STORE_ENOENT) {
			n = 0; // retention took the rest
			break;
		}
		if (err)
			return err;
		shown += step.shown;
		n = step.prev;
	}
	*next = n;
	return shown;
}

// Shows the rows of a statement that is bound. Returns 0, STORE_E* or what each() returned; *shown counts.
static int show(struct store *store, sqlite3_stmt *rows, store_record_each *each, void *context, int *shown)
{
	int rc, err = 0;
	while (!err && (rc = sqlite3_step(rows)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct store_record record = row_of(rows);
		err = each(context, &record);
		++*shown;
	}
	sqlite3_reset(rows);
	return err;
}

int store_record_after(struct store *store, uint64_t n, store_record_each *each, void *context)
{
	int shown = 0;
	sqlite3_stmt *after = store_statement(store, SQL_RECORD_AFTER);
	if (!after)
		return store->fault.err;
	sqlite3_bind_int64(after, 1, (sqlite3_int64)n);
	return show(store, after, each, context, &shown);
}

int store_record_chunk(struct store *store, uint64_t after, unsigned limit, store_record_each *each, void *context)
{
	int shown = 0;
	sqlite3_stmt *chunk = store_statement(store, SQL_RECORD_CHUNK);
	if (!chunk)
		return store->fault.err;
	sqlite3_bind_int64(chunk, 1, (sqlite3_int64)after);
	sqlite3_bind_int64(chunk, 2, limit);
	int err = show(store, chunk, each, context, &shown);
	return err ? err : shown;
}

int store_record_bounds(struct store *store, uint64_t *oldest, uint64_t *newest)
{
	int err = store_read_number(store, SQL_RECORD_OLDEST, oldest);
	return err ? err : store_read_number(store, SQL_RECORD_NEWEST, newest);
}
