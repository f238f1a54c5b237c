// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/link.h"

enum { RSSI_SPREAD_DB = 4 };

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t after(struct mu_virtual_link *link, uint64_t now_ms, int32_t low_ms, int32_t high_ms)
{
	return now_ms + (uint64_t)mu_dice_between(&link->dice, low_ms, high_ms);
}

static void set_signal(struct mu_virtual_link *link, int32_t rssi_dbm, uint64_t now_ms)
{
	mu_walk_init(&link->rssi, &link->dice, rssi_dbm - RSSI_SPREAD_DB, rssi_dbm + RSSI_SPREAD_DB, now_ms);
}

void mu_virtual_link_power_on(struct mu_virtual_link *link, const struct mu_air *air, uint64_t seed, uint64_t now_ms)
{
	*link = (struct mu_virtual_link){ .air = *air, .access_point = true, .present = true, .due_ms = UINT64_MAX };
	mu_dice_init(&link->dice, seed);
	set_signal(link, air->rssi_dbm, now_ms);
	link->channel = (uint32_t)mu_dice_between(&link->dice, 0, 2) * 5 + 1;
	link->air_change_ms = air->drops ? after(link, now_ms, 10000, 20000) : UINT64_MAX;
	link->lost_from_ms = UINT64_MAX;
}

// An attempt: with an access point it takes as long as association and DHCP do, without one as long as looking for it.
static void start_connecting(struct mu_virtual_link *link, uint64_t now_ms, uint32_t extra_ms)
{
	link->state = MU_STATION_CONNECTING;
	link->associate_ms = (uint32_t)mu_dice_between(&link->dice, 180, 600);
	link->dhcp_ms = (uint32_t)mu_dice_between(&link->dice, 30, 250);
	link->due_ms = now_ms + extra_ms + (link->present ? link->associate_ms + link->dhcp_ms : (uint32_t)MU_LINK_SCAN_MS);
}

void mu_virtual_link_connect(struct mu_virtual_link *link, uint64_t now_ms)
{
	if (link->state != MU_STATION_CONNECTING && link->state != MU_STATION_UP)
		start_connecting(link, now_ms, 0);
}

void mu_virtual_link_disconnect(struct mu_virtual_link *link)
{
	link->down_due = link->state == MU_STATION_UP;
	link->state = MU_STATION_OFF;
	link->due_ms = UINT64_MAX;
}

void mu_virtual_link_restart(struct mu_virtual_link *link, uint64_t now_ms)
{
	mu_virtual_link_disconnect(link);
	start_connecting(link, now_ms, MU_LINK_RESTART_MS);
}

void mu_virtual_link_scan(struct mu_virtual_link *link, uint64_t now_ms)
{
	mu_virtual_link_disconnect(link);
	link->state = MU_STATION_SCANNING;
	link->due_ms = now_ms + MU_LINK_SCAN_MS;
}

void mu_virtual_link_status(struct mu_virtual_link *link, uint64_t now_ms, struct mu_link_status *out)
{
	*out = (struct mu_link_status){
		.up = link->state == MU_STATION_UP,
		.rssi_dbm = mu_walk_value(&link->rssi, &link->dice, now_ms),
		.channel = link->channel,
		.associate_ms = link->associate_ms,
		.dhcp_ms = link->dhcp_ms,
	};
}

static void set_present(struct mu_virtual_link *link, bool present, uint64_t now_ms)
{
	link->present = present;
	if (present && link->state == MU_STATION_UP)
		link->due_ms = UINT64_MAX; // back before the station noticed
	else if (!present && link->state == MU_STATION_UP)
		link->due_ms = now_ms + MU_LINK_BEACON_TIMEOUT_MS;
	else if (!present && link->state == MU_STATION_CONNECTING)
		link->due_ms = now_ms + MU_LINK_SCAN_MS;
}

static void step_air(struct mu_virtual_link *link, uint64_t now_ms)
{
	while (now_ms >= link->air_change_ms) {
		link->access_point = !link->access_point;
		link->air_change_ms = link->access_point ? after(link, link->air_change_ms, 30000, 45000)
							 : after(link, link->air_change_ms, 15000, 25000);
	}
	bool present = link->access_point && now_ms < link->lost_from_ms;
	if (present != link->present)
		set_present(link, present, now_ms);
}

void mu_virtual_link_boot(struct mu_virtual_link *link, const struct mu_traits *traits, uint64_t now_ms)
{
	int32_t rssi_dbm = traits->rssi_dbm == MU_TRAIT_UNSET ? link->air.rssi_dbm : traits->rssi_dbm;
	if (rssi_dbm - RSSI_SPREAD_DB != link->rssi.low)
		set_signal(link, rssi_dbm, now_ms);
	link->lost_from_ms = traits->offline_after_s == MU_TRAIT_UNSET ? UINT64_MAX : now_ms + (uint64_t)traits->offline_after_s * 1000;
	link->state = MU_STATION_OFF;
	link->due_ms = UINT64_MAX;
	link->down_due = false;
	step_air(link, now_ms);
}

static int report_down(struct mu_virtual_link *link, int32_t reason, struct mu_event *event)
{
	link->state = MU_STATION_OFF;
	*event = (struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = reason };
	return 1;
}

static int finish_state(struct mu_virtual_link *link, struct mu_event *event)
{
	link->due_ms = UINT64_MAX;
	if (link->state == MU_STATION_SCANNING) {
		link->state = MU_STATION_OFF;
		*event = (struct mu_event){ .type = MU_EVENT_SCAN_DONE, .value = link->present };
		return 1;
	}
	if (link->state == MU_STATION_UP)
		return report_down(link, MU_LINK_REASON_BEACON_TIMEOUT, event);
	if (!link->present)
		return report_down(link, MU_LINK_REASON_NO_AP_FOUND, event);
	link->state = MU_STATION_UP;
	*event = (struct mu_event){ .type = MU_EVENT_LINK_UP };
	return 1;
}

int mu_virtual_link_step(struct mu_virtual_link *link, uint64_t now_ms, struct mu_event *event)
{
	step_air(link, now_ms);
	if (link->down_due) {
		link->down_due = false;
		*event = (struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = MU_LINK_REASON_ASSOC_LEAVE };
		return 1;
	}
	return now_ms >= link->due_ms ? finish_state(link, event) : 0;
}

uint64_t mu_virtual_link_deadline(const struct mu_virtual_link *link)
{
	if (link->down_due)
		return 0;
	uint64_t lost_ms = link->present ? link->lost_from_ms : UINT64_MAX;
	return earlier(earlier(link->due_ms, link->air_change_ms), lost_ms);
}

bool mu_virtual_link_carries(const struct mu_virtual_link *link)
{
	return link->state == MU_STATION_UP && link->present;
}
