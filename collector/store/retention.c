// SPDX-License-Identifier: Apache-2.0
#include "collector/store/retention.h"

#include "collector/store/database.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"

enum { TAKEN = 1 };

static int take_time(void *context, const struct store_record *record)
{
	*(uint64_t *)context = record->recv_ms;
	return TAKEN;
}

static int delete_through(struct store *store, uint64_t n)
{
	sqlite3_stmt *delete = store_statement(store, SQL_RECORD_DELETE);
	if (!delete)
		return store->fault.err;
	sqlite3_bind_int64(delete, 1, (sqlite3_int64)n);
	int err = store_run(store, delete);
	return err ? err : sqlite3_changes(store->db);
}

// A chunk goes as a whole: by age when its newest row is too old, so that a row lives up to one chunk longer, never shorter.
int retention_step(struct store *store, const struct retention *retention, uint64_t wall_ms)
{
	uint64_t oldest, newest, folded, recv_ms;
	int err = store_record_bounds(store, &oldest, &newest);
	if (!err)
		err = store_folded_through(store, &folded);
	if (err)
		return err;
	uint64_t last = oldest + RETENTION_CHUNK - 1;
	if (!oldest || last > folded)
		return 0;
	err = store_record_after(store, last - 1, take_time, &recv_ms); // row last, or the next one if a repair of the file lost it
	if (err != TAKEN)
		return err;
	bool too_old = wall_ms > retention->age_ms && recv_ms < wall_ms - retention->age_ms;
	if (!too_old && store_bytes(store) <= retention->bytes_max)
		return 0;
	return delete_through(store, last);
}
