// SPDX-License-Identifier: Apache-2.0
// Two things that are done with deadlines all over the agent, written once because 64 bits of time cost a 32-bit chip code at each place.
//
// Pure. Thread: any. Time: monotonic milliseconds; UINT64_MAX: never.
#ifndef MU_DEADLINE_H
#define MU_DEADLINE_H
#include <stdbool.h>
#include <stdint.h>

uint64_t mu_earlier(uint64_t a_ms, uint64_t b_ms);

// Something that may be done once in a period: true if it is time, and *next_ms is then a period from now. *next_ms 0: at once.
bool mu_due(uint64_t *next_ms, uint32_t period_ms, uint64_t now_ms);

#endif
