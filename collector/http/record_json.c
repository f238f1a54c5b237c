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

// One value of the field's type; `at` points to it.
static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *at, int depth)
{
	const ProtobufCBinaryData *bytes = at;
	const char *text;
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32: return json_integer(*(const int32_t *)at);
	case PROTOBUF_C_TYPE_UINT32: return json_integer(*(const uint32_t *)at);
	case PROTOBUF_C_TYPE_FIXED32: return fixed_json(*(const uint32_t *)at, 8);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64: return json_i64(*(const int64_t *)at);
	case PROTOBUF_C_TYPE_UINT64: return json_u64(*(const uint64_t *)at);
	case PROTOBUF_C_TYPE_FIXED64: return fixed_json(*(const uint64_t *)at, 16);
	case PROTOBUF_C_TYPE_FLOAT: return real_json(*(const float *)at);
	case PROTOBUF_C_TYPE_DOUBLE: return real_json(*(const double *)at);
	case PROTOBUF_C_TYPE_BOOL: return json_boolean(*(const protobuf_c_boolean *)at);
	case PROTOBUF_C_TYPE_ENUM: return enum_json(field->descriptor, *(const int *)at);
	case PROTOBUF_C_TYPE_BYTES: return json_hex(bytes->data, bytes->len);
	case PROTOBUF_C_TYPE_STRING: return text = *(char *const *)at, text ? json_text(text, strlen(text)) : json_null();
	case PROTOBUF_C_TYPE_MESSAGE: return message_at(*(ProtobufCMessage *const *)at, depth + 1);
	}
	return 0;
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE: return 8;
	case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
	case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
	default: return 4;
	}
}

static json_t *list_json(const ProtobufCFieldDescriptor *field, const char *base, int depth)
{
	size_t count = *(const size_t *)(base + field->quantifier_offset);
	const char *items = *(char *const *)(base + field->offset);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, value_json(field, items + i * size_of(field), depth));
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
		json_object_set_new(object, field->name, is_list ? list_json(field, base, depth) : value_json(field, base + field->offset, depth));
	}
	return object;
}

json_t *message_json(const ProtobufCMessage *message)
{
	return message_at(message, 0);
}
