// SPDX-License-Identifier: Apache-2.0
// Judges how often the agent tries: a network that refuses its credentials, and a broker that does not hold.
//
// Of recovery/README.md: a network that refused five times in a row rests for 15 min after each refusal, whatever becomes of the others.
// Counted from what the radio gave and got, within one boot, because what rests is forgotten with RAM. That it comes back within 25 min after
// the passphrase is right again is liveness.h's. Sessions: no more than 20 are opened within a minute, whatever network and broker do.
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
};

void sim_cadence_boot(struct sim_device *device);
void sim_cadence_join(struct sim_device *device, const char *ssid); // the agent is about to try this network
void sim_cadence_link(struct sim_device *device, const struct mu_event *event); // what the radio tells of it
void sim_cadence_open(struct sim_device *device); // the agent opens a session

#endif
