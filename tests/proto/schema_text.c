// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "muster.pb-c.h"
#include "schema_text.h"

enum { KNOWN_MAX = 96 };

struct writer {
	char *out;
	size_t size, used;
	const void *known[KNOWN_MAX]; // descriptors that are written already
	size_t known_count;
};

static void put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct writer *writer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(writer->out + writer->used, writer->size - writer->used, format, arguments);
	va_end(arguments);
	assert_true(length >= 0 && (size_t)length < writer->size - writer->used);
	writer->used += (size_t)length;
}

static bool is_new(struct writer *writer, const void *descriptor)
{
	for (size_t i = 0; i < writer->known_count; i++)
		if (writer->known[i] == descriptor)
			return false;
	assert_true(writer->known_count < KNOWN_MAX);
	writer->known[writer->known_count++] = descriptor;
	return true;
}

static const char *type_name(ProtobufCType type)
{
	static const char *const names[] = { "int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64", "uint32", "fixed32", "uint64",
		"fixed64", "float", "double", "bool", "enum", "string", "bytes", "message" };
	return names[type];
}

static void put_enum(struct writer *writer, const ProtobufCEnumDescriptor *descriptor)
{
	if (!is_new(writer, descriptor))
		return;
	for (unsigned i = 0; i < descriptor->n_values; i++)
		put(writer, "%s %d %s\n", descriptor->name, descriptor->values[i].value, descriptor->values[i].name);
}

static void put_field(struct writer *writer, const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
	static const char *const labels[] = { "required", "optional", "repeated", "none" };

	put(writer, "%s %u %s %s %s", message->name, field->id, field->name, labels[field->label], type_name(field->type));
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		put(writer, " %s", ((const ProtobufCMessageDescriptor *)field->descriptor)->name);
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		put(writer, " %s", ((const ProtobufCEnumDescriptor *)field->descriptor)->name);
	if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED)
		put(writer, " packed");
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		put(writer, " oneof");
	put(writer, "\n");
}

static void put_message(struct writer *writer, const ProtobufCMessageDescriptor *message)
{
	if (!is_new(writer, message))
		return;
	for (unsigned i = 0; i < message->n_fields; i++)
		put_field(writer, message, &message->fields[i]);
	for (unsigned i = 0; i < message->n_fields; i++) {
		if (message->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			put_message(writer, message->fields[i].descriptor);
		if (message->fields[i].type == PROTOBUF_C_TYPE_ENUM)
			put_enum(writer, message->fields[i].descriptor);
	}
}

size_t schema_text_write(char *out, size_t size)
{
	static const ProtobufCMessageDescriptor *const roots[] = { &mu__uplink__descriptor, &mu__ack__descriptor,
		&mu__signed_command__descriptor, &mu__command__descriptor, &mu__telemetry__descriptor };
	struct writer writer = { .out = out, .size = size };

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		put_message(&writer, roots[i]);
	put_enum(&writer, &mu__verdict_bit__descriptor); // bits of a number: no field has this type
	return writer.used;
}

static bool has_line(const char *text, const char *line, size_t length)
{
	for (const char *at = text; (at = strstr(at, "\n")); at++)
		if (strncmp(at + 1, line, length) == 0)
			return true;
	return strncmp(text, line, length) == 0;
}

// Is any field of the message that this line is about in `released`?
static bool has_message(const char *released, const char *line)
{
	size_t length = strcspn(line, " ") + 1;
	return has_line(released, line, length);
}

static bool is_required(const char *line, size_t length)
{
	char message[64], name[64], label[16];
	unsigned number;
	return length > 0 && sscanf(line, "%63s %u %63s %15s", message, &number, name, label) == 4 && strcmp(label, "required") == 0;
}

static bool blame(char *problem, size_t size, const char *what, const char *line, size_t length)
{
	snprintf(problem, size, "%s: %.*s", what, (int)length - 1, line);
	return false;
}

bool schema_text_may_follow(const char *released, const char *current, char *problem, size_t size)
{
	for (const char *line = released; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n") + 1;
		if (line[0] != '#' && !has_line(current, line, length))
			return blame(problem, size, "gone or changed", line, length);
	}
	for (const char *line = current; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n") + 1;
		if (!has_line(released, line, length) && is_required(line, length) && has_message(released, line))
			return blame(problem, size, "new and required", line, length);
	}
	return true;
}
