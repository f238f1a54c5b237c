// SPDX-License-Identifier: Apache-2.0
#include "agent/image/partition_table.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include <string.h>

enum {
	RECORDS_MAX = MU_PARTITION_TABLE_SIZE / MU_PARTITION_RECORD_SIZE,
	MAGIC_PARTITION = 0x50AA,
	MAGIC_MD5 = 0xEBEB,
	MAGIC_END = 0xFFFF,
	AT_MD5 = 16,
	FIRST_OFFSET = 0x9000,
	SECTOR = 0x1000,
	APP_ALIGN = 0x10000,
};

static int md5_of(const struct mu_hash *md5, const uint8_t *data, size_t size, uint8_t digest[MU_MD5_SIZE])
{
	if (md5->digest_size != MU_MD5_SIZE)
		return MU_ERR_INVALID;
	int err = md5->start(md5->context);
	if (err >= 0)
		err = md5->update(md5->context, data, size);
	return err < 0 ? err : md5->finish(md5->context, digest);
}

static int check_md5(const uint8_t *table, const uint8_t *record, const struct mu_hash *md5)
{
	uint8_t digest[MU_MD5_SIZE];
	if (!md5)
		return 0;
	int err = md5_of(md5, table, (size_t)(record - table), digest);
	if (err < 0)
		return err;
	return memcmp(digest, record + AT_MD5, sizeof digest) ? MU_ERR_CRC : 0;
}

static int parse_partition(struct mu_partition_table *table, const uint8_t *record, uint32_t flash_size)
{
	struct mu_partition_entry *entry = &table->partitions[table->count];
	entry->type = record[2];
	entry->subtype = record[3];
	entry->offset = mu_le32_get(record + 4);
	entry->size = mu_le32_get(record + 8);
	memcpy(entry->label, record + 12, MU_PARTITION_LABEL_MAX);
	entry->label[MU_PARTITION_LABEL_MAX] = 0;
	entry->flags = mu_le32_get(record + 28);
	if (entry->offset > flash_size || entry->size > flash_size - entry->offset)
		return MU_ERR_RANGE;
	table->count++;
	return 0;
}

static bool is_end(const uint8_t *record)
{
	return mu_le16_get(record) == MAGIC_END && record[2] == 0xFF && record[3] == 0xFF;
}

int mu_partition_table_parse(struct mu_partition_table *table, const uint8_t *data, size_t size, uint32_t flash_size,
	const struct mu_hash *md5)
{
	table->count = 0;
	table->has_md5 = false;
	if (size < MU_PARTITION_TABLE_SIZE)
		return MU_ERR_SIZE;
	for (unsigned i = 0; i < RECORDS_MAX; i++) {
		const uint8_t *record = data + i * MU_PARTITION_RECORD_SIZE;
		int err = MU_ERR_INVALID;
		if (is_end(record))
			return i ? 0 : MU_ERR_INVALID;
		// The 96th record has to be the end, so count never reaches beyond the array.
		if (mu_le16_get(record) == MAGIC_PARTITION && table->count < MU_PARTITION_MAX) {
			err = parse_partition(table, record, flash_size);
		} else if (mu_le16_get(record) == MAGIC_MD5 && !table->has_md5) {
			table->has_md5 = true;
			err = check_md5(data, record, md5);
		}
		if (err < 0)
			return err;
	}
	return MU_ERR_INVALID;
}

static void write_partition(uint8_t *record, const struct mu_partition_entry *entry)
{
	memset(record, 0, MU_PARTITION_RECORD_SIZE);
	mu_le16_put(record, MAGIC_PARTITION);
	record[2] = entry->type;
	record[3] = entry->subtype;
	mu_le32_put(record + 4, entry->offset);
	mu_le32_put(record + 8, entry->size);
	memcpy(record + 12, entry->label, strlen(entry->label));
	mu_le32_put(record + 28, entry->flags);
}

int mu_partition_table_write(const struct mu_partition_table *table, uint8_t *buffer, size_t size, const struct mu_hash *md5)
{
	if (size < MU_PARTITION_TABLE_SIZE)
		return MU_ERR_SIZE;
	if (table->count + (md5 ? 1u : 0u) >= RECORDS_MAX)
		return MU_ERR_FULL;
	memset(buffer, 0xFF, MU_PARTITION_TABLE_SIZE);
	uint8_t *record = buffer;
	for (unsigned i = 0; i < table->count; i++, record += MU_PARTITION_RECORD_SIZE)
		write_partition(record, &table->partitions[i]);
	if (!md5)
		return 0;
	mu_le16_put(record, MAGIC_MD5);
	return md5_of(md5, buffer, (size_t)(record - buffer), record + AT_MD5);
}

static bool overlap(const struct mu_partition_entry *a, const struct mu_partition_entry *b)
{
	return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static int check_alone(const struct mu_partition_entry *entry, uint32_t flash_size)
{
	uint32_t align = entry->type == MU_PARTITION_APP ? APP_ALIGN : SECTOR;
	if (entry->offset < FIRST_OFFSET || entry->offset > flash_size || entry->size > flash_size - entry->offset)
		return MU_ERR_RANGE;
	if (!entry->label[0] || !entry->size || entry->offset % align || entry->size % SECTOR)
		return MU_ERR_INVALID;
	return 0;
}

static int check_one(const struct mu_partition_table *table, unsigned index, uint32_t flash_size)
{
	const struct mu_partition_entry *entry = &table->partitions[index];
	int err = check_alone(entry, flash_size);
	for (unsigned i = 0; i < index && !err; i++) {
		const struct mu_partition_entry *before = &table->partitions[i];
		if (!strcmp(before->label, entry->label))
			err = MU_ERR_INVALID;
		else if (overlap(before, entry))
			err = MU_ERR_RANGE;
	}
	return err;
}

int mu_partition_table_check(const struct mu_partition_table *table, uint32_t flash_size, unsigned *index)
{
	if (!table->count || table->count > MU_PARTITION_MAX)
		return MU_ERR_INVALID;
	for (unsigned i = 0; i < table->count; i++) {
		int err = check_one(table, i, flash_size);
		if (index)
			*index = i;
		if (err < 0)
			return err;
	}
	return 0;
}

const struct mu_partition_entry *mu_partition_table_find(const struct mu_partition_table *table, uint8_t type, uint8_t subtype,
	const char *label)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct mu_partition_entry *entry = &table->partitions[i];
		if (entry->type != type || (subtype != MU_SUBTYPE_ANY && entry->subtype != subtype))
			continue;
		if (!label || !strcmp(entry->label, label))
			return entry;
	}
	return 0;
}

unsigned mu_partition_table_app_count(const struct mu_partition_table *table)
{
	unsigned count = 0;
	for (unsigned i = 0; i < table->count; i++) {
		const struct mu_partition_entry *entry = &table->partitions[i];
		count += entry->type == MU_PARTITION_APP && entry->subtype >= MU_SUBTYPE_APP_OTA_0 &&
			entry->subtype <= MU_SUBTYPE_APP_OTA_15;
	}
	return count;
}
