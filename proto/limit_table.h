// SPDX-License-Identifier: Apache-2.0
// The limits of each field (limits.def) as rows, one table a message, in the order of the field numbers. Six bytes a row: a device has them in flash.
//
// Every field of every message has a row: a test walks the schema and fails on a field that has none. Const data. Thread: any.
#ifndef MU_PROTO_LIMIT_TABLE_H
#define MU_PROTO_LIMIT_TABLE_H
#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

enum mu_limit_rule { // NUMBER and RANGE come first
	MU_LIMIT_NUMBER,    // min .. max
	MU_LIMIT_RANGE,     // a number within a range that mu_limit_bounds() knows
	MU_LIMIT_FINITE,    // a double that is neither NaN nor infinite
	MU_LIMIT_TEXT,      // text.h; min .. max bytes
	MU_LIMIT_WORD,      // [a-z0-9_], min .. max bytes
	MU_LIMIT_DEVICE,    // a device id
	MU_LIMIT_BYTES,     // min .. max bytes
	MU_LIMIT_EITHER,    // min or max bytes, nothing between
	MU_LIMIT_MESSAGE,   // its own table
	MU_LIMIT_HEARTBEAT, // metrics.def
};

struct mu_limit {
	uint8_t rule;      // enum mu_limit_rule
	uint8_t count_max; // of a repeated field; 0: not repeated
	uint16_t min, max; // RANGE: min is which
};

struct mu_limit_table {
	const ProtobufCMessageDescriptor *message;
	const struct mu_limit *limits; // as many as the message has fields
	size_t count;
};

extern const struct mu_limit_table mu_limit_tables[];
extern const size_t mu_limit_table_count;

// Names of the fields, row by row through all tables; a firmware does not link them (limit_names.c).
extern const char *const mu_limit_names[];
extern const size_t mu_limit_name_count;

// The bounds of a number's row.
void mu_limit_bounds(const struct mu_limit *limit, int64_t *min, int64_t *max);

// Null for a message without a table (the parts of a heartbeat).
const struct mu_limit_table *mu_limit_table_find(const ProtobufCMessageDescriptor *message);

#endif
