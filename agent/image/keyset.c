// SPDX-License-Identifier: Apache-2.0
#include "agent/image/keyset.h"
#include "agent/image/crc32.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include <stdbool.h>
#include <string.h>

enum {
	VERSION = 1,
	HEADER_SIZE = 8,
	CRC_SIZE = 4,
	AT_ROLE = 8,
	AT_POINT = 11,
	AT_NAME = AT_POINT + MU_KEY_POINT_SIZE,
	POINT_UNCOMPRESSED = 4,
};

_Static_assert(AT_NAME + MU_KEY_NAME_SIZE == MU_KEYSET_RECORD_SIZE, "the record's fields fill it");

static const uint8_t magic[4] = { 'M', 'U', 'K', 'Y' };

static bool name_is_valid(const char name[MU_KEY_NAME_SIZE])
{
	size_t size = 0;
	while (size < MU_KEY_NAME_SIZE && name[size] >= ' ' && name[size] <= '~')
		size++;
	return size && size < MU_KEY_NAME_SIZE && !name[size];
}

static bool key_is_valid(const struct mu_key *key)
{
	return key->role >= MU_KEY_RELEASE && key->role <= MU_KEY_COLLECTOR && key->point[0] == POINT_UNCOMPRESSED &&
		name_is_valid(key->name);
}

static void decode_key(struct mu_key *key, const uint8_t *record)
{
	memcpy(key->id, record, MU_KEY_ID_SIZE);
	key->role = record[AT_ROLE];
	memcpy(key->point, record + AT_POINT, MU_KEY_POINT_SIZE);
	memcpy(key->name, record + AT_NAME, MU_KEY_NAME_SIZE);
}

static void encode_key(const struct mu_key *key, uint8_t *record)
{
	memset(record, 0, MU_KEYSET_RECORD_SIZE);
	memcpy(record, key->id, MU_KEY_ID_SIZE);
	record[AT_ROLE] = (uint8_t)key->role;
	memcpy(record + AT_POINT, key->point, MU_KEY_POINT_SIZE);
	memcpy(record + AT_NAME, key->name, strlen(key->name));
}

// Returns the number of keys that the header promises.
static int check_header(const struct mu_source *source)
{
	uint8_t header[HEADER_SIZE];
	if (source->size_bytes < HEADER_SIZE + CRC_SIZE)
		return MU_ERR_SIZE;
	int err = mu_source_read(source, 0, header, sizeof header);
	if (err < 0)
		return err;
	if (header[0] == 0xFF)
		return MU_ERR_NOT_FOUND;
	if (memcmp(header, magic, sizeof magic))
		return MU_ERR_INVALID;
	if (header[4] != VERSION)
		return MU_ERR_VERSION;
	return header[5] > MU_KEYSET_MAX ? MU_ERR_INVALID : header[5];
}

static uint32_t place_of(unsigned index)
{
	return HEADER_SIZE + index * MU_KEYSET_RECORD_SIZE;
}

// Somebody who looks for a key, while the sector is checked: what he gets are the very bytes that were under the CRC.
struct search {
	const uint8_t *id; // null: nothing is looked for
	struct mu_key *key;
	bool found;
};

static int check_sum(const struct mu_source *source, unsigned count, struct search *search)
{
	uint8_t bytes[MU_KEYSET_RECORD_SIZE];
	uint32_t crc = 0, end = place_of(count), at = 0;
	if (source->size_bytes < end + CRC_SIZE)
		return MU_ERR_SIZE;
	for (uint32_t size = HEADER_SIZE; at < end; at += size, size = MU_KEYSET_RECORD_SIZE) {
		int err = mu_source_read(source, at, bytes, size);
		if (err < 0)
			return err;
		crc = mu_crc32_le(crc, bytes, size);
		if (!search->id || at == 0 || memcmp(bytes, search->id, MU_KEY_ID_SIZE))
			continue;
		decode_key(search->key, bytes);
		search->found = true;
	}
	int err = mu_source_read(source, end, bytes, CRC_SIZE);
	if (err < 0)
		return err;
	return mu_le32_get(bytes) == crc ? 0 : MU_ERR_CRC;
}

