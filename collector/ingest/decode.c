// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/decode.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int decode_uplink(const uint8_t *bytes, size_t size, struct mu_wire_uplink *uplink, char reason[DECODE_REASON_BYTES])
{
	int err = size > MU_UPLINK_BYTES_MAX ? MU_ERR_SIZE : mu_wire_uplink_split(bytes, size, uplink);
	if (err == MU_ERR_SIZE)
		snprintf(reason, DECODE_REASON_BYTES, "uplink too large: %zu bytes; at most %d bytes, %d records, %d bytes a record", size,
			MU_UPLINK_BYTES_MAX, MU_UPLINK_RECORDS_MAX, MU_RECORD_BYTES_MAX);
	else if (err == MU_ERR_RANGE)
		snprintf(reason, DECODE_REASON_BYTES, "uplink header out of range: epoch, first_seq or oldest_seq");
	else if (err)
		snprintf(reason, DECODE_REASON_BYTES, "not an uplink: the frame is not well formed");
	return err;
}

const Mu__Record *decode_record(struct mu_arena *arena, const struct mu_wire_record *wire, char reason[DECODE_REASON_BYTES])
{
	size_t size = arena->size;
	bool is_capped = arena->size - arena->used > MU_ARENA_RECORD_BYTES;
	if (is_capped)
		arena->size = arena->used + MU_ARENA_RECORD_BYTES;
	Mu__Record *record;
	struct mu_limits_fault fault;
	int err = mu_wire_record_unpack(wire, arena, &record, &fault);
	arena->size = size;
	if (err == MU_ERR_NO_MEMORY) {
		snprintf(reason, DECODE_REASON_BYTES, "record unpacks to too much");
		arena->exhausted = false;
	} else if (err < 0 && !strcmp(fault.field, "record")) {
		snprintf(reason, DECODE_REASON_BYTES, "record is %s", fault.what);
	} else if (err < 0) {
		snprintf(reason, DECODE_REASON_BYTES, "record outside the limits: %s %s (%lld)", fault.field, fault.what,
			(long long)fault.value);
	}
	return record;
}
