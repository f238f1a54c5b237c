// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: what a device keeps for one slot of the rules, in O(1) time and a fixed number of bytes.
//
// A window of length W is a ring of B buckets (SLOT_BUCKETS, for events SLOT_EVENT_BUCKETS); time t falls into bucket floor(t * B / W). A
// window that is read at t is made of the bucket of t and the B - 1 before it, so it covers between W * (1 - 1/B) and W. A sample
// older than the newest one lands in its own bucket if that is still in the window, else it is dropped.
//
//   SLOT_VALUE    last value and when. Never reported: unknown.
//   SLOT_TOTAL    avg, sum and count of the samples. None in the window: unknown, count as well.
//   SLOT_MIN/MAX  least, greatest. None: unknown.
//   SLOT_DELTA    newest minus oldest sample in the window. Fewer than two: unknown.
//   SLOT_COUNTER  how much a counter grew from the oldest to the newest sample in the window. A value below the one before it, or another boot,
//                 means that it began again at 0. rate: growth by the seconds between these two samples. Fewer than two samples: unknown.
//                 For counters of whole numbers from 0 to 2^32-1; the growth of a bucket stops at 2^32-1.
//   SLOT_SLOPE    slope a second of the least squares line. Fewer than two times: unknown.
//   SLOT_CHANGES  how often a sample differed from the one before it. A sample older than the newest one counts for nothing. A bucket stops at
//                 32,767. None: unknown.
//   SLOT_EVENTS   sum of the weights; never unknown. A bucket stops at 65,535.
//
// Nothing is extrapolated: PromQL stretches delta, increase and rate to the ends of the window, we do not. A sample must lie in the window.
// The state is all zero bytes at first, and the same samples in the same order give the same bytes. Times: Unix milliseconds below 2^42;
// windows: 1 s and longer. Pure, no allocation. Thread: any one at a time a state.
#ifndef ALERTS_ENGINE_WINDOW_H
#define ALERTS_ENGINE_WINDOW_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "alerts/engine/rule_set.h"

enum { WINDOW_BYTES_MAX = 336 }; // the largest window_slot_bytes(); packed as well

// The state of a SLOT_VALUE.
struct window_value {
	uint64_t at_ms; // 0: never
	double value;   // finite
};

uint32_t window_slot_bytes(enum slot_kind kind); // a multiple of 8; 0: no such kind

// A sample of the slot's metric, finite, or the weight of events. boot: the device's boot counter.
void window_add(const struct rule_slot *slot, void *state, uint64_t at_ms, uint32_t boot, double value);

// What the function of this opcode (OP_VALUE .. OP_EVENTS) gives at now_ms. NaN: unknown, also for a function that the slot has not.
double window_read(const struct rule_slot *slot, const void *state, enum rule_opcode code, uint64_t now_ms);

// The same as window_read(slot, state, OP_VALUE, any time) for SLOT_VALUE, which is half of all reads.
static inline double window_last_value(const void *state)
{
	const struct window_value *value = state;
	return value->at_ms ? value->value : NAN;
}

// Whether nothing was ever added, for any kind but SLOT_VALUE. Cheap.
bool window_is_untouched(const void *state);

// The state as bytes that any machine reads: window_slot_bytes() of them. unpack takes any bytes.
void window_pack(enum slot_kind kind, const void *state, uint8_t *bytes);
void window_unpack(enum slot_kind kind, void *state, const uint8_t *bytes);

#endif
