// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: which buckets of a window are in use. The mark of a ring is one number: the newest bucket that has a sample, which
// places are filled, and (rings of 8 only) which hold more than one sample. 0: nothing yet.
//
// Bucket b lies at place b % buckets. Bucket numbers wrap after 40 bits: for windows of 1 s and more, and times below 2^42 ms, they never do.
// Any mark is safe to use, whatever its bits. Pure. Thread: any.
#ifndef ALERTS_ENGINE_BUCKET_RING_H
#define ALERTS_ENGINE_BUCKET_RING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUCKET_RING_MAX = 16 };

struct bucket_ring {
	uint64_t window_ms; // above 0
	unsigned buckets;   // 8 or 16
};

// Number of the bucket of time t, and the first millisecond of a bucket.
uint64_t bucket_ring_number(const struct bucket_ring *ring, uint64_t t_ms);
uint64_t bucket_ring_start(const struct bucket_ring *ring, uint64_t number);

// A sample comes at t_ms. Returns its place, or -1 if it is too old for the ring; *is_new: the place was empty, what lies there is void.
int bucket_ring_put(const struct bucket_ring *ring, uint64_t *mark, uint64_t t_ms, bool *is_new);

// The filled places in the window that ends at now_ms, oldest first. Returns how many. A time before the newest bucket reads as that bucket.
unsigned bucket_ring_places(const struct bucket_ring *ring, uint64_t mark, uint64_t now_ms, uint8_t places[BUCKET_RING_MAX]);

uint64_t bucket_ring_number_at(const struct bucket_ring *ring, uint64_t mark, unsigned place); // number of the bucket that lies at a place
bool bucket_ring_is_filled(uint64_t mark, unsigned place);
bool bucket_ring_has_many(uint64_t mark, unsigned place);

#endif
