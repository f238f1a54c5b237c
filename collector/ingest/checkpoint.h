// SPDX-License-Identifier: Apache-2.0
// The table of devices on disk: written a part at a time, so that no turn of the loop is long, and read at start.
//
// A sweep notes the number of the newest record, saves every device that changed since the sweep before, and then writes that number as
// `folded through`: all records up to it are in the snapshots. Snapshots may hold more; a record that a device's ledger has already is not
// folded twice. The windows of the rules go with each snapshot. After a kill the records beyond are folded again, so ledger and fleet are
// as they were at the last commit. Thread: the loop's.
#ifndef COLLECTOR_INGEST_CHECKPOINT_H
#define COLLECTOR_INGEST_CHECKPOINT_H
#include <stdbool.h>
#include <stdint.h>
#include "collector/counters.h"
#include "collector/fleet/fleet.h"
#include "collector/store/store.h"

enum { CHECKPOINT_PART = 200 }; // devices a step

struct alerting;

struct checkpoint {
	struct store *store;
	struct fleet *fleet;
	struct alerting *alerting; // may be 0
	struct counters *counters;
	uint8_t *windows;          // room for those of one device
	size_t windows_size;
	uint64_t saved_through; // of the last whole sweep
	uint64_t target;        // of the sweep under way
	uint32_t next_dev;
	bool is_sweeping;
};

struct checkpoint_loaded {
	uint64_t devices, folded_again, damaged;
};

// Fills the empty fleet, and the rule engine of alerting (may be 0) with windows and alerts. 0, or a negative store_err. A snapshot that
// cannot be read is counted; replay then reads the whole log and makes the device anew.
int checkpoint_load(struct checkpoint *checkpoint, struct store *store, struct fleet *fleet, struct alerting *alerting,
	struct counters *counters, struct checkpoint_loaded *loaded);
void checkpoint_free(struct checkpoint *checkpoint);

// Folds the records that no snapshot has. After checkpoint_load(); commands (may be 0) see them too.
struct commands;
int checkpoint_replay(struct checkpoint *checkpoint, struct commands *commands, struct checkpoint_loaded *loaded);

void checkpoint_begin(struct checkpoint *checkpoint); // a sweep, unless one is under way

// One part. 1: call again; 0: done or nothing to do; negative store_err: the sweep ended without result, the next begins anew.
int checkpoint_step(struct checkpoint *checkpoint);

#endif
