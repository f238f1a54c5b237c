// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/keyvalue.h"
#include "agent/image/crc32.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include <string.h>

enum {
	HEADER_SIZE = 16,
	ENTRY_HEADER_SIZE = 8,
	ENTRY_MARK = 0x5A,
	ENTRY_MAX = ENTRY_HEADER_SIZE + MU_KV_KEY_MAX + MU_KV_VALUE_MAX + 3,
	FORMAT_VERSION = 1,
};

static uint32_t address(const struct mu_keyvalue *store, unsigned half, uint32_t offset)
{
	return store->offset + half * store->half_size + offset;
}

static uint32_t entry_size(size_t key_size, size_t value_size)
{
	return (uint32_t)(ENTRY_HEADER_SIZE + key_size + value_size + 3) & ~3u;
}

static uint32_t entry_crc(const uint8_t *entry, size_t key_size, size_t value_size)
{
	uint32_t crc = mu_crc32_le(0, entry, 4);
	return mu_crc32_le(crc, entry + ENTRY_HEADER_SIZE, key_size + value_size);
}

// Reads and checks the entry at an offset into `entry` (ENTRY_MAX bytes). Its size, or MU_ERR_CRC if there is no good one.
static int read_entry(const struct mu_keyvalue *store, uint32_t offset, uint8_t *entry)
{
	if (offset + ENTRY_HEADER_SIZE > store->half_size)
		return MU_ERR_CRC;
	int err = mu_flash_read(store->flash, address(store, store->half, offset), entry, ENTRY_HEADER_SIZE);
	if (err < 0)
		return err;
	size_t value_size = mu_le16_get(entry), key_size = entry[2];
	if (entry[3] != ENTRY_MARK || !key_size || key_size > MU_KV_KEY_MAX || value_size > MU_KV_VALUE_MAX)
		return MU_ERR_CRC;
	uint32_t size = entry_size(key_size, value_size);
	if (offset + size > store->half_size)
		return MU_ERR_CRC;
	err = mu_flash_read(store->flash, address(store, store->half, offset), entry, size);
	if (err < 0)
		return err;
	return mu_le32_get(entry + 4) == entry_crc(entry, key_size, value_size) ? (int)size : MU_ERR_CRC;
}

static struct mu_keyvalue_slot *find(const struct mu_keyvalue *store, const char *key, size_t key_size)
{
	for (unsigned i = 0; i < store->count; i++)
		if (strlen(store->slots[i].key) == key_size && !memcmp(store->slots[i].key, key, key_size))
			return (struct mu_keyvalue_slot *)&store->slots[i];
	return 0;
}

static int note(struct mu_keyvalue *store, const char *key, size_t key_size, size_t value_size, uint32_t offset)
{
	struct mu_keyvalue_slot *slot = find(store, key, key_size);
	if (!slot) {
		if (store->count == MU_KEYVALUE_KEYS_MAX)
			return MU_ERR_FULL;
		slot = &store->slots[store->count++];
		*slot = (struct mu_keyvalue_slot){ 0 };
		memcpy(slot->key, key, key_size);
	}
	slot->value_size = (uint16_t)value_size;
	slot->offset = offset;
	return 0;
}

// Generation of a half, 0 if it has no good header.
static int read_header(const struct mu_keyvalue *store, unsigned half, uint32_t *generation)
{
	uint8_t header[HEADER_SIZE];
	int err = mu_flash_read(store->flash, address(store, half, 0), header, sizeof header);
	if (err < 0)
		return err;
	bool good = !memcmp(header, "MUKV", 4) && mu_le16_get(header + 4) == FORMAT_VERSION &&
		mu_le32_get(header + 12) == mu_crc32_le(0, header, 12);
	*generation = good ? mu_le32_get(header + 8) : 0;
	return 0;
}

// What lies behind the last good entry must be erased, or a later program could not set its bits.
static int check_rest(struct mu_keyvalue *store)
{
	uint8_t block[256];
	for (uint32_t offset = store->used; offset < store->half_size; offset += sizeof block) {
		size_t size = store->half_size - offset < sizeof block ? store->half_size - offset : sizeof block;
		int err = mu_flash_read(store->flash, address(store, store->half, offset), block, size);
		if (err < 0)
			return err;
		for (size_t i = 0; i < size; i++)
			if (block[i] != 0xFF)
				store->torn = true;
	}
	return 0;
}

static int load(struct mu_keyvalue *store)
{
	uint8_t entry[ENTRY_MAX];
	store->used = HEADER_SIZE;
	store->count = 0;
	store->torn = false;
	for (;;) {
		int size = read_entry(store, store->used, entry);
		if (size == MU_ERR_CRC)
			return check_rest(store);
		if (size < 0)
			return size;
		int err = note(store, (const char *)entry + ENTRY_HEADER_SIZE, entry[2], mu_le16_get(entry), store->used);
		if (err < 0)
			return err;
		store->used += (uint32_t)size;
	}
}

