// SPDX-License-Identifier: Apache-2.0
// Reproducible random numbers for the models of this port (splitmix64): one seed, one sequence. Never for keys or epochs.
//
// Pure. Memory: the caller's. Thread: one at a time.
#ifndef MU_PORT_LINUX_DICE_H
#define MU_PORT_LINUX_DICE_H
#include <stdint.h>

struct mu_dice {
	uint64_t state;
};

void mu_dice_init(struct mu_dice *dice, uint64_t seed);
uint64_t mu_dice_u64(struct mu_dice *dice);
int32_t mu_dice_between(struct mu_dice *dice, int32_t low, int32_t high); // both ends included; low <= high

// A value that wanders one step a second at most and stays within low..high.
struct mu_walk {
	int32_t low, high, value;
	uint64_t at_ms;
};

void mu_walk_init(struct mu_walk *walk, struct mu_dice *dice, int32_t low, int32_t high, uint64_t now_ms);
int32_t mu_walk_value(struct mu_walk *walk, struct mu_dice *dice, uint64_t now_ms);

#endif
