// SPDX-License-Identifier: Apache-2.0
// Judges what a heartbeat says of the device: verdict bits against the numbers beside them and against what happened, counts since boot.
//
//   heap            HEAP_LOW, HEAP_FRAGMENTED, NO_OTA_ROOM: set below the gates of DESIGN.md, section 4, and cleared an eighth above them;
//                   fragmented or without room for an OTA only while there is enough for TLS: not low (muster.proto). HEAP_STARVED: set
//                   below the gate of any socket, and cleared an eighth above it once a session is open
//   sockets         SOCKETS_LOW: set with 7 of 10 open, clear with 5
//   losses          LINK_FLAPPING: set if the records of the last 10 min tell of three losses that are not one and the same; clear if in the
//                   last 10 min at most one thing happened that can count as a loss
//   a slow task     TASK_STALE: in the first heartbeat after a task came within a quarter of its deadline, and in no other but one that comes
//                   before the next verdict
//   since boot      uptime is the record's; the least heap never grows, disconnects never shrink and are at most as many as there can have been
// A heartbeat that was not stored takes what it would have told to the next one. Part of the oracle (oracle.h). Thread: one at a time.
#ifndef TESTS_SIM_CLAIMS_H
#define TESTS_SIM_CLAIMS_H
#include "agent/event.h"
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;

enum { SIM_CLAIMS_LOSSES = 16 };

struct sim_claims { // of one boot; times of the world
	uint64_t told_ms[SIM_CLAIMS_LOSSES]; // losses that records tell of, in turn
	uint64_t maybe_ms[SIM_CLAIMS_LOSSES]; // what can count as one
	unsigned told, maybe;
	unsigned downs; // what can have ended the link
	uint32_t heap_min_bytes, disconnects; // as last said
	bool said;
	bool slow; // a task was slow, and no heartbeat has come since
	bool stale_said; // ... but one before has said so already
	uint64_t stale_ms; // of the last heartbeat that said so with a reason; 0: none
};

void sim_claims_boot(struct sim_device *device);
void sim_claims_event(struct sim_device *device, const struct mu_event *event);
void sim_claims_acts(struct sim_device *device); // the agent closes the session, or gives the radio an order: a link that is wedged ends so
void sim_claims_slow(struct sim_device *device); // a task has only just kept its deadline
void sim_claims_record(struct sim_device *device, const Mu__Record *record); // stored in this step

#endif
