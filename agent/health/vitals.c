// SPDX-License-Identifier: Apache-2.0
#include "agent/health/vitals.h"

void mu_vitals_init(struct mu_vitals *vitals)
{
	*vitals = (struct mu_vitals){ .heap_low_bytes = UINT32_MAX };
	mu_heap_trend_init(&vitals->trend);
}

static void take_heap(struct mu_vitals *vitals, uint64_t now_ms)
{
	const struct mu_system_vitals *system = &vitals->system;
	if (system->heap_free_bytes < vitals->heap_low_bytes)
		vitals->heap_low_bytes = system->heap_free_bytes;
	// A port that keeps no low-water mark says 0.
	if (system->heap_min_bytes > 0 && system->heap_min_bytes < vitals->heap_low_bytes)
		vitals->heap_low_bytes = system->heap_min_bytes;
	mu_heap_trend_add(&vitals->trend, system->heap_free_bytes, now_ms);
}

static void take_link(struct mu_vitals *vitals, const struct mu_link_status *link)
{
	vitals->has_link = link->up;
	if (!link->up)
		return;
	vitals->link = *link;
	// 0 dBm: a wire, or a radio that does not know.
	if (link->rssi_dbm >= 0)
		return;
	if (!vitals->has_rssi_min || link->rssi_dbm < vitals->rssi_min_dbm)
		vitals->rssi_min_dbm = link->rssi_dbm;
	vitals->has_rssi_min = true;
}

int mu_vitals_sample(struct mu_vitals *vitals, const struct mu_port *port, uint64_t now_ms)
{
	struct mu_link_status link = { 0 };
	if (port->link->status(port->context, &link) < 0)
		link.up = false;
	take_link(vitals, &link);

	struct mu_system_vitals system = { 0 };
	int err = port->system->vitals(port->context, &system);
	if (err < 0)
		return err;
	vitals->system = system;
	vitals->has_system = true;
	take_heap(vitals, now_ms);
	return 0;
}

void mu_vitals_reported(struct mu_vitals *vitals)
{
	vitals->has_rssi_min = false;
}
