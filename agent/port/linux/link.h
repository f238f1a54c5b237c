// SPDX-License-Identifier: Apache-2.0
// The radio of a virtual device: a station that scans, joins and gets an address, an own access point, and a wire beside it. The air around it
// (air.h) may be bad; packets above it are real.
//
// Events and reasons are those of port.h and of ESP-IDF's wifi_err_reason_t. When the access point goes, packets are lost at once and the
// station notices after its beacon time-out; then it reports the link down. An image can lose the link for good or ruin the signal, too
// (traits). It does nothing that the core did not ask for: a lost link stays lost until mu_virtual_link_connect().
// Pure: monotonic milliseconds come in, at most one event comes out of each step. Memory: the caller's, 600 bytes or so; the points of the
// air are kept by reference. Thread: one at a time.
#ifndef MU_PORT_LINUX_LINK_H
#define MU_PORT_LINUX_LINK_H
#include "agent/event.h"
#include "agent/port/linux/air.h"
#include "agent/port/linux/dice.h"
#include "agent/port/linux/virtual_traits.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

// Codes as ESP-IDF's wifi_err_reason_t has them; 0: a cable that was pulled has none.
enum {
	MU_LINK_REASON_CABLE = 0,
	MU_LINK_REASON_AUTH_EXPIRE = 2,
	MU_LINK_REASON_INACTIVITY = 4,
	MU_LINK_REASON_ASSOC_LEAVE = 8,
	MU_LINK_REASON_4WAY_TIMEOUT = 15,
	MU_LINK_REASON_BEACON_TIMEOUT = 200,
	MU_LINK_REASON_NO_AP_FOUND = 201,
	MU_LINK_REASON_AUTH_FAIL = 202,
	MU_LINK_REASON_HANDSHAKE_TIMEOUT = 204,
	MU_LINK_REASON_AUTH_THRESHOLD = 211,
};
enum { MU_LINK_BEACON_TIMEOUT_MS = 6000, MU_LINK_SCAN_MS = 2200, MU_LINK_RESTART_MS = 300, MU_LINK_SEARCH_MS = 1200 };

enum mu_station_state { MU_STATION_OFF, MU_STATION_JOINING, MU_STATION_ASSOCIATED, MU_STATION_UP };

enum mu_trouble { MU_TROUBLE_BEACONS, MU_TROUBLE_SLEEP, MU_TROUBLE_LEASE, MU_TROUBLES }; // that meet a station that is up

struct mu_virtual_link {
	struct mu_dice dice;
	struct mu_virtual_air air;
	uint64_t lost_from_ms; // trait offline_after_s; UINT64_MAX: never
	bool present; // there is something to join, and this image hears it

	enum mu_station_state state;
	struct mu_link_join join; // the last one
	int point; // of the air; -1: none, or a wire
	bool deaf; // up, but nothing comes through
	uint64_t due_ms; // when the present state ends by itself; UINT64_MAX: never
	int32_t due_reason; // it ends so; 0: well
	bool leave_due; // a link down that the core caused has still to be told
	uint64_t trouble_ms[MU_TROUBLES];
	uint64_t ready_ms; // the radio has started again
	uint32_t associate_ms, dhcp_ms;
	uint32_t leases; // since power-on or mu_virtual_link_air()
	bool awake; // power save is off

	uint64_t scan_ms; // a scan ends; UINT64_MAX: none runs
	char scan_ssid[MU_SSID_MAX + 1]; // of the last one

	bool serving;
	uint32_t stations, stations_max;
	uint64_t visitor_ms;
};

void mu_virtual_link_power_on(struct mu_virtual_link *link, const struct mu_air *air, uint64_t seed, uint64_t now_ms);
void mu_virtual_link_boot(struct mu_virtual_link *link, const struct mu_traits *traits, uint64_t now_ms); // the radio: off
void mu_virtual_link_air(struct mu_virtual_link *link, const struct mu_air *air, uint64_t now_ms); // from now on the air is like this

// As in struct mu_link_port; none fails but serve: MU_ERR_INVALID for an own access point without a passphrase.
int mu_virtual_link_can(void);
void mu_virtual_link_connect(struct mu_virtual_link *link, const struct mu_link_join *join, uint64_t now_ms);
void mu_virtual_link_disconnect(struct mu_virtual_link *link);
void mu_virtual_link_restart(struct mu_virtual_link *link, uint64_t now_ms);
void mu_virtual_link_scan(struct mu_virtual_link *link, const char *ssid, uint64_t now_ms);
int mu_virtual_link_scan_read(struct mu_virtual_link *link, struct mu_link_seen *out, size_t count, uint64_t now_ms);
int mu_virtual_link_serve(struct mu_virtual_link *link, const struct mu_link_own *own, uint64_t now_ms);
void mu_virtual_link_power_save(struct mu_virtual_link *link, bool on, uint64_t now_ms);
void mu_virtual_link_status(struct mu_virtual_link *link, uint64_t now_ms, struct mu_link_status *out);

// Lets time pass up to now. Returns 1 and fills *event if something happened (call again), else 0.
int mu_virtual_link_step(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event);
uint64_t mu_virtual_link_deadline(const struct mu_virtual_link *link); // UINT64_MAX: nothing will happen by itself
bool mu_virtual_link_carries(const struct mu_virtual_link *link); // packets get through
bool mu_virtual_link_resolves(const struct mu_virtual_link *link); // and names are answered; addresses need no answer

#endif
