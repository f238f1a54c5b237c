// SPDX-License-Identifier: Apache-2.0
// Flash as an attacker, or age, left it: the spool opens, every number is accounted for once, it takes records, and opens again.
//
// Input: byte 0 even: the rest is the flash of four to eleven sectors (byte 1), repeated until it is full. Odd: a spool in use (byte 1:
// sectors, byte 2: records) into which the rest is XORed in steps of three bytes: offset (16 bits), pattern; so that checksums hold
// elsewhere.
#include "agent/uplink/spool.h"
#include "proto/limits.h"
#include <stdlib.h>
#include <string.h>

enum { SECTORS_MAX = 11 };

struct flash {
	uint8_t bytes[SECTORS_MAX * MU_SECTOR_BYTES];
	size_t size;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int64_t flash_size(void *context, enum mu_partition part)
{
	(void)part;
	return (int64_t)((struct flash *)context)->size;
}

static int flash_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	struct flash *flash = context;
	(void)part;
	require(offset <= flash->size && size <= flash->size - offset);
	memcpy(out, flash->bytes + offset, size);
	return 0;
}

static int flash_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	struct flash *flash = context;
	(void)part;
	require(offset <= flash->size && size <= flash->size - offset && offset % MU_SECTOR_BYTES == 0);
	memset(flash->bytes + offset, 0xFF, size);
	return 0;
}

static int flash_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	struct flash *flash = context;
	(void)part;
	require(offset <= flash->size && size <= flash->size - offset);
	for (size_t i = 0; i < size; i++)
		flash->bytes[offset + i] &= ((const uint8_t *)data)[i];
	return 0;
}

static int fixed_random(void *context, void *out, size_t size)
{
	(void)context;
	memset(out, 0x5A, size);
	return 0;
}

static const struct mu_flash_port flash_port = { .size = flash_size, .read = flash_read, .erase = flash_erase, .program = flash_program };
static const struct mu_system_port system_port = { .random = fixed_random };

// Reads all there is; each step goes on, and ends exactly at the next number.
static void read_all(struct mu_spool *spool)
{
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	uint64_t seq = mu_spool_oldest_seq(spool), next = mu_spool_next_seq(spool);
	unsigned wide = 0;
	while (seq < next) {
		struct mu_spool_entry entry;
		require(mu_spool_read(spool, seq, &entry, bytes, sizeof bytes) == 0);
		require(entry.seq == seq && entry.count > 0 && entry.count <= next - seq);
		wide += entry.count == MU_GAP_COUNT_MAX;
		if (wide > 100)
			return; // a damaged first_seq of 2^52 makes a million of gaps of 2^32
		seq += entry.count;
	}
	require(seq == next);
}

static void use(struct mu_spool *spool, unsigned records)
{
	uint8_t bytes[300];
	memset(bytes, 0xA5, sizeof bytes);
	for (unsigned i = 0; i < records; i++) {
		uint64_t seq, next = mu_spool_next_seq(spool);
		require(mu_spool_append(spool, (enum mu_record_class)(i % MU_CLASS_COUNT), bytes, 1 + i * 41 % sizeof bytes, &seq) == 0);
		require(seq == next && mu_spool_next_seq(spool) == seq + 1);
		if (i % 16 == 15)
			require(mu_spool_ack(spool, seq - 8) == 0);
	}
}

static void open_and_use(struct flash *flash)
{
	static struct mu_spool spool;
	struct mu_port port = { .context = flash, .flash = &flash_port, .system = &system_port };
	require(mu_spool_open(&spool, &port) == 0);
	read_all(&spool);
	use(&spool, 40);
	read_all(&spool);
	uint64_t next = mu_spool_next_seq(&spool), epoch = mu_spool_epoch(&spool);
	require(mu_spool_open(&spool, &port) == 0);
	require(mu_spool_next_seq(&spool) == next && mu_spool_epoch(&spool) == epoch);
	read_all(&spool);
}

static void fill_raw(struct flash *flash, const uint8_t *data, size_t size)
{
	memset(flash->bytes, 0xFF, flash->size);
	for (size_t i = 0; size && i < flash->size; i++)
		flash->bytes[i] = data[i % size];
}

static void fill_used(struct flash *flash, unsigned records, const uint8_t *data, size_t size)
{
	static struct mu_spool spool;
	struct mu_port port = { .context = flash, .flash = &flash_port, .system = &system_port };
	memset(flash->bytes, 0xFF, flash->size);
	require(mu_spool_open(&spool, &port) == 0);
	use(&spool, records);
	for (size_t i = 0; i + 2 < size; i += 3)
		flash->bytes[(size_t)(data[i] | data[i + 1] << 8) % flash->size] ^= data[i + 2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct flash flash;
	if (size < 3)
		return 0;
	flash.size = (size_t)(MU_SPOOL_SECTORS_MIN + data[1] % 8) * MU_SECTOR_BYTES;
	if (data[0] % 2)
		fill_used(&flash, data[2], data + 3, size - 3);
	else
		fill_raw(&flash, data + 2, size - 2);
	open_and_use(&flash);
	return 0;
}
