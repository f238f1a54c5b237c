// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/truth.h"
#include <stdlib.h>
#include <string.h>

// Makes room for `count` elements, the new ones 0.
static void *grow(void *memory, size_t *capacity, size_t count, size_t size)
{
	size_t larger = *capacity ? *capacity : 64;
	while (larger < count)
		larger *= 2;
	if (larger == *capacity)
		return memory;
	char *grown = realloc(memory, larger * size);
	if (!grown)
		abort();
	memset(grown + *capacity * size, 0, (larger - *capacity) * size);
	*capacity = larger;
	return grown;
}

void sim_truth_free(struct sim_truth *truth)
{
	free(truth->rows);
	free(truth->boots);
	*truth = (struct sim_truth){ 0 };
}

struct sim_row *sim_truth_row(struct sim_truth *truth, uint64_t seq)
{
	if (seq > truth->capacity)
		truth->rows = grow(truth->rows, &truth->capacity, seq, sizeof *truth->rows);
	if (seq > truth->count)
		truth->count = seq;
	return &truth->rows[seq - 1];
}

struct sim_boot *sim_truth_boot(struct sim_truth *truth, uint32_t boot)
{
	if (boot > truth->boot_capacity)
		truth->boots = grow(truth->boots, &truth->boot_capacity, boot, sizeof *truth->boots);
	if (boot > truth->boot_count)
		truth->boot_count = boot;
	return &truth->boots[boot - 1];
}

uint64_t sim_hash(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t hash = 0xCBF29CE484222325u;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001B3u;
	return hash;
}
