// SPDX-License-Identifier: Apache-2.0
// The mu_keys sector: the public keys that a device trusts, each with its role.
//
// Layout, little-endian: magic "MUKY" | version u8 (1) | count u8 (0..16) | reserved u16 (0) | count records of 108
// bytes { id[8], role u8, reserved u8[2] (0), point[65] (uncompressed P-256: 04 | X | Y), name[32] (padded with 0) } |
// CRC-32 u32 over all before it. Written once at provisioning; the partition is read-only afterwards.
// Two ways to read it: a device looks one key up in flash when it needs it, a host takes the whole set into memory.
// Pure, no allocation; the set is the caller's (about 1.8 KiB). One thread at a time.
#ifndef MU_AGENT_IMAGE_KEYSET_H
#define MU_AGENT_IMAGE_KEYSET_H
#include "agent/image/source.h"
#include <stddef.h>
#include <stdint.h>

enum {
	MU_KEYSET_MAX = 16,
	MU_KEY_ID_SIZE = 8, // first 8 bytes of the SHA-256 of the 65-byte point, as in SignedCommand.key_id
	MU_KEY_POINT_SIZE = 65,
	MU_KEY_NAME_SIZE = 32, // with the terminator
	MU_KEYSET_RECORD_SIZE = 108,
	MU_KEYSET_SIZE_MAX = 8 + MU_KEYSET_MAX * MU_KEYSET_RECORD_SIZE + 4,
};

enum mu_key_role { MU_KEY_RELEASE = 1, MU_KEY_OPERATOR = 2, MU_KEY_COLLECTOR = 3 };

struct mu_key {
	uint8_t id[MU_KEY_ID_SIZE];
	enum mu_key_role role;
	uint8_t point[MU_KEY_POINT_SIZE];
	char name[MU_KEY_NAME_SIZE]; // printable ASCII, 1..31 characters
};

struct mu_keyset {
	unsigned count;
	struct mu_key keys[MU_KEYSET_MAX];
};

// Returns the number of keys, or: MU_ERR_SIZE cut short; MU_ERR_NOT_FOUND the sector is erased (starts with FF); MU_ERR_INVALID magic,
// count, role, point, name, or an id twice; MU_ERR_VERSION; MU_ERR_CRC; the source's error. Stack: about 300 bytes.
int mu_keyset_check(const struct mu_source *source);

// One key by its id; the whole sector is checked first, each time. 0; MU_ERR_NOT_FOUND: it has no such key; else as above.
int mu_keyset_get(const struct mu_source *source, const uint8_t id[MU_KEY_ID_SIZE], struct mu_key *key);

// All of it. Returns 0, or an error as above; *set is then empty.
int mu_keyset_parse(struct mu_keyset *set, const uint8_t *data, size_t size);

// Returns the bytes written, or MU_ERR_FULL (buffer too small or more than 16), MU_ERR_INVALID (a set that the
// parser would refuse).
int mu_keyset_write(const struct mu_keyset *set, uint8_t *buffer, size_t size);

// In a set that was parsed. Null if there is none.
const struct mu_key *mu_keyset_find(const struct mu_keyset *set, const uint8_t id[MU_KEY_ID_SIZE]);

#endif
