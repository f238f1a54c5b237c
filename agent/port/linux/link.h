// SPDX-License-Identifier: Apache-2.0
// The radio of a virtual device: a station that associates and gets an address, and the air around it, which may be bad.
//
// The air belongs to the world and outlives resets: an access point that comes and goes (fault "drop") or a weak signal (fault
// "weak"). An image can lose the link for good or ruin the signal, too (traits). When the access point goes, packets are lost at
// once and the station notices after its beacon time-out, as ESP-IDF's does; then it reports the link down. Until the core asks for
// it, it does not connect.
// Pure: monotonic milliseconds come in, at most one event comes out of each step. Memory: the caller's. Thread: one at a time.
#ifndef MU_PORT_LINUX_LINK_H
#define MU_PORT_LINUX_LINK_H
#include "agent/event.h"
#include "agent/port/linux/dice.h"
#include "agent/port/linux/virtual_traits.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

// Codes as ESP-IDF's wifi_err_reason_t has them.
enum { MU_LINK_REASON_ASSOC_LEAVE = 8, MU_LINK_REASON_BEACON_TIMEOUT = 200, MU_LINK_REASON_NO_AP_FOUND = 201 };
enum { MU_LINK_BEACON_TIMEOUT_MS = 6000, MU_LINK_SCAN_MS = 2200, MU_LINK_RESTART_MS = 300 };

struct mu_air {
	int32_t rssi_dbm; // around which the signal wanders
	int32_t drops;    // 1: the access point is on for 30..45 s (10..20 s the first time), off for 15..25 s
};

enum mu_station_state { MU_STATION_OFF, MU_STATION_CONNECTING, MU_STATION_UP, MU_STATION_SCANNING };

struct mu_virtual_link {
	struct mu_dice dice;
	struct mu_walk rssi;
	struct mu_air air;
	bool access_point, present; // present: and the image that runs has not lost it
	uint64_t air_change_ms;     // next coming or going; UINT64_MAX: none
	uint64_t lost_from_ms;      // trait offline_after_s; UINT64_MAX: never
	enum mu_station_state state;
	uint64_t due_ms; // when the present state ends by itself; UINT64_MAX: never
	bool down_due;   // a link down that the core caused has still to be told
	uint32_t associate_ms, dhcp_ms, channel;
};

void mu_virtual_link_power_on(struct mu_virtual_link *link, const struct mu_air *air, uint64_t seed, uint64_t now_ms);
void mu_virtual_link_boot(struct mu_virtual_link *link, const struct mu_traits *traits, uint64_t now_ms); // the station: off

// As in struct mu_link_port. restart and scan end a connection; restart connects again by itself, scan does not.
void mu_virtual_link_connect(struct mu_virtual_link *link, uint64_t now_ms); // nothing if up or under way
void mu_virtual_link_disconnect(struct mu_virtual_link *link);
void mu_virtual_link_restart(struct mu_virtual_link *link, uint64_t now_ms);
void mu_virtual_link_scan(struct mu_virtual_link *link, uint64_t now_ms);
void mu_virtual_link_status(struct mu_virtual_link *link, uint64_t now_ms, struct mu_link_status *out);

// Lets time pass up to now. Returns 1 and fills *event if something happened (call again), else 0.
int mu_virtual_link_step(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event);
uint64_t mu_virtual_link_deadline(const struct mu_virtual_link *link); // UINT64_MAX: nothing will happen by itself
bool mu_virtual_link_carries(const struct mu_virtual_link *link);      // packets get through

#endif
