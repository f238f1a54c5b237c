// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/command_memory.h"
#include "agent/image/little_endian.h"
#include "muster.pb-c.h"
#include <stddef.h>
#include <string.h>

#define RESULTS_KEY "cmd.res"
#define COUNTERS_KEY "cmd.ctr"

enum {
	VERSION = 1,
	// cmd.res: version u8, count u8, entries { id, digest, key id, counter u64, outcome u8, kind u8 }
	RESULTS_HEADER = 2,
	NAMES_BYTES = MU_COMMAND_ID_BYTES + MU_COMMAND_DIGEST_BYTES + MU_KEY_ID_BYTES, // as they lie in the struct
	ENTRY_BYTES = NAMES_BYTES + 8 + 2,
	RESULTS_BYTES = RESULTS_HEADER + MU_COMMAND_ENTRIES * ENTRY_BYTES,
	// cmd.ctr: version u8, count u8, counters_lost u8, counters { key id, last u64 }
	COUNTERS_HEADER = 3,
	COUNTER_BYTES = MU_KEY_ID_BYTES + 8,
	COUNTERS_BYTES = COUNTERS_HEADER + MU_KEYSET_MAX * COUNTER_BYTES,
};

_Static_assert((int)RESULTS_BYTES <= (int)MU_KV_VALUE_MAX && (int)COUNTERS_BYTES <= (int)MU_KV_VALUE_MAX, "each is one value");
_Static_assert(offsetof(struct mu_command_entry, counter) == NAMES_BYTES, "bytes, and no gap between them");

// ---- bytes

static void put_u64(uint8_t *at, uint64_t value)
{
	mu_le32_put(at, (uint32_t)value);
	mu_le32_put(at + 4, (uint32_t)(value >> 32));
}

static uint64_t get_u64(const uint8_t *at)
{
	return mu_le32_get(at) | (uint64_t)mu_le32_get(at + 4) << 32;
}

static uint8_t *put_entry(uint8_t *at, const struct mu_command_entry *entry)
{
	memcpy(at, entry, NAMES_BYTES);
	put_u64(at + NAMES_BYTES, entry->counter);
	at[NAMES_BYTES + 8] = entry->outcome;
	at[NAMES_BYTES + 9] = entry->kind;
	return at + ENTRY_BYTES;
}

static void get_entry(const uint8_t *at, struct mu_command_entry *entry)
{
	memcpy(entry, at, NAMES_BYTES);
	entry->counter = get_u64(at + NAMES_BYTES);
	entry->outcome = at[NAMES_BYTES + 8];
	entry->kind = at[NAMES_BYTES + 9];
}

// ---- the store

static int set(struct mu_command_memory *memory, const char *key, const uint8_t *value, size_t size)
{
	int err = memory->port->keyvalue->set(memory->port->context, key, value, size);
	if (err < 0)
		memory->store_faults++;
	return err < 0 ? err : 0;
}

// Writes the entries without the one at `skip` (-1: all) and with `extra` (may be null) behind them.
static int store_entries(struct mu_command_memory *memory, int skip, const struct mu_command_entry *extra)
{
	uint8_t value[RESULTS_BYTES + ENTRY_BYTES], *at = value + RESULTS_HEADER;
	for (uint32_t i = 0; i < memory->entry_count; i++)
		if ((int)i != skip)
			at = put_entry(at, &memory->entry[i]);
	if (extra)
		at = put_entry(at, extra);
	size_t size = (size_t)(at - value);
	value[0] = VERSION;
	value[1] = (uint8_t)((size - RESULTS_HEADER) / ENTRY_BYTES);
	return set(memory, RESULTS_KEY, value, size);
}

static int store_counters(struct mu_command_memory *memory)
{
	uint8_t value[COUNTERS_BYTES] = { VERSION, (uint8_t)memory->counter_count, memory->counters_lost };
	uint8_t *at = value + COUNTERS_HEADER;
	for (uint32_t i = 0; i < memory->counter_count; i++, at += COUNTER_BYTES) {
		memcpy(at, memory->counter[i].key_id, MU_KEY_ID_BYTES);
		put_u64(at + MU_KEY_ID_BYTES, memory->counter[i].last);
	}
	return set(memory, COUNTERS_KEY, value, (size_t)(at - value));
}

// Length of a value of our version and right size, 0 if there is none.
static int get(const struct mu_command_memory *memory, const char *key, uint8_t *value, size_t size, size_t header, size_t item)
{
	int length = memory->port->keyvalue->get(memory->port->context, key, value, size);
	if (length == MU_ERR_NOT_FOUND)
		return 0;
	if (length < 0)
		return length;
	if ((size_t)length < header || (size_t)length > size)
		return MU_ERR_SIZE;
	if (value[0] != VERSION)
		return MU_ERR_VERSION;
	return (size_t)length == header + value[1] * item ? length : MU_ERR_SIZE;
}

static int load_entries(struct mu_command_memory *memory)
{
	uint8_t value[RESULTS_BYTES];
	int length = get(memory, RESULTS_KEY, value, sizeof value, RESULTS_HEADER, ENTRY_BYTES);
	if (length <= 0)
		return length;
	const uint8_t *at = value + RESULTS_HEADER;
	memory->entry_count = value[1];
	for (uint32_t i = 0; i < memory->entry_count; i++, at += ENTRY_BYTES)
		get_entry(at, &memory->entry[i]);
	return 0;
}

