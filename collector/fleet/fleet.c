// SPDX-License-Identifier: Apache-2.0
#include "collector/fleet/fleet.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 256, // devices allocated together, so that addresses stay
	CHUNKS_MAX = (FLEET_DEVICES_MAX + CHUNK - 1) / CHUNK,
	SLOTS_MIN = 1024,

	// Losses by many at once. A device counts at most once in any LOSS_SPAN_MS, so one that flaps alone never looks like many.
	BUCKET_MS = 10000,
	BUCKETS = 64,
	BUCKETS_AROUND = 2,
	LOSS_SPAN_MS = BUCKET_MS * (2 * BUCKETS_AROUND + 1),
	COMMON_LEAST = 3,
	COMMON_SHARE = 4, // one device in so many
	OUTAGES = 16,
	OUTAGE_MARGIN_MS = 60000, // a device may notice earlier or later than the collector
};

struct bucket {
	uint64_t number; // of BUCKET_MS since 1970
	uint32_t devices;
};

struct outage {
	uint64_t from_ms, to_ms; // to_ms UINT64_MAX: still down
};

struct fleet {
	struct device *chunks[CHUNKS_MAX];
	size_t count;
	uint32_t *slots; // dev + 1 by hash of the id, 0: free; linear probing
	size_t slot_count; // a power of two, at least twice the devices
	struct bucket buckets[BUCKETS];
	struct outage outages[OUTAGES]; // newest first
	unsigned outage_count;
	bool broker_up;
	uint64_t broker_since_ms;
};

static uint64_t hash_of(const char *id)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	while (*id)
		hash = (hash ^ (uint8_t)*id++) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

// dev < CHUNKS_MAX * CHUNK, and its chunk is there.
static struct device *place_of(const struct fleet *fleet, size_t dev)
{
	return &fleet->chunks[dev / CHUNK][dev % CHUNK];
}

struct fleet *fleet_new(void)
{
	struct fleet *fleet = calloc(1, sizeof *fleet);
	if (!fleet)
		return 0;
	fleet->slot_count = SLOTS_MIN;
	fleet->slots = calloc(fleet->slot_count, sizeof *fleet->slots);
	if (!fleet->slots) {
		free(fleet);
		return 0;
	}
	return fleet;
}

void fleet_free(struct fleet *fleet)
{
	if (!fleet)
		return;
	for (size_t i = 0; i < fleet->count; i++)
		device_clear(place_of(fleet, i));
	for (size_t i = 0; i < CHUNKS_MAX && fleet->chunks[i]; i++)
		free(fleet->chunks[i]);
	free(fleet->slots);
	free(fleet);
}

size_t fleet_count(const struct fleet *fleet)
{
	return fleet->count;
}

struct device *fleet_at(const struct fleet *fleet, size_t dev)
{
	return dev < fleet->count ? place_of(fleet, dev) : 0;
}

// The slot that holds the id, or the free one where it would go.
static size_t slot_of(const struct fleet *fleet, const char *id)
{
	size_t mask = fleet->slot_count - 1;
	size_t slot = hash_of(id) & mask;
	while (fleet->slots[slot] && strcmp(place_of(fleet, fleet->slots[slot] - 1)->id, id) != 0)
		slot = (slot + 1) & mask;
	return slot;
}

struct device *fleet_find(const struct fleet *fleet, const char *id)
{
	uint32_t found = fleet->slots[slot_of(fleet, id)];
	return found ? fleet_at(fleet, found - 1) : 0;
}

static bool grow(struct fleet *fleet)
{
	uint32_t *old = fleet->slots;
	uint32_t *fresh = calloc(fleet->slot_count * 2, sizeof *fresh);
	if (!fresh)
		return false;
	fleet->slots = fresh;
	fleet->slot_count *= 2;
	for (size_t i = 0; i < fleet->count; i++)
		fleet->slots[slot_of(fleet, place_of(fleet, i)->id)] = (uint32_t)i + 1;
	free(old);
	return true;
}

static bool make_room(struct fleet *fleet)
{
	if (fleet->count >= FLEET_DEVICES_MAX)
		return false;
	struct device **chunk = &fleet->chunks[fleet->count / CHUNK];
	if (!*chunk)
		*chunk = calloc(CHUNK, sizeof **chunk);
	if (!*chunk)
		return false;
	return (fleet->count + 1) * 2 <= fleet->slot_count || grow(fleet);
}

