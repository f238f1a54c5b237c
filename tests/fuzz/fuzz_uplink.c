// SPDX-License-Identifier: Apache-2.0
// Splits any bytes as an Uplink. What the split accepts, protobuf-c's decoder must see alike.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "muster.pb-c.h"
#include "proto/arena.h"
#include "proto/wire.h"

static uint8_t buffer[MU_ARENA_ANY_BYTES];

// Slices lie in the frame, in order, and the numbers add up to last_seq.
static uint64_t walk(const struct mu_wire_uplink *uplink)
{
	struct mu_wire_record record;
	const uint8_t *after = uplink->data;
	uint64_t next_seq = uplink->first_seq;
	uint32_t count = 0;

	for (mu_wire_record_first(uplink, &record); record.data; mu_wire_record_next(uplink, &record)) {
		struct mu_arena arena;
		Mu__Record *unpacked;

		assert(record.data > after && record.data + record.size <= uplink->data + uplink->size);
		assert(record.seq == next_seq && record.index == count && record.span >= 1);
		after = record.data + record.size - (record.size > 0);
		next_seq += record.span;
		count++;
		mu_arena_init(&arena, buffer, sizeof buffer);
		if (mu_wire_record_unpack(&record, &arena, &unpacked, 0) == 0 && unpacked->body_case == MU__RECORD__BODY_GAP)
			assert(unpacked->gap->count == record.span);
	}
	assert(count == uplink->record_count);
	return next_seq - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mu_wire_uplink uplink;

	if (mu_wire_uplink_split(data, size, &uplink) < 0)
		return 0;
	assert(uplink.epoch != 0 && uplink.first_seq >= uplink.oldest_seq && uplink.last_seq <= MU_SEQ_MAX);
	assert(walk(&uplink) == uplink.last_seq);

	Mu__Uplink *whole = mu__uplink__unpack(NULL, size, data); // null if a record is bad: that is why there is a split
	if (whole) {
		assert(whole->epoch == uplink.epoch && whole->first_seq == uplink.first_seq);
		assert(whole->oldest_seq == uplink.oldest_seq && whole->n_records == uplink.record_count);
		mu__uplink__free_unpacked(whole, NULL);
	}
	return 0;
}
