// SPDX-License-Identifier: Apache-2.0
// Samples what the port knows about the machine and keeps what would be lost between two heartbeats: least RSSI, least heap, its trend.
//
// Sample at least every 2 s, or a fast leak is seen late (heap_trend.h). Heap is internal RAM, in bytes; RSSI in dBm.
// Memory: the caller's struct (about 700 bytes). Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_HEALTH_VITALS_H
#define MU_HEALTH_VITALS_H
#include "agent/health/heap_trend.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

struct mu_vitals {
	bool has_system; // `system` was sampled at least once
	bool has_link;   // `link` was sampled and the link was up then
	bool has_rssi_min;
	struct mu_system_vitals system; // the last sample
	uint32_t heap_low_bytes;        // low-water mark of this boot: the port's, or the least that was sampled
	struct mu_link_status link;     // the last sample while the link was up
	int32_t rssi_min_dbm; // since mu_vitals_reported()
	struct mu_heap_trend trend;
};

void mu_vitals_init(struct mu_vitals *vitals);

// Returns 0, or the port's error for the system's vitals (the last sample then stays). A link that cannot say is no error.
int mu_vitals_sample(struct mu_vitals *vitals, const struct mu_port *port, uint64_t now_ms);

// A heartbeat with these vitals is in the spool: minimums between heartbeats start anew.
void mu_vitals_reported(struct mu_vitals *vitals);

#endif
