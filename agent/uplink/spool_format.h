// SPDX-License-Identifier: Apache-2.0
// The spool's sectors as they lie in flash: pure encoding and decoding, all integers little-endian.
//
// Sector (4096 bytes):           Entry (12 bytes, then the packed record, no padding):
//   0 magic "MUSP"                 0 u16 size of the record, 1..2048
//   4 u8 version, u8 ring          2 u8 class
//   6 u8 jump, u8 0xFF             3 u8 live: 0xFF, or 0 = void (torn, its number was never used)
//   8 u32 number                   4 u16 seq - first_seq of the sector
//  12 u32 reserved                 6 u16 check of bytes 0..2, 4..5, 8..11
//  16 u64 epoch                    8 u32 CRC-32 of the record
//  24 u64 first_seq              All 0xFF: nothing was written here yet. All 0: a void header, 12 bytes long, of one number.
//  32 u64 acked_through
//  40 u32 dropped[7]
//  68 u32 CRC-32 of 0..67
//  72 u8 marks[16]: 0 = all entries that start below 256 x (index + 1) are acked, and no more will start there
//  88 u32 retired: cleared once all that is worth keeping has been copied; the sector may be erased
//  92 u32 succeeded: cleared once the next sector has its header
//  96 entries
// A write only clears bits. What comes after the CRC is written later, one field at a time; a word counts as cleared when half of its
// bits are, so that neither a torn write nor a flipped bit is in between. Position of a sector in its ring: (number - 1) mod count.
#ifndef MU_UPLINK_SPOOL_FORMAT_H
#define MU_UPLINK_SPOOL_FORMAT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Which records are kept longest; the values are in flash.
enum mu_record_class {
	MU_CLASS_LOG,
	MU_CLASS_LINK,
	MU_CLASS_HEARTBEAT,
	MU_CLASS_EVENT,
	MU_CLASS_COMMAND,
	MU_CLASS_OTA,
	MU_CLASS_BOOT,
	MU_CLASS_COUNT
};

enum mu_spool_ring_id { MU_RING_RECENT, MU_RING_ARCHIVE };

enum {
	MU_SPOOL_RECORD_MAX = 2048,
	MU_SPOOL_HEADER_BYTES = 96,
	MU_SPOOL_FIXED_BYTES = 72, // of the header, under its CRC
	MU_SPOOL_MARKS = 16,
	MU_SPOOL_MARKS_OFFSET = 72,
	MU_SPOOL_RETIRED_OFFSET = 88,
	MU_SPOOL_SUCCEEDED_OFFSET = 92,
	MU_SPOOL_ENTRY_BYTES = 12, // before each record
	MU_SPOOL_LIVE_OFFSET = 3,
};

struct mu_spool_header {
	uint8_t ring;
	uint8_t jump; // enum mu_gap_reason: why numbers before first_seq are missing, 0 if none are
	uint32_t number; // rises by one a sector, from 1
	uint64_t epoch;
	uint64_t first_seq; // no entry before this sector has it, none in it is below it
	uint64_t acked_through; // at the time of writing
	uint32_t dropped[MU_CLASS_COUNT];
	bool retired, succeeded; // decode only
	uint8_t marks; // decode only: acked 256-byte blocks from the start, 0..16
};

void mu_spool_header_encode(const struct mu_spool_header *header, uint8_t bytes[MU_SPOOL_FIXED_BYTES]);
// 0; MU_ERR_INVALID, MU_ERR_VERSION, MU_ERR_CRC, or MU_ERR_RANGE (numbers that cannot be).
int mu_spool_header_decode(struct mu_spool_header *header, const uint8_t bytes[MU_SPOOL_HEADER_BYTES]);

enum mu_spool_place { MU_PLACE_RECORD, MU_PLACE_VOID, MU_PLACE_BLANK, MU_PLACE_DAMAGED };

struct mu_spool_entry_header {
	uint16_t size;
	uint16_t delta;
	uint8_t record_class;
	uint32_t crc;
};

void mu_spool_entry_encode(const struct mu_spool_entry_header *entry, uint8_t bytes[MU_SPOOL_ENTRY_BYTES]);
// What stands here. RECORD: *entry is filled. VOID: *entry is filled, size 0 and delta 0 where the header is all that there is.
enum mu_spool_place mu_spool_entry_decode(struct mu_spool_entry_header *entry, const uint8_t bytes[MU_SPOOL_ENTRY_BYTES]);

bool mu_spool_is_blank(const uint8_t *bytes, size_t size); // all 0xFF

#endif
