// SPDX-License-Identifier: Apache-2.0
// Wall time with its quality. Everything in the agent runs on monotonic time; wall time only dates records and judges expiry.
//
//   TIME_NONE    never set in this boot: no wall time at all, rather than 1970
//   TIME_RTC     kept through a reset by the RTC; good for dating, not trusted for expiry
//   TIME_SERVER  from an Ack; trusted
//
// An Ack's time is that of the collector when it was sent, so it is late by the way it took. An error below 100 ms is left alone, below 2 s it is
// slewed at 5 % (the wall time never goes back by that), from 2 s on it is stepped. The RTC is written when stepped and then once an hour.
//
// Memory: the caller's; 64 bytes of retained memory say whether the RTC's word is ours. Thread: one at a time. Time: now_ms is monotonic.
#ifndef MU_CLOCK_H
#define MU_CLOCK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/port/port.h"

enum { MU_CLOCK_RETAINED_OFFSET = 768, MU_CLOCK_RETAINED_BYTES = 64 };
enum { MU_CLOCK_IGNORE_MS = 100, MU_CLOCK_STEP_MS = 2000, MU_CLOCK_SLEW_DIVISOR = 20, MU_CLOCK_SAVE_MS = 3600000 };

struct mu_clock {
	const struct mu_port *port;
	uint8_t *retained;  // MU_CLOCK_RETAINED_BYTES, or null
	int quality;        // enum TimeQuality of muster.proto
	uint64_t wall_ms, at_ms; // wall time at monotonic at_ms
	int64_t slew_ms;    // still to be worked off from at_ms on
	uint64_t saved_ms;  // monotonic time of the last write to the RTC
	uint32_t steps;     // how often the wall time was stepped after it had been set
};

// retained: MU_CLOCK_RETAINED_BYTES of retained memory, kept by reference, or null. Takes the RTC's time if it was set before.
void mu_clock_init(struct mu_clock *clock, const struct mu_port *port, uint8_t *retained, uint64_t now_ms);

// From an Ack. 0, or MU_ERR_RANGE if the time is none (before 2020, after 2099); then nothing changes.
int mu_clock_server(struct mu_clock *clock, uint64_t server_ms, uint64_t now_ms);

uint64_t mu_clock_wall_ms(const struct mu_clock *clock, uint64_t now_ms); // Unix milliseconds; 0: none
int mu_clock_quality(const struct mu_clock *clock);
bool mu_clock_trusted(const struct mu_clock *clock); // good enough for not_after: SNTP or server

#endif
