// SPDX-License-Identifier: Apache-2.0
// The heap of a virtual chip, as numbers: what is free follows from what runs, leaks, stays open and was lost with it; the largest block
// from that and from how far the heap has broken up.
//
// Sizes in bytes, times in monotonic milliseconds. Pure. Memory: the caller's. Thread: one at a time.
#ifndef MU_PORT_LINUX_HEAP_H
#define MU_PORT_LINUX_HEAP_H
#include "agent/port/linux/dice.h"
#include <stdint.h>

enum {
	MU_HEAP_FREE_BYTES = 180 * 1024, // of an ESP32-C3
	MU_HEAP_JITTER_BYTES = 4 * 1024, // from device to device
	MU_HEAP_SOCKET_BYTES = 3 * 1024,
	MU_HEAP_TLS_BYTES = 40 * 1024, // mbedTLS with fixed buffers
	MU_HEAP_LAST_BYTES = 2 * 1024, // with less an allocation fails and the device panics
	MU_HEAP_BLOCK_PERCENT = 62,    // largest block in the free memory, while it is whole
	MU_HEAP_CRUMB_BYTES = 1024,    // smaller it does not get
};

struct mu_virtual_heap {
	uint32_t free_at_boot_bytes;
	uint32_t leak_bytes_per_s;
	uint64_t boot_ms;
	uint32_t sockets_bytes; // held by open sockets and TLS
	uint32_t lost_bytes;           // with what was closed: mu_virtual_heap_lose()
	uint32_t fragment_bytes_per_s; // so much of the largest block goes; the free bytes stay
	uint32_t min_bytes;
	struct mu_walk use; // what the application has in hand, in units of 64 bytes
};

// free_bytes: after a boot with the radio running, give or take the jitter of the device.
void mu_virtual_heap_boot(struct mu_virtual_heap *heap, uint32_t free_bytes, uint32_t leak_bytes_per_s, struct mu_dice *dice,
	uint64_t now_ms);
void mu_virtual_heap_lose(struct mu_virtual_heap *heap, uint32_t bytes); // for good
uint32_t mu_virtual_heap_largest(const struct mu_virtual_heap *heap, uint32_t free_bytes, uint64_t now_ms);
void mu_virtual_heap_sockets(struct mu_virtual_heap *heap, unsigned sockets, unsigned tls_sessions);
uint32_t mu_virtual_heap_free(struct mu_virtual_heap *heap, struct mu_dice *dice, uint64_t now_ms); // also keeps the low-water mark
uint64_t mu_virtual_heap_exhausted_ms(const struct mu_virtual_heap *heap); // when leaks will have eaten it; UINT64_MAX: never

#endif
