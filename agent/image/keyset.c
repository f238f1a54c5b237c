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

static int check_header(const uint8_t *data, size_t size)
{
	if (size < HEADER_SIZE + CRC_SIZE)
		return MU_ERR_SIZE;
	if (data[0] == 0xFF)
		return MU_ERR_NOT_FOUND;
	if (memcmp(data, magic, sizeof magic))
		return MU_ERR_INVALID;
	if (data[4] != VERSION)
		return MU_ERR_VERSION;
	if (data[5] > MU_KEYSET_MAX)
		return MU_ERR_INVALID;
	size_t end = HEADER_SIZE + (size_t)data[5] * MU_KEYSET_RECORD_SIZE;
	if (size < end + CRC_SIZE)
		return MU_ERR_SIZE;
	return mu_le32_get(data + end) == mu_crc32_le(0, data, end) ? 0 : MU_ERR_CRC;
}

// Appends a key that is valid and whose id is new.
static int add_key(struct mu_keyset *set, const struct mu_key *key)
{
	if (!key_is_valid(key) || mu_keyset_find(set, key->id))
		return MU_ERR_INVALID;
	set->keys[set->count++] = *key;
	return 0;
}

int mu_keyset_parse(struct mu_keyset *set, const uint8_t *data, size_t size)
{
	set->count = 0;
	int err = check_header(data, size);
	for (unsigned i = 0; !err && i < data[5]; i++) {
		struct mu_key key;
		decode_key(&key, data + HEADER_SIZE + i * MU_KEYSET_RECORD_SIZE);
		err = add_key(set, &key);
	}
	if (err < 0)
		set->count = 0;
	return err;
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
