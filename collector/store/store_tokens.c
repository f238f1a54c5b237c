// SPDX-License-Identifier: Apache-2.0
#include "collector/store/store_tokens.h"

#include <stdio.h>
#include "collector/store/database.h"

enum { HASH_BYTES = 32 };

int store_token_add(struct store *store, const char *name, const uint8_t sha256[32], uint64_t now_ms)
{
	sqlite3_stmt *add = store_statement(store, SQL_TOKEN_ADD);
	if (!add)
		return store->fault.err;
	store_bind_text(add, 1, name, STORE_TOKEN_NAME_BYTES - 1);
	sqlite3_bind_blob(add, 2, sha256, HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(add, 3, (sqlite3_int64)now_ms);
	return store_run(store, add);
}

int store_token_revoke(struct store *store, const char *name, uint64_t now_ms)
{
	sqlite3_stmt *revoke = store_statement(store, SQL_TOKEN_REVOKE);
	if (!revoke)
		return store->fault.err;
	store_bind_text(revoke, 1, name, STORE_TOKEN_NAME_BYTES - 1);
	sqlite3_bind_int64(revoke, 2, (sqlite3_int64)now_ms);
	int err = store_run(store, revoke);
	return err ? err : sqlite3_changes(store->db) ? 0 : -STORE_ENOENT;
}

static struct store_token row_of(sqlite3_stmt *row)
{
	struct store_token token = {
		.created_ms = (uint64_t)sqlite3_column_int64(row, 1),
		.revoked_ms = (uint64_t)sqlite3_column_int64(row, 2),
	};
	snprintf(token.name, sizeof token.name, "%s", store_column_text(row, 0));
	return token;
}

int store_token_find(struct store *store, const uint8_t sha256[32], struct store_token *token)
{
	sqlite3_stmt *find = store_statement(store, SQL_TOKEN_FIND);
	if (!find)
		return store->fault.err;
	sqlite3_bind_blob(find, 1, sha256, HASH_BYTES, SQLITE_STATIC);
	int rc = sqlite3_step(find);
	int err = rc == SQLITE_DONE ? -STORE_ENOENT : store_failed(store, rc);
	if (!err)
		*token = row_of(find);
	sqlite3_reset(find);
	return err;
}

int store_token_list(struct store *store, store_token_each *each, void *context)
{
	sqlite3_stmt *list = store_statement(store, SQL_TOKEN_LIST);
	if (!list)
		return store->fault.err;
	int rc, err = 0, shown = 0;
	while (!err && (rc = sqlite3_step(list)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct store_token token = row_of(list);
		err = each(context, &token);
		shown++;
	}
	sqlite3_reset(list);
	return err ? err : shown;
}
