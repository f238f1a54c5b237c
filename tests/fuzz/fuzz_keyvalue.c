// SPDX-License-Identifier: Apache-2.0
// The key-value partition of the virtual port: whatever lies in it, it opens, what it then holds can be read, and it takes a value.
#include "agent/image/err.h"
#include "agent/port/linux/keyvalue.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PART_SIZE = 0x4000 };

static void must(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mu_flash_image *flash;
	struct mu_keyvalue store;
	char value[MU_KV_VALUE_MAX];
	must(mu_flash_open(&flash, &(struct mu_flash_options){ .size_bytes = PART_SIZE }) == 0);
	must(mu_flash_program(flash, 0, data, size < PART_SIZE ? size : PART_SIZE) == 0);
	int err = mu_keyvalue_open(&store, flash, 0, PART_SIZE);
	must(err == 0 || err == MU_ERR_FULL); // more keys than the table holds
	for (unsigned i = 0; !err && i < store.count; i++)
		must(mu_keyvalue_get(&store, store.slots[i].key, value, sizeof value) == store.slots[i].value_size);
	if (!err && store.count < MU_KEYVALUE_KEYS_MAX && mu_keyvalue_set(&store, "after", "alive", 5) == 0) {
		must(mu_keyvalue_open(&store, flash, 0, PART_SIZE) == 0);
		must(mu_keyvalue_get(&store, "after", value, sizeof value) == 5 && !memcmp(value, "alive", 5));
	}
	must(mu_flash_statistics(flash).bit_violations == 0);
	mu_flash_close(flash);
	return 0;
}