int mu_keyvalue_open(struct mu_keyvalue *store, struct mu_flash_image *flash, uint32_t offset, uint32_t size)
{
	uint32_t generations[2];
	*store = (struct mu_keyvalue){ .flash = flash, .offset = offset, .half_size = size / 2 };
	if (!size || size % (2 * MU_FLASH_SECTOR_SIZE))
		return MU_ERR_SIZE;
	for (unsigned half = 0; half < 2; half++) {
		int err = read_header(store, half, &generations[half]);
		if (err < 0)
			return err;
	}
	store->half = generations[1] > generations[0];
	store->generation = generations[store->half];
	return store->generation ? load(store) : 0;
}

int mu_keyvalue_get(const struct mu_keyvalue *store, const char *key, void *out, size_t size)
{
	uint8_t entry[ENTRY_MAX];
	const struct mu_keyvalue_slot *slot = find(store, key, strlen(key));
	if (!slot)
		return MU_ERR_NOT_FOUND;
	if (slot->value_size > size)
		return MU_ERR_SIZE;
	int err = read_entry(store, slot->offset, entry);
	if (err < 0)
		return err;
	memcpy(out, entry + ENTRY_HEADER_SIZE + strlen(slot->key), slot->value_size);
	return slot->value_size;
}

static int write_header(const struct mu_keyvalue *store, unsigned half, uint32_t generation)
{
	uint8_t header[HEADER_SIZE] = "MUKV";
	mu_le16_put(header + 4, FORMAT_VERSION);
	mu_le32_put(header + 8, generation);
	mu_le32_put(header + 12, mu_crc32_le(0, header, 12));
	return mu_flash_program(store->flash, address(store, half, 0), header, sizeof header);
}

// Copies each live entry but that of `leave_out` to a half that is erased. *end: where the next entry goes.
static int copy_entries(const struct mu_keyvalue *store, unsigned to, const char *leave_out, uint32_t *end)
{
	uint8_t entry[ENTRY_MAX];
	*end = HEADER_SIZE;
	for (unsigned i = 0; i < store->count; i++) {
		if (!strcmp(store->slots[i].key, leave_out))
			continue;
		int size = read_entry(store, store->slots[i].offset, entry);
		if (size < 0)
			return size;
		int err = mu_flash_program(store->flash, address(store, to, *end), entry, (size_t)size);
		if (err < 0)
			return err;
		*end += (uint32_t)size;
	}
	return 0;
}

static uint32_t live_bytes(const struct mu_keyvalue *store, const char *leave_out)
{
	uint32_t bytes = HEADER_SIZE;
	for (unsigned i = 0; i < store->count; i++)
		if (strcmp(store->slots[i].key, leave_out))
			bytes += entry_size(strlen(store->slots[i].key), store->slots[i].value_size);
	return bytes;
}

// Moves to the other half, with the new entry in it.
static int compact(struct mu_keyvalue *store, const char *key, const uint8_t *entry, uint32_t size)
{
	unsigned to = store->generation ? !store->half : 0;
	uint32_t end;
	if (live_bytes(store, key) + size > store->half_size)
		return MU_ERR_FULL;
	int err = mu_flash_erase(store->flash, address(store, to, 0), store->half_size);
	if (!err)
		err = copy_entries(store, to, key, &end);
	if (!err)
		err = mu_flash_program(store->flash, address(store, to, end), entry, size);
	if (!err)
		err = write_header(store, to, store->generation + 1);
	if (err < 0) {
		store->torn = true; // nothing more may be appended to the old half: the new one may count already
		return err;
	}
	store->half = to;
	store->generation++;
	return load(store);
}

static int append(struct mu_keyvalue *store, const uint8_t *entry, uint32_t size)
{
	int err = mu_flash_program(store->flash, address(store, store->half, store->used), entry, size);
	if (err < 0) {
		store->torn = true;
		return err;
	}
	err = note(store, (const char *)entry + ENTRY_HEADER_SIZE, entry[2], mu_le16_get(entry), store->used);
	store->used += size;
	return err;
}

int mu_keyvalue_set(struct mu_keyvalue *store, const char *key, const void *value, size_t size)
{
	uint8_t entry[ENTRY_MAX];
	size_t key_size = strlen(key);
	if (!key_size || key_size > MU_KV_KEY_MAX)
		return MU_ERR_INVALID;
	if (size > MU_KV_VALUE_MAX)
		return MU_ERR_SIZE;
	if (store->count == MU_KEYVALUE_KEYS_MAX && !find(store, key, key_size))
		return MU_ERR_FULL;
	memset(entry, 0xFF, sizeof entry);
	mu_le16_put(entry, (uint16_t)size);
	entry[2] = (uint8_t)key_size;
	entry[3] = ENTRY_MARK;
	memcpy(entry + ENTRY_HEADER_SIZE, key, key_size);
	memcpy(entry + ENTRY_HEADER_SIZE + key_size, value, size);
	mu_le32_put(entry + 4, entry_crc(entry, key_size, size));
	uint32_t bytes = entry_size(key_size, size);
	if (!store->generation || store->torn || store->used + bytes > store->half_size)
		return compact(store, key, entry, bytes);
	return append(store, entry, bytes);
}
