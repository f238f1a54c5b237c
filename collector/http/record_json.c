// SPDX-License-Identifier: Apache-2.0
#include "collector/http/record_json.h"
#include "collector/http/json_text.h"
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 6 };

static json_t *message_at(const ProtobufCMessage *message, int depth);

const char *enum_name(const ProtobufCEnumDescriptor *descriptor, int value)
{
	const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
	return found ? found->name : 0;
}

static json_t *enum_json(const ProtobufCEnumDescriptor *descriptor, int value)
{
	const char *name = enum_name(descriptor, value);
	return name ? json_string(name) : json_integer(value);
}

static json_t *fixed_json(uint64_t value, int digits)
{
	char text[24];
	snprintf(text, sizeof text, "0x%0*" PRIx64, digits, value);
	return json_string(text);
}

static json_t *real_json(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *i32_json(const void *at)
{
	return json_integer(*(const int32_t *)at);
}

static json_t *u32_json(const void *at)
{
	return json_integer(*(const uint32_t *)at);
}

static json_t *fixed32_json(const void *at)
{
	return fixed_json(*(const uint32_t *)at, 8);
}

static json_t *i64_json(const void *at)
{
	return json_i64(*(const int64_t *)at);
}

static json_t *u64_json(const void *at)
{
	return json_u64(*(const uint64_t *)at);
}

static json_t *fixed64_json(const void *at)
{
	return fixed_json(*(const uint64_t *)at, 16);
}

static json_t *float_json(const void *at)
{
	return real_json(*(const float *)at);
}

static json_t *double_json(const void *at)
{
	return real_json(*(const double *)at);
}

static json_t *bool_json(const void *at)
{
	return json_boolean(*(const protobuf_c_boolean *)at);
}

static json_t *bytes_json(const void *at)
{
	const ProtobufCBinaryData *bytes = at;
	return json_hex(bytes->data, bytes->len);
}

static json_t *string_json(const void *at)
{
	const char *text = *(char *const *)at;
	return text ? json_text(text, strlen(text)) : json_null();
}

// By type of field: the size of a value in memory, and the value that is there as JSON. Enums and messages need their descriptor, too.
static const struct {
	size_t size;
	json_t *(*make)(const void *at);
} types[] = {
	[PROTOBUF_C_TYPE_INT32] = { 4, i32_json },
	[PROTOBUF_C_TYPE_SINT32] = { 4, i32_json },
	[PROTOBUF_C_TYPE_SFIXED32] = { 4, i32_json },
	[PROTOBUF_C_TYPE_UINT32] = { 4, u32_json },
	[PROTOBUF_C_TYPE_FIXED32] = { 4, fixed32_json },
	[PROTOBUF_C_TYPE_INT64] = { 8, i64_json },
	[PROTOBUF_C_TYPE_SINT64] = { 8, i64_json },
	[PROTOBUF_C_TYPE_SFIXED64] = { 8, i64_json },
	[PROTOBUF_C_TYPE_UINT64] = { 8, u64_json },
	[PROTOBUF_C_TYPE_FIXED64] = { 8, fixed64_json },
	[PROTOBUF_C_TYPE_FLOAT] = { 4, float_json },
	[PROTOBUF_C_TYPE_DOUBLE] = { 8, double_json },
	[PROTOBUF_C_TYPE_BOOL] = { sizeof(protobuf_c_boolean), bool_json },
	[PROTOBUF_C_TYPE_BYTES] = { sizeof(ProtobufCBinaryData), bytes_json },
	[PROTOBUF_C_TYPE_STRING] = { sizeof(char *), string_json },
	[PROTOBUF_C_TYPE_ENUM] = { 4, 0 },
	[PROTOBUF_C_TYPE_MESSAGE] = { sizeof(void *), 0 },
};

// One value of the field's type; `at` points to it.
static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *at, int depth)
{
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		return enum_json(field->descriptor, *(const int *)at);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return message_at(*(ProtobufCMessage *const *)at, depth + 1);
	return types[field->type].make(at);
}

static json_t *list_json(const ProtobufCFieldDescriptor *field, const char *base, int depth)
{
	size_t count = *(const size_t *)(base + field->quantifier_offset);
	const char *items = *(char *const *)(base + field->offset);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, value_json(field, items + i * types[field->type].size, depth));
	return list;
}

static bool is_set(const ProtobufCFieldDescriptor *field, const char *base)
{
	if (field->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)(base + field->quantifier_offset) == field->id;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(base + field->quantifier_offset) > 0;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
		return *(void *const *)(base + field->offset) != 0;
	return *(const protobuf_c_boolean *)(base + field->quantifier_offset);
}

static json_t *message_at(const ProtobufCMessage *message, int depth)
{
	if (!message || depth > DEPTH_MAX)
		return 0;
	const char *base = (const char *)message;
	json_t *object = json_object();
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (!is_set(field, base))
			continue;
		bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
		json_object_set_new(object, field->name,
			is_list ? list_json(field, base, depth) : value_json(field, base + field->offset, depth));
	}
	return object;
}

json_t *message_json(const ProtobufCMessage *message)
{
	return message_at(message, 0);
}
