// SPDX-License-Identifier: Apache-2.0
// The air around virtual radios: access points, how strongly they are heard, and what is wrong with them. The world's, so it outlives
// resets of the device.
//
// struct mu_air says what the air is like (part of a command line, a test, or a seed); struct mu_virtual_air is what it has become for one
// device. Faults that last are counted from mu_virtual_air_change() or power-on; those that come back are spread by half around their period.
// Pure: time and dice come in. Memory: the caller's; points are kept by reference. Thread: one at a time. Time: monotonic milliseconds.
#ifndef MU_PORT_LINUX_AIR_H
#define MU_PORT_LINUX_AIR_H
#include "agent/port/linux/dice.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_AIR_POINTS_MAX = 4 };

struct mu_air_point {
	char ssid[MU_SSID_MAX + 1];
	char passphrase[MU_PASSPHRASE_MAX + 1]; // "": an open network
	uint8_t bssid[MU_BSSID_BYTES];
	uint32_t channel; // 0: 1, 6 or 11 at random
	int32_t louder_db; // than mu_air.rssi_dbm
	enum mu_link_auth auth;
	bool hidden; // does not say its name
};

extern const struct mu_air_point mu_air_default; // "muster", WPA2: what is there when nothing else is said

struct mu_air {
	const struct mu_air_point *points; // at most MU_AIR_POINTS_MAX; null: mu_air_default
	size_t point_count;
	int32_t rssi_dbm; // around which the signals wander
	int32_t drops; // 1: the access points are on for 30..45 s (10..20 s the first time), off for 15..25 s
	// So long from the beginning on; 0: not at all.
	int32_t no_ap_s; // nobody is there
	int32_t wrong_password_s; // the access points have another passphrase than the device
	int32_t auth_expire_s; // answers to the authentication do not come through
	int32_t handshake_s; // the 4-way handshake does not come through
	int32_t dhcp_dead_s; // nobody gives an address
	// About so often while the station is up; 0: never.
	int32_t beacon_loss_s; // beacons and packets are lost until the station gives up; the access point stays
	int32_t sleep_loss_s; // the access point forgets a station in power save
	int32_t lease_loss_s; // the lease ends and is not renewed
	int32_t channel_move_s; // the access points move to another channel; every second time the station does not hear of it
	int32_t dns_dead; // 1: names do not resolve with the first lease; 2: nor with any, unless another server is asked first
	int32_t visitors; // 1: somebody joins and leaves the device's own access point all the time
};

struct mu_virtual_air {
	struct mu_air is;
	uint64_t from_ms; // what is wrong is so from here on
	bool on; // fault "drop": there at the moment
	uint64_t there_ms; // fault "no_ap" ends; UINT64_MAX: is over
	uint64_t on_change_ms, move_ms; // UINT64_MAX: never
	int32_t rssi_dbm; // may be ruined by an image
	struct mu_walk rssi[MU_AIR_POINTS_MAX];
	uint32_t channel[MU_AIR_POINTS_MAX];
};

void mu_virtual_air_power_on(struct mu_virtual_air *air, const struct mu_air *is, struct mu_dice *dice, uint64_t now_ms);
void mu_virtual_air_change(struct mu_virtual_air *air, const struct mu_air *is, struct mu_dice *dice, uint64_t now_ms);
void mu_virtual_air_signal(struct mu_virtual_air *air, int32_t rssi_dbm, struct mu_dice *dice, uint64_t now_ms);

// Lets time pass up to now. True if the access points have moved to other channels.
bool mu_virtual_air_step(struct mu_virtual_air *air, struct mu_dice *dice, uint64_t now_ms);
uint64_t mu_virtual_air_deadline(const struct mu_virtual_air *air); // UINT64_MAX: nothing changes by itself

bool mu_virtual_air_present(const struct mu_virtual_air *air); // there are access points
size_t mu_virtual_air_points(const struct mu_virtual_air *air);
const struct mu_air_point *mu_virtual_air_point(const struct mu_virtual_air *air, size_t index);
uint64_t mu_virtual_air_until(const struct mu_virtual_air *air, int32_t seconds); // end of a fault that lasts

// The access point that a join would take: the strongest that fits. -1: none; *weak: there are some, but all below least_auth.
int mu_virtual_air_find(struct mu_virtual_air *air, const struct mu_link_join *join, struct mu_dice *dice, uint64_t now_ms, bool *weak);

// What a scan for ssid ("": for all) hears, strongest first. Returns how many, at most count.
size_t mu_virtual_air_scan(struct mu_virtual_air *air, const char *ssid, struct mu_dice *dice, uint64_t now_ms, struct mu_link_seen *out,
	size_t count);

// About once in so many seconds: a time after now. UINT64_MAX for 0.
uint64_t mu_virtual_air_next(int32_t period_s, struct mu_dice *dice, uint64_t now_ms);

#endif
