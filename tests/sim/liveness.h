// SPDX-License-Identifier: Apache-2.0
// The liveness oracle: once nothing goes wrong any more, each device is online again within its time, has sent what it had to say, and says
// how it is.
#ifndef TESTS_SIM_LIVENESS_H
#define TESTS_SIM_LIVENESS_H

struct sim_world;

void sim_liveness_begin(struct sim_world *world); // at the calm

#endif
