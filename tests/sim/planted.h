// SPDX-License-Identifier: Apache-2.0
// For tests of the rules: a world of one device, and rows that each plant one violation of a rule in it.
//
// One world at a time. Thread: one.
#ifndef SIM_PLANTED_H
#define SIM_PLANTED_H
#include "tests/sim/world.h"
#include <stddef.h>

extern struct sim_world *world;
extern struct sim_device *device; // the first of it

struct planted {
	void (*plant)(void);
	const char *word; // of the complaint
};

int planted_open(uint64_t life_ms); // of seed 5, at its begin; 0, else it cannot be built
int planted_close(void **unused);   // for cmocka, too

// Plants each row in a world of its own. Null if each was seen, else which was not, and what was said instead; static, until the next call.
const char *planted_unseen(const struct planted *rows, size_t count, int (*set_up)(void **unused));

#endif
