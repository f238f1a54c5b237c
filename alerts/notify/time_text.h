// SPDX-License-Identifier: Apache-2.0
// Times as the receivers of alerts read them: RFC 3339, UTC, milliseconds. Pure but for time_now_ms().
#ifndef ALERTS_NOTIFY_TIME_TEXT_H
#define ALERTS_NOTIFY_TIME_TEXT_H
#include <stdint.h>

// The Go programs' zero time: "not set".
#define TIME_TEXT_UNSET "0001-01-01T00:00:00Z"

struct time_text {
	char text[32];
};

// 2026-11-28T16:28:51.000Z; by value, so that it lives as long as the statement. 0, and what is beyond the year 9999: TIME_TEXT_UNSET.
struct time_text time_text(uint64_t unix_ms);

uint64_t time_now_ms(void);       // Unix time
uint64_t time_monotonic_ms(void); // never goes back; its zero means nothing

#endif
