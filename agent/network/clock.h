// SPDX-License-Identifier: Apache-2.0
// Wall time with its quality. Everything in the agent runs on monotonic time; wall time only dates records and judges expiry.
//
//   TIME_NONE    never set in this boot: no wall time at all, rather than 1970
//   TIME_RTC     kept through a reset by the RTC; good for dating, not trusted for expiry
//   TIME_SNTP    from a time server; trusted
//   TIME_SERVER  from an Ack; trusted
//
// Who wins: SNTP for an hour after its last answer, then the Acks. An Ack's time is that of the collector when it was sent, so it is late by
// the way it took, and by a broker's queue at times; SNTP measures its way. Neither is proved to be right: SNTP is not authenticated, and an
// Ack is as good as its session. A clock that is led astray misdates records, which the collector sees (it knows when they came), and misjudges
// the expiry of commands and certificates; signatures and numbers of commands hold without it.
//
// An error below 2 s is slewed at 5 % (the wall time never goes back by that), from 2 s on it is stepped; an Ack's below 100 ms is left alone.
// The RTC is written when stepped and then once an hour.
//
// No time below the floor is believed, from whom ever: the date of the firmware's build, or 2020. The RTC must also say a later time than it
// was last set to, which is kept beside it in retained memory. Nothing of it is kept in flash: what stops the RTC spoils its time whole, so
// there would be nothing left to be bounded but SNTP and Acks, for an erase an hour.
//
// Memory: the caller's; 64 bytes of retained memory say whether the RTC's word is ours. Thread: one at a time. Time: now_ms is monotonic.
#ifndef MU_CLOCK_H
#define MU_CLOCK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/port/port.h"

enum { MU_CLOCK_RETAINED_OFFSET = 768, MU_CLOCK_RETAINED_BYTES = 64 };
enum {
	MU_CLOCK_IGNORE_MS = 100,
	MU_CLOCK_STEP_MS = 2000,
	MU_CLOCK_SLEW_DIVISOR = 20,
	MU_CLOCK_SAVE_MS = 3600000,
	MU_CLOCK_SNTP_MS = 3600000
};

struct mu_clock {
	const struct mu_port *port;
	uint8_t *retained;  // MU_CLOCK_RETAINED_BYTES
	int quality;        // enum TimeQuality of muster.proto
	int32_t slew_ms;    // still to be worked off from at_ms on
	uint64_t wall_ms, at_ms; // wall time at monotonic at_ms
	uint64_t saved_ms;  // monotonic time of the last write to the RTC
	uint64_t sntp_ms;   // of the last answer of a time server; UINT64_MAX: none in this boot
	uint64_t floor_ms;  // wall time
	int64_t stepped_ms; // by how much the wall time was stepped the last time, after it had been set
	uint32_t steps;     // how often
};

// retained: MU_CLOCK_RETAINED_BYTES of retained memory, kept by reference. floor_ms: Unix time, 0 for 2020. Takes the RTC's time if it was set
// before.
void mu_clock_init(struct mu_clock *clock, const struct mu_port *port, uint8_t *retained, uint64_t floor_ms, uint64_t now_ms);

// Of an Ack, and of a time server. 0; 1 if a time that was set before was stepped (by stepped_ms); MU_ERR_RANGE if the time is none (before
// the floor, after 2099), and nothing changes. Within SNTP's hour an Ack changes nothing either: 0.
int mu_clock_server(struct mu_clock *clock, uint64_t server_ms, uint64_t now_ms);
int mu_clock_sntp(struct mu_clock *clock, uint64_t sntp_ms, uint64_t now_ms);

uint64_t mu_clock_wall_ms(const struct mu_clock *clock, uint64_t now_ms); // Unix milliseconds; 0: none
int mu_clock_quality(const struct mu_clock *clock);
bool mu_clock_trusted(const struct mu_clock *clock); // good enough for not_after: SNTP or server

#endif
