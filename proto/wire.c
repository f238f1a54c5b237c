// SPDX-License-Identifier: Apache-2.0
#include "proto/wire.h"

#include <stdbool.h>
#include <string.h>

enum wire_type { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { VARINT_BYTES_MAX = 10, FIELD_NUMBER_MAX = (1 << 29) - 1 };

// Numbers of muster.proto.
enum { UPLINK_EPOCH = 1, UPLINK_FIRST_SEQ = 2, UPLINK_OLDEST_SEQ = 3, UPLINK_RECORDS = 4 };
enum { RECORD_BODY_FIRST = 5, RECORD_GAP = 12, RECORD_BODY_LAST = 12 };
enum { GAP_COUNT = 1 };

struct reader {
	const uint8_t *at, *end;
};

struct field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;      // VARINT, FIXED64, FIXED32
	const uint8_t *data; // BYTES
	size_t size;
};

static bool read_varint(struct reader *reader, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < VARINT_BYTES_MAX && reader->at < reader->end; i++) {
		uint8_t byte = *reader->at++;
		if (i == VARINT_BYTES_MAX - 1 && byte > 1)
			return false; // more than 64 bits
		*value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool read_fixed(struct reader *reader, size_t size, uint64_t *value)
{
	if ((size_t)(reader->end - reader->at) < size)
		return false;
	*value = 0;
	for (size_t i = 0; i < size; i++)
		*value |= (uint64_t)reader->at[i] << (8 * i);
	reader->at += size;
	return true;
}

static bool read_bytes(struct reader *reader, struct field *field)
{
	uint64_t size;
	if (!read_varint(reader, &size) || size > (uint64_t)(reader->end - reader->at))
		return false;
	field->data = reader->at;
	field->size = (size_t)size;
	reader->at += size;
	return true;
}

// The next field of any number. Groups, long out of use, are refused.
static bool read_field(struct reader *reader, struct field *field)
{
	uint64_t tag;
	*field = (struct field){ 0 };
	if (!read_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
		return false;
	field->number = (uint32_t)(tag >> 3);
	field->type = (enum wire_type)(tag & 7);
	switch (field->type) {
	case VARINT: return read_varint(reader, &field->value);
	case FIXED64: return read_fixed(reader, 8, &field->value);
	case FIXED32: return read_fixed(reader, 4, &field->value);
	case BYTES: return read_bytes(reader, field);
	}
	return false;
}

static uint64_t gap_count(const struct field *gap)
{
	struct reader reader = { gap->data, gap->data + gap->size };
	struct field field;
	uint64_t count = 0;

	while (reader.at < reader.end) {
		if (!read_field(&reader, &field))
			return 0;
		if (field.number == GAP_COUNT && field.type == VARINT)
			count = field.value;
	}
	return count;
}

static bool is_body(const struct field *field)
{
	return field->number >= RECORD_BODY_FIRST && field->number <= RECORD_BODY_LAST;
}

// How many numbers a record stands for. Anything odd counts as one; mu_wire_record_unpack() then tells it apart.
static uint64_t record_span(const uint8_t *data, size_t size)
{
	struct reader reader = { data, data + size };
	struct field field, body = { 0 };
	unsigned bodies = 0;

	while (reader.at < reader.end) {
		if (!read_field(&reader, &field))
			return 1;
		if (!is_body(&field))
			continue;
		body = field;
		bodies++;
	}
	if (bodies != 1 || body.number != RECORD_GAP || body.type != BYTES)
		return 1;
	uint64_t count = gap_count(&body);
	return count >= 1 && count <= MU_GAP_COUNT_MAX ? count : 1;
}

static int take_once(uint64_t *value, uint32_t *seen, const struct field *field, enum wire_type type)
{
	uint32_t bit = UINT32_C(1) << field->number;
	if (field->type != type || (*seen & bit))
		return MU_ERR_INVALID;
	*seen |= bit;
	*value = field->value;
	return 0;
}

// numbers: running sum of the numbers that the records stand for.
static int take_record(struct mu_wire_uplink *uplink, const struct field *field, uint64_t *numbers)
{
	if (field->type != BYTES)
		return MU_ERR_INVALID;
	if (field->size > MU_RECORD_BYTES_MAX || uplink->record_count >= MU_UPLINK_RECORDS_MAX)
		return MU_ERR_SIZE;
	uplink->record_count++;
	*numbers += record_span(field->data, field->size);
	return 0;
}

static int take_field(struct mu_wire_uplink *uplink, const struct field *field, uint32_t *seen, uint64_t *numbers)
{
	switch (field->number) {
	case UPLINK_EPOCH: return take_once(&uplink->epoch, seen, field, FIXED64);
	case UPLINK_FIRST_SEQ: return take_once(&uplink->first_seq, seen, field, VARINT);
	case UPLINK_OLDEST_SEQ: return take_once(&uplink->oldest_seq, seen, field, VARINT);
	case UPLINK_RECORDS: return take_record(uplink, field, numbers);
	}
	return 0;
}

int mu_wire_uplink_split(const uint8_t *data, size_t size, struct mu_wire_uplink *uplink)
{
	const uint32_t all = 1u << UPLINK_EPOCH | 1u << UPLINK_FIRST_SEQ | 1u << UPLINK_OLDEST_SEQ;
	uint32_t seen = 0;
	uint64_t numbers = 0;

	*uplink = (struct mu_wire_uplink){ .data = data, .size = size };
	if (size > MU_UPLINK_BYTES_MAX)
		return MU_ERR_SIZE;
	if (size == 0)
		return MU_ERR_INVALID; // and data may be null
	struct reader reader = { data, data + size };
	while (reader.at < reader.end) {
		struct field field;
		if (!read_field(&reader, &field))
			return MU_ERR_INVALID;
		int err = take_field(uplink, &field, &seen, &numbers);
		if (err < 0)
			return err;
	}
	if (seen != all)
		return MU_ERR_INVALID;
	if (mu_limits_check_header(uplink->epoch, uplink->first_seq, uplink->oldest_seq, 0) < 0)
		return MU_ERR_RANGE;
	uplink->last_seq = uplink->first_seq + numbers - 1;
	return uplink->last_seq > MU_SEQ_MAX ? MU_ERR_RANGE : 0;
}

// Looks for the next record at or after next_offset; the split has proved that the frame is well formed.
static void find_record(const struct mu_wire_uplink *uplink, struct mu_wire_record *record)
{
	struct reader reader = { uplink->data + record->next_offset, uplink->data + uplink->size };
	struct field field;

	record->data = 0;
	record->size = 0;
	while (reader.at < reader.end && read_field(&reader, &field)) {
		if (field.number != UPLINK_RECORDS)
			continue;
		record->data = field.data;
		record->size = field.size;
		record->span = record_span(field.data, field.size);
		break;
	}
	record->next_offset = (size_t)(reader.at - uplink->data);
}

void mu_wire_record_first(const struct mu_wire_uplink *uplink, struct mu_wire_record *record)
{
	*record = (struct mu_wire_record){ .seq = uplink->first_seq, .span = 1 };
	find_record(uplink, record);
}

void mu_wire_record_next(const struct mu_wire_uplink *uplink, struct mu_wire_record *record)
{
	if (!record->data)
		return;
	record->seq += record->span;
	record->index++;
	find_record(uplink, record);
}

static int fail(struct mu_limits_fault *fault, int err, const char *field, const char *what, int64_t value)
{
	if (fault) {
		*fault = (struct mu_limits_fault){ .what = what, .value = value };
		memcpy(fault->field, field, strlen(field) + 1);
	}
	return err;
}

static const char whole[] = "record";

// The name of the first text that holds a NUL, null if none does; `whole` if the bytes cannot be followed, where protobuf-c is looser than this file.
// protobuf-c keeps no length of a string, so what lies behind a NUL would pass every limit and still be stored, and handed on. Depth: that of the
// schema, which holds no message within itself.
static const char *find_nul(const ProtobufCMessageDescriptor *message, const uint8_t *data, size_t size)
{
	struct reader reader = { data, data + size };
	struct field field;
	const char *found = 0;

	while (!found && reader.at < reader.end) {
		if (!read_field(&reader, &field))
			return whole;
		const ProtobufCFieldDescriptor *known = protobuf_c_message_descriptor_get_field(message, field.number);
		if (!known || field.type != BYTES)
			continue;
		if (known->type == PROTOBUF_C_TYPE_MESSAGE)
			found = find_nul(known->descriptor, field.data, field.size);
		else if (known->type == PROTOBUF_C_TYPE_STRING && field.size && memchr(field.data, 0, field.size))
			found = known->name;
	}
	return found;
}

int mu_wire_record_unpack(const struct mu_wire_record *record, struct mu_arena *arena, Mu__Record **out, struct mu_limits_fault *fault)
{
	*out = 0;
	Mu__Record *unpacked = mu__record__unpack(&arena->allocator, record->size, record->data);
	if (!unpacked && arena->exhausted)
		return fail(fault, MU_ERR_NO_MEMORY, whole, "larger than the arena", (int64_t)record->size);
	if (!unpacked)
		return fail(fault, MU_ERR_INVALID, whole, "not well formed, or a required field is missing", (int64_t)record->size);
	int err = mu_limits_check_record(unpacked, fault);
	if (err < 0)
		return err;
	const char *odd = find_nul(&mu__record__descriptor, record->data, record->size);
	if (odd)
		return fail(fault, MU_ERR_INVALID, odd, odd == whole ? "not well formed" : "holds a NUL", 0);
	uint64_t span = unpacked->body_case == MU__RECORD__BODY_GAP ? unpacked->gap->count : 1;
	if (span != record->span)
		return fail(fault, MU_ERR_INVALID, "gap.count", "not the count that the numbering went by", (int64_t)record->span);
	*out = unpacked;
	return 0;
}
