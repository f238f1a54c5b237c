// SPDX-License-Identifier: Apache-2.0
// Splits the bytes of an Uplink into its header and its records without copying or unpacking a record, so that the exact bytes of each
// record can be stored, and a record that is bad does not take its neighbours along.
//
//   struct mu_wire_uplink uplink;
//   if (mu_wire_uplink_split(bytes, size, &uplink) < 0) ... dead letter: the frame itself is broken
//   struct mu_wire_record record;
//   for (mu_wire_record_first(&uplink, &record); record.data; mu_wire_record_next(&uplink, &record))
//       ... record.seq, record.data, record.size
//
// The split proves that the whole frame is well formed (every tag, varint and length), that the three header fields are there once each,
// and that the limits of limits.h for frames hold; so iterating cannot fail. The records' own content is not looked at, but for one thing:
// a Gap stands for `count` numbers, which the numbers of the records after it depend on.
//
// Source of the format: protobuf's encoding of muster.proto's Uplink and Record. Slices point into the caller's bytes.
// Pure; no allocation. Thread: any.
#ifndef MU_PROTO_WIRE_H
#define MU_PROTO_WIRE_H
#include <stddef.h>
#include <stdint.h>
#include "agent/image/err.h"
#include "proto/arena.h"
#include "proto/limits.h"

struct mu_wire_uplink {
	uint64_t epoch, first_seq, oldest_seq;
	uint64_t last_seq;     // the last number that the records stand for; first_seq - 1 if there are none
	uint32_t record_count;
	const uint8_t *data;   // the whole frame
	size_t size;
};

struct mu_wire_record {
	const uint8_t *data; // null: no more
	size_t size;
	uint64_t seq;        // its own number, the first one for a Gap
	uint64_t span;       // how many numbers it stands for: 1, or a Gap's count
	uint32_t index;      // 0 ..
	size_t next_offset;  // the iterator's own: where the search goes on
};

// 0; MU_ERR_SIZE: more than 16 KiB or more than 512 records, or a record of more than 2 KiB; MU_ERR_INVALID: not well formed, or a header
// field is missing or twice there; MU_ERR_RANGE: header values out of range (limits.h), numbers beyond MU_SEQ_MAX.
// A record that is itself not well formed, or a Gap whose count is out of range, counts as one number.
int mu_wire_uplink_split(const uint8_t *data, size_t size, struct mu_wire_uplink *uplink);

void mu_wire_record_first(const struct mu_wire_uplink *uplink, struct mu_wire_record *record);
void mu_wire_record_next(const struct mu_wire_uplink *uplink, struct mu_wire_record *record);

// Unpacks a record and holds it against limits.h. 0: *out lies in the arena. Else *fault says what, and *out is null: MU_ERR_INVALID not
// well formed, text with a NUL in it (an unpacked string ends there, the bytes that are stored do not), or a Gap that says another count than
// the numbering went by (a gap given twice); MU_ERR_NO_MEMORY the arena is too small; or as mu_limits_check_record(). fault may be null. The
// arena is not reset here.
int mu_wire_record_unpack(const struct mu_wire_record *record, struct mu_arena *arena, Mu__Record **out, struct mu_limits_fault *fault);

#endif
