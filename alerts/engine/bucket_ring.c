// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/bucket_ring.h"

enum { FILLED_SHIFT = 40, MANY_SHIFT = 56, MANY_PLACES = 8 };

#define NUMBER_MASK ((UINT64_C(1) << FILLED_SHIFT) - 1)
#define BEHIND (UINT64_C(1) << (FILLED_SHIFT - 1)) // a distance from here on is one backwards

static uint64_t bit(unsigned shift, unsigned place)
{
	return UINT64_C(1) << (shift + place);
}

uint64_t bucket_ring_number(const struct bucket_ring *ring, uint64_t t_ms)
{
	return t_ms * ring->buckets / ring->window_ms & NUMBER_MASK;
}

uint64_t bucket_ring_start(const struct bucket_ring *ring, uint64_t number)
{
	return (number * ring->window_ms + ring->buckets - 1) / ring->buckets;
}

static void empty(uint64_t *mark, unsigned place)
{
	*mark &= ~bit(FILLED_SHIFT, place);
	if (place < MANY_PLACES)
		*mark &= ~bit(MANY_SHIFT, place);
}

// Makes `number` the newest: the buckets that it pushes out of the ring become empty.
static void go_on(const struct bucket_ring *ring, uint64_t *mark, uint64_t number, uint64_t distance)
{
	unsigned cleared = distance < ring->buckets ? (unsigned)distance : ring->buckets;
	for (unsigned i = 0; i < cleared; i++)
		empty(mark, (unsigned)((number - i) % ring->buckets));
	*mark = (*mark & ~NUMBER_MASK) | number;
}

int bucket_ring_put(const struct bucket_ring *ring, uint64_t *mark, uint64_t t_ms, bool *is_new)
{
	uint64_t number = bucket_ring_number(ring, t_ms);
	uint64_t distance = (number - *mark) & NUMBER_MASK;
	unsigned place = (unsigned)(number % ring->buckets);

	if (*mark == 0)
		*mark = number;
	else if (distance < BEHIND)
		go_on(ring, mark, number, distance);
	else if (((*mark - number) & NUMBER_MASK) >= ring->buckets)
		return -1;
	*is_new = !bucket_ring_is_filled(*mark, place);
	*mark |= bit(FILLED_SHIFT, place);
	if (!*is_new && ring->buckets == MANY_PLACES)
		*mark |= bit(MANY_SHIFT, place);
	return (int)place;
}

unsigned bucket_ring_places(const struct bucket_ring *ring, uint64_t mark, uint64_t now_ms, uint8_t places[BUCKET_RING_MAX])
{
	uint32_t all = (UINT32_C(1) << ring->buckets) - 1, filled = (uint32_t)(mark >> FILLED_SHIFT) & all;
	if (!filled)
		return 0; // most rings of events, most of the time
	uint64_t newest = mark & NUMBER_MASK, distance = (bucket_ring_number(ring, now_ms) - newest) & NUMBER_MASK;
	if (distance >= BEHIND)
		distance = 0;
	if (distance >= ring->buckets)
		return 0;
	// Turned so that bit 0 is the oldest bucket that the ring can hold; `distance` of them have left the window.
	unsigned oldest = (unsigned)((newest + 1) % ring->buckets), count = 0;
	uint32_t bits = (filled >> oldest | filled << (ring->buckets - oldest)) & all;
	for (bits &= all << distance; bits; bits &= bits - 1)
		places[count++] = (uint8_t)((oldest + (unsigned)__builtin_ctz(bits)) % ring->buckets);
	return count;
}

uint64_t bucket_ring_number_at(const struct bucket_ring *ring, uint64_t mark, unsigned place)
{
	uint64_t newest = mark & NUMBER_MASK;
	return (newest - (newest - place) % ring->buckets) & NUMBER_MASK;
}

bool bucket_ring_is_filled(uint64_t mark, unsigned place)
{
	return mark & bit(FILLED_SHIFT, place);
}

bool bucket_ring_has_many(uint64_t mark, unsigned place)
{
	return mark & bit(MANY_SHIFT, place);
}
