// SPDX-License-Identifier: Apache-2.0
// How far those who read the logs of the store have come: one number a reader, below the name of the reader. Records, dead letters and
// transitions are deleted by retention only up to the lowest cursor of their log.
#ifndef COLLECTOR_STORE_CURSORS_H
#define COLLECTOR_STORE_CURSORS_H
#include "collector/store/store.h"

enum store_cursor {
	CURSOR_KAFKA_RECORDS,
	CURSOR_KAFKA_TRANSITIONS,
	CURSOR_KAFKA_LETTERS,
	CURSOR_WEBHOOK, // transitions
	CURSOR_COUNT
};

// The number of the last row that need not be read again; 0 if the reader never stored one.
int store_cursor_get(struct store *store, enum store_cursor cursor, uint64_t *n);
// For a reader in use for the first time: stores n, unless it has stored a number before (0, too, is one).
int store_cursor_begin(struct store *store, enum store_cursor cursor, uint64_t n);
// Durable on return, or part of the transaction that is open.
int store_cursor_set(struct store *store, enum store_cursor cursor, uint64_t n);

// Whether the reader is in use: only then retention waits for it. Not stored: to be said at each start. A reader in use for the first time begins
// with what the store has.
void store_cursor_use(struct store *store, enum store_cursor cursor, bool is_used);

// The lowest of those of the given cursors that are in use; UINT64_MAX if none is.
int store_cursor_lowest(struct store *store, const enum store_cursor *cursors, unsigned count, uint64_t *n);

#endif
