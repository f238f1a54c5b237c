// SPDX-License-Identifier: Apache-2.0
// Deletes the oldest records, by age and by size, a small chunk at a time, so that no turn of the loop is long. Never passes `folded through`.
#ifndef COLLECTOR_STORE_RETENTION_H
#define COLLECTOR_STORE_RETENTION_H
#include "collector/store/store.h"

enum { RETENTION_CHUNK = 1000 };

struct retention {
	uint64_t age_ms;    // records received longer ago go
	uint64_t bytes_max; // and the oldest, while the database uses more than this
};

// One chunk. Returns how many records it deleted (RETENTION_CHUNK: call again soon), or STORE_E*.
int retention_step(struct store *store, const struct retention *retention, uint64_t wall_ms);

#endif
