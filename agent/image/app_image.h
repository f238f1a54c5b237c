// SPDX-License-Identifier: Apache-2.0
// ESP32 application images: a verifier that works in bounded steps, a segment reader, and a writer.
//
// Format (esp_app_format.h): header of 24 bytes, up to 16 segments {load address u32, length u32, data}, padding up to the checksum byte (XOR of
// all segment data, seed 0xEF) that ends a 16-byte line, then the SHA-256 of all before it if the header says so. Verified is what the bootloader
// verifies without secure boot: magic, chip, segment count, lengths, the alignment of mapped segments on chips whose pages are 64 KiB in any case,
// checksum and SHA-256. An image without the appended SHA-256 is accepted as the bootloader does.
// Pure, no allocation: the verifier's struct is the caller's; about 0.4 KiB. One thread at a time.
#ifndef MU_AGENT_IMAGE_APP_IMAGE_H
#define MU_AGENT_IMAGE_APP_IMAGE_H
#include "agent/image/app_desc.h"
#include "agent/image/source.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_APP_IMAGE_MAGIC = 0xE9,
	MU_APP_IMAGE_HEADER_SIZE = 24,
	MU_APP_IMAGE_SEGMENT_HEADER_SIZE = 8,
	MU_APP_IMAGE_SEGMENTS_MAX = 16,
	MU_APP_IMAGE_MMU_PAGE = 0x10000,
	MU_APP_IMAGE_CHIP_ESP32C3 = 5,
	MU_APP_IMAGE_CHIP_ESP32S3 = 9,
	MU_APP_IMAGE_CHIP_ANY = 0xFFFF,
};

struct mu_app_header {
	uint8_t segment_count;
	uint8_t spi_mode;
	uint8_t spi_speed_size;
	uint32_t entry_address;
	uint16_t chip_id;
	uint16_t min_chip_rev_full; // major * 100 + minor
	uint16_t max_chip_rev_full; // 0 and 65535: unset
	bool hash_appended;
};

struct mu_app_segment {
	uint32_t load_address;
	uint32_t size;        // bytes, a multiple of 4
	uint32_t file_offset; // of the data
};

enum mu_app_verify_phase { MU_APP_VERIFY_HEADER, MU_APP_VERIFY_SEGMENT, MU_APP_VERIFY_DATA, MU_APP_VERIFY_TAIL, MU_APP_VERIFY_DONE };

// Meaningful to the caller: header, image_size and digest once the verification is done. The rest is private.
struct mu_app_verifier {
	struct mu_app_header header;
	uint32_t image_size; // bytes, with the checksum line and the SHA-256
	uint8_t digest[MU_SHA256_SIZE]; // of all before the appended SHA-256; all 0 if the image has none
	struct mu_source source;
	struct mu_hash hash;
	uint16_t chip_id;
	enum mu_app_verify_phase phase;
	unsigned segment;
	uint32_t offset;
	uint32_t left; // bytes of the segment not yet read
	uint8_t checksum;
	int failed; // first error; every later step returns it
};

// Returns 0, MU_ERR_SIZE, or: MU_ERR_INVALID magic or segment count, MU_ERR_UNSUPPORTED wrong chip
// (chip_id MU_APP_IMAGE_CHIP_ANY takes all).
int mu_app_header_decode(struct mu_app_header *header, const uint8_t bytes[MU_APP_IMAGE_HEADER_SIZE], uint16_t chip_id);

// The source's size is that of the partition; what lies beyond the image is not looked at. `sha256` must stay usable
// until the verification is done.
void mu_app_verifier_start(struct mu_app_verifier *verifier, const struct mu_source *source, const struct mu_hash *sha256,
	uint16_t chip_id);

// Reads at most about budget_bytes (at least one piece of 256). Returns 1 verified, 0 call again, or negative:
// MU_ERR_INVALID magic, segment count, segment length or alignment; MU_ERR_UNSUPPORTED chip; MU_ERR_RANGE the image is
// larger than the source; MU_ERR_CRC checksum or SHA-256; or the error of the source or the digest.
int mu_app_verifier_step(struct mu_app_verifier *verifier, uint32_t budget_bytes);

// All steps at once: 0, or the error.
int mu_app_image_verify(struct mu_app_verifier *verifier, const struct mu_source *source, const struct mu_hash *sha256, uint16_t chip_id);

// Finds segment `index` without verifying the image. MU_ERR_NOT_FOUND beyond the last one.
int mu_app_image_segment(const struct mu_source *source, unsigned index, struct mu_app_segment *segment);

// A segment to be written. Its data is padded with 0 to a multiple of 4.
struct mu_app_payload {
	uint32_t load_address;
	const void *data;
	uint32_t size;
};

// Writes a complete image: header (segment_count and hash_appended are set here), segments, checksum, SHA-256.
// Returns its size in bytes, MU_ERR_FULL if it does not fit `capacity`, MU_ERR_INVALID without segments or with more
// than 16, or the digest's error.
int mu_app_image_write(const struct mu_app_header *header, const struct mu_app_payload *segments, unsigned segment_count, uint8_t *buffer,
	size_t capacity, const struct mu_hash *sha256);

#endif
