// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/spool_format.h"
#include "agent/image/crc32.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include "proto/limits.h"
#include <string.h>

enum { VERSION = 1, CRC_OFFSET = 68, EPOCH_OFFSET = 16, FIRST_OFFSET = 24, ACKED_OFFSET = 32, DROPPED_OFFSET = 40 };
static const uint8_t magic[4] = { 'M', 'U', 'S', 'P' };

static uint64_t get64(const uint8_t *bytes)
{
	return mu_le32_get(bytes) | (uint64_t)mu_le32_get(bytes + 4) << 32;
}

static void put64(uint8_t *bytes, uint64_t value)
{
	mu_le32_put(bytes, (uint32_t)value);
	mu_le32_put(bytes + 4, (uint32_t)(value >> 32));
}

static unsigned bits_cleared(const uint8_t *bytes, size_t size)
{
	unsigned cleared = 0;
	for (size_t i = 0; i < size * 8; i++)
		cleared += !(bytes[i / 8] >> (i % 8) & 1);
	return cleared;
}

static bool is_all(uint8_t byte, const uint8_t *bytes, size_t size)
{
	while (size && *bytes == byte) {
		bytes++;
		size--;
	}
	return !size;
}

bool mu_spool_is_blank(const uint8_t *bytes, size_t size)
{
	return is_all(0xFF, bytes, size);
}

void mu_spool_header_encode(const struct mu_spool_header *header, uint8_t bytes[MU_SPOOL_FIXED_BYTES])
{
	memset(bytes, 0xFF, MU_SPOOL_FIXED_BYTES);
	memcpy(bytes, magic, sizeof magic);
	bytes[4] = VERSION;
	bytes[5] = header->ring;
	bytes[6] = header->jump;
	mu_le32_put(bytes + 8, header->number);
	put64(bytes + EPOCH_OFFSET, header->epoch);
	put64(bytes + FIRST_OFFSET, header->first_seq);
	put64(bytes + ACKED_OFFSET, header->acked_through);
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		mu_le32_put(bytes + DROPPED_OFFSET + 4 * i, header->dropped[i]);
	mu_le32_put(bytes + CRC_OFFSET, mu_crc32_le(0, bytes, CRC_OFFSET));
}

static uint8_t leading_marks(const uint8_t *marks)
{
	uint8_t count = 0;
	while (count < MU_SPOOL_MARKS && marks[count] == 0)
		count++;
	return count;
}

int mu_spool_header_decode(struct mu_spool_header *header, const uint8_t bytes[MU_SPOOL_HEADER_BYTES])
{
	if (memcmp(bytes, magic, sizeof magic) != 0)
		return MU_ERR_INVALID;
	if (mu_le32_get(bytes + CRC_OFFSET) != mu_crc32_le(0, bytes, CRC_OFFSET))
		return MU_ERR_CRC;
	if (bytes[4] != VERSION)
		return MU_ERR_VERSION;
	*header = (struct mu_spool_header){
		.ring = bytes[5],
		.jump = bytes[6],
		.number = mu_le32_get(bytes + 8),
		.epoch = get64(bytes + EPOCH_OFFSET),
		.first_seq = get64(bytes + FIRST_OFFSET),
		.acked_through = get64(bytes + ACKED_OFFSET),
		.retired = bits_cleared(bytes + MU_SPOOL_RETIRED_OFFSET, 4) >= 16,
		.succeeded = bits_cleared(bytes + MU_SPOOL_SUCCEEDED_OFFSET, 4) >= 16,
		.marks = leading_marks(bytes + MU_SPOOL_MARKS_OFFSET),
	};
	for (int i = 0; i < MU_CLASS_COUNT; i++)
		header->dropped[i] = mu_le32_get(bytes + DROPPED_OFFSET + 4 * i);
	if (!header->number || !header->epoch || header->first_seq > MU_SEQ_MAX || header->acked_through >= header->first_seq)
		return MU_ERR_RANGE;
	return 0;
}

static uint16_t entry_check(const uint8_t bytes[MU_SPOOL_ENTRY_BYTES])
{
	uint32_t crc = mu_crc32_le(0, bytes, MU_SPOOL_LIVE_OFFSET);
	crc = mu_crc32_le(crc, bytes + 4, 2);
	return (uint16_t)mu_crc32_le(crc, bytes + 8, 4);
}

void mu_spool_entry_encode(const struct mu_spool_entry_header *entry, uint8_t bytes[MU_SPOOL_ENTRY_BYTES])
{
	mu_le16_put(bytes, entry->size);
	bytes[2] = entry->record_class;
	bytes[MU_SPOOL_LIVE_OFFSET] = 0xFF;
	mu_le16_put(bytes + 4, entry->delta);
	mu_le32_put(bytes + 8, entry->crc);
	mu_le16_put(bytes + 6, entry_check(bytes));
}

enum mu_spool_place mu_spool_entry_decode(struct mu_spool_entry_header *entry, const uint8_t bytes[MU_SPOOL_ENTRY_BYTES])
{
	if (mu_spool_is_blank(bytes, MU_SPOOL_ENTRY_BYTES))
		return MU_PLACE_BLANK;
	*entry = (struct mu_spool_entry_header){ 0 };
	if (is_all(0, bytes, MU_SPOOL_ENTRY_BYTES))
		return MU_PLACE_VOID;
	if (mu_le16_get(bytes + 6) != entry_check(bytes))
		return MU_PLACE_DAMAGED;
	entry->size = mu_le16_get(bytes);
	entry->record_class = bytes[2];
	entry->delta = mu_le16_get(bytes + 4);
	entry->crc = mu_le32_get(bytes + 8);
	if (!entry->size || entry->size > MU_SPOOL_RECORD_MAX || entry->record_class >= MU_CLASS_COUNT)
		return MU_PLACE_DAMAGED;
	return bits_cleared(bytes + MU_SPOOL_LIVE_OFFSET, 1) >= 4 ? MU_PLACE_VOID : MU_PLACE_RECORD;
}
