// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: when a record was made, by the collector's clock.
//
// The device's wall time, if it came from SNTP or an Ack in this boot and lies within the 30 days before the record was received. Else its
// uptime plus the least distance between receive time and uptime that was seen in this boot: the record that came with the least delay tells
// best when the boot began. Never beyond the receive time; never before the device's record before it, even if the collector's own clock went
// back: then time stands still until it has caught up.
// Pure. Thread: any one at a time a clock. Memory: the caller's struct, all zero at first.
#ifndef ALERTS_ENGINE_EVENT_TIME_H
#define ALERTS_ENGINE_EVENT_TIME_H
#include <stdint.h>
#include "muster.pb-c.h"

#define EVENT_TIME_TRUST_MS (UINT64_C(30) * 24 * 3600 * 1000)

struct event_clock {
	uint64_t last_ms;  // event time of the newest record; 0: none yet
	uint64_t
		began_ms; // least receive time minus uptime of this boot; modulo 2^64, for a device may claim to run for longer than time exists
	uint32_t boot;
};

// Event time of the device's next record, which becomes clock->last_ms.
uint64_t event_time(struct event_clock *clock, const Mu__Record *record, uint64_t recv_ms);

#endif
