// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/checkpoint.h"

#include <stdlib.h>
#include "collector/alerting/alerting.h"
#include "collector/fleet/commands.h"
#include "collector/ingest/decode.h"
#include "collector/log.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"

static int load_device(void *context, const struct store_device *row)
{
	struct checkpoint *checkpoint = ((void **)context)[0];
	struct checkpoint_loaded *loaded = ((void **)context)[1];
	struct device *device = fleet_add(checkpoint->fleet, row->id, row->first_seen_ms);
	if (!device || device->dev != row->dev)
		return -STORE_EDAMAGED; // numbers have a hole, or an id that no device can have
	loaded->devices++;
	if (row->snapshot.size && device_snapshot_unpack(device, row->snapshot.bytes, row->snapshot.size) < 0) {
		loaded->damaged++;
		log_warn("store", "snapshot of a device cannot be read; it is folded again from the whole log", "device=%s", device->id);
	}
	return 0;
}

int checkpoint_load(struct checkpoint *checkpoint, struct store *store, struct fleet *fleet, struct alerting *alerting,
	struct counters *counters, struct checkpoint_loaded *loaded)
{
	*checkpoint = (struct checkpoint){ .store = store, .fleet = fleet, .alerting = alerting, .counters = counters };
	*loaded = (struct checkpoint_loaded){ 0 };
	void *context[] = { checkpoint, loaded };
	int err = store_device_load(store, load_device, context);
	if (!err)
		err = store_folded_through(store, &checkpoint->saved_through);
	if (loaded->damaged)
		checkpoint->saved_through = 0; // replay looks at the whole log; devices with a good snapshot skip what they have
	return err || !alerting ? err : alerting_restore(alerting);
}

struct replay {
	struct checkpoint *checkpoint;
	struct commands *commands;
	struct checkpoint_loaded *loaded;
	struct mu_arena arena;
	uint8_t buffer[MU_ARENA_RECORD_BYTES];
};

static struct ledger_entry entry_of(const struct store_record *row, const Mu__Record *record)
{
	struct ledger_entry entry = { .seq = row->seq, .count = 1, .boot = record->boot, .uptime_ms = record->uptime_ms, .gap_reason = -1 };
	if (record->body_case == MU__RECORD__BODY_GAP) {
		entry.count = record->gap->count;
		entry.gap_reason = (int)record->gap->reason;
	}
	return entry;
}

static int replay_record(void *context, const struct store_record *row)
{
	struct replay *replay = context;
	struct device *device = fleet_at(replay->checkpoint->fleet, row->dev);
	if (!device || row->n <= device->ledger.last_n)
		return 0;
	mu_arena_reset(&replay->arena);
	const Mu__Record *record = mu__record__unpack(&replay->arena.allocator, row->body.size, row->body.bytes);
	if (!record)
		return 0; // was good when it was stored: a damaged page; its neighbours count
	struct ledger_entry entry = entry_of(row, record);
	ledger_accept(&device->ledger, row->epoch, &entry, row->n);
	bool is_ours = entry.gap_reason == MU__GAP_REASON__GAP_UNEXPLAINED || entry.gap_reason == MU__GAP_REASON__GAP_REFUSED;
	replay->loaded->folded_again++;
	if (is_ours)
		return 0;
	if (replay->checkpoint->alerting &&
		alert_engine_fold(alerting_engine(replay->checkpoint->alerting), device->dev, record, row->recv_ms) < 0)
		return -STORE_EIO; // no memory
	fleet_fold(replay->checkpoint->fleet, device, record, row->recv_ms);
	if (replay->commands)
		commands_on_record(replay->commands, device, record, row->recv_ms);
	return 0;
}

int checkpoint_replay(struct checkpoint *checkpoint, struct commands *commands, struct checkpoint_loaded *loaded)
{
	struct replay replay = { .checkpoint = checkpoint, .commands = commands, .loaded = loaded };
	mu_arena_init(&replay.arena, replay.buffer, sizeof replay.buffer);
	return store_record_after(checkpoint->store, checkpoint->saved_through, replay_record, &replay);
}

void checkpoint_begin(struct checkpoint *checkpoint)
{
	uint64_t oldest;
	if (checkpoint->is_sweeping || store_record_bounds(checkpoint->store, &oldest, &checkpoint->target) < 0)
		return;
	checkpoint->counters->store_newest_n = (int64_t)checkpoint->target;
	checkpoint->counters->store_bytes = (int64_t)store_bytes(checkpoint->store);
	checkpoint->next_dev = 0;
	checkpoint->is_sweeping = checkpoint->target > checkpoint->saved_through;
}

// Other rules may need more room than those before.
static int save_windows(struct checkpoint *checkpoint, uint32_t dev)
{
	const struct alert_engine *engine = alerting_engine(checkpoint->alerting);
	size_t most = alert_engine_pack_max(engine);
	if (most > checkpoint->windows_size) {
		uint8_t *room = realloc(checkpoint->windows, most);
		if (!room)
			return -STORE_EIO;
		checkpoint->windows = room;
		checkpoint->windows_size = most;
	}
	size_t size = alert_engine_pack(engine, dev, checkpoint->windows, checkpoint->windows_size);
	return store_windows_set(checkpoint->store, dev, (struct store_blob){ checkpoint->windows, size });
}

static int save_device(struct checkpoint *checkpoint, const struct device *device)
{
	uint8_t bytes[DEVICE_SNAPSHOT_MAX];
	size_t size = device_snapshot_pack(device, bytes, sizeof bytes);
	int err = store_device_snapshot(checkpoint->store, device->dev, (struct store_blob){ bytes, size });
	return err || !checkpoint->alerting ? err : save_windows(checkpoint, device->dev);
}

// Saves up to CHECKPOINT_PART devices that have records beyond the last sweep.
static int save_part(struct checkpoint *checkpoint)
{
	unsigned saved = 0;
	int err = 0;
	for (; !err && saved < CHECKPOINT_PART && checkpoint->next_dev < fleet_count(checkpoint->fleet); checkpoint->next_dev++) {
		const struct device *device = fleet_at(checkpoint->fleet, checkpoint->next_dev);
		if (device->ledger.last_n <= checkpoint->saved_through)
			continue;
		err = save_device(checkpoint, device);
		saved++;
	}
	bool is_whole = checkpoint->next_dev >= fleet_count(checkpoint->fleet);
	if (!err && is_whole)
		err = store_set_folded_through(checkpoint->store, checkpoint->target);
	return err ? err : is_whole ? 0 : 1;
}

int checkpoint_step(struct checkpoint *checkpoint)
{
	if (!checkpoint->is_sweeping)
		return 0;
	int result = store_begin(checkpoint->store);
	if (result == 0) {
		result = save_part(checkpoint);
		int err = result < 0 ? result : store_commit(checkpoint->store);
		if (result < 0)
			store_rollback(checkpoint->store);
		if (err < 0)
			result = err;
	}
	if (result < 0)
		checkpoint->counters->snapshots_failed++;
	if (result <= 0)
		checkpoint->is_sweeping = false;
	if (result == 0) {
		checkpoint->saved_through = checkpoint->target;
		checkpoint->counters->snapshots++;
	}
	return result;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	free(checkpoint->windows);
	checkpoint->windows = 0;
	checkpoint->windows_size = 0;
}
