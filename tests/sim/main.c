// SPDX-License-Identifier: Apache-2.0
// sim: runs lives of simulated devices, one a seed. See README.md beside it.
#include "tests/sim/world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct sim_factory factory;
	if (sim_factory_open(&factory) < 0)
		return 2;
	uint64_t seeds = argc > 1 ? strtoull(argv[1], 0, 10) : 1;
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct sim_world *world = sim_world_open(&factory, &(struct sim_options){ .seed = seed, .story = argc > 2 ? stdout : 0 });
		sim_world_run(world);
		printf("seed %" PRIu64 " hash %016" PRIx64 " records %" PRIu64 " steps %" PRIu64 " %s\n", seed, world->story.hash,
			world->counts.records, world->counts.steps, world->failed ? world->complaint : "ok");
		sim_fields_missing(world->counts.fields_seen, stdout);
		sim_world_close(world);
	}
	sim_factory_close(&factory);
	return 0;
}
