// SPDX-License-Identifier: Apache-2.0
#include "agent/network/link_choice.h"
#include <string.h>

void mu_link_choice_init(struct mu_link_choice *choice)
{
	*choice = (struct mu_link_choice){ .worked = MU_LINK_NONE };
}

void mu_link_choice_forget(struct mu_link_choice *choice)
{
	choice->weak = false;
	for (size_t i = 0; i < MU_LINK_NETWORKS_MAX; i++)
		choice->places[i].seen = false;
}

// wpa3: the port can; without it the stronger kind is worth nothing.
static int32_t score(int32_t rssi_dbm, uint32_t auth, bool wpa3)
{
	return rssi_dbm + (wpa3 && auth == MU_LINK_AUTH_WPA3 ? (int32_t)MU_LINK_BETTER_AUTH_DB : 0);
}

static int8_t narrow(int32_t rssi_dbm)
{
	return (int8_t)(rssi_dbm < INT8_MIN ? INT8_MIN : rssi_dbm > 0 ? 0 : rssi_dbm);
}

static void hear_one(struct mu_link_choice *choice, struct mu_link_place *place, enum mu_link_auth least, bool wpa3,
	const struct mu_link_seen *seen)
{
	int8_t rssi_dbm = narrow(seen->rssi_dbm);
	if (seen->auth < least) {
		choice->weak = true;
		return;
	}
	if (place->seen && score(rssi_dbm, seen->auth, wpa3) <= score(place->rssi_dbm, place->auth, wpa3))
		return;
	memcpy(place->bssid, seen->bssid, MU_BSSID_BYTES);
	place->channel = (uint8_t)seen->channel;
	place->auth = (uint8_t)seen->auth;
	place->rssi_dbm = rssi_dbm;
	place->seen = true;
}

void mu_link_choice_hear(struct mu_link_choice *choice, const struct mu_link_config *config, bool wpa3, const struct mu_link_seen *seen,
	size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < config->network_count; n++)
			if (strncmp(seen[i].ssid, config->networks[n].ssid, MU_SSID_MAX + 1) == 0)
				hear_one(choice, &choice->places[n], mu_link_least_auth(&config->networks[n]), wpa3, &seen[i]);
}

static uint32_t coarse(uint64_t now_ms)
{
	return (uint32_t)(now_ms >> 10);
}

void mu_link_choice_wake(struct mu_link_choice *choice, uint64_t now_ms)
{
	for (size_t i = 0; i < MU_LINK_NETWORKS_MAX; i++)
		choice->places[i].rests &= coarse(now_ms) < choice->places[i].rests_until;
}

int mu_link_choice_in_sight(const struct mu_link_choice *choice, size_t networks)
{
	int count = 0, resting = 0;
	for (size_t i = 0; i < networks; i++) {
		count += choice->places[i].seen && !choice->places[i].rests;
		resting += choice->places[i].seen && choice->places[i].rests;
	}
	return count || !resting ? count : MU_ERR_AUTH;
}

static bool goes_before(const struct mu_link_choice *choice, size_t one, size_t other, bool in_sight)
{
	const struct mu_link_place *a = &choice->places[one], *b = &choice->places[other];
	uint32_t troubles_a = (uint32_t)a->failed + a->refused, troubles_b = (uint32_t)b->failed + b->refused;
	if (troubles_a != troubles_b)
		return troubles_a < troubles_b;
	return in_sight ? a->rssi_dbm > b->rssi_dbm : one == choice->worked;
}

uint8_t mu_link_choice_pick(const struct mu_link_choice *choice, size_t networks, bool in_sight)
{
	uint8_t best = MU_LINK_NONE;
	for (size_t i = 0; i < networks; i++) {
		bool may = !choice->places[i].rests && (!in_sight || choice->places[i].seen);
		if (may && (best == MU_LINK_NONE || goes_before(choice, i, best, in_sight)))
			best = (uint8_t)i;
	}
	return best;
}

static void count_up(uint8_t *count)
{
	*count += *count < UINT8_MAX;
}

void mu_link_choice_failed(struct mu_link_choice *choice, uint8_t network)
{
	if (network >= MU_LINK_NETWORKS_MAX)
		return;
	count_up(&choice->places[network].failed);
	choice->places[network].refused_row = 0;
}

void mu_link_choice_refused(struct mu_link_choice *choice, uint8_t network, uint64_t now_ms)
{
	if (network >= MU_LINK_NETWORKS_MAX)
		return;
	struct mu_link_place *place = &choice->places[network];
	count_up(&place->failed);
	count_up(&place->refused);
	count_up(&place->refused_row);
	place->rests = place->refused_row >= MU_LINK_REFUSALS;
	place->rests_until = coarse(now_ms + MU_LINK_REST_MS);
}

void mu_link_choice_worked(struct mu_link_choice *choice, uint8_t network, uint32_t channel)
{
	if (network >= MU_LINK_NETWORKS_MAX)
		return;
	for (size_t i = 0; i < MU_LINK_NETWORKS_MAX; i++)
		choice->places[i].failed = 0;
	choice->places[network].refused = choice->places[network].refused_row = 0;
	choice->places[network].channel = (uint8_t)channel;
	choice->worked = network;
}
