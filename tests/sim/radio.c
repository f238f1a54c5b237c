// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/radio.h"
#include <stdio.h>
#include <string.h>

static const struct sim_access_point air[SIM_ACCESS_POINTS] = {
	{ "home", "correct horse", { "home", { 2, 0, 0, 0, 0, 1 }, -58, 1, MU_LINK_AUTH_WPA2 }, true },
	{ "home", "correct horse", { "home", { 2, 0, 0, 0, 0, 2 }, -71, 6, MU_LINK_AUTH_WPA2 }, true },
	{ "cellar", "battery staple", { "", { 2, 0, 0, 0, 0, 3 }, -66, 11, MU_LINK_AUTH_WPA3 }, true },
};

void sim_radio_init(struct sim_radio *radio, struct mu_dice *dice)
{
	*radio = (struct sim_radio){ .dice = dice };
	memcpy(radio->points, air, sizeof air);
	sim_radio_boot(radio);
}

static void go(struct sim_radio *radio, enum sim_station station, uint64_t due_ms)
{
	radio->station = station;
	radio->due_ms = due_ms;
}

void sim_radio_boot(struct sim_radio *radio)
{
	go(radio, SIM_STATION_OFF, UINT64_MAX);
	radio->joined = -1;
	radio->scan_due_ms = UINT64_MAX;
	radio->serving = radio->address_lost = false;
	radio->power_save = true;
	radio->air.wedged = radio->air.wedged_hard = false;
}

static bool is_wanted(const struct sim_access_point *point, const struct mu_link_join *join)
{
	if (!point->present || strcmp(point->ssid, join->ssid) != 0)
		return false;
	return !join->has_bssid || !memcmp(join->bssid, point->seen.bssid, MU_BSSID_BYTES);
}

static int strongest(const struct sim_radio *radio, const struct mu_link_join *join)
{
	int best = -1;
	for (int i = 0; i < SIM_ACCESS_POINTS; i++)
		if (is_wanted(&radio->points[i], join) && (best < 0 || radio->points[i].seen.rssi_dbm > radio->points[best].seen.rssi_dbm))
			best = i;
	return best;
}

// How an attempt at this access point will end.
static int32_t outcome_of(const struct sim_radio *radio, int point, const struct mu_link_join *join)
{
	if (point < 0)
		return SIM_REASON_NO_AP_FOUND;
	if (radio->points[point].seen.auth < join->least_auth)
		return SIM_REASON_AUTH_THRESHOLD;
	if (radio->air.password_changed || strcmp(radio->points[point].passphrase, join->passphrase) != 0)
		return mu_dice_between(radio->dice, 0, 1) ? SIM_REASON_HANDSHAKE : SIM_REASON_HANDSHAKE_TIMEOUT;
	return radio->air.refusal;
}

static bool is_wedged(const struct sim_radio *radio)
{
	return radio->air.wedged || radio->air.wedged_hard;
}

int sim_radio_connect(struct sim_radio *radio, const struct mu_link_join *join, uint64_t now_ms)
{
	radio->address_lost = false;
	radio->joined = strongest(radio, join);
	radio->outcome = outcome_of(radio, radio->joined, join);
	radio->associate_ms = (uint32_t)mu_dice_between(radio->dice, 180, 600);
	radio->dhcp_ms = join->address.is_static ? 1 : (uint32_t)mu_dice_between(radio->dice, 30, 250);
	uint32_t wait_ms = radio->joined < 0 ? SIM_SCAN_MS : radio->outcome ? 3000 + radio->associate_ms : radio->associate_ms;
	go(radio, SIM_STATION_SEEKING, is_wedged(radio) ? UINT64_MAX : now_ms + wait_ms);
	return 0;
}

int sim_radio_disconnect(struct sim_radio *radio, uint64_t now_ms)
{
	bool was = radio->station != SIM_STATION_OFF;
	radio->outcome = SIM_REASON_ASSOC_LEAVE;
	go(radio, was ? SIM_STATION_LEAVING : SIM_STATION_OFF, was && !is_wedged(radio) ? now_ms : UINT64_MAX);
	return 0;
}

int sim_radio_restart(struct sim_radio *radio, uint64_t now_ms)
{
	radio->air.wedged = false;
	radio->scan_due_ms = UINT64_MAX;
	radio->serving = false;
	return sim_radio_disconnect(radio, now_ms);
}

int sim_radio_scan(struct sim_radio *radio, const char *ssid, uint64_t now_ms)
{
	snprintf(radio->scan_for, sizeof radio->scan_for, "%s", ssid ? ssid : "");
	radio->scan_due_ms = is_wedged(radio) ? UINT64_MAX : now_ms + SIM_SCAN_MS;
	return 0;
}

int sim_radio_scan_read(const struct sim_radio *radio, struct mu_link_seen *out, size_t count)
{
	size_t given = (size_t)radio->found_count < count ? (size_t)radio->found_count : count;
	memcpy(out, radio->found, given * sizeof *out);
	return (int)given;
}

