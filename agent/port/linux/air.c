// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/air.h"
#include <assert.h>
#include <string.h>

enum { SPREAD_DB = 4 };

const struct mu_air_point mu_air_default = {
	.ssid = "muster",
	.passphrase = "muster-demo",
	.bssid = { 0x02, 0x4d, 0x55, 0x00, 0x00, 0x01 },
	.auth = MU_LINK_AUTH_WPA2,
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

size_t mu_virtual_air_points(const struct mu_virtual_air *air)
{
	return air->is.points ? air->is.point_count : 1;
}

const struct mu_air_point *mu_virtual_air_point(const struct mu_virtual_air *air, size_t index)
{
	return air->is.points ? &air->is.points[index] : &mu_air_default;
}

uint64_t mu_virtual_air_until(const struct mu_virtual_air *air, int32_t seconds)
{
	return seconds > 0 ? air->from_ms + (uint64_t)seconds * 1000 : 0;
}

uint64_t mu_virtual_air_next(int32_t period_s, struct mu_dice *dice, uint64_t now_ms)
{
	if (period_s <= 0)
		return UINT64_MAX;
	return now_ms + (uint64_t)period_s * 500 + mu_dice_u64(dice) % ((uint64_t)period_s * 1000);
}

static uint32_t any_channel(struct mu_dice *dice)
{
	return (uint32_t)mu_dice_between(dice, 0, 2) * 5 + 1;
}

void mu_virtual_air_signal(struct mu_virtual_air *air, int32_t rssi_dbm, struct mu_dice *dice, uint64_t now_ms)
{
	air->rssi_dbm = rssi_dbm;
	for (size_t i = 0; i < mu_virtual_air_points(air); i++) {
		int32_t middle = rssi_dbm + mu_virtual_air_point(air, i)->louder_db;
		mu_walk_init(&air->rssi[i], dice, middle - SPREAD_DB, middle + SPREAD_DB, now_ms);
	}
}

void mu_virtual_air_change(struct mu_virtual_air *air, const struct mu_air *is, struct mu_dice *dice, uint64_t now_ms)
{
	bool same_points = air->is.points == is->points && air->is.point_count == is->point_count;
	assert(is->point_count <= MU_AIR_POINTS_MAX);
	air->is = *is;
	air->from_ms = now_ms;
	air->on = true;
	air->there_ms = is->no_ap_s > 0 ? mu_virtual_air_until(air, is->no_ap_s) : UINT64_MAX;
	air->on_change_ms = is->drops ? now_ms + (uint64_t)mu_dice_between(dice, 10000, 20000) : UINT64_MAX;
	air->move_ms = mu_virtual_air_next(is->channel_move_s, dice, now_ms);
	mu_virtual_air_signal(air, is->rssi_dbm, dice, now_ms);
	for (size_t i = 0; i < mu_virtual_air_points(air); i++)
		if (!same_points || !air->channel[i])
			air->channel[i] = mu_virtual_air_point(air, i)->channel ? mu_virtual_air_point(air, i)->channel : any_channel(dice);
}

void mu_virtual_air_power_on(struct mu_virtual_air *air, const struct mu_air *is, struct mu_dice *dice, uint64_t now_ms)
{
	*air = (struct mu_virtual_air){ .on = true };
	mu_virtual_air_change(air, is, dice, now_ms);
}

bool mu_virtual_air_step(struct mu_virtual_air *air, struct mu_dice *dice, uint64_t now_ms)
{
	while (now_ms >= air->on_change_ms) {
		air->on = !air->on;
		air->on_change_ms += (uint64_t)(air->on ? mu_dice_between(dice, 30000, 45000) : mu_dice_between(dice, 15000, 25000));
	}
	if (now_ms >= air->there_ms)
		air->there_ms = UINT64_MAX;
	bool moves = now_ms >= air->move_ms;
	if (moves) {
		air->move_ms = mu_virtual_air_next(air->is.channel_move_s, dice, now_ms);
		for (size_t i = 0; i < mu_virtual_air_points(air); i++)
			air->channel[i] = (air->channel[i] + 4) % 13 + 1; // always another one
	}
	return moves;
}

uint64_t mu_virtual_air_deadline(const struct mu_virtual_air *air)
{
	return earlier(air->there_ms, earlier(air->on_change_ms, air->move_ms));
}

bool mu_virtual_air_present(const struct mu_virtual_air *air)
{
	return air->on && air->there_ms == UINT64_MAX;
}

int mu_virtual_air_find(struct mu_virtual_air *air, const struct mu_link_join *join, struct mu_dice *dice, uint64_t now_ms, bool *weak)
{
	int found = -1;
	int32_t loudest = INT32_MIN;
	*weak = false;
	for (size_t i = 0; mu_virtual_air_present(air) && i < mu_virtual_air_points(air); i++) {
		const struct mu_air_point *point = mu_virtual_air_point(air, i);
		if (strcmp(point->ssid, join->ssid) != 0 || (join->has_bssid && memcmp(point->bssid, join->bssid, MU_BSSID_BYTES) != 0))
			continue;
		int32_t rssi_dbm = mu_walk_value(&air->rssi[i], dice, now_ms);
		*weak = *weak || point->auth < join->least_auth;
		if (point->auth < join->least_auth || rssi_dbm <= loudest)
			continue;
		loudest = rssi_dbm;
		found = (int)i;
	}
	*weak = *weak && found < 0;
	return found;
}

static void insert(struct mu_link_seen *out, size_t used, const struct mu_link_seen *seen)
{
	while (used && out[used - 1].rssi_dbm < seen->rssi_dbm) {
		out[used] = out[used - 1];
		used--;
	}
	out[used] = *seen;
}

size_t mu_virtual_air_scan(struct mu_virtual_air *air, const char *ssid, struct mu_dice *dice, uint64_t now_ms, struct mu_link_seen *out,
	size_t count)
{
	struct mu_link_seen heard[MU_AIR_POINTS_MAX];
	size_t used = 0;
	for (size_t i = 0; mu_virtual_air_present(air) && i < mu_virtual_air_points(air); i++) {
		const struct mu_air_point *point = mu_virtual_air_point(air, i);
		struct mu_link_seen seen = { .rssi_dbm = mu_walk_value(&air->rssi[i], dice, now_ms),
			.channel = air->channel[i],
			.auth = point->auth };
		if (*ssid && strcmp(ssid, point->ssid) != 0)
			continue;
		memcpy(seen.bssid, point->bssid, MU_BSSID_BYTES);
		if (*ssid || !point->hidden)
			memcpy(seen.ssid, point->ssid, sizeof seen.ssid);
		insert(heard, used++, &seen);
	}
	if (used > count)
		used = count;
	memcpy(out, heard, used * sizeof *out);
	return used;
}
