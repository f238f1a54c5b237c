// SPDX-License-Identifier: Apache-2.0
#include "collector/store/store_commands.h"

#include <string.h>
#include "collector/store/database.h"

enum { ID_BYTES = 16, KEY_BYTES = 8, TEXT_MAX = 512 };

int store_command_counter(struct store *store, uint32_t dev, const uint8_t key_id[8], uint64_t *counter)
{
	sqlite3_stmt *next = store_statement(store, SQL_COMMAND_COUNTER);
	if (!next)
		return store->fault.err;
	sqlite3_bind_int64(next, 1, dev);
	sqlite3_bind_blob(next, 2, key_id, KEY_BYTES, SQLITE_STATIC);
	int rc = sqlite3_step(next);
	uint64_t given = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(next, 0) : 0;
	if (rc == SQLITE_ROW)
		rc = sqlite3_step(next); // the commit is in the step that ends the statement
	int err = store_failed(store, rc);
	sqlite3_reset(next);
	if (!err)
		*counter = given;
	return err;
}

static void bind_outcome(sqlite3_stmt *statement, int first, const struct store_command *command)
{
	sqlite3_bind_int64(statement, first, command->state);
	sqlite3_bind_int64(statement, first + 1, command->outcome);
	store_bind_text(statement, first + 2, command->detail, TEXT_MAX);
	sqlite3_bind_int64(statement, first + 3, command->publishes);
	sqlite3_bind_int64(statement, first + 4, (sqlite3_int64)command->published_ms);
	sqlite3_bind_int64(statement, first + 5, (sqlite3_int64)command->accepted_ms);
	sqlite3_bind_int64(statement, first + 6, (sqlite3_int64)command->finished_ms);
}

int store_command_add(struct store *store, const struct store_command *command, uint64_t *n)
{
	if (command->command.size > STORE_COMMAND_BYTES_MAX || command->signature.size > STORE_COMMAND_BYTES_MAX)
		return store_failed(store, SQLITE_TOOBIG);
	sqlite3_stmt *add = store_statement(store, SQL_COMMAND_ADD);
	if (!add)
		return store->fault.err;
	sqlite3_bind_blob(add, 2, command->id, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(add, 3, command->dev);
	sqlite3_bind_blob(add, 4, command->key_id, KEY_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(add, 5, command->kind);
	sqlite3_bind_int64(add, 6, (sqlite3_int64)command->counter);
	sqlite3_bind_int64(add, 7, (sqlite3_int64)command->created_ms);
	sqlite3_bind_int64(add, 8, (sqlite3_int64)command->not_after_ms);
	store_bind_blob(add, 9, command->command);
	store_bind_blob(add, 10, command->signature);
	store_bind_text(add, 11, command->actor, TEXT_MAX);
	bind_outcome(add, 12, command);
	int err = store_run(store, add);
	if (!err)
		*n = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return err;
}

int store_command_update(struct store *store, const struct store_command *command)
{
	sqlite3_stmt *update = store_statement(store, SQL_COMMAND_UPDATE);
	if (!update)
		return store->fault.err;
	sqlite3_bind_blob(update, 1, command->id, ID_BYTES, SQLITE_STATIC);
	bind_outcome(update, 2, command);
	int err = store_run(store, update);
	return err ? err : sqlite3_changes(store->db) ? 0 : -STORE_ENOENT;
}

static void copy_bytes(uint8_t *to, size_t size, struct store_blob blob)
{
	memset(to, 0, size);
	memcpy(to, blob.bytes, blob.size < size ? blob.size : size);
}

static struct store_command row_of(sqlite3_stmt *row)
{
	struct store_command command = {
		.n = (uint64_t)sqlite3_column_int64(row, 0),
		.dev = (uint32_t)sqlite3_column_int64(row, 2),
		.kind = (uint32_t)sqlite3_column_int64(row, 4),
		.counter = (uint64_t)sqlite3_column_int64(row, 5),
		.created_ms = (uint64_t)sqlite3_column_int64(row, 6),
		.not_after_ms = (uint64_t)sqlite3_column_int64(row, 7),
		.command = store_column_blob(row, 8),
		.signature = store_column_blob(row, 9),
		.actor = store_column_text(row, 10),
		.state = (uint32_t)sqlite3_column_int64(row, 11),
		.outcome = (uint32_t)sqlite3_column_int64(row, 12),
		.detail = store_column_text(row, 13),
		.publishes = (uint32_t)sqlite3_column_int64(row, 14),
		.published_ms = (uint64_t)sqlite3_column_int64(row, 15),
		.accepted_ms = (uint64_t)sqlite3_column_int64(row, 16),
		.finished_ms = (uint64_t)sqlite3_column_int64(row, 17),
	};
	copy_bytes(command.id, sizeof command.id, store_column_blob(row, 1));
	copy_bytes(command.key_id, sizeof command.key_id, store_column_blob(row, 3));
	return command;
}

// Shows the rows of a bound statement; returns how many, or the first error.
static int show_rows(struct store *store, sqlite3_stmt *rows, store_command_each *each, void *context)
{
	int rc, err = 0, shown = 0;
	while (!err && (rc = sqlite3_step(rows)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct store_command command = row_of(rows);
		err = each(context, &command);
		shown++;
	}
	sqlite3_reset(rows);
	return err ? err : shown;
}

int store_command_read(struct store *store, const uint8_t id[16], store_command_each *each, void *context)
{
	sqlite3_stmt *read = store_statement(store, SQL_COMMAND_READ);
	if (!read)
		return store->fault.err;
	sqlite3_bind_blob(read, 1, id, ID_BYTES, SQLITE_TRANSIENT); // each() may reuse what id points to
	int shown = show_rows(store, read, each, context);
	return shown ? (shown < 0 ? shown : 0) : -STORE_ENOENT;
}

int store_command_list(struct store *store, uint64_t before, uint32_t dev, unsigned limit, store_command_each *each, void *context)
{
	sqlite3_stmt *list = store_statement(store, dev == STORE_ANY_DEVICE ? SQL_COMMAND_LIST : SQL_COMMAND_LIST_DEVICE);
	if (!list)
		return store->fault.err;
	sqlite3_bind_int64(list, 1, before ? (sqlite3_int64)before : INT64_MAX);
	sqlite3_bind_int64(list, 2, limit);
	if (dev != STORE_ANY_DEVICE)
		sqlite3_bind_int64(list, 3, dev);
	return show_rows(store, list, each, context);
}

int store_command_open(struct store *store, uint32_t highest, store_command_each *each, void *context)
{
	sqlite3_stmt *open = store_statement(store, SQL_COMMAND_OPEN);
	if (!open)
		return store->fault.err;
	sqlite3_bind_int64(open, 1, highest);
	return show_rows(store, open, each, context);
}
