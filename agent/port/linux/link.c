// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/link.h"
#include "agent/image/err.h"
#include <string.h>

enum {
	CABLE_MS = 100, // until a pulled cable is noticed
	AUTH_TIMEOUT_MS = 1000,
	HANDSHAKE_MS = 2500, // until the station gives up waiting for the next message
	VISIT_MIN_MS = 5000,
	VISIT_MAX_MS = 20000,
	PASSPHRASE_MIN = 8,
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool wired(const struct mu_virtual_link *link)
{
	return link->join.wired;
}

static uint64_t notice_ms(const struct mu_virtual_link *link)
{
	return wired(link) ? CABLE_MS : MU_LINK_BEACON_TIMEOUT_MS;
}

static int32_t loss_reason(const struct mu_virtual_link *link)
{
	return wired(link) ? MU_LINK_REASON_CABLE : MU_LINK_REASON_BEACON_TIMEOUT;
}

static bool lasts(const struct mu_virtual_link *link, int32_t seconds, uint64_t now_ms)
{
	return now_ms < mu_virtual_air_until(&link->air, seconds);
}

// ---- troubles of a station that is up

static void forget_troubles(struct mu_virtual_link *link)
{
	for (int i = 0; i < MU_TROUBLES; i++)
		link->trouble_ms[i] = UINT64_MAX;
}

static void expect_troubles(struct mu_virtual_link *link, uint64_t now_ms)
{
	const struct mu_air *air = &link->air.is;
	forget_troubles(link);
	link->trouble_ms[MU_TROUBLE_LEASE] =
		link->join.address.is_static ? UINT64_MAX : mu_virtual_air_next(air->lease_loss_s, &link->dice, now_ms);
	if (wired(link))
		return;
	link->trouble_ms[MU_TROUBLE_BEACONS] = mu_virtual_air_next(air->beacon_loss_s, &link->dice, now_ms);
	if (!link->awake)
		link->trouble_ms[MU_TROUBLE_SLEEP] = mu_virtual_air_next(air->sleep_loss_s, &link->dice, now_ms);
}

static void go_deaf(struct mu_virtual_link *link, uint64_t now_ms)
{
	link->deaf = true;
	link->due_ms = now_ms + notice_ms(link);
	link->due_reason = loss_reason(link);
	forget_troubles(link);
}

static int go_down(struct mu_virtual_link *link, int32_t reason, struct mu_event *event)
{
	link->state = MU_STATION_OFF;
	link->due_ms = UINT64_MAX;
	forget_troubles(link);
	*event = (struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = reason };
	return 1;
}

static int lose_beacons(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	(void)event;
	go_deaf(link, now_ms);
	return 0;
}

static int lose_sleeper(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	static const int32_t reasons[] = { MU_LINK_REASON_AUTH_EXPIRE, MU_LINK_REASON_INACTIVITY, MU_LINK_REASON_ASSOC_LEAVE };
	(void)now_ms;
	return go_down(link, reasons[mu_dice_between(&link->dice, 0, 2)], event);
}

static int lose_lease(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	(void)now_ms;
	link->state = MU_STATION_ASSOCIATED; // and there it stays
	link->due_ms = UINT64_MAX;
	forget_troubles(link);
	*event = (struct mu_event){ .type = MU_EVENT_LINK_ADDRESS_LOST };
	return 1;
}

static int meet_troubles(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	static int (*const meet[MU_TROUBLES])(struct mu_virtual_link *, uint64_t, struct mu_event *) = {
		[MU_TROUBLE_BEACONS] = lose_beacons,
		[MU_TROUBLE_SLEEP] = lose_sleeper,
		[MU_TROUBLE_LEASE] = lose_lease,
	};
	for (int i = 0; i < MU_TROUBLES; i++)
		if (now_ms >= link->trouble_ms[i])
			return meet[i](link, now_ms, event);
	return 0;
}

// ---- the air changes

static void set_present(struct mu_virtual_link *link, bool present, uint64_t now_ms)
{
	link->present = present;
	if (link->state == MU_STATION_OFF || link->deaf)
		return;
	if (present && link->state == MU_STATION_UP) { // back before the station noticed
		link->due_ms = UINT64_MAX;
		link->due_reason = 0;
	} else if (!present && link->state == MU_STATION_JOINING) {
		link->due_ms = now_ms + MU_LINK_SCAN_MS;
		link->due_reason = wired(link) ? MU_LINK_REASON_CABLE : MU_LINK_REASON_NO_AP_FOUND;
	} else if (!present) {
		link->due_ms = now_ms + notice_ms(link);
		link->due_reason = loss_reason(link);
	}
}

static void step_air(struct mu_virtual_link *link, uint64_t now_ms)
{
	bool moved = mu_virtual_air_step(&link->air, &link->dice, now_ms);
	bool present = mu_virtual_air_present(&link->air) && now_ms < link->lost_from_ms;
	if (present != link->present)
		set_present(link, present, now_ms);
	// Every second time the station does not hear where they go.
	if (moved && mu_virtual_link_carries(link) && link->point >= 0 && mu_dice_between(&link->dice, 0, 1))
		go_deaf(link, now_ms);
}

// ---- a join

// How it ends, and how long that takes once the access point is found.
static uint32_t judge_join(struct mu_virtual_link *link, uint64_t now_ms)
{
	const struct mu_air *air = &link->air.is;
	const struct mu_air_point *point = mu_virtual_air_point(&link->air, (size_t)link->point);
	bool wrong = strcmp(point->passphrase, link->join.passphrase) != 0 || lasts(link, air->wrong_password_s, now_ms);
	if (lasts(link, air->auth_expire_s, now_ms)) {
		link->due_reason = MU_LINK_REASON_AUTH_EXPIRE;
		return AUTH_TIMEOUT_MS;
	}
	if (wrong && point->auth == MU_LINK_AUTH_WPA3) { // the exchange itself tells
		link->due_reason = MU_LINK_REASON_AUTH_FAIL;
		return 0;
	}
	if (wrong || lasts(link, air->handshake_s, now_ms)) { // WPA2 cannot tell the two apart
		bool rare = mu_dice_between(&link->dice, 0, 3) == 0;
		link->due_reason = rare ? MU_LINK_REASON_HANDSHAKE_TIMEOUT : MU_LINK_REASON_4WAY_TIMEOUT;
		return HANDSHAKE_MS;
	}
	return 0;
}

static uint64_t search(struct mu_virtual_link *link, uint64_t now_ms)
{
	bool weak = false;
	link->point = wired(link) || !link->present ? -1 : mu_virtual_air_find(&link->air, &link->join, &link->dice, now_ms, &weak);
	if (wired(link) && link->present)
		return link->associate_ms;
	if (link->point < 0) {
		link->due_reason = weak ? MU_LINK_REASON_AUTH_THRESHOLD : wired(link) ? MU_LINK_REASON_CABLE : MU_LINK_REASON_NO_AP_FOUND;
		return MU_LINK_SCAN_MS;
	}
	bool elsewhere = link->join.channel && link->join.channel != link->air.channel[link->point];
	return link->associate_ms + judge_join(link, now_ms) + (elsewhere ? (uint32_t)MU_LINK_SEARCH_MS : 0);
}

void mu_virtual_link_connect(struct mu_virtual_link *link, const struct mu_link_join *join, uint64_t now_ms)
{
	uint64_t from_ms = now_ms > link->ready_ms ? now_ms : link->ready_ms;
	step_air(link, now_ms);
	link->join = *join;
	link->state = MU_STATION_JOINING;
	link->deaf = false;
	link->due_reason = 0;
	forget_troubles(link);
	link->associate_ms = (uint32_t)mu_dice_between(&link->dice, 180, 600);
	link->dhcp_ms = (uint32_t)mu_dice_between(&link->dice, 30, 250);
	if (join->address.is_static)
		link->dhcp_ms = 0;
	link->due_ms = from_ms + search(link, now_ms);
}

static int finish_joining(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	uint64_t served_ms = mu_virtual_air_until(&link->air, link->air.is.dhcp_dead_s);
	link->state = MU_STATION_ASSOCIATED;
	link->due_ms = now_ms + link->dhcp_ms;
	if (!link->join.address.is_static && now_ms < served_ms)
		link->due_ms = served_ms + (uint64_t)mu_dice_between(&link->dice, 500, 4000); // the client asks again
	*event = (struct mu_event){ .type = MU_EVENT_LINK_ASSOCIATED };
	return 1;
}

static int finish_addressing(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	link->state = MU_STATION_UP;
	link->due_ms = UINT64_MAX;
	link->leases++;
	expect_troubles(link, now_ms);
	*event = (struct mu_event){ .type = MU_EVENT_LINK_UP };
	return 1;
}

static int finish_state(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	if (link->due_reason || !link->present)
		return go_down(link, link->due_reason, event);
	return link->state == MU_STATION_JOINING ? finish_joining(link, now_ms, event) : finish_addressing(link, now_ms, event);
}

// ---- power on, boot

void mu_virtual_link_power_on(struct mu_virtual_link *link, const struct mu_air *air, uint64_t seed, uint64_t now_ms)
{
	*link = (struct mu_virtual_link){ .present = true,
		.point = -1,
		.due_ms = UINT64_MAX,
		.lost_from_ms = UINT64_MAX,
		.scan_ms = UINT64_MAX,
		.visitor_ms = UINT64_MAX };
	mu_dice_init(&link->dice, seed);
	mu_virtual_air_power_on(&link->air, air, &link->dice, now_ms);
	forget_troubles(link);
	step_air(link, now_ms);
}

void mu_virtual_link_boot(struct mu_virtual_link *link, const struct mu_traits *traits, uint64_t now_ms)
{
	int32_t rssi_dbm = traits->rssi_dbm == MU_TRAIT_UNSET ? link->air.is.rssi_dbm : traits->rssi_dbm;
	if (rssi_dbm != link->air.rssi_dbm)
		mu_virtual_air_signal(&link->air, rssi_dbm, &link->dice, now_ms);
	link->lost_from_ms = traits->offline_after_s == MU_TRAIT_UNSET ? UINT64_MAX : now_ms + (uint64_t)traits->offline_after_s * 1000;
	link->state = MU_STATION_OFF;
	link->due_ms = link->scan_ms = link->visitor_ms = UINT64_MAX;
	link->leave_due = link->awake = link->serving = false;
	link->stations = 0;
	link->ready_ms = now_ms;
	forget_troubles(link);
	step_air(link, now_ms);
}

void mu_virtual_link_air(struct mu_virtual_link *link, const struct mu_air *air, uint64_t now_ms)
{
	mu_virtual_air_change(&link->air, air, &link->dice, now_ms);
	link->leases = 0;
	step_air(link, now_ms);
	if (link->state == MU_STATION_UP && !link->deaf)
		expect_troubles(link, now_ms);
	if (link->serving && air->visitors && link->visitor_ms == UINT64_MAX)
		link->visitor_ms = now_ms + VISIT_MIN_MS;
}

// ---- calls of the core

int mu_virtual_link_can(void)
{
	return MU_LINK_CAN_STATION | MU_LINK_CAN_ACCESS_POINT | MU_LINK_CAN_BOTH | MU_LINK_CAN_ETHERNET | MU_LINK_CAN_WPA3;
}

void mu_virtual_link_disconnect(struct mu_virtual_link *link)
{
	link->leave_due = link->leave_due || link->state != MU_STATION_OFF;
	link->state = MU_STATION_OFF;
	link->due_ms = UINT64_MAX;
	forget_troubles(link);
}

void mu_virtual_link_restart(struct mu_virtual_link *link, uint64_t now_ms)
{
	mu_virtual_link_disconnect(link);
	mu_virtual_link_serve(link, 0, now_ms);
	link->scan_ms = UINT64_MAX;
	link->ready_ms = now_ms + MU_LINK_RESTART_MS;
}

void mu_virtual_link_scan(struct mu_virtual_link *link, const char *ssid, uint64_t now_ms)
{
	strncpy(link->scan_ssid, ssid ? ssid : "", MU_SSID_MAX);
	link->scan_ms = (now_ms > link->ready_ms ? now_ms : link->ready_ms) + MU_LINK_SCAN_MS;
}

int mu_virtual_link_scan_read(struct mu_virtual_link *link, struct mu_link_seen *out, size_t count, uint64_t now_ms)
{
	return link->present ? (int)mu_virtual_air_scan(&link->air, link->scan_ssid, &link->dice, now_ms, out, count) : 0;
}

int mu_virtual_link_serve(struct mu_virtual_link *link, const struct mu_link_own *own, uint64_t now_ms)
{
	if (own && strlen(own->passphrase) < PASSPHRASE_MIN)
		return MU_ERR_INVALID;
	link->serving = own != 0;
	link->stations = 0;
	link->stations_max = own ? own->stations_max : 0;
	link->visitor_ms = own && link->air.is.visitors ? now_ms + VISIT_MIN_MS : UINT64_MAX;
	return 0;
}

void mu_virtual_link_power_save(struct mu_virtual_link *link, bool on, uint64_t now_ms)
{
	if (link->awake == !on)
		return;
	link->awake = !on;
	if (link->state == MU_STATION_UP && !link->deaf)
		expect_troubles(link, now_ms);
}

void mu_virtual_link_status(struct mu_virtual_link *link, uint64_t now_ms, struct mu_link_status *out)
{
	size_t index = link->point < 0 ? 0 : (size_t)link->point;
	const struct mu_air_point *point = mu_virtual_air_point(&link->air, index);
	bool joined = link->state == MU_STATION_UP || link->state == MU_STATION_ASSOCIATED;
	*out = (struct mu_link_status){
		.up = link->state == MU_STATION_UP,
		.associate_ms = link->associate_ms,
		.dhcp_ms = link->dhcp_ms,
		.stations = link->stations,
	};
	if (wired(link))
		return;
	out->rssi_dbm = mu_walk_value(&link->air.rssi[index], &link->dice, now_ms);
	out->channel = link->air.channel[index];
	out->auth = point->auth;
	if (joined)
		memcpy(out->bssid, point->bssid, MU_BSSID_BYTES);
}

// ---- time

static int finish_scan(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	struct mu_link_seen seen[MU_AIR_POINTS_MAX];
	link->scan_ms = UINT64_MAX;
	*event = (struct mu_event){ .type = MU_EVENT_SCAN_DONE, .value = mu_virtual_link_scan_read(link, seen, MU_AIR_POINTS_MAX, now_ms) };
	return 1;
}

static int visit(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	bool joins = link->stations == 0 || (link->stations < link->stations_max && mu_dice_between(&link->dice, 0, 1));
	link->stations = joins ? link->stations + 1 : link->stations - 1;
	link->visitor_ms = link->air.is.visitors ? now_ms + (uint64_t)mu_dice_between(&link->dice, VISIT_MIN_MS, VISIT_MAX_MS) : UINT64_MAX;
	*event = (struct mu_event){ .type = joins ? MU_EVENT_STATION_JOINED : MU_EVENT_STATION_LEFT, .value = (int32_t)link->stations };
	return 1;
}

int mu_virtual_link_step(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	step_air(link, now_ms);
	if (link->leave_due) {
		link->leave_due = false;
		*event = (struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = MU_LINK_REASON_ASSOC_LEAVE };
		return 1;
	}
	if (now_ms >= link->due_ms)
		return finish_state(link, now_ms, event);
	if (now_ms >= link->scan_ms)
		return finish_scan(link, now_ms, event);
	if (now_ms >= link->visitor_ms)
		return visit(link, now_ms, event);
	return meet_troubles(link, now_ms, event);
}

uint64_t mu_virtual_link_deadline(const struct mu_virtual_link *link)
{
	if (link->leave_due)
		return 0;
	uint64_t due_ms = earlier(link->due_ms, earlier(link->scan_ms, link->visitor_ms));
	for (int i = 0; i < MU_TROUBLES; i++)
		due_ms = earlier(due_ms, link->trouble_ms[i]);
	if (link->present)
		due_ms = earlier(due_ms, link->lost_from_ms);
	return earlier(due_ms, mu_virtual_air_deadline(&link->air));
}

bool mu_virtual_link_carries(const struct mu_virtual_link *link)
{
	return link->state == MU_STATION_UP && link->present && !link->deaf;
}

bool mu_virtual_link_resolves(const struct mu_virtual_link *link)
{
	static const mu_ipv4 none;
	switch (link->air.is.dns_dead) {
	case 0: return true;
	case 1: return link->leases > 1;
	default: return memcmp(link->join.address.dns[0], none, sizeof none) != 0;
	}
}
