// SPDX-License-Identifier: Apache-2.0
#include "collector/store/cursors.h"

#include "collector/store/database.h"

// Stored as keys of the meta table: never change one.
static const char *const keys[CURSOR_COUNT] = {
	[CURSOR_KAFKA_RECORDS] = "cursor.kafka.records",
	[CURSOR_KAFKA_TRANSITIONS] = "cursor.kafka.transitions",
	[CURSOR_KAFKA_LETTERS] = "cursor.kafka.letters",
	[CURSOR_WEBHOOK] = "cursor.webhook",
};

int store_cursor_get(struct store *store, enum store_cursor cursor, uint64_t *n)
{
	*n = 0;
	int err = store_meta_get(store, keys[cursor], n);
	return err == -STORE_ENOENT ? 0 : err;
}

int store_cursor_begin(struct store *store, enum store_cursor cursor, uint64_t n)
{
	uint64_t stored;
	int err = store_meta_get(store, keys[cursor], &stored);
	return err == -STORE_ENOENT ? store_meta_set(store, keys[cursor], n) : err;
}

int store_cursor_set(struct store *store, enum store_cursor cursor, uint64_t n)
{
	return store_meta_set(store, keys[cursor], n);
}

void store_cursor_use(struct store *store, enum store_cursor cursor, bool is_used)
{
	store->cursor_used[cursor] = is_used;
}

int store_cursor_lowest(struct store *store, const enum store_cursor *cursors, unsigned count, uint64_t *n)
{
	*n = UINT64_MAX;
	for (unsigned i = 0; i < count; i++) {
		uint64_t at;
		if (!store->cursor_used[cursors[i]])
			continue;
		int err = store_cursor_get(store, cursors[i], &at);
		if (err)
			return err;
		*n = at < *n ? at : *n;
	}
	return 0;
}
