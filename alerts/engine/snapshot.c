// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/snapshot.h"
#include "alerts/engine/window.h"
#include <string.h>

enum { VERSION = 1, COUNT_AT = 1 + 4 * 8 + 2 * 4, HEADER_BYTES = COUNT_AT + 2, SLOT_HEADER_BYTES = 9 };

#define TIME_MAX (UINT64_C(1) << 42)

static void put(uint8_t **to, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		*(*to)++ = (uint8_t)(number >> 8 * i);
}

static uint64_t get(const uint8_t **from, unsigned size)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < size; i++)
		number |= (uint64_t) * (*from)++ << 8 * i;
	return number;
}

static uint8_t *state_of(const struct rule_slot *slot, const struct engine_device *device)
{
	return (uint8_t *)device->slots + slot->offset;
}

static bool is_empty(const uint8_t *state, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (state[i])
			return false;
	return true;
}

size_t snapshot_max(const struct rule_set *rules)
{
	return HEADER_BYTES + rules->slot_count * SLOT_HEADER_BYTES + rules->slot_bytes;
}

size_t snapshot_pack(const struct rule_set *rules, const struct engine_device *device, uint8_t *bytes, size_t size)
{
	uint8_t *to = bytes, *end = bytes + size;
	uint16_t count = 0;
	if (size < HEADER_BYTES)
		return 0;
	put(&to, VERSION, 1);
	put(&to, device->recv_ms, 8);
	put(&to, device->clock.last_ms, 8);
	put(&to, device->clock.began_ms, 8);
	put(&to, device->beat_ms, 8);
	put(&to, device->clock.boot, 4);
	put(&to, device->interval_ms, 4);
	put(&to, 0, 2);
	for (size_t i = 0; i < rules->slot_count; i++) {
		const struct rule_slot *slot = &rules->slots[i];
		if (is_empty(state_of(slot, device), slot->size))
			continue;
		if ((size_t)(end - to) < SLOT_HEADER_BYTES + slot->size)
			return 0;
		put(&to, slot->hash, 8);
		put(&to, slot->kind, 1);
		window_pack(slot->kind, state_of(slot, device), to);
		to += slot->size;
		count++;
	}
	uint8_t *count_at = bytes + COUNT_AT;
	put(&count_at, count, 2);
	return (size_t)(to - bytes);
}

// Slots mostly come in the order of the rules: the search begins behind the last one found.
static const struct rule_slot *find(const struct rule_set *rules, uint64_t hash, unsigned kind, size_t *from)
{
	for (size_t i = 0; i < rules->slot_count; i++) {
		size_t at = (*from + i) % rules->slot_count;
		if (rules->slots[at].hash == hash && (unsigned)rules->slots[at].kind == kind) {
			*from = at + 1;
			return &rules->slots[at];
		}
	}
	return 0;
}

static int read_slots(const struct rule_set *rules, struct engine_device *device, const uint8_t *from, const uint8_t *end, unsigned count)
{
	size_t search = 0;
	for (unsigned i = 0; i < count; i++) {
		if (end - from < SLOT_HEADER_BYTES)
			return -1;
		uint64_t hash = get(&from, 8);
		unsigned kind = (unsigned)get(&from, 1);
		uint32_t size = window_slot_bytes(kind);
		if (!size || end - from < size)
			return -1;
		const struct rule_slot *slot = find(rules, hash, kind, &search);
		if (slot)
			window_unpack(slot->kind, state_of(slot, device), from);
		from += size;
	}
	return from == end ? 0 : -1;
}

static int read_all(const struct rule_set *rules, struct engine_device *device, const uint8_t *bytes, size_t size)
{
	const uint8_t *from = bytes;
	if (size < HEADER_BYTES || get(&from, 1) != VERSION)
		return -1;
	device->recv_ms = get(&from, 8);
	device->clock.last_ms = get(&from, 8);
	device->clock.began_ms = get(&from, 8);
	device->beat_ms = get(&from, 8);
	device->clock.boot = (uint32_t)get(&from, 4);
	device->interval_ms = (uint32_t)get(&from, 4);
	unsigned count = (unsigned)get(&from, 2);
	if (device->recv_ms >= TIME_MAX || device->clock.last_ms >= TIME_MAX || device->beat_ms > device->clock.last_ms)
		return -1;
	return read_slots(rules, device, from, bytes + size, count);
}

int snapshot_unpack(const struct rule_set *rules, struct engine_device *device, const uint8_t *bytes, size_t size)
{
	if (read_all(rules, device, bytes, size) == 0)
		return 0;
	struct alert *alerts = device->alerts;
	memset(device, 0, sizeof *device + rules->slot_bytes);
	device->alerts = alerts;
	return -1;
}