static int load_counters(struct mu_command_memory *memory, bool has_lived)
{
	uint8_t value[COUNTERS_BYTES];
	int length = get(memory, COUNTERS_KEY, value, sizeof value, COUNTERS_HEADER, COUNTER_BYTES);
	memory->counters_lost = length < 0 ? length != MU_ERR_IO : length == 0 && has_lived;
	if (length == 0 && !has_lived)
		(void)store_counters(memory); // from now on its absence is a loss; the next boot tries again
	if (length <= 0)
		return length;
	const uint8_t *at = value + COUNTERS_HEADER;
	memory->counter_count = value[1];
	memory->counters_lost = value[2] != 0;
	for (uint32_t i = 0; i < memory->counter_count; i++, at += COUNTER_BYTES) {
		memcpy(memory->counter[i].key_id, at, MU_KEY_ID_BYTES);
		memory->counter[i].last = get_u64(at + MU_KEY_ID_BYTES);
	}
	return 0;
}

// ---- counters

static struct mu_command_counter *find_counter(struct mu_command_memory *memory, const uint8_t *key_id)
{
	for (uint32_t i = 0; i < memory->counter_count; i++)
		if (memcmp(memory->counter[i].key_id, key_id, MU_KEY_ID_BYTES) == 0)
			return &memory->counter[i];
	return NULL;
}

// A new place: the next free one, or that of a key which the device no longer trusts.
static struct mu_command_counter *make_counter(struct mu_command_memory *memory, const struct mu_source *keys)
{
	if (memory->counter_count < MU_KEYSET_MAX)
		return &memory->counter[memory->counter_count++];
	struct mu_key key;
	for (uint32_t i = 0; i < memory->counter_count; i++)
		if (mu_keyset_get(keys, memory->counter[i].key_id, &key) == MU_ERR_NOT_FOUND)
			return &memory->counter[i];
	return NULL;
}

static int raise_counter(struct mu_command_memory *memory, const struct mu_source *keys, const struct mu_command_entry *entry)
{
	struct mu_command_counter *counter = find_counter(memory, entry->key_id);
	if (!counter) {
		counter = make_counter(memory, keys);
		if (!counter)
			return MU_ERR_FULL;
		*counter = (struct mu_command_counter){ .last = 0 };
		memcpy(counter->key_id, entry->key_id, sizeof counter->key_id);
	}
	if (entry->counter > counter->last)
		counter->last = entry->counter;
	return 0;
}

// ---- for the outside

int mu_command_memory_load(struct mu_command_memory *memory, const struct mu_source *keys, bool has_lived)
{
	*memory = (struct mu_command_memory){ .port = memory->port, .store_faults = memory->store_faults };
	int entries_err = load_entries(memory);
	int err = load_counters(memory, has_lived);
	memory->unread = entries_err == MU_ERR_IO || err == MU_ERR_IO;
	// Power may have failed after "cmd.res" was written and before "cmd.ctr" was.
	for (uint32_t i = 0; i < memory->entry_count; i++)
		raise_counter(memory, keys, &memory->entry[i]);
	if (memory->unread)
		return MU_ERR_IO;
	return err < 0 ? err : entries_err;
}

const struct mu_command_entry *mu_command_memory_find(const struct mu_command_memory *memory, const uint8_t id[MU_COMMAND_ID_BYTES])
{
	for (uint32_t i = 0; i < memory->entry_count; i++)
		if (memcmp(memory->entry[i].id, id, MU_COMMAND_ID_BYTES) == 0)
			return &memory->entry[i];
	return NULL;
}

uint64_t mu_command_memory_counter(const struct mu_command_memory *memory, const uint8_t key_id[MU_KEY_ID_BYTES])
{
	const struct mu_command_counter *counter = find_counter((struct mu_command_memory *)memory, key_id);
	return counter ? counter->last : 0;
}

// Which entry makes room: none, the oldest that is finished, or the oldest.
static int place_to_free(const struct mu_command_memory *memory)
{
	if (memory->entry_count < MU_COMMAND_ENTRIES)
		return -1;
	for (uint32_t i = 0; i < memory->entry_count; i++)
		if (memory->entry[i].outcome != MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED)
			return (int)i;
	return 0;
}

static void insert(struct mu_command_memory *memory, int place, const struct mu_command_entry *entry)
{
	if (place >= 0) {
		size_t behind = memory->entry_count - 1u - (uint32_t)place;
		memmove(&memory->entry[place], &memory->entry[place + 1], behind * sizeof *memory->entry);
		memory->entry_count--;
	}
	memory->entry[memory->entry_count++] = *entry;
}

int mu_command_memory_add(struct mu_command_memory *memory, const struct mu_source *keys, const struct mu_command_entry *entry)
{
	int err = raise_counter(memory, keys, entry);
	if (memory->unread)
		err = MU_ERR_IO;
	if (err < 0)
		return err;
	int place = place_to_free(memory);
	int entries_err = store_entries(memory, place, entry);
	if (entries_err >= 0)
		insert(memory, place, entry);
	err = store_counters(memory);
	return entries_err < 0 ? entries_err : err;
}

int mu_command_memory_finish(struct mu_command_memory *memory, const uint8_t id[MU_COMMAND_ID_BYTES], uint8_t outcome)
{
	struct mu_command_entry *entry = (struct mu_command_entry *)mu_command_memory_find(memory, id);
	if (!entry)
		return MU_ERR_NOT_FOUND;
	if (entry->outcome == outcome)
		return 0;
	entry->outcome = outcome;
	return store_entries(memory, -1, NULL);
}
