// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: a hierarchical timer wheel. One timer an id; ids are dense numbers from 0.
//
// Ticks of 128 ms in five levels of 256 slots, which is all of time below 2^42 ms; what is due within the tick that has been reached lies in
// a heap. So deadlines come out in their exact order, to the millisecond, equal ones by id, however far time steps at once. Arming costs O(1),
// popping O(log n) of what is due in one tick; a span without timers costs nothing.
// Pure. Thread: any one at a time. Memory: 32 bytes an id, reserved beforehand: nothing else allocates.
#ifndef ALERTS_ENGINE_WHEEL_H
#define ALERTS_ENGINE_WHEEL_H
#include <stdint.h>

#define WHEEL_NEVER UINT64_MAX
#define WHEEL_NONE UINT32_MAX

struct wheel;

struct wheel *wheel_new(void); // 0: no memory
void wheel_free(struct wheel *wheel);

// Ids below count may be used from now on. 0, or -1: no memory.
int wheel_reserve(struct wheel *wheel, uint32_t count);

// Sets the timer of an id, forwards or backwards, also into the past. WHEEL_NEVER: takes it away.
void wheel_arm(struct wheel *wheel, uint32_t id, uint64_t deadline_ms);
uint64_t wheel_deadline(const struct wheel *wheel, uint32_t id);

// Takes the timer with the earliest deadline up to now_ms away and returns its id, or WHEEL_NONE.
uint32_t wheel_pop(struct wheel *wheel, uint64_t now_ms, uint64_t *deadline_ms);

// No deadline is earlier than this; the next one is less than one slot of its level later. WHEEL_NEVER: there is none.
uint64_t wheel_next(const struct wheel *wheel);

#endif
