// SPDX-License-Identifier: Apache-2.0
// The radio of a simulated device and the air around it: access points that go away, change their password or channel, a DHCP that is silent.
// Written from agent/port/port.h (struct mu_link_port), not from another port.
//
// Pure: times in milliseconds of the world come in, at most one event comes out of each step. Memory: the caller's. Thread: one at a time.
#ifndef TESTS_SIM_RADIO_H
#define TESTS_SIM_RADIO_H
#include "agent/event.h"
#include "agent/port/linux/dice.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

enum { SIM_ACCESS_POINTS = 3, SIM_BEACONS_MS = 6000, SIM_SCAN_MS = 2200 };

// 802.11 and ESP-IDF codes that this radio gives.
enum {
	SIM_REASON_AUTH_EXPIRE = 2,
	SIM_REASON_AUTH_LEAVE = 3,
	SIM_REASON_ASSOC_EXPIRE = 4,
	SIM_REASON_ASSOC_TOOMANY = 5,
	SIM_REASON_ASSOC_LEAVE = 8,
	SIM_REASON_HANDSHAKE = 15,
	SIM_REASON_BEACON_TIMEOUT = 200,
	SIM_REASON_NO_AP_FOUND = 201,
	SIM_REASON_HANDSHAKE_TIMEOUT = 204,
	SIM_REASON_AUTH_THRESHOLD = 211,
};

struct sim_access_point {
	const char *ssid, *passphrase;
	struct mu_link_seen seen; // ssid "" where it hides its name
	bool present;
};

// What is wrong with the air at the moment.
struct sim_air {
	bool password_changed; // at every access point
	bool dhcp_silent;
	bool wedged; // the radio does nothing until it is restarted
	bool wedged_hard; // ... or until the chip is
	int32_t refusal; // a reason with which every attempt to join ends; 0: none
};

enum sim_station { SIM_STATION_OFF, SIM_STATION_SEEKING, SIM_STATION_JOINED, SIM_STATION_UP, SIM_STATION_LEAVING };

struct sim_radio {
	struct mu_dice *dice;
	struct sim_access_point points[SIM_ACCESS_POINTS];
	struct sim_air air;
	enum sim_station station;
	int joined; // number of the access point; -1: none
	int32_t outcome; // of what is under way: 0 goes well, else the reason
	uint64_t due_ms; // when it is over; UINT64_MAX: never
	uint64_t scan_due_ms; // UINT64_MAX: no scan
	char scan_for[MU_SSID_MAX + 1];
	struct mu_link_seen found[SIM_ACCESS_POINTS];
	int found_count;
	bool address_lost; // and not yet told
	bool power_save, serving;
	uint32_t associate_ms, dhcp_ms;
};

void sim_radio_init(struct sim_radio *radio, struct mu_dice *dice);
void sim_radio_boot(struct sim_radio *radio); // after a reset of the chip

// As in struct mu_link_port.
int sim_radio_connect(struct sim_radio *radio, const struct mu_link_join *join, uint64_t now_ms);
int sim_radio_disconnect(struct sim_radio *radio, uint64_t now_ms);
int sim_radio_restart(struct sim_radio *radio, uint64_t now_ms);
int sim_radio_scan(struct sim_radio *radio, const char *ssid, uint64_t now_ms);
int sim_radio_scan_read(const struct sim_radio *radio, struct mu_link_seen *out, size_t count);
void sim_radio_status(const struct sim_radio *radio, uint64_t now_ms, struct mu_link_status *out);

// The world's hand.
void sim_radio_present(struct sim_radio *radio, int point, bool present, uint64_t now_ms);
void sim_radio_kick(struct sim_radio *radio, int32_t reason, uint64_t now_ms); // the access point sends it away
void sim_radio_lose_address(struct sim_radio *radio, uint64_t now_ms);

int sim_radio_step(struct sim_radio *radio, uint64_t now_ms, struct mu_event *event); // 1 and *event (call again), or 0
uint64_t sim_radio_due(const struct sim_radio *radio);
bool sim_radio_carries(const struct sim_radio *radio); // packets get through

#endif
