// SPDX-License-Identifier: Apache-2.0
// The model collector: reads batches, commits, sends PUBACKs, then Acks; is away for hours, crashes between the steps, comes back from a backup.
//
// The rules for an Uplink are in ledger.h. Acks are QoS 0 and get lost, late, doubled and overtaken, as the faults say.
// Memory: in the world. Thread: one at a time.
#ifndef TESTS_SIM_COLLECTOR_H
#define TESTS_SIM_COLLECTOR_H
#include "tests/sim/broker.h"
#include "tests/sim/ledger.h"
#include <stdbool.h>
#include <stdint.h>

enum { SIM_BATCH = 64 };

struct sim_collector {
	bool up;
	struct sim_ledger ledgers[SIM_DEVICES_MAX], backup[SIM_DEVICES_MAX];
	struct sim_outgoing batch[SIM_BATCH]; // received, not yet committed
	unsigned batched;
	bool commit_due;
	uint64_t life; // counts its starts: what an earlier one had in hand is gone
	struct sim_ack_state {
		bool due;
		uint64_t free_ms; // not before: at most one a second
	} acks[SIM_DEVICES_MAX];
	// Faults.
	int32_t ack_lost_percent, ack_late_percent, ack_double_percent;
	uint32_t retry_after_s; // asked for now and then while not 0
	int64_t clock_error_ms;
};

void sim_collector_start(struct sim_world *world);
void sim_collector_stop(struct sim_world *world); // what is not committed is lost, and delivered again
void sim_collector_free(struct sim_collector *collector);
void sim_collector_backup(struct sim_world *world);
void sim_collector_restore(struct sim_world *world); // while it is down

// From the broker. The packet stays the caller's.
void sim_collector_receive(struct sim_world *world, const struct sim_outgoing *message, uint32_t connection);

#endif
