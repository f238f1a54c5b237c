// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/virtual_flash.h"
#include "agent/image/err.h"
#include "agent/image/otadata.h"
#include "agent/port/linux/digest.h"
#include <string.h>

static const struct mu_partition_entry layout[] = {
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_NVS, 0x9000, 0x6000, 0, "nvs" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_OTA, 0xF000, 0x2000, 0, "otadata" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_PHY, 0x11000, 0x1000, 0, "phy_init" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_BOOT, 0x12000, 0x2000, 0, "mu_boot" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_JOURNAL, 0x14000, 0x2000, 0, "mu_journal" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_SPOOL, 0x16000, 0x20000, 0, "mu_spool" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_KV, 0x36000, 0x4000, 0, "mu_kv" },
	{ MU_PARTITION_DATA, MU_SUBTYPE_DATA_KEYS, 0x3A000, 0x1000, MU_PARTITION_READONLY, "mu_keys" },
	{ MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0, 0x40000, 0x100000, 0, "ota_0" },
	{ MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0 + 1, 0x140000, 0x100000, 0, "ota_1" },
};

enum { PARTS = sizeof layout / sizeof *layout, PART_OTADATA = 1, PART_KEYS = 7, PART_SLOT0 = 8 };

void mu_virtual_layout(struct mu_partition_table *table)
{
	*table = (struct mu_partition_table){ .count = PARTS, .has_md5 = true };
	memcpy(table->partitions, layout, sizeof layout);
}

struct mu_virtual_flash mu_virtual_flash_default(void)
{
	struct mu_virtual_image image = { .traits = mu_traits_none() };
	struct mu_virtual_flash contents = { .images = { image, image }, .active_slot = 1, .other_valid = true };
	contents.images[0].version = "1.0.0";
	contents.images[1].version = "1.1.0";
	return contents;
}

// Erases only what is not blank, so that an unwritten flash stays sparse.
static int blank(struct mu_flash_image *flash, uint32_t offset, uint32_t size)
{
	uint8_t data[MU_FLASH_SECTOR_SIZE];
	for (uint32_t at = offset; at < offset + size; at += sizeof data) {
		int err = mu_flash_read(flash, at, data, sizeof data);
		if (err < 0)
			return err;
		if (data[0] == 0xFF && !memcmp(data, data + 1, sizeof data - 1))
			continue;
		err = mu_flash_erase(flash, at, sizeof data);
		if (err < 0)
			return err;
	}
	return 0;
}

int mu_virtual_flash_put_image(struct mu_flash_image *flash, unsigned slot, const struct mu_virtual_image *image)
{
	uint8_t bytes[MU_VIRTUAL_IMAGE_MAX];
	if (slot >= MU_VIRTUAL_SLOTS)
		return MU_ERR_RANGE;
	int size = mu_virtual_image_write(image, bytes, sizeof bytes);
	if (size < 0)
		return size;
	const struct mu_partition_entry *part = &layout[PART_SLOT0 + slot];
	int err = blank(flash, part->offset, part->size);
	return err < 0 ? err : mu_flash_program(flash, part->offset, bytes, (size_t)size);
}

static int put_entry(struct mu_flash_image *flash, unsigned sector, uint32_t seq)
{
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
	struct mu_otadata_entry entry = mu_otadata_make(seq, MU_OTADATA_VALID);
	mu_otadata_encode(&entry, bytes);
	return mu_flash_program(flash, layout[PART_OTADATA].offset + sector * MU_OTADATA_SECTOR_SIZE, bytes, sizeof bytes);
}

// As after a life of updates: the other slot was committed first, the active one after it.
static int put_otadata(struct mu_flash_image *flash, const struct mu_virtual_flash *contents)
{
	unsigned active = contents->active_slot;
	uint32_t other_seq = active ? 1 : 2;
	uint32_t active_seq = active ? 2 : contents->other_valid ? 3 : 1;
	int err = contents->other_valid ? put_entry(flash, 0, other_seq) : 0;
	return err < 0 ? err : put_entry(flash, contents->other_valid ? 1 : 0, active_seq);
}

static int put_keys(struct mu_flash_image *flash, const struct mu_keyset *keys)
{
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	int size = mu_keyset_write(keys, bytes, sizeof bytes);
	return size < 0 ? size : mu_flash_program(flash, layout[PART_KEYS].offset, bytes, (size_t)size);
}

static int put_table(struct mu_flash_image *flash)
{
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	struct mu_digest digest;
	struct mu_hash md5;
	mu_virtual_layout(&table);
	int err = mu_digest_open_md5(&digest, &md5);
	if (!err)
		err = mu_partition_table_write(&table, bytes, sizeof bytes, &md5);
	mu_digest_close(&digest);
	return err < 0 ? err : mu_flash_program(flash, MU_PARTITION_TABLE_OFFSET, bytes, sizeof bytes);
}

// Blank from the table on, or what a killed create left without a table.
static int clear_all(struct mu_flash_image *flash)
{
	uint8_t first;
	int err = mu_flash_read(flash, MU_PARTITION_TABLE_OFFSET, &first, 1);
	if (err < 0)
		return err;
	if (first != 0xFF)
		return MU_ERR_STATE;
	const struct mu_partition_entry *last = &layout[PARTS - 1];
	return blank(flash, MU_PARTITION_TABLE_OFFSET, last->offset + last->size - MU_PARTITION_TABLE_OFFSET);
}

static bool contents_are_valid(const struct mu_virtual_flash *contents)
{
	unsigned active = contents->active_slot;
	if (active >= MU_VIRTUAL_SLOTS || !contents->images[active].version)
		return false;
	return !contents->other_valid || contents->images[1 - active].version;
}

int mu_virtual_flash_create(struct mu_flash_image *flash, const struct mu_virtual_flash *contents)
{
	if (!contents_are_valid(contents))
		return MU_ERR_INVALID;
	if (mu_flash_size(flash) < MU_FLASH_SIZE_DEFAULT)
		return MU_ERR_RANGE;
	int err = clear_all(flash);
	for (unsigned i = 0; !err && i < MU_VIRTUAL_SLOTS; i++)
		if (contents->images[i].version)
			err = mu_virtual_flash_put_image(flash, i, &contents->images[i]);
	if (!err)
		err = put_otadata(flash, contents);
	if (!err)
		err = put_keys(flash, &contents->keys);
	// Last: a flash without a table is one whose making was cut short.
	return err < 0 ? err : put_table(flash);
}
