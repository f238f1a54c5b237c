// SPDX-License-Identifier: Apache-2.0
// Small durable values in the mu_kv partition: a log in two halves, safe against power loss inside any flash operation.
//
// A half, little-endian: header "MUKV" | version u16 (1) | reserved u16 (0) | generation u32 | CRC-32 u32, then entries
//   value_size u16 | key_size u8 | 0x5A u8 | CRC-32 u32 of the six bytes before and what follows | key | value | padding to 4 with FF
// The half with the higher generation counts; in it the last good entry of a key. When it is full, or ends in a torn entry, the
// live entries are copied to the other half, whose header is written last: that is the switch.
//
// A set is one program call, seldom a copy. Memory: the caller's struct, no allocation. Thread: one at a time.
#ifndef MU_PORT_LINUX_KEYVALUE_H
#define MU_PORT_LINUX_KEYVALUE_H
#include "agent/port/linux/flash_image.h"
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_KEYVALUE_KEYS_MAX = 32 };

struct mu_keyvalue_slot {
	char key[MU_KV_KEY_MAX + 1];
	uint16_t value_size;
	uint32_t offset; // of the entry, in its half
};

struct mu_keyvalue {
	struct mu_flash_image *flash;
	uint32_t offset, half_size; // bytes
	unsigned half;              // 0 or 1: the one that counts
	uint32_t generation;        // 0: nothing written yet
	uint32_t used;              // end of the last good entry in it
	bool torn;                  // something unusable lies behind it: copy before the next set
	unsigned count;
	struct mu_keyvalue_slot slots[MU_KEYVALUE_KEYS_MAX];
};

// offset, size: of the partition; size a multiple of two sectors. A blank or foreign partition is taken as empty.
// Returns 0, MU_ERR_SIZE or the flash's error.
int mu_keyvalue_open(struct mu_keyvalue *store, struct mu_flash_image *flash, uint32_t offset, uint32_t size);

// Length of the value; MU_ERR_NOT_FOUND; MU_ERR_SIZE if it is larger than `size`; the flash's error.
int mu_keyvalue_get(const struct mu_keyvalue *store, const char *key, void *out, size_t size);

// 0; MU_ERR_INVALID key empty or longer than MU_KV_KEY_MAX; MU_ERR_SIZE value longer than MU_KV_VALUE_MAX; MU_ERR_FULL too many keys
// or bytes; the flash's error. After an error the old value stands, or the new one, never a mixture.
int mu_keyvalue_set(struct mu_keyvalue *store, const char *key, const void *value, size_t size);

#endif
