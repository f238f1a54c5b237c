// SPDX-License-Identifier: Apache-2.0
// The operator behind the collector: signed commands, kept until their final result and sent again on each `online`; and an attacker who
// replays and forges them.
#ifndef TESTS_SIM_OPERATOR_H
#define TESTS_SIM_OPERATOR_H
#include <stdint.h>

struct sim_world;
struct sim_device;

// The signature of this world: SHA-256(point || digest), 32 bytes.
void sim_sign(const uint8_t point[65], const uint8_t digest[32], uint8_t signature[32]);

void sim_operator_online(struct sim_world *world, struct sim_device *device);

#endif
