// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/dice.h"
#include <assert.h>

enum { WALK_SECONDS_MAX = 32 }; // after a longer pause the way is not retraced second by second

void mu_dice_init(struct mu_dice *dice, uint64_t seed)
{
	dice->state = seed;
}

uint64_t mu_dice_u64(struct mu_dice *dice)
{
	uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

int32_t mu_dice_between(struct mu_dice *dice, int32_t low, int32_t high)
{
	assert(low <= high);
	uint64_t span = (uint64_t)((int64_t)high - low) + 1;
	return (int32_t)(low + (int64_t)(mu_dice_u64(dice) % span));
}

void mu_walk_init(struct mu_walk *walk, struct mu_dice *dice, int32_t low, int32_t high, uint64_t now_ms)
{
	*walk = (struct mu_walk){ .low = low, .high = high, .value = mu_dice_between(dice, low, high), .at_ms = now_ms };
}

int32_t mu_walk_value(struct mu_walk *walk, struct mu_dice *dice, uint64_t now_ms)
{
	uint64_t seconds = now_ms > walk->at_ms ? (now_ms - walk->at_ms) / 1000 : 0;
	walk->at_ms += seconds * 1000;
	for (uint64_t i = 0; i < seconds && i < WALK_SECONDS_MAX; i++) {
		int32_t next = walk->value + mu_dice_between(dice, -1, 1);
		if (next >= walk->low && next <= walk->high)
			walk->value = next;
	}
	return walk->value;
}