struct device *fleet_add(struct fleet *fleet, const char *id, uint64_t first_seen_ms)
{
	if (!mu_id_valid(id) || !make_room(fleet))
		return 0;
	size_t slot = slot_of(fleet, id);
	assert(!fleet->slots[slot]); // the id must be new
	fleet->slots[slot] = (uint32_t)fleet->count + 1;
	struct device *device = place_of(fleet, fleet->count);
	device->dev = (uint32_t)fleet->count++;
	device->first_seen_ms = first_seen_ms;
	memcpy(device->id, id, strlen(id) + 1);
	return device;
}

static void count_loss(struct fleet *fleet, struct device *device, uint64_t at_ms)
{
	if (device->loss_counted_ms && at_ms < device->loss_counted_ms + LOSS_SPAN_MS)
		return;
	device->loss_counted_ms = at_ms;
	uint64_t number = at_ms / BUCKET_MS;
	struct bucket *bucket = &fleet->buckets[number % BUCKETS];
	if (bucket->number > number)
		return; // told so late that nobody asks any more
	if (bucket->number < number)
		*bucket = (struct bucket){ .number = number };
	bucket->devices++;
}

// Counts the newest loss of the device if it was not there before.
static void count_if_new(struct fleet *fleet, struct device *device, struct device_loss before, unsigned count_before)
{
	const struct device_loss *newest = &device->losses[0];
	bool is_new = device->loss_count != count_before || (device->loss_count && newest->at_ms != before.at_ms) ||
		(device->loss_count && newest->kind != before.kind);
	if (is_new)
		count_loss(fleet, device, newest->at_ms);
}

void fleet_fold(struct fleet *fleet, struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	struct device_loss before = device->losses[0];
	unsigned count_before = device->loss_count;
	device_fold(device, record, recv_ms);
	count_if_new(fleet, device, before, count_before);
}

void fleet_set_presence(struct fleet *fleet, struct device *device, bool online, uint64_t recv_ms)
{
	struct device_loss before = device->losses[0];
	unsigned count_before = device->loss_count;
	device_set_presence(device, online, recv_ms);
	count_if_new(fleet, device, before, count_before);
}

void fleet_set_broker(struct fleet *fleet, bool up, uint64_t now_ms)
{
	if (fleet->broker_since_ms && fleet->broker_up == up)
		return;
	if (up && fleet->outage_count)
		fleet->outages[0].to_ms = now_ms;
	if (!up) {
		memmove(fleet->outages + 1, fleet->outages, (OUTAGES - 1) * sizeof *fleet->outages);
		fleet->outages[0] = (struct outage){ .from_ms = now_ms, .to_ms = UINT64_MAX };
		if (fleet->outage_count < OUTAGES)
			fleet->outage_count++;
	}
	fleet->broker_up = up;
	fleet->broker_since_ms = now_ms;
}

bool fleet_broker_is_up(const struct fleet *fleet)
{
	return fleet->broker_up;
}

uint64_t fleet_broker_since_ms(const struct fleet *fleet)
{
	return fleet->broker_since_ms;
}

static bool in_outage(const struct fleet *fleet, uint64_t at_ms)
{
	for (unsigned i = 0; i < fleet->outage_count; i++) {
		const struct outage *outage = &fleet->outages[i];
		bool started = at_ms + OUTAGE_MARGIN_MS >= outage->from_ms;
		bool over = outage->to_ms != UINT64_MAX && at_ms > outage->to_ms + OUTAGE_MARGIN_MS;
		if (started && !over)
			return true;
	}
	return false;
}

bool fleet_loss_is_common(const struct fleet *fleet, uint64_t at_ms)
{
	if (in_outage(fleet, at_ms))
		return true;
	size_t needed = fleet->count / COMMON_SHARE;
	if (needed < COMMON_LEAST)
		needed = COMMON_LEAST;
	uint64_t middle = at_ms / BUCKET_MS;
	size_t devices = 0;
	for (uint64_t number = middle - BUCKETS_AROUND; number <= middle + BUCKETS_AROUND; number++) {
		const struct bucket *bucket = &fleet->buckets[number % BUCKETS];
		if (bucket->number == number)
			devices += bucket->devices;
	}
	return devices >= needed;
}
