// SPDX-License-Identifier: Apache-2.0
// When each device gets its next Ack: at most one a second, the first at once; what is asked for meanwhile goes into one that waits. An
// urgent one (the device sent again, or sent beyond a hole) waits for at most ACKS_URGENT_MS since the last. Pure: time comes in.
//
// Devices are numbers from 0 (struct device: dev). A wheel of slots keeps the waiting ones, so a step costs only what is due.
// Memory: 32 bytes a device, grown as they come. Thread: the loop's.
#ifndef COLLECTOR_INGEST_ACKS_H
#define COLLECTOR_INGEST_ACKS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACKS_EVERY_MS = 1000, ACKS_URGENT_MS = 100, ACKS_SLOT_MS = 50, ACKS_SLOTS = 32 };

struct acks;

// Gives the Ack for dev to the broker. 0, or negative if it cannot be taken now: asked again after ACKS_EVERY_MS.
typedef int acks_send(void *context, uint32_t dev);

struct acks *acks_new(acks_send *send, void *context, uint64_t now_ms); // 0: no memory
void acks_free(struct acks *acks);

// An Ack is due for dev: sends it now or makes it wait. Returns 0 if sent, 1 if it waits, -1 without memory (the device asks again).
int acks_ask(struct acks *acks, uint32_t dev, bool is_urgent, uint64_t now_ms);

// Sends what is due. Call every ACKS_SLOT_MS.
void acks_step(struct acks *acks, uint64_t now_ms);

#endif
