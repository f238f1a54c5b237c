// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/wheel.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_SHIFT = 7, LEVELS = 5, LEVEL_BITS = 8, SLOTS = 1 << LEVEL_BITS, WORDS = SLOTS / 64, OUT = -1, IN_HEAP = -2 };

#define TIME_MAX ((UINT64_C(1) << 42) - 1)

// In a slot: a list by next and prev. In the heap (a pairing heap): next is the next brother, prev the brother before or, of a first child,
// the parent.
struct timer {
	uint64_t deadline_ms;
	uint32_t next, prev, child;
	int32_t place; // level * SLOTS + slot, IN_HEAP or OUT
};

// All timers in the heap are due at or before tick `cursor`, all in slots behind it.
struct wheel {
	struct timer *timers;
	uint32_t count, root;
	uint64_t cursor;
	uint32_t heads[LEVELS * SLOTS];
	uint64_t used[LEVELS][WORDS]; // bits of the slots that have timers
};

struct wheel *wheel_new(void)
{
	struct wheel *wheel = calloc(1, sizeof *wheel);
	if (!wheel)
		return 0;
	wheel->root = WHEEL_NONE;
	memset(wheel->heads, 0xFF, sizeof wheel->heads);
	return wheel;
}

void wheel_free(struct wheel *wheel)
{
	if (!wheel)
		return;
	free(wheel->timers);
	free(wheel);
}

int wheel_reserve(struct wheel *wheel, uint32_t count)
{
	if (count <= wheel->count)
		return 0;
	uint32_t size = count + count / 2 + 16;
	struct timer *timers = realloc(wheel->timers, size * sizeof *timers);
	if (!timers)
		return -1;
	for (uint32_t i = wheel->count; i < size; i++)
		timers[i] = (struct timer){ WHEEL_NEVER, WHEEL_NONE, WHEEL_NONE, WHEEL_NONE, OUT };
	wheel->timers = timers;
	wheel->count = size;
	return 0;
}

// ---- the heap

static bool is_earlier(const struct wheel *wheel, uint32_t a, uint32_t b)
{
	uint64_t a_ms = wheel->timers[a].deadline_ms, b_ms = wheel->timers[b].deadline_ms;
	return a_ms != b_ms ? a_ms < b_ms : a < b;
}

// Two heaps become one; both roots have no brothers.
static uint32_t meld(struct wheel *wheel, uint32_t a, uint32_t b)
{
	if (a == WHEEL_NONE || b == WHEEL_NONE)
		return a == WHEEL_NONE ? b : a;
	uint32_t parent = is_earlier(wheel, a, b) ? a : b, child = parent == a ? b : a;
	uint32_t eldest = wheel->timers[parent].child;
	wheel->timers[child].next = eldest;
	wheel->timers[child].prev = parent;
	if (eldest != WHEEL_NONE)
		wheel->timers[eldest].prev = child;
	wheel->timers[parent].child = child;
	return parent;
}

static uint32_t cut(struct wheel *wheel, uint32_t id)
{
	uint32_t next = wheel->timers[id].next;
	wheel->timers[id].next = wheel->timers[id].prev = WHEEL_NONE;
	return next;
}

// A row of brothers becomes one heap: in pairs from the left, then these from the right.
static uint32_t meld_row(struct wheel *wheel, uint32_t first)
{
	uint32_t pairs = WHEEL_NONE, heap = WHEEL_NONE;
	while (first != WHEEL_NONE) {
		uint32_t a = first, b = cut(wheel, a);
		first = b == WHEEL_NONE ? WHEEL_NONE : cut(wheel, b);
		uint32_t pair = meld(wheel, a, b);
		wheel->timers[pair].next = pairs;
		pairs = pair;
	}
	while (pairs != WHEEL_NONE) {
		uint32_t pair = pairs;
		pairs = cut(wheel, pair);
		heap = meld(wheel, heap, pair);
	}
	return heap;
}

static void take_from_heap(struct wheel *wheel, uint32_t id)
{
	struct timer *timer = &wheel->timers[id];
	uint32_t children = meld_row(wheel, timer->child);
	timer->child = WHEEL_NONE;
	if (wheel->root == id) {
		wheel->root = children;
		return;
	}
	struct timer *before = &wheel->timers[timer->prev];
	if (before->child == id)
		before->child = timer->next;
	else
		before->next = timer->next;
	if (timer->next != WHEEL_NONE)
		wheel->timers[timer->next].prev = timer->prev;
	cut(wheel, id);
	wheel->root = meld(wheel, wheel->root, children);
}

// ---- the slots

static void take_from_slot(struct wheel *wheel, uint32_t id)
{
	struct timer *timer = &wheel->timers[id];
	unsigned level = (unsigned)timer->place / SLOTS, slot = (unsigned)timer->place % SLOTS;
	if (timer->prev == WHEEL_NONE)
		wheel->heads[timer->place] = timer->next;
	else
		wheel->timers[timer->prev].next = timer->next;
	if (timer->next != WHEEL_NONE)
		wheel->timers[timer->next].prev = timer->prev;
	if (wheel->heads[timer->place] == WHEEL_NONE)
		wheel->used[level][slot / 64] &= ~(UINT64_C(1) << slot % 64);
	cut(wheel, id);
}

