// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/heap.h"

enum { USE_UNIT_BYTES = 64, USE_UNITS_MAX = 32 };

void mu_virtual_heap_boot(struct mu_virtual_heap *heap, uint32_t free_bytes, uint32_t leak_bytes_per_s, struct mu_dice *dice,
	uint64_t now_ms)
{
	int32_t jitter = mu_dice_between(dice, -MU_HEAP_JITTER_BYTES, MU_HEAP_JITTER_BYTES) & ~3;
	*heap = (struct mu_virtual_heap){ .leak_bytes_per_s = leak_bytes_per_s, .boot_ms = now_ms };
	heap->free_at_boot_bytes = (uint32_t)((int32_t)free_bytes + jitter);
	heap->min_bytes = heap->free_at_boot_bytes;
	mu_walk_init(&heap->use, dice, 0, USE_UNITS_MAX, now_ms);
}

void mu_virtual_heap_sockets(struct mu_virtual_heap *heap, unsigned sockets, unsigned tls_sessions)
{
	heap->sockets_bytes = sockets * MU_HEAP_SOCKET_BYTES + tls_sessions * MU_HEAP_TLS_BYTES;
}

void mu_virtual_heap_lose(struct mu_virtual_heap *heap, uint32_t bytes)
{
	heap->lost_bytes = bytes < UINT32_MAX - heap->lost_bytes ? heap->lost_bytes + bytes : UINT32_MAX;
}

uint32_t mu_virtual_heap_largest(const struct mu_virtual_heap *heap, uint32_t free_bytes, uint64_t now_ms)
{
	uint64_t whole = (uint64_t)free_bytes * MU_HEAP_BLOCK_PERCENT / 100;
	uint64_t gone = (now_ms - heap->boot_ms) * heap->fragment_bytes_per_s / 1000;
	if (whole > gone + MU_HEAP_CRUMB_BYTES)
		return (uint32_t)(whole - gone);
	return whole < MU_HEAP_CRUMB_BYTES ? (uint32_t)whole : (uint32_t)MU_HEAP_CRUMB_BYTES;
}

uint32_t mu_virtual_heap_free(struct mu_virtual_heap *heap, struct mu_dice *dice, uint64_t now_ms)
{
	uint64_t leaked = (now_ms - heap->boot_ms) * heap->leak_bytes_per_s / 1000;
	uint64_t used =
		leaked + heap->lost_bytes + heap->sockets_bytes + (uint64_t)mu_walk_value(&heap->use, dice, now_ms) * USE_UNIT_BYTES;
	uint32_t free_bytes = used < heap->free_at_boot_bytes ? (uint32_t)(heap->free_at_boot_bytes - used) & ~3u : 0;
	if (free_bytes < heap->min_bytes)
		heap->min_bytes = free_bytes;
	return free_bytes;
}

uint64_t mu_virtual_heap_exhausted_ms(const struct mu_virtual_heap *heap)
{
	uint64_t gone = (uint64_t)MU_HEAP_LAST_BYTES + heap->sockets_bytes + heap->lost_bytes;
	if (gone >= heap->free_at_boot_bytes)
		return heap->boot_ms;
	if (!heap->leak_bytes_per_s)
		return UINT64_MAX;
	uint64_t room = heap->free_at_boot_bytes - gone;
	return heap->boot_ms + room * 1000 / heap->leak_bytes_per_s;
}
