// SPDX-License-Identifier: Apache-2.0
// ESP-IDF's partition table: reader and writer of the 0xC00 bytes at flash offset 0x8000.
//
// Format (gen_esp32part.py): 32-byte little-endian records
//   magic u16 0x50AA | type u8 | subtype u8 | offset u32 | size u32 | label[16] | flags u32 (bit 0 encrypted, 1 read-only)
// then one optional MD5 record (magic 0xEBEB, 14 x FF, MD5 of all records before it), then a record of 32 x FF.
// Accepts exactly what the second-stage bootloader accepts; mu_partition_table_check() is the stricter test of a layout.
// Pure; the caller owns every buffer. Any thread, one at a time for a table.
#ifndef MU_AGENT_IMAGE_PARTITION_TABLE_H
#define MU_AGENT_IMAGE_PARTITION_TABLE_H
#include "agent/image/source.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_PARTITION_TABLE_OFFSET = 0x8000,
	MU_PARTITION_TABLE_SIZE = 0xC00,
	MU_PARTITION_RECORD_SIZE = 32,
	MU_PARTITION_MAX = 95, // 96 records less the terminator
	MU_PARTITION_LABEL_MAX = 16,
};

enum { MU_PARTITION_APP = 0x00, MU_PARTITION_DATA = 0x01 };

// Subtypes of apps, of ESP-IDF's data and of our own data (0x40 and up are free for applications).
enum {
	MU_SUBTYPE_APP_FACTORY = 0x00,
	MU_SUBTYPE_APP_OTA_0 = 0x10,
	MU_SUBTYPE_APP_OTA_15 = 0x1F,
	MU_SUBTYPE_APP_TEST = 0x20,
	MU_SUBTYPE_DATA_OTA = 0x00,
	MU_SUBTYPE_DATA_PHY = 0x01,
	MU_SUBTYPE_DATA_NVS = 0x02,
	MU_SUBTYPE_DATA_BOOT = 0x40,    // mu_boot: boot journal
	MU_SUBTYPE_DATA_JOURNAL = 0x41, // mu_journal: update journal
	MU_SUBTYPE_DATA_SPOOL = 0x42,   // mu_spool: records on their way to the collector
	MU_SUBTYPE_DATA_KEYS = 0x43,    // mu_keys: public keys with their roles
	MU_SUBTYPE_DATA_KV = 0x44,      // mu_kv: key-value store of the virtual port
	MU_SUBTYPE_ANY = 0xFF,
};

enum { MU_PARTITION_ENCRYPTED = 1u << 0, MU_PARTITION_READONLY = 1u << 1 };

struct mu_partition_entry {
	uint8_t type;
	uint8_t subtype;
	uint32_t offset; // in flash, bytes
	uint32_t size;   // bytes
	uint32_t flags;
	char label[MU_PARTITION_LABEL_MAX + 1]; // always terminated here, not in flash if it has 16 characters
};

struct mu_partition_table {
	struct mu_partition_entry partitions[MU_PARTITION_MAX];
	unsigned count;
	bool has_md5;
};

// Parses `data` (at least MU_PARTITION_TABLE_SIZE bytes). `md5` may be null: then the MD5 record is not compared.
// Returns 0, or and leaves *table undefined: MU_ERR_SIZE data too short; MU_ERR_INVALID bad magic, second MD5 record,
// first record is the end, or no end; MU_ERR_RANGE a partition beyond flash_size; MU_ERR_CRC the MD5 differs.
int mu_partition_table_parse(struct mu_partition_table *table, const uint8_t *data, size_t size, uint32_t flash_size,
	const struct mu_hash *md5);

// Writes table's partitions, the MD5 record if `md5` is not null, the end and FF padding: MU_PARTITION_TABLE_SIZE bytes.
// Returns 0, MU_ERR_SIZE buffer too small, MU_ERR_FULL too many partitions, or the digest's error.
int mu_partition_table_write(const struct mu_partition_table *table, uint8_t *buffer, size_t size, const struct mu_hash *md5);

// The layout rules of a table that somebody made: labels unique and not empty, sectors aligned (apps 0x10000), nothing
// below 0x9000, nothing overlapping, inside flash_size. Returns 0, MU_ERR_INVALID or MU_ERR_RANGE; *index, if not null,
// is then the partition to blame.
int mu_partition_table_check(const struct mu_partition_table *table, uint32_t flash_size, unsigned *index);

// First partition that fits; subtype MU_SUBTYPE_ANY fits all, a null label too. Null if there is none.
const struct mu_partition_entry *mu_partition_table_find(const struct mu_partition_table *table, uint8_t type, uint8_t subtype,
	const char *label);

// Number of ota_N partitions, as the bootloader counts them: every such record.
unsigned mu_partition_table_app_count(const struct mu_partition_table *table);

#endif