// A tick lies on the level of the highest digit (to the base of 256) in which it differs from the cursor.
static void place(struct wheel *wheel, uint32_t id)
{
	struct timer *timer = &wheel->timers[id];
	uint64_t tick = timer->deadline_ms >> TICK_SHIFT;
	if (tick <= wheel->cursor) {
		timer->place = IN_HEAP;
		wheel->root = meld(wheel, wheel->root, id);
		return;
	}
	unsigned level = (unsigned)(63 - __builtin_clzll(tick ^ wheel->cursor)) / LEVEL_BITS;
	unsigned slot = (unsigned)(tick >> level * LEVEL_BITS) % SLOTS;
	timer->place = (int32_t)(level * SLOTS + slot);
	timer->next = wheel->heads[timer->place];
	if (timer->next != WHEEL_NONE)
		wheel->timers[timer->next].prev = id;
	wheel->heads[timer->place] = id;
	wheel->used[level][slot / 64] |= UINT64_C(1) << slot % 64;
}

// The first used slot of a level behind `slot`, or -1.
static int next_used(const uint64_t *used, unsigned slot)
{
	for (unsigned word = slot / 64; word < WORDS; word++) {
		uint64_t bits = used[word];
		if (word == slot / 64)
			bits &= slot % 64 == 63 ? 0 : ~UINT64_C(0) << (slot % 64 + 1);
		if (bits)
			return (int)(word * 64 + (unsigned)__builtin_ctzll(bits));
	}
	return -1;
}

// Where the first slot with timers begins, as a tick; its place in *place. UINT64_MAX: there is none.
static uint64_t first_slot(const struct wheel *wheel, unsigned *place)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		unsigned shift = level * LEVEL_BITS;
		int slot = next_used(wheel->used[level], (unsigned)(wheel->cursor >> shift) % SLOTS);
		if (slot < 0)
			continue;
		*place = level * SLOTS + (unsigned)slot;
		return (wheel->cursor >> (shift + LEVEL_BITS) << (shift + LEVEL_BITS)) | (uint64_t)slot << shift;
	}
	return UINT64_MAX;
}

// Moves the cursor to the first slot that is used up to tick `until`, and its timers to where they lie from there; or to `until`.
static void go_on(struct wheel *wheel, uint64_t until)
{
	unsigned at = 0;
	uint64_t tick = first_slot(wheel, &at);
	if (tick > until) {
		wheel->cursor = until;
		return;
	}
	uint32_t id = wheel->heads[at];
	wheel->heads[at] = WHEEL_NONE;
	wheel->used[at / SLOTS][at % SLOTS / 64] &= ~(UINT64_C(1) << at % 64);
	wheel->cursor = tick;
	while (id != WHEEL_NONE) {
		uint32_t next = cut(wheel, id);
		place(wheel, id);
		id = next;
	}
}

// ---- what others see

void wheel_arm(struct wheel *wheel, uint32_t id, uint64_t deadline_ms)
{
	assert(id < wheel->count);
	struct timer *timer = &wheel->timers[id];
	if (timer->place == IN_HEAP)
		take_from_heap(wheel, id);
	else if (timer->place != OUT)
		take_from_slot(wheel, id);
	timer->place = OUT;
	timer->deadline_ms = deadline_ms;
	if (deadline_ms == WHEEL_NEVER)
		return;
	if (deadline_ms > TIME_MAX)
		timer->deadline_ms = TIME_MAX;
	place(wheel, id);
}

uint64_t wheel_deadline(const struct wheel *wheel, uint32_t id)
{
	return id < wheel->count ? wheel->timers[id].deadline_ms : WHEEL_NEVER;
}

uint32_t wheel_pop(struct wheel *wheel, uint64_t now_ms, uint64_t *deadline_ms)
{
	uint64_t now_tick = (now_ms > TIME_MAX ? TIME_MAX : now_ms) >> TICK_SHIFT;
	for (;;) {
		uint32_t id = wheel->root;
		if (id != WHEEL_NONE && wheel->timers[id].deadline_ms <= now_ms) {
			*deadline_ms = wheel->timers[id].deadline_ms;
			wheel_arm(wheel, id, WHEEL_NEVER);
			return id;
		}
		if (wheel->cursor >= now_tick)
			return WHEEL_NONE;
		go_on(wheel, now_tick);
	}
}

uint64_t wheel_next(const struct wheel *wheel)
{
	unsigned at;
	if (wheel->root != WHEEL_NONE)
		return wheel->timers[wheel->root].deadline_ms;
	uint64_t tick = first_slot(wheel, &at);
	return tick == UINT64_MAX ? WHEEL_NEVER : tick << TICK_SHIFT;
}
