// SPDX-License-Identifier: Apache-2.0
// The two clocks of the collector. Code that can be given a time takes it as an argument instead.
#ifndef COLLECTOR_CLOCK_H
#define COLLECTOR_CLOCK_H
#include <stdint.h>

// Milliseconds of a clock that never goes back; its zero means nothing.
uint64_t clock_monotonic_ms(void);

// Microseconds of the same clock.
uint64_t clock_monotonic_us(void);

// Milliseconds since 1970, UTC, as the system believes.
uint64_t clock_wall_ms(void);

#endif