static int read_key(const struct mu_source *source, unsigned index, struct mu_key *key)
{
	uint8_t record[MU_KEYSET_RECORD_SIZE];
	int err = mu_source_read(source, place_of(index), record, sizeof record);
	if (err >= 0)
		decode_key(key, record);
	return err;
}

// The key at this place is valid and no other before it has its id.
static int check_key(const struct mu_source *source, unsigned index)
{
	struct mu_key key;
	uint8_t id[MU_KEY_ID_SIZE];
	int err = read_key(source, index, &key);
	if (err >= 0 && !key_is_valid(&key))
		return MU_ERR_INVALID;
	for (unsigned i = 0; err >= 0 && i < index; i++) {
		err = mu_source_read(source, place_of(i), id, sizeof id);
		if (err >= 0 && !memcmp(id, key.id, sizeof id))
			return MU_ERR_INVALID;
	}
	return err;
}

static int check(const struct mu_source *source, struct search *search)
{
	int count = check_header(source);
	if (count < 0)
		return count;
	int err = check_sum(source, (unsigned)count, search);
	for (unsigned i = 0; err >= 0 && i < (unsigned)count; i++)
		err = check_key(source, i);
	return err < 0 ? err : count;
}

int mu_keyset_check(const struct mu_source *source)
{
	return check(source, &(struct search){ .id = 0 });
}

int mu_keyset_get(const struct mu_source *source, const uint8_t id[MU_KEY_ID_SIZE], struct mu_key *key)
{
	struct search search = { .id = id, .key = key };
	int count = check(source, &search);
	if (count < 0)
		return count;
	return search.found ? 0 : MU_ERR_NOT_FOUND;
}

int mu_keyset_parse(struct mu_keyset *set, const uint8_t *data, size_t size)
{
	struct mu_source source = mu_source_memory(data, size < MU_KEYSET_SIZE_MAX ? (uint32_t)size : MU_KEYSET_SIZE_MAX);
	int count = mu_keyset_check(&source);
	set->count = count < 0 ? 0 : (unsigned)count;
	for (unsigned i = 0; i < set->count; i++)
		read_key(&source, i, &set->keys[i]);
	return count < 0 ? count : 0;
}

static bool ids_are_unique(const struct mu_keyset *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (mu_keyset_find(set, set->keys[i].id) != &set->keys[i])
			return false;
	return true;
}

int mu_keyset_write(const struct mu_keyset *set, uint8_t *buffer, size_t size)
{
	if (set->count > MU_KEYSET_MAX)
		return MU_ERR_FULL;
	size_t end = HEADER_SIZE + (size_t)set->count * MU_KEYSET_RECORD_SIZE;
	if (size < end + CRC_SIZE)
		return MU_ERR_FULL;
	if (!ids_are_unique(set))
		return MU_ERR_INVALID;
	memset(buffer, 0, HEADER_SIZE);
	memcpy(buffer, magic, sizeof magic);
	buffer[4] = VERSION;
	buffer[5] = (uint8_t)set->count;
	for (unsigned i = 0; i < set->count; i++) {
		if (!key_is_valid(&set->keys[i]))
			return MU_ERR_INVALID;
		encode_key(&set->keys[i], buffer + HEADER_SIZE + i * MU_KEYSET_RECORD_SIZE);
	}
	mu_le32_put(buffer + end, mu_crc32_le(0, buffer, end));
	return (int)(end + CRC_SIZE);
}

const struct mu_key *mu_keyset_find(const struct mu_keyset *set, const uint8_t id[MU_KEY_ID_SIZE])
{
	for (unsigned i = 0; i < set->count; i++)
		if (!memcmp(set->keys[i].id, id, MU_KEY_ID_SIZE))
			return &set->keys[i];
	return 0;
}
