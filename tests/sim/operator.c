// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/operator.h"
#include "agent/port/linux/digest.h"
#include "tests/sim/world.h"
#include <string.h>

void sim_sign(const uint8_t point[65], const uint8_t digest[32], uint8_t signature[32])
{
	uint8_t both[65 + 32];
	memcpy(both, point, 65);
	memcpy(both + 65, digest, 32);
	mu_digest_sha256(both, sizeof both, signature);
}

void sim_operator_online(struct sim_world *world, struct sim_device *device)
{
	(void)world, (void)device;
}
