// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/flash_partitions.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"

static const struct {
	uint8_t type, subtype;
} kinds[MU_PART_COUNT] = {
	[MU_PART_OTADATA] = { MU_PARTITION_DATA, MU_SUBTYPE_DATA_OTA },
	[MU_PART_BOOT] = { MU_PARTITION_DATA, MU_SUBTYPE_DATA_BOOT },
	[MU_PART_JOURNAL] = { MU_PARTITION_DATA, MU_SUBTYPE_DATA_JOURNAL },
	[MU_PART_SPOOL] = { MU_PARTITION_DATA, MU_SUBTYPE_DATA_SPOOL },
	[MU_PART_KEYS] = { MU_PARTITION_DATA, MU_SUBTYPE_DATA_KEYS },
	[MU_PART_SLOT0] = { MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0 },
	[MU_PART_SLOT1] = { MU_PARTITION_APP, MU_SUBTYPE_APP_OTA_0 + 1 },
};

static void find(struct mu_partition_entry *entry, const struct mu_partition_table *table, uint8_t type, uint8_t subtype)
{
	const struct mu_partition_entry *found = mu_partition_table_find(table, type, subtype, 0);
	*entry = found ? *found : (struct mu_partition_entry){ 0 };
}

int mu_flash_partitions_open(struct mu_flash_partitions *partitions, struct mu_flash_image *flash)
{
	uint8_t data[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	struct mu_digest digest;
	struct mu_hash md5;
	int err = mu_flash_read(flash, MU_PARTITION_TABLE_OFFSET, data, sizeof data);
	if (err < 0)
		return err;
	err = mu_digest_open_md5(&digest, &md5);
	if (!err)
		err = mu_partition_table_parse(&table, data, sizeof data, mu_flash_size(flash), &md5);
	mu_digest_close(&digest);
	if (err < 0)
		return err;
	partitions->flash = flash;
	for (int i = 0; i < MU_PART_COUNT; i++)
		find(&partitions->parts[i], &table, kinds[i].type, kinds[i].subtype);
	find(&partitions->keyvalue, &table, MU_PARTITION_DATA, MU_SUBTYPE_DATA_KV);
	return 0;
}

// Turns an offset in the partition into one in the flash, or a negative error.
static int64_t locate(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, size_t size)
{
	if ((unsigned)part >= MU_PART_COUNT || !partitions->parts[part].size)
		return MU_ERR_NOT_FOUND;
	const struct mu_partition_entry *entry = &partitions->parts[part];
	if (offset > entry->size || size > entry->size - offset)
		return MU_ERR_RANGE;
	return (int64_t)entry->offset + offset;
}

static int64_t locate_writable(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, size_t size)
{
	int64_t at = locate(partitions, part, offset, size);
	return at >= 0 && partitions->parts[part].flags & MU_PARTITION_READONLY ? MU_ERR_AUTH : at;
}

int64_t mu_flash_partitions_size(const struct mu_flash_partitions *partitions, enum mu_partition part)
{
	int64_t at = locate(partitions, part, 0, 0);
	return at < 0 ? at : partitions->parts[part].size;
}

int mu_flash_partitions_read(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	int64_t at = locate(partitions, part, offset, size);
	return at < 0 ? (int)at : mu_flash_read(partitions->flash, (uint32_t)at, out, size);
}

int mu_flash_partitions_erase(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, size_t size)
{
	int64_t at = locate_writable(partitions, part, offset, size);
	return at < 0 ? (int)at : mu_flash_erase(partitions->flash, (uint32_t)at, size);
}

int mu_flash_partitions_program(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, const void *data,
	size_t size)
{
	int64_t at = locate_writable(partitions, part, offset, size);
	return at < 0 ? (int)at : mu_flash_program(partitions->flash, (uint32_t)at, data, size);
}
