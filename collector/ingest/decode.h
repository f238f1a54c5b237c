// SPDX-License-Identifier: Apache-2.0
// From the bytes of an Uplink to its records, each by itself: a bad record does not take its neighbours along.
//
// Memory: the frame is not copied, records are unpacked into the caller's arena. One record gets at most MU_ARENA_RECORD_BYTES of it;
// a whole Uplink never needs more than DECODE_ARENA_BYTES. Pure. Thread: any.
#ifndef COLLECTOR_INGEST_DECODE_H
#define COLLECTOR_INGEST_DECODE_H
#include <stddef.h>
#include <stdint.h>
#include "proto/arena.h"
#include "proto/limits.h"
#include "proto/wire.h"

// The largest message that two bytes of input can make is well below 160 bytes.
enum { DECODE_ARENA_BYTES = 80 * MU_UPLINK_BYTES_MAX, DECODE_REASON_BYTES = 160 };

// Splits a payload of size bytes (all of them at bytes unless it is oversized). Returns 0, or a mu_err with the reason in words.
int decode_uplink(const uint8_t *bytes, size_t size, struct mu_wire_uplink *uplink, char reason[DECODE_REASON_BYTES]);

// Unpacks one record and checks its limits. Returns it, or 0 with the reason in words.
const Mu__Record *decode_record(struct mu_arena *arena, const struct mu_wire_record *wire, char reason[DECODE_REASON_BYTES]);

#endif
