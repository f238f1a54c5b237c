// SPDX-License-Identifier: Apache-2.0
// Any message of muster.proto as JSON, by its descriptor, so that a new field needs no line here.
//
// Field names as in the schema. Absent fields are left out; the one member of a oneof that is set appears under its own name. Numbers as
// numbers (above 2^53: decimal strings), fixed32 and fixed64 as hex strings ("0x400d1234"), bytes as hex, enums by the name of the schema,
// unknown enum values as numbers, text as json_text() makes it. Unknown fields are left out.
#ifndef COLLECTOR_HTTP_RECORD_JSON_H
#define COLLECTOR_HTTP_RECORD_JSON_H
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

// A new object, or null: no memory, or nested deeper than the schema is.
json_t *message_json(const ProtobufCMessage *message);

// The name of an enum value, or null if the schema has none.
const char *enum_name(const ProtobufCEnumDescriptor *descriptor, int value);

#endif
