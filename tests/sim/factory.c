// SPDX-License-Identifier: Apache-2.0
// The flash as it leaves the factory, shared by all worlds.
#include "agent/port/linux/digest.h"
#include "agent/port/linux/virtual_flash.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

static void add_key(struct mu_keyset *keys, enum mu_key_role role, const char *name)
{
	struct mu_key *key = &keys->keys[keys->count++];
	uint8_t digest[32];
	key->role = role;
	snprintf(key->name, sizeof key->name, "%s", name);
	key->point[0] = 4;
	for (unsigned i = 1; i < sizeof key->point; i++)
		key->point[i] = (uint8_t)(i * 7 + (unsigned)role);
	mu_digest_sha256(key->point, sizeof key->point, digest);
	memcpy(key->id, digest, sizeof key->id);
}

int sim_factory_open(struct sim_factory *factory)
{
	*factory = (struct sim_factory){ 0 };
	add_key(&factory->keys, MU_KEY_RELEASE, "release");
	add_key(&factory->keys, MU_KEY_OPERATOR, "operator");
	add_key(&factory->keys, MU_KEY_COLLECTOR, "collector");
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	contents.keys = factory->keys;
	int err = mu_flash_open(&factory->flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT });
	struct mu_partition_table table;
	mu_virtual_layout(&table);
	factory->slot0_offset = mu_partition_table_find(&table, MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0, 0)->offset;
	return err < 0 ? err : mu_virtual_flash_create(factory->flash, &contents);
}

void sim_factory_close(struct sim_factory *factory)
{
	mu_flash_close(factory->flash);
}
