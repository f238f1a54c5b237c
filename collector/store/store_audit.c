// SPDX-License-Identifier: Apache-2.0
#include "collector/store/store_audit.h"

#include "collector/store/database.h"

enum { TEXT_MAX = 512 };

int store_audit_add(struct store *store, const struct store_audit *row)
{
	sqlite3_stmt *add = store_statement(store, SQL_AUDIT_ADD);
	if (!add)
		return store->fault.err;
	sqlite3_bind_int64(add, 1, (sqlite3_int64)row->at_ms);
	store_bind_text(add, 2, row->actor, TEXT_MAX);
	store_bind_text(add, 3, row->action, TEXT_MAX);
	store_bind_text(add, 4, row->target, TEXT_MAX);
	store_bind_text(add, 5, row->detail, TEXT_MAX);
	store_bind_text(add, 6, row->outcome, TEXT_MAX);
	return store_run(store, add);
}

int store_audit_list(struct store *store, uint64_t before, unsigned limit, store_audit_each *each, void *context)
{
	sqlite3_stmt *list = store_statement(store, SQL_AUDIT_LIST);
	if (!list)
		return store->fault.err;
	sqlite3_bind_int64(list, 1, before ? (sqlite3_int64)before : INT64_MAX);
	sqlite3_bind_int64(list, 2, limit);
	int rc, err = 0, shown = 0;
	while (!err && (rc = sqlite3_step(list)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct store_audit row = {
			.n = (uint64_t)sqlite3_column_int64(list, 0),
			.at_ms = (uint64_t)sqlite3_column_int64(list, 1),
			.actor = store_column_text(list, 2),
			.action = store_column_text(list, 3),
			.target = store_column_text(list, 4),
			.detail = store_column_text(list, 5),
			.outcome = store_column_text(list, 6),
		};
		err = each(context, &row);
		shown++;
	}
	sqlite3_reset(list);
	return err ? err : shown;
}
