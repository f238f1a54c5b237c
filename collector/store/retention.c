// SPDX-License-Identifier: Apache-2.0
#include "collector/store/retention.h"

#include "collector/store/database.h"
#include "collector/store/cursors.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "collector/store/store_alerts.h"

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

static const enum store_cursor record_cursors[] = { CURSOR_KAFKA_RECORDS };
static const enum store_cursor transition_cursors[] = { CURSOR_KAFKA_TRANSITIONS, CURSOR_WEBHOOK };

// The last row of the oldest chunk and the last row that may be deleted.
static int find_chunk(struct store *store, uint64_t *last, uint64_t *folded, uint64_t *delivered)
{
	uint64_t oldest, newest;
	int err = store_record_bounds(store, &oldest, &newest);
	if (!err)
		err = store_folded_through(store, folded);
	if (!err)
		err = store_cursor_lowest(store, record_cursors, sizeof record_cursors / sizeof *record_cursors, delivered);
	*last = oldest ? oldest + RETENTION_CHUNK - 1 : 0;
	return err;
}

static int delete_transitions(struct store *store, uint64_t before_ms)
{
	uint64_t delivered;
	int err = store_cursor_lowest(store, transition_cursors, sizeof transition_cursors / sizeof *transition_cursors, &delivered);
	return err ? err : store_transition_delete(store, delivered, before_ms, RETENTION_CHUNK);
}

// A chunk goes as a whole: by age when its newest row is too old, so that a row lives up to one chunk longer, never shorter.
static int delete_records(struct store *store, const struct retention *retention, uint64_t before_ms)
{
	uint64_t last, folded, delivered, recv_ms;
	int err = find_chunk(store, &last, &folded, &delivered);
	if (err || !last || last > folded || last > delivered)
		return err;
	err = store_record_after(store, last - 1, take_time, &recv_ms); // row last, or the next one if a repair of the file lost it
	if (err != TAKEN)
		return err;
	if (recv_ms >= before_ms && store_bytes(store) <= retention->bytes_max)
		return 0;
	return delete_through(store, last);
}

int retention_step(struct store *store, const struct retention *retention, uint64_t wall_ms)
{
	uint64_t before_ms = wall_ms > retention->age_ms ? wall_ms - retention->age_ms : 0;
	int deleted = delete_records(store, retention, before_ms);
	if (deleted != 0)
		return deleted;
	return delete_transitions(store, before_ms);
}

int retention_is_held(struct store *store, const struct retention *retention)
{
	uint64_t last, folded, delivered;
	int err = find_chunk(store, &last, &folded, &delivered);
	return err ? err : last && last > delivered && store_bytes(store) > retention->bytes_max;
}
