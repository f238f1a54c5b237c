// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/acks.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

struct entry {
	uint64_t sent_ms; // 0: never
	uint64_t due_ms;  // 0: does not wait
	uint32_t next, previous; // in its slot, if linked
	uint8_t slot;            // if linked
	bool linked; // also for a while after an urgent Ack went ahead; then nothing is due at the visit
};

struct acks {
	acks_send *send;
	void *context;
	struct entry *entries;
	uint32_t count;
	uint64_t stepped; // the last slot number that was emptied
	uint32_t slots[ACKS_SLOTS];
};

struct acks *acks_new(acks_send *send, void *context, uint64_t now_ms)
{
	struct acks *acks = calloc(1, sizeof *acks);
	if (!acks)
		return 0;
	acks->send = send;
	acks->context = context;
	acks->stepped = now_ms / ACKS_SLOT_MS;
	memset(acks->slots, 0xff, sizeof acks->slots);
	return acks;
}

void acks_free(struct acks *acks)
{
	if (acks)
		free(acks->entries);
	free(acks);
}

static struct entry *entry_of(struct acks *acks, uint32_t dev)
{
	if (dev >= acks->count) {
		uint32_t count = dev < 512 ? 1024 : dev + dev / 2 + 1;
		struct entry *entries = realloc(acks->entries, count * sizeof *entries);
		if (!entries)
			return 0;
		memset(entries + acks->count, 0, (count - acks->count) * sizeof *entries);
		acks->entries = entries;
		acks->count = count;
	}
	return &acks->entries[dev];
}

static void unlink_entry(struct acks *acks, uint32_t dev)
{
	struct entry *entry = &acks->entries[dev];
	if (!entry->linked)
		return;
	entry->linked = false;
	if (entry->previous == NOBODY)
		acks->slots[entry->slot] = entry->next;
	else
		acks->entries[entry->previous].next = entry->next;
	if (entry->next != NOBODY)
		acks->entries[entry->next].previous = entry->previous;
}

// Into the slot of its time, from where it waited before; but never into one that was emptied in this turn.
static void make_wait(struct acks *acks, uint32_t dev, uint64_t due_ms)
{
	struct entry *entry = &acks->entries[dev];
	unlink_entry(acks, dev);
	uint64_t number = due_ms / ACKS_SLOT_MS + 1;
	if (number <= acks->stepped)
		number = acks->stepped + 1;
	entry->due_ms = due_ms;
	entry->linked = true;
	entry->slot = (uint8_t)(number % ACKS_SLOTS);
	entry->previous = NOBODY;
	entry->next = acks->slots[entry->slot];
	if (entry->next != NOBODY)
		acks->entries[entry->next].previous = dev;
	acks->slots[entry->slot] = dev;
}

static int try_send(struct acks *acks, uint32_t dev, uint64_t now_ms)
{
	if (acks->send(acks->context, dev) < 0)
		return -1;
	acks->entries[dev].sent_ms = now_ms;
	acks->entries[dev].due_ms = 0;
	return 0;
}

int acks_ask(struct acks *acks, uint32_t dev, bool is_urgent, uint64_t now_ms)
{
	struct entry *entry = entry_of(acks, dev);
	if (!entry)
		return -1;
	uint64_t due_ms = entry->sent_ms ? entry->sent_ms + (is_urgent ? ACKS_URGENT_MS : ACKS_EVERY_MS) : now_ms;
	if (due_ms <= now_ms) {
		if (try_send(acks, dev, now_ms) == 0)
			return 0;
		due_ms = now_ms + ACKS_EVERY_MS;
	}
	if (!entry->due_ms || due_ms < entry->due_ms)
		make_wait(acks, dev, due_ms);
	return 1;
}

static void visit_slot(struct acks *acks, uint32_t slot, uint64_t now_ms)
{
	uint32_t dev = acks->slots[slot];
	acks->slots[slot] = NOBODY;
	while (dev != NOBODY) {
		struct entry *entry = &acks->entries[dev];
		uint32_t next = entry->next;
		entry->linked = false;
		if (entry->due_ms > now_ms)
			make_wait(acks, dev, entry->due_ms);
		else if (entry->due_ms && try_send(acks, dev, now_ms) < 0)
			make_wait(acks, dev, now_ms + ACKS_EVERY_MS);
		dev = next;
	}
}

void acks_step(struct acks *acks, uint64_t now_ms)
{
	uint64_t slot = now_ms / ACKS_SLOT_MS;
	if (slot > acks->stepped + ACKS_SLOTS)
		acks->stepped = slot - ACKS_SLOTS; // after a long pause one turn of the wheel is enough
	while (acks->stepped < slot) {
		acks->stepped++;
		visit_slot(acks, (uint32_t)(acks->stepped % ACKS_SLOTS), now_ms);
	}
}