void sim_radio_status(const struct sim_radio *radio, uint64_t now_ms, struct mu_link_status *out)
{
	*out = (struct mu_link_status){ .up = radio->station == SIM_STATION_UP,
		.associate_ms = radio->associate_ms,
		.dhcp_ms = radio->dhcp_ms };
	if (radio->joined < 0)
		return;
	const struct mu_link_seen *seen = &radio->points[radio->joined].seen;
	out->rssi_dbm = seen->rssi_dbm - (int32_t)(now_ms / 60000 % 5);
	out->channel = seen->channel;
	out->auth = seen->auth;
	memcpy(out->bssid, seen->bssid, sizeof out->bssid);
}

// ---- the world's hand

// It goes down by itself: with this reason, at this time.
static void lose(struct sim_radio *radio, int32_t reason, uint64_t due_ms)
{
	radio->outcome = reason;
	go(radio, SIM_STATION_LEAVING, due_ms);
}

static bool is_on(const struct sim_radio *radio)
{
	return radio->station == SIM_STATION_UP || radio->station == SIM_STATION_JOINED;
}

void sim_radio_present(struct sim_radio *radio, int point, bool present, uint64_t now_ms)
{
	radio->points[point].present = present;
	if (!present && is_on(radio) && radio->joined == point)
		lose(radio, SIM_REASON_BEACON_TIMEOUT, now_ms + SIM_BEACONS_MS);
	else if (!present && radio->station == SIM_STATION_SEEKING && radio->joined == point)
		radio->outcome = SIM_REASON_NO_AP_FOUND;
}

void sim_radio_kick(struct sim_radio *radio, int32_t reason, uint64_t now_ms)
{
	if (is_on(radio))
		lose(radio, reason, now_ms);
}

void sim_radio_lose_address(struct sim_radio *radio, uint64_t now_ms)
{
	if (radio->station != SIM_STATION_UP)
		return;
	radio->address_lost = true; // told by the next step; another one is asked for then
	go(radio, SIM_STATION_JOINED, now_ms);
}

// ---- steps

static int tell(struct mu_event *event, enum mu_event_type type, int32_t value)
{
	*event = (struct mu_event){ .type = type, .value = value };
	return 1;
}

static int finish_scan(struct sim_radio *radio, struct mu_event *event)
{
	radio->scan_due_ms = UINT64_MAX;
	radio->found_count = 0;
	for (int i = 0; i < SIM_ACCESS_POINTS; i++) {
		const struct sim_access_point *point = &radio->points[i];
		bool hidden = !point->seen.ssid[0];
		if (!point->present || (radio->scan_for[0] ? strcmp(radio->scan_for, point->ssid) != 0 : false))
			continue;
		struct mu_link_seen *seen = &radio->found[radio->found_count++];
		*seen = point->seen;
		if (hidden && radio->scan_for[0])
			snprintf(seen->ssid, sizeof seen->ssid, "%s", point->ssid);
	}
	for (int i = 1; i < radio->found_count; i++) // strongest first
		for (int k = i; k && radio->found[k].rssi_dbm > radio->found[k - 1].rssi_dbm; k--) {
			struct mu_link_seen held = radio->found[k];
			radio->found[k] = radio->found[k - 1];
			radio->found[k - 1] = held;
		}
	return tell(event, MU_EVENT_SCAN_DONE, radio->found_count);
}

static int go_down(struct sim_radio *radio, struct mu_event *event)
{
	go(radio, SIM_STATION_OFF, UINT64_MAX);
	radio->joined = -1;
	return tell(event, MU_EVENT_LINK_DOWN, radio->outcome);
}

static int finish_station(struct sim_radio *radio, uint64_t now_ms, struct mu_event *event)
{
	switch (radio->station) {
	case SIM_STATION_SEEKING:
		if (radio->outcome)
			return go_down(radio, event);
		go(radio, SIM_STATION_JOINED, now_ms + radio->dhcp_ms);
		return tell(event, MU_EVENT_LINK_ASSOCIATED, 0);
	case SIM_STATION_JOINED:
		if (radio->address_lost) {
			radio->address_lost = false;
			radio->due_ms = now_ms + radio->dhcp_ms;
			return tell(event, MU_EVENT_LINK_ADDRESS_LOST, 0);
		}
		if (radio->air.dhcp_silent) {
			radio->due_ms = now_ms + 1000;
			return 0;
		}
		go(radio, SIM_STATION_UP, UINT64_MAX);
		return tell(event, MU_EVENT_LINK_UP, 0);
	case SIM_STATION_LEAVING: return go_down(radio, event);
	default: radio->due_ms = UINT64_MAX; return 0;
	}
}

int sim_radio_step(struct sim_radio *radio, uint64_t now_ms, struct mu_event *event)
{
	if (now_ms >= radio->scan_due_ms)
		return finish_scan(radio, event);
	return now_ms >= radio->due_ms ? finish_station(radio, now_ms, event) : 0;
}

uint64_t sim_radio_due(const struct sim_radio *radio)
{
	return radio->due_ms < radio->scan_due_ms ? radio->due_ms : radio->scan_due_ms;
}

bool sim_radio_carries(const struct sim_radio *radio)
{
	return radio->station == SIM_STATION_UP && radio->points[radio->joined].present && !is_wedged(radio);
}
