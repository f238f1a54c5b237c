// SPDX-License-Identifier: Apache-2.0
// Bump allocator for protobuf-c over a buffer of the caller's: unpacking without malloc.
//
//   uint8_t buffer[4096];
//   struct mu_arena arena;
//   mu_arena_init(&arena, buffer, sizeof buffer);
//   Mu__Record *record = mu__record__unpack(&arena.allocator, size, bytes);   // null: malformed, or the buffer is too small
//   ... no mu__record__free_unpacked(): mu_arena_reset(&arena) gives all of it back at once.
//
// Allocations are aligned for any scalar. Nothing is given back before a reset, so a free is a no-op. The arena must not be moved while
// in use (the allocator points at it). Memory: the caller's; no other allocation. Thread: one at a time.
#ifndef MU_PROTO_ARENA_H
#define MU_PROTO_ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

struct mu_arena {
	uint8_t *base;
	size_t size, used;
	bool exhausted; // an allocation failed since the last reset: the buffer was too small, the bytes may be good
	ProtobufCAllocator allocator;
};

// Enough to unpack a message that keeps the limits of limits.h, with room for the fields of later versions (a test measures the record: it
// takes 6 648). ANY is enough for every record of MU_RECORD_BYTES_MAX, whatever it consists of.
enum { MU_ARENA_RECORD_BYTES = 16384, MU_ARENA_COMMAND_BYTES = 3072, MU_ARENA_ACK_BYTES = 512, MU_ARENA_ANY_BYTES = 65536 };

// buffer may be null if size is 0: every allocation then fails.
void mu_arena_init(struct mu_arena *arena, void *buffer, size_t size);
void mu_arena_reset(struct mu_arena *arena);

#endif
