// SPDX-License-Identifier: Apache-2.0
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include <string.h>

enum {
	PIECE = 256,
	LINE = 16, // the checksum ends one
	CHECKSUM_SEED = 0xEF,
	SEGMENT_SIZE_LIMIT = 0x1000000,
	AT_ENTRY = 4,
	AT_WP_PIN = 8,
	AT_CHIP = 12,
	AT_MIN_REV = 15,
	AT_MAX_REV = 17,
	AT_HASH_APPENDED = 23,
	WP_PIN_OFF = 0xEE,
};

int mu_app_header_decode(struct mu_app_header *header, const uint8_t bytes[MU_APP_IMAGE_HEADER_SIZE], uint16_t chip_id)
{
	if (bytes[0] != MU_APP_IMAGE_MAGIC || bytes[1] > MU_APP_IMAGE_SEGMENTS_MAX)
		return MU_ERR_INVALID;
	header->segment_count = bytes[1];
	header->spi_mode = bytes[2];
	header->spi_speed_size = bytes[3];
	header->entry_address = mu_le32_get(bytes + AT_ENTRY);
	header->chip_id = mu_le16_get(bytes + AT_CHIP);
	header->min_chip_rev_full = mu_le16_get(bytes + AT_MIN_REV);
	header->max_chip_rev_full = mu_le16_get(bytes + AT_MAX_REV);
	header->hash_appended = bytes[AT_HASH_APPENDED] != 0;
	return chip_id == MU_APP_IMAGE_CHIP_ANY || chip_id == header->chip_id ? 0 : MU_ERR_UNSUPPORTED;
}

static void encode_header(const struct mu_app_header *header, unsigned segment_count, uint8_t *bytes)
{
	memset(bytes, 0, MU_APP_IMAGE_HEADER_SIZE);
	bytes[0] = MU_APP_IMAGE_MAGIC;
	bytes[1] = (uint8_t)segment_count;
	bytes[2] = header->spi_mode;
	bytes[3] = header->spi_speed_size;
	mu_le32_put(bytes + AT_ENTRY, header->entry_address);
	bytes[AT_WP_PIN] = WP_PIN_OFF;
	mu_le16_put(bytes + AT_CHIP, header->chip_id);
	mu_le16_put(bytes + AT_MIN_REV, header->min_chip_rev_full);
	mu_le16_put(bytes + AT_MAX_REV, header->max_chip_rev_full);
	bytes[AT_HASH_APPENDED] = 1;
}

// The checksum byte is the last of the line that holds it, and there is always one.
static uint32_t padded(uint32_t size)
{
	return (size + 1 + LINE - 1) & ~(uint32_t)(LINE - 1);
}

static uint8_t checksum_of(uint8_t checksum, const uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		checksum ^= data[i];
	return checksum;
}

void mu_app_verifier_start(struct mu_app_verifier *verifier, const struct mu_source *source, const struct mu_hash *sha256, uint16_t chip_id)
{
	*verifier = (struct mu_app_verifier){
		.source = *source,
		.hash = *sha256,
		.chip_id = chip_id,
		.checksum = CHECKSUM_SEED,
	};
	if (sha256->digest_size != MU_SHA256_SIZE)
		verifier->failed = MU_ERR_INVALID;
}

// Reads the next bytes of the image and hashes them.
static int take(struct mu_app_verifier *verifier, void *buffer, uint32_t size)
{
	int err = mu_source_read(&verifier->source, verifier->offset, buffer, size);
	if (err < 0)
		return err;
	verifier->offset += size;
	return verifier->hash.update(verifier->hash.context, buffer, size);
}

static int verify_header(struct mu_app_verifier *verifier)
{
	uint8_t bytes[MU_APP_IMAGE_HEADER_SIZE];
	int err = verifier->hash.start(verifier->hash.context);
	if (err >= 0)
		err = take(verifier, bytes, sizeof bytes);
	if (err >= 0)
		err = mu_app_header_decode(&verifier->header, bytes, verifier->chip_id);
	verifier->phase = MU_APP_VERIFY_SEGMENT;
	return err;
}

