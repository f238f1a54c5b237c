// SPDX-License-Identifier: Apache-2.0
#include "collector/store/store_alerts.h"

#include <math.h>
#include "collector/store/database.h"

enum { NAME_MAX_BYTES = 256, TEXT_MAX_BYTES = 32 * 1024 };

static void bind_number(sqlite3_stmt *statement, int column, double number)
{
	if (isnan(number))
		sqlite3_bind_null(statement, column);
	else
		sqlite3_bind_double(statement, column, number);
}

static double column_number(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(statement, column);
}

static int append(struct store *store, const struct store_transition *transition, uint64_t *n)
{
	sqlite3_stmt *add = store_statement(store, SQL_TRANSITION_ADD);
	if (!add)
		return store->fault.err;
	const uint64_t numbers[] = { transition->from, transition->to, transition->severity, transition->was_severity, transition->reason,
		transition->at_ms, transition->stored_ms, transition->started_ms, transition->fired_ms };
	sqlite3_bind_int64(add, 1, (sqlite3_int64)transition->incident);
	sqlite3_bind_int64(add, 2, transition->dev);
	store_bind_text(add, 3, transition->uid, NAME_MAX_BYTES);
	store_bind_text(add, 4, transition->name, NAME_MAX_BYTES);
	for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
		sqlite3_bind_int64(add, 5 + i, (sqlite3_int64)numbers[i]);
	bind_number(add, 14, transition->value);
	bind_number(add, 15, transition->threshold);
	store_bind_text(add, 16, transition->labels, TEXT_MAX_BYTES);
	store_bind_text(add, 17, transition->annotations, TEXT_MAX_BYTES);
	int err = store_run(store, add);
	if (!err)
		*n = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return err;
}

int store_transition_add(struct store *store, const struct store_transition *transition, uint64_t *n)
{
	int err = append(store, transition, n);
	sqlite3_stmt *put = err ? 0 : store_statement(store, transition->to ? SQL_ALERT_PUT : SQL_ALERT_DROP);
	if (!put)
		return err ? err : store->fault.err;
	sqlite3_bind_int64(put, 1, transition->dev);
	store_bind_text(put, 2, transition->uid, NAME_MAX_BYTES);
	if (transition->to)
		sqlite3_bind_int64(put, 3, (sqlite3_int64)*n);
	return store_run(store, put);
}

static struct store_transition row_of(sqlite3_stmt *row)
{
	uint64_t number[14];
	for (int i = 0; i < 14; i++)
		number[i] = i == 3 || i == 4 ? 0 : (uint64_t)sqlite3_column_int64(row, i);
	return (struct store_transition){
		.n = number[0],
		.incident = number[1],
		.dev = (uint32_t)number[2],
		.uid = store_column_text(row, 3),
		.name = store_column_text(row, 4),
		.from = (uint32_t)number[5],
		.to = (uint32_t)number[6],
		.severity = (uint32_t)number[7],
		.was_severity = (uint32_t)number[8],
		.reason = (uint32_t)number[9],
		.at_ms = number[10],
		.stored_ms = number[11],
		.started_ms = number[12],
		.fired_ms = number[13],
		.value = column_number(row, 14),
		.threshold = column_number(row, 15),
		.labels = store_column_text(row, 16),
		.annotations = store_column_text(row, 17),
	};
}

