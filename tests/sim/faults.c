// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faults.h"
#include "tests/sim/world.h"

void sim_faults_begin(struct sim_world *world)
{
	(void)world;
}

void sim_faults_calm(struct sim_world *world)
{
	(void)world;
}

bool sim_fault_port(struct sim_device *device, enum sim_port_call call)
{
	(void)device, (void)call;
	return false;
}
