// SPDX-License-Identifier: Apache-2.0
// Judges how often the agent tries: a network that refuses its credentials, and a broker that does not hold.
//
// Of recovery/README.md: a network that refused five times in a row rests for 15 min after each refusal, whatever becomes of the others.
// Counted from what the radio gave and got, within one boot, because what rests is forgotten with RAM. That it comes back within 25 min after
// the passphrase is right again is liveness.h's. Sessions: no more than 20 are opened within a minute, whatever network and broker do.
// The first try after a session that held for 60 s and was lost while the link stood: within 15 s, at random (DESIGN.md, section 4): of 32 such
// waits in a row at least one is in the first half, whatever boots lie between (by chance it happens once in 4,000,000,000 rows). Not later where
// nothing else may hold it back: neither heap, sockets, failing calls nor, with TLS, the wait for a time.
// Part of the oracle (oracle.h). Thread: one at a time.
#ifndef TESTS_SIM_CADENCE_H
#define TESTS_SIM_CADENCE_H
#include "agent/event.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;

enum { SIM_CADENCE_NETWORKS = 2, SIM_CADENCE_OPENS = 20 };

struct sim_cadence { // of one boot
	struct {
		char ssid[MU_SSID_MAX + 1];
		unsigned refusals; // in a row
		uint64_t refused_ms; // the last
	} networks[SIM_CADENCE_NETWORKS];
	int trying; // which is being tried, counted from 1; 0: none
	uint64_t opens_ms[SIM_CADENCE_OPENS]; // when sessions were opened, in turn
	uint64_t opens;
	uint64_t opened_ms, lost_ms; // the session that is open, and one that had held; UINT64_MAX: none
	unsigned late_waits; // in a row; also of boots before
};

void sim_cadence_boot(struct sim_device *device);
void sim_cadence_join(struct sim_device *device, const char *ssid); // the agent is about to try this network
void sim_cadence_link(struct sim_device *device, const struct mu_event *event); // what the radio tells of it
void sim_cadence_open(struct sim_device *device); // the agent opens a session
void sim_cadence_closes(struct sim_device *device); // ... closes it
void sim_cadence_told(struct sim_device *device, const struct mu_event *event); // what the agent is told

#endif