// Shows the rows of a statement that is bound. Returns how many, or what each() returned.
static int show(struct store *store, sqlite3_stmt *rows, store_transition_each *each, void *context)
{
	int rc, err = 0, shown = 0;
	while (!err && (rc = sqlite3_step(rows)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct store_transition transition = row_of(rows);
		err = each(context, &transition);
		shown++;
	}
	sqlite3_reset(rows);
	return err ? err : shown;
}

int store_transition_after(struct store *store, uint64_t after, unsigned limit, store_transition_each *each, void *context)
{
	sqlite3_stmt *rows = store_statement(store, SQL_TRANSITION_AFTER);
	if (!rows)
		return store->fault.err;
	sqlite3_bind_int64(rows, 1, (sqlite3_int64)after);
	sqlite3_bind_int64(rows, 2, limit);
	return show(store, rows, each, context);
}

int store_transition_before(struct store *store, uint64_t before, unsigned limit, store_transition_each *each, void *context)
{
	sqlite3_stmt *rows = store_statement(store, SQL_TRANSITION_BEFORE);
	if (!rows)
		return store->fault.err;
	sqlite3_bind_int64(rows, 1, before ? (sqlite3_int64)before : INT64_MAX);
	sqlite3_bind_int64(rows, 2, limit);
	return show(store, rows, each, context);
}

int store_transition_of(struct store *store, uint32_t dev, uint64_t since_ms, unsigned limit, store_transition_each *each, void *context)
{
	sqlite3_stmt *rows = store_statement(store, SQL_TRANSITION_OF);
	if (!rows)
		return store->fault.err;
	sqlite3_bind_int64(rows, 1, dev);
	sqlite3_bind_int64(rows, 2, limit);
	sqlite3_bind_int64(rows, 3, (sqlite3_int64)since_ms);
	return show(store, rows, each, context);
}

int store_alert_each(struct store *store, store_transition_each *each, void *context)
{
	sqlite3_stmt *rows = store_statement(store, SQL_ALERT_EACH);
	return rows ? show(store, rows, each, context) : store->fault.err;
}

int store_alert_of(struct store *store, uint32_t dev, store_transition_each *each, void *context)
{
	sqlite3_stmt *rows = store_statement(store, SQL_ALERT_OF);
	if (!rows)
		return store->fault.err;
	sqlite3_bind_int64(rows, 1, dev);
	return show(store, rows, each, context);
}

int store_transition_bounds(struct store *store, uint64_t *oldest, uint64_t *newest)
{
	int err = store_read_number(store, SQL_TRANSITION_OLDEST, oldest);
	return err ? err : store_read_number(store, SQL_TRANSITION_NEWEST, newest);
}

int store_transition_delete(struct store *store, uint64_t through, uint64_t before_ms, unsigned limit)
{
	uint64_t oldest, newest, stored_ms;
	int err = store_transition_bounds(store, &oldest, &newest);
	if (!err && oldest)
		err = store_read_number(store, SQL_TRANSITION_OLDEST_TIME, &stored_ms);
	if (err || !oldest || oldest > through || stored_ms >= before_ms) // so it is mostly, and this is asked often
		return err;
	sqlite3_stmt *delete = store_statement(store, SQL_TRANSITION_DELETE);
	if (!delete)
		return store->fault.err;
	sqlite3_bind_int64(delete, 1, through > INT64_MAX ? INT64_MAX : (sqlite3_int64)through);
	sqlite3_bind_int64(delete, 2, (sqlite3_int64)before_ms);
	sqlite3_bind_int64(delete, 3, limit);
	err = store_run(store, delete);
	return err ? err : sqlite3_changes(store->db);
}

int store_windows_set(struct store *store, uint32_t dev, struct store_blob windows)
{
	sqlite3_stmt *set = store_statement(store, SQL_WINDOWS_SET);
	if (!set)
		return store->fault.err;
	sqlite3_bind_int64(set, 1, dev);
	store_bind_blob(set, 2, windows);
	return store_run(store, set);
}

int store_windows_load(struct store *store, store_windows_each *each, void *context)
{
	sqlite3_stmt *load = store_statement(store, SQL_WINDOWS_LOAD);
	if (!load)
		return store->fault.err;
	int rc, err = 0;
	while (!err && (rc = sqlite3_step(load)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (!err)
			err = each(context, (uint32_t)sqlite3_column_int64(load, 0), store_column_blob(load, 1));
	}
	sqlite3_reset(load);
	return err;
}