// Address ranges that the MMU maps from flash in pages of 64 KiB: {first, end}. Chips that can choose (ESP32-C2, C6, H2 and later) map smaller
// pages where the flash is small; how small is known to their bootloader only, so their images are not looked at for it.
static bool is_mapped(uint16_t chip_id, uint32_t address)
{
	static const struct {
		uint16_t chip_id;
		uint32_t first, end;
	} ranges[] = {
		{ 5, 0x3C000000, 0x3C800000 },  { 5, 0x42000000, 0x42800000 },  // ESP32-C3
		{ 9, 0x3C000000, 0x3E000000 },  { 9, 0x42000000, 0x44000000 },  // ESP32-S3
		{ 0, 0x3F400000, 0x3F800000 },  { 0, 0x400D0000, 0x40400000 },  // ESP32
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (ranges[i].chip_id == chip_id && address >= ranges[i].first && address < ranges[i].end)
			return true;
	return false;
}

static int check_segment(const struct mu_app_verifier *verifier, uint32_t load_address, uint32_t size)
{
	if (size % 4 || size >= SEGMENT_SIZE_LIMIT)
		return MU_ERR_INVALID;
	if (is_mapped(verifier->header.chip_id, load_address) &&
		load_address % MU_APP_IMAGE_MMU_PAGE != verifier->offset % MU_APP_IMAGE_MMU_PAGE)
		return MU_ERR_INVALID;
	if (size > verifier->source.size_bytes - verifier->offset)
		return MU_ERR_RANGE;
	return 0;
}

static int verify_segment(struct mu_app_verifier *verifier)
{
	uint8_t bytes[MU_APP_IMAGE_SEGMENT_HEADER_SIZE];
	if (verifier->segment == verifier->header.segment_count) {
		verifier->phase = MU_APP_VERIFY_TAIL;
		return 0;
	}
	int err = take(verifier, bytes, sizeof bytes);
	if (err < 0)
		return err;
	verifier->left = mu_le32_get(bytes + 4);
	verifier->segment++;
	verifier->phase = MU_APP_VERIFY_DATA;
	return check_segment(verifier, mu_le32_get(bytes), verifier->left);
}

static int verify_data(struct mu_app_verifier *verifier)
{
	uint8_t piece[PIECE];
	uint32_t size = verifier->left < PIECE ? verifier->left : PIECE;
	int err = size ? take(verifier, piece, size) : 0;
	if (err < 0)
		return err;
	verifier->checksum = checksum_of(verifier->checksum, piece, size);
	verifier->left -= size;
	if (!verifier->left)
		verifier->phase = MU_APP_VERIFY_SEGMENT;
	return 0;
}

static int verify_tail(struct mu_app_verifier *verifier)
{
	uint8_t bytes[MU_SHA256_SIZE];
	uint32_t size = padded(verifier->offset) - verifier->offset;
	int err = take(verifier, bytes, size);
	if (err < 0)
		return err;
	if (bytes[size - 1] != verifier->checksum)
		return MU_ERR_CRC;
	verifier->image_size = verifier->offset;
	verifier->phase = MU_APP_VERIFY_DONE;
	if (!verifier->header.hash_appended)
		return 0;
	err = verifier->hash.finish(verifier->hash.context, verifier->digest);
	if (err >= 0)
		err = mu_source_read(&verifier->source, verifier->offset, bytes, sizeof bytes);
	verifier->image_size += MU_SHA256_SIZE;
	return err < 0 ? err : memcmp(bytes, verifier->digest, sizeof bytes) ? MU_ERR_CRC : 0;
}

int mu_app_verifier_step(struct mu_app_verifier *verifier, uint32_t budget_bytes)
{
	static int (*const phases[])(struct mu_app_verifier *) = { verify_header, verify_segment, verify_data, verify_tail };
	uint32_t begin = verifier->offset;
	do {
		if (verifier->failed < 0)
			return verifier->failed;
		if (verifier->phase == MU_APP_VERIFY_DONE)
			return 1;
		verifier->failed = phases[verifier->phase](verifier);
	} while (verifier->offset - begin < budget_bytes);
	return verifier->failed < 0 ? verifier->failed : verifier->phase == MU_APP_VERIFY_DONE;
}

int mu_app_image_verify(struct mu_app_verifier *verifier, const struct mu_source *source, const struct mu_hash *sha256, uint16_t chip_id)
{
	mu_app_verifier_start(verifier, source, sha256, chip_id);
	int result = mu_app_verifier_step(verifier, UINT32_MAX);
	return result < 0 ? result : 0;
}

int mu_app_image_segment(const struct mu_source *source, unsigned index, struct mu_app_segment *segment)
{
	uint8_t bytes[MU_APP_IMAGE_HEADER_SIZE];
	struct mu_app_header header;
	uint32_t offset = MU_APP_IMAGE_HEADER_SIZE;
	int err = mu_source_read(source, 0, bytes, MU_APP_IMAGE_HEADER_SIZE);
	if (err >= 0)
		err = mu_app_header_decode(&header, bytes, MU_APP_IMAGE_CHIP_ANY);
	if (err < 0)
		return err;
	if (index >= header.segment_count)
		return MU_ERR_NOT_FOUND;
	for (unsigned i = 0; i <= index; i++) {
		err = mu_source_read(source, offset, bytes, MU_APP_IMAGE_SEGMENT_HEADER_SIZE);
		if (err < 0)
			return err;
		segment->load_address = mu_le32_get(bytes);
		segment->size = mu_le32_get(bytes + 4);
		segment->file_offset = offset + MU_APP_IMAGE_SEGMENT_HEADER_SIZE;
		if (segment->size > source->size_bytes - segment->file_offset)
			return MU_ERR_RANGE;
		offset = segment->file_offset + segment->size;
	}
	return 0;
}

// Size of the image up to its padding, or 0 if it does not fit 32 bits.
static uint32_t size_of(const struct mu_app_payload *segments, unsigned segment_count)
{
	uint64_t size = MU_APP_IMAGE_HEADER_SIZE;
	for (unsigned i = 0; i < segment_count; i++)
		size += MU_APP_IMAGE_SEGMENT_HEADER_SIZE + (((uint64_t)segments[i].size + 3) & ~(uint64_t)3);
	return size > INT32_MAX / 2 ? 0 : (uint32_t)size;
}

int mu_app_image_write(const struct mu_app_header *header, const struct mu_app_payload *segments, unsigned segment_count, uint8_t *buffer,
	size_t capacity, const struct mu_hash *sha256)
{
	uint8_t checksum = CHECKSUM_SEED;
	uint32_t offset = MU_APP_IMAGE_HEADER_SIZE;
	if (!segment_count || segment_count > MU_APP_IMAGE_SEGMENTS_MAX || sha256->digest_size != MU_SHA256_SIZE)
		return MU_ERR_INVALID;
	uint32_t size = size_of(segments, segment_count);
	if (!size || padded(size) + MU_SHA256_SIZE > capacity)
		return MU_ERR_FULL;
	memset(buffer, 0, padded(size));
	encode_header(header, segment_count, buffer);
	for (unsigned i = 0; i < segment_count; i++) {
		uint32_t data_size = (segments[i].size + 3) & ~3u;
		mu_le32_put(buffer + offset, segments[i].load_address);
		mu_le32_put(buffer + offset + 4, data_size);
		offset += MU_APP_IMAGE_SEGMENT_HEADER_SIZE;
		memcpy(buffer + offset, segments[i].data, segments[i].size);
		checksum = checksum_of(checksum, buffer + offset, data_size);
		offset += data_size;
	}
	size = padded(size);
	buffer[size - 1] = checksum;
	int err = sha256->start(sha256->context);
	if (err >= 0)
		err = sha256->update(sha256->context, buffer, size);
	if (err >= 0)
		err = sha256->finish(sha256->context, buffer + size);
	return err < 0 ? err : (int)(size + MU_SHA256_SIZE);
}
