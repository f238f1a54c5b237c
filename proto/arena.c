// SPDX-License-Identifier: Apache-2.0
#include "proto/arena.h"

enum { ALIGNMENT = sizeof(uint64_t) };

static void *arena_alloc(void *context, size_t size)
{
	struct mu_arena *arena = context;
	if (!arena->base) {
		arena->exhausted = true;
		return 0;
	}
	uintptr_t next = (uintptr_t)(arena->base + arena->used);
	size_t padding = (ALIGNMENT - next % ALIGNMENT) % ALIGNMENT;
	size_t room = arena->size - arena->used;

	if (padding > room || size > room - padding) {
		arena->exhausted = true;
		return 0;
	}
	void *block = arena->base + arena->used + padding;
	arena->used += padding + size;
	return block;
}

static void arena_free(void *context, void *block)
{
	(void)context;
	(void)block;
}

void mu_arena_init(struct mu_arena *arena, void *buffer, size_t size)
{
	*arena = (struct mu_arena){
		.base = buffer,
		.size = size,
		.allocator = { .alloc = arena_alloc, .free = arena_free, .allocator_data = arena },
	};
}

void mu_arena_reset(struct mu_arena *arena)
{
	arena->used = 0;
	arena->exhausted = false;
}
