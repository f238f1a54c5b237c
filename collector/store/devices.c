// SPDX-License-Identifier: Apache-2.0
#include "collector/store/devices.h"

#include "collector/store/database.h"

int store_device_add(struct store *store, uint32_t dev, const char *id, uint64_t first_seen_ms)
{
	sqlite3_stmt *add = store_statement(store, SQL_DEVICE_ADD);
	if (!add)
		return store->fault.err;
	sqlite3_bind_int64(add, 1, dev);
	sqlite3_bind_text(add, 2, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(add, 3, (sqlite3_int64)first_seen_ms);
	return store_run(store, add);
}

int store_device_load(struct store *store, store_device_each *each, void *context)
{
	sqlite3_stmt *load = store_statement(store, SQL_DEVICE_LOAD);
	if (!load)
		return store->fault.err;
	int rc, err = 0;
	while (!err && (rc = sqlite3_step(load)) != SQLITE_DONE) {
		err = store_failed(store, rc);
		if (err)
			break;
		struct store_device device = {
			.dev = (uint32_t)sqlite3_column_int64(load, 0),
			.id = store_column_text(load, 1),
			.first_seen_ms = (uint64_t)sqlite3_column_int64(load, 2),
			.snapshot = store_column_blob(load, 3),
		};
		err = each(context, &device);
	}
	sqlite3_reset(load);
	return err;
}

int store_device_snapshot(struct store *store, uint32_t dev, struct store_blob snapshot)
{
	sqlite3_stmt *save = store_statement(store, SQL_DEVICE_SNAPSHOT);
	if (!save)
		return store->fault.err;
	sqlite3_bind_int64(save, 1, dev);
	store_bind_blob(save, 2, snapshot);
	return store_run(store, save);
}

int store_folded_through(struct store *store, uint64_t *n)
{
	*n = 0;
	int err = store_meta_get(store, "folded_through", n);
	return err == -STORE_ENOENT ? 0 : err;
}

int store_set_folded_through(struct store *store, uint64_t n)
{
	return store_meta_set(store, "folded_through", n);
}
