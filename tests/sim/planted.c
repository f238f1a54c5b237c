// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/planted.h"
#include <stdio.h>
#include <string.h>

struct sim_world *world;
struct sim_device *device;
static struct sim_factory factory;

int planted_open(uint64_t life_ms)
{
	int err = sim_factory_open(&factory);
	if (err)
		return err;
	world = sim_world_open(&factory, &(struct sim_options){ .seed = 5, .life_ms = life_ms });
	device = world->devices[0];
	return 0;
}

int planted_close(void **unused)
{
	(void)unused;
	sim_world_close(world);
	sim_factory_close(&factory);
	return 0;
}

const char *planted_unseen(const struct planted *rows, size_t count, int (*set_up)(void **unused))
{
	static char unseen[512];
	*unseen = 0;
	for (size_t i = 0; i < count && !*unseen; i++) {
		if (set_up(0) != 0)
			return "the world cannot be built";
		rows[i].plant();
		if (!world->failed || !strstr(world->complaint, rows[i].word))
			snprintf(unseen, sizeof unseen, "row %zu (%s): \"%s\"", i, rows[i].word, world->complaint);
		planted_close(0);
	}
	return *unseen ? unseen : 0;
}
