// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/cadence.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

enum {
	REFUSALS = 5,
	REST_MS = 15 * 60 * 1000 - 1024, // the agent counts in units of 1.024 s
	OPENS_PERIOD_MS = 60000,
	HELD_MS = 60000,
	SPREAD_MS = 15000,
	LATE_MS = 2000, // a step may come so late
	LATE_WAITS = 32,
	NETWORK_REFUSED = 202, // some drivers call a wrong passphrase so
};

void sim_cadence_boot(struct sim_device *device)
{
	unsigned late_waits = device->cadence.late_waits;
	device->cadence = (struct sim_cadence){ .opened_ms = UINT64_MAX, .lost_ms = UINT64_MAX, .late_waits = late_waits };
}

// Counted from 1.
static int place_of(struct sim_cadence *cadence, const char *ssid)
{
	int place = 0;
	while (place < SIM_CADENCE_NETWORKS && cadence->networks[place].ssid[0] && strcmp(cadence->networks[place].ssid, ssid) != 0)
		place++;
	if (place == SIM_CADENCE_NETWORKS)
		return 0;
	snprintf(cadence->networks[place].ssid, sizeof cadence->networks[place].ssid, "%s", ssid);
	return place + 1;
}

void sim_cadence_join(struct sim_device *device, const char *ssid)
{
	struct sim_cadence *cadence = &device->cadence;
	struct sim_world *world = device->world;
	if (cadence->trying) // never answered: the row is broken
		cadence->networks[cadence->trying - 1].refusals = 0;
	cadence->trying = place_of(cadence, ssid);
	if (!cadence->trying)
		return;
	unsigned refusals = cadence->networks[cadence->trying - 1].refusals;
	uint64_t since_ms = world->now_ms - cadence->networks[cadence->trying - 1].refused_ms;
	if (refusals >= REFUSALS && since_ms < REST_MS)
		sim_fail(world, device, "\"%s\" has refused %u times in a row and is tried again after %llu s", ssid, refusals,
			(unsigned long long)since_ms / 1000);
}

static bool is_refusal(const struct mu_event *event)
{
	return event->type == MU_EVENT_LINK_DOWN &&
		(event->reason == SIM_REASON_HANDSHAKE || event->reason == SIM_REASON_HANDSHAKE_TIMEOUT ||
			event->reason == NETWORK_REFUSED);
}

void sim_cadence_link(struct sim_device *device, const struct mu_event *event)
{
	struct sim_cadence *cadence = &device->cadence;
	if (!cadence->trying || (event->type != MU_EVENT_LINK_DOWN && event->type != MU_EVENT_LINK_ASSOCIATED))
		return;
	int tried = cadence->trying - 1;
	cadence->trying = 0;
	cadence->networks[tried].refusals = is_refusal(event) ? cadence->networks[tried].refusals + 1 : 0;
	cadence->networks[tried].refused_ms = device->world->now_ms;
}

// ---- sessions

void sim_cadence_closes(struct sim_device *device)
{
	device->cadence.opened_ms = device->cadence.lost_ms = UINT64_MAX;
}

void sim_cadence_told(struct sim_device *device, const struct mu_event *event)
{
	struct sim_cadence *cadence = &device->cadence;
	uint64_t now_ms = device->world->now_ms, opened_ms = cadence->opened_ms;
	bool is_open = event->type == MU_EVENT_MQTT_OPEN, is_closed = event->type == MU_EVENT_MQTT_CLOSED;
	if (!is_open && !is_closed && event->type != MU_EVENT_LINK_DOWN && event->type != MU_EVENT_LINK_ADDRESS_LOST)
		return;
	cadence->opened_ms = is_open ? now_ms : UINT64_MAX;
	cadence->lost_ms = is_closed && opened_ms != UINT64_MAX && now_ms - opened_ms >= HELD_MS ? now_ms : UINT64_MAX;
}

static bool may_be_held_back(const struct sim_world *world)
{
	const bool *on = world->faults.on;
	return world->tls || on[SIM_FAULT_LEAK] || on[SIM_FAULT_PRESSURE] || on[SIM_FAULT_ORPHANS] || on[SIM_FAULT_PORT];
}

static void check_wait(struct sim_device *device)
{
	struct sim_cadence *cadence = &device->cadence;
	struct sim_world *world = device->world;
	uint64_t wait_ms = world->now_ms - cadence->lost_ms;
	if (cadence->lost_ms == UINT64_MAX || world->faults.port_permyriad[SIM_CALL_RANDOM])
		return;
	cadence->lost_ms = UINT64_MAX;
	cadence->late_waits = wait_ms < SPREAD_MS / 2 ? 0 : cadence->late_waits + 1;
	if (cadence->late_waits == LATE_WAITS)
		sim_fail(world, device,
			"each of the last %d lost sessions was tried again in the second half of %d s: that is not at random", LATE_WAITS,
			SPREAD_MS / 1000);
	else if (wait_ms > SPREAD_MS + LATE_MS && !may_be_held_back(world))
		sim_fail(world, device, "a lost session is tried again after %llu ms", (unsigned long long)wait_ms);
}

// Retries wait at random, so a single one may come at once, and a link that flaps opens a session each time. In 600 lives of 24 h there were
// never more than 11 within a minute.
void sim_cadence_open(struct sim_device *device)
{
	struct sim_cadence *cadence = &device->cadence;
	check_wait(device);
	uint64_t now_ms = device->world->now_ms;
	uint64_t *oldest_ms = &cadence->opens_ms[cadence->opens++ % SIM_CADENCE_OPENS];
	if (cadence->opens > SIM_CADENCE_OPENS && now_ms - *oldest_ms < OPENS_PERIOD_MS)
		sim_fail(device->world, device, "%d sessions opened within %llu s", SIM_CADENCE_OPENS + 1,
			(unsigned long long)(now_ms - *oldest_ms) / 1000);
	*oldest_ms = now_ms;
}
