// SPDX-License-Identifier: Apache-2.0
// Whatever bytes come: unpacking a record in an arena, its limits, its metrics, and the small messages of the downlink.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "muster.pb-c.h"
#include "proto/arena.h"
#include "proto/limits.h"
#include "proto/metrics.h"
#include "proto/text.h"
#include "proto/wire.h"

static uint8_t buffer[MU_ARENA_ANY_BYTES], packed[2 * MU_ARENA_ANY_BYTES];

// What has passed the limits can be read without another check.
static void read_heartbeat(const Mu__Heartbeat *heartbeat)
{
	const uint8_t *data;
	size_t size;
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		int64_t value;
		if (mu_metric_get_integer(heartbeat, i, &value))
			assert(value >= mu_metrics[i].min && value <= mu_metrics[i].max);
	}
	for (int i = 0; i < MU_LABEL_COUNT; i++)
		if (mu_label_get(heartbeat, i, &data, &size))
			assert(size <= mu_labels[i].max_bytes);
}

static void try_record(const uint8_t *data, size_t size)
{
	struct mu_arena arena;
	struct mu_limits_fault fault = { .field = "" };
	struct mu_wire_record slice = { .data = data, .size = size, .span = 1 };
	Mu__Record *record;

	mu_arena_init(&arena, buffer, sizeof buffer);
	int err = mu_wire_record_unpack(&slice, &arena, &record, &fault);
	assert((err == 0) == (record != NULL));
	if (err < 0) {
		assert(fault.what && memchr(fault.field, 0, sizeof fault.field));
		// 64 KiB is enough for any record that a frame can carry.
		assert(err != MU_ERR_NO_MEMORY || size > MU_RECORD_BYTES_MAX);
		return;
	}
	if (record->body_case == MU__RECORD__BODY_HEARTBEAT)
		read_heartbeat(record->heartbeat);
	if (mu__record__get_packed_size(record) <= sizeof packed)
		assert(mu__record__pack(record, packed) == mu__record__get_packed_size(record));
}

static void try_downlink(const uint8_t *data, size_t size)
{
	struct mu_arena arena;
	struct mu_limits_fault fault;

	mu_arena_init(&arena, buffer, sizeof buffer);
	Mu__Ack *ack = mu__ack__unpack(&arena.allocator, size, data);
	if (ack && mu_limits_check_ack(ack, &fault) == 0)
		assert(ack->epoch != 0 && ack->through_seq <= MU_SEQ_MAX);
	mu_arena_reset(&arena);
	Mu__SignedCommand *outer = mu__signed_command__unpack(&arena.allocator, size, data);
	if (outer && mu_limits_check_signed_command(outer, &fault) == 0)
		assert(outer->signature.len <= MU_SIGNATURE_BYTES_MAX);
	mu_arena_reset(&arena);
	Mu__Command *command = mu__command__unpack(&arena.allocator, size, data);
	if (command && mu_limits_check_command(command, &fault) == 0)
		assert(mu_id_valid(command->device) && command->id.len == MU_COMMAND_ID_BYTES);
}

static void try_text(const uint8_t *data, size_t size)
{
	char in[64], out[48];
	size_t length = size < sizeof in - 1 ? size : sizeof in - 1;
	memcpy(in, data, length);
	in[length] = 0;
	length = mu_text_copy(out, sizeof out, in);
	assert(length < sizeof out && out[length] == 0);
	assert(mu_text_valid((const uint8_t *)out, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	try_record(data, size);
	try_downlink(data, size);
	try_text(data, size);
	return 0;
}
