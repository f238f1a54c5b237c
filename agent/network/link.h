// SPDX-License-Identifier: Apache-2.0
// Which network to join and how: a station among known networks, the own access point beside or instead of it, or a wire.
//
// When to join, scan or give up is the ladder's business (agent/recovery/); here is only how. A port tells what happened by events;
// mu_link_event() takes each of the link's and says what the ladder is to hear of it.
// Choice: of the known networks in the last scan the strongest; hidden ones only where a scan for their name found them; without a
// scan the one that worked last, else the next in the order of the configuration.
// Memory: the caller's; the configuration is kept by reference. Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_LINK_H
#define MU_LINK_H
#include "agent/event.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_LINK_NETWORKS_MAX = 4, MU_LINK_PASSPHRASE_MIN = 8 };

struct mu_link_network {
	const char *ssid; // 1..32 characters
	const char *passphrase; // 8..64 characters; null or "": an open network
	bool hidden; // does not say its name
	enum mu_link_auth least_auth; // weaker access points are not joined
	struct mu_link_address address;
};

struct mu_link_config {
	const struct mu_link_network *networks; // in order of preference
	size_t network_count; // 0..4; 0: a wire, or the own access point alone
	bool wired; // Ethernet instead of a station
	struct mu_link_address wired_address;
	const struct mu_link_own *own; // the own access point; null: none
	bool own_always; // it is open from the start, beside the station; else in state fallback and recovery only
};

enum mu_link_heard { // what the ladder is to hear
	MU_LINK_HEARD_NOTHING,
	MU_LINK_HEARD_UP,
	MU_LINK_HEARD_DOWN, // value: the reason
	MU_LINK_HEARD_SCANNED, // value: known networks in sight; -1: nobody can tell
};

struct mu_link {
	const struct mu_port *port;
	const struct mu_link_config *config;
	bool serving, awake; // awake: power save was switched off
};

// config null: a wire with DHCP. 0; MU_ERR_INVALID with the reason in *problem (may be null).
int mu_link_init(struct mu_link *link, const struct mu_port *port, const struct mu_link_config *config, const char **problem);

// Each: 0, or the port's error, and nothing will be heard of it.
int mu_link_connect(struct mu_link *link, uint64_t now_ms);
int mu_link_disconnect(struct mu_link *link);
int mu_link_restart(struct mu_link *link);
int mu_link_scan(struct mu_link *link, uint64_t now_ms);

enum mu_link_heard mu_link_event(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value);

// The own access point, open beside the station from now on, or no longer (with own_always it stays). 0 also when nothing changes;
// MU_ERR_NOT_FOUND: none is configured; MU_ERR_UNSUPPORTED: the port cannot; else the port's error, and it is as it was.
int mu_link_serve(struct mu_link *link, bool on);

// Modem sleep between beacons. 0, or the port's error. Survives mu_link_restart().
int mu_link_power_save(struct mu_link *link, bool on);

#endif
