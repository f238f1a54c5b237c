// SPDX-License-Identifier: Apache-2.0
// Deletes the oldest records, by age and by size, and the oldest transitions of alerts, by age; a small chunk at a time, so that no turn of
// the loop is long. Never passes `folded through`, a cursor in use (cursors.h), or the latest transition of an alert that is not ok.
#ifndef COLLECTOR_STORE_RETENTION_H
#define COLLECTOR_STORE_RETENTION_H
#include "collector/store/store.h"

enum { RETENTION_CHUNK = 1000 };

struct retention {
	uint64_t age_ms;    // records received longer ago go
	uint64_t bytes_max; // and the oldest, while the database uses more than this
};

// One chunk. Returns how many rows it deleted (RETENTION_CHUNK: call again soon), or STORE_E*.
int retention_step(struct store *store, const struct retention *retention, uint64_t wall_ms);

// 1 if the database uses more than bytes_max and a reader that is behind keeps the oldest records from being deleted: then no more may be
// taken. Else 0, or STORE_E*.
int retention_is_held(struct store *store, const struct retention *retention);

#endif
