// SPDX-License-Identifier: Apache-2.0
// The record log: every record that was ever acknowledged, in the order of commits, append only. It is the truth; all else is folded from it.
//
// Row: n (rises by one), dev, epoch, seq, recv_ms (Unix time at the collector), prev (n of the same device's previous record, 0: none), kind
// (body case of Mu__Record), body (the Record's bytes exactly as the device sent them). There is no index by device on purpose: one
// device's history is a walk along prev by primary key, and a commit touches only the log's last pages.
#ifndef COLLECTOR_STORE_RECORDS_H
#define COLLECTOR_STORE_RECORDS_H
#include "collector/store/store.h"

enum { STORE_RECORD_BYTES_MAX = 16 * 1024 };

struct store_record {
	uint64_t n;
	uint64_t epoch, seq;
	uint64_t recv_ms;
	uint64_t prev;
	uint32_t dev;
	uint32_t kind;
	struct store_blob body;
};

// Appends; record->n is ignored. Must be called within a transaction. Returns 0 with the row's number in *n, or STORE_E*.
int store_record_append(struct store *store, const struct store_record *record, uint64_t *n);

// Called for each row; a return value other than 0 ends the walk and is returned by it.
typedef int store_record_each(void *context, const struct store_record *record);

// Row n. Returns 0, or -STORE_ENOENT if retention took it or it never was.
int store_record_read(struct store *store, uint64_t n, store_record_each *each, void *context);

// One device's records, newest first, beginning with row n (its last_n, or the prev of the last row of the page before), at most limit.
// kinds 0: all, at most STORE_WALK_MAX; else only those whose kind's bit (1 << kind) is set, and at most STORE_SEARCH_MAX rows are looked at:
// each is a page of the file in the worst case, and the loop waits. Returns the number of rows shown; *next is where to go on (0: end).
int store_record_walk(struct store *store, uint64_t n, uint32_t kinds, unsigned limit, store_record_each *each, void *context,
	uint64_t *next);

enum { STORE_WALK_MAX = 20000, STORE_SEARCH_MAX = 2000 }; // 2 000: a day and more of heartbeats

// All rows with a number above n, in order.
int store_record_after(struct store *store, uint64_t n, store_record_each *each, void *context);

// The same, at most limit rows. Returns how many, or what each() returned.
int store_record_chunk(struct store *store, uint64_t after, unsigned limit, store_record_each *each, void *context);

// Numbers of the oldest and newest row; 0, 0 if there is none.
int store_record_bounds(struct store *store, uint64_t *oldest, uint64_t *newest);

#endif
