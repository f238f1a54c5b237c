// SPDX-License-Identifier: Apache-2.0
#include "proto/limit_table.h"

#include <stdbool.h>

#include "muster.pb-c.h"
#include "proto/limits.h"

// clang-format off
enum {
#define RANGE(name, min, max) RANGE_##name,
#include "proto/limit_ranges.def"
};

static const struct {
	int64_t min, max;
} ranges[] = {
#define RANGE(name, min, max) { min, (int64_t)(max) },
#include "proto/limit_ranges.def"
};

#define BEGIN(message, name)      static const struct mu_limit name[] = {
#define END(message, name)        };
#define BEGIN_EMPTY(message)
#define NUMBER(field, min, max)   { MU_LIMIT_NUMBER, 0, min, max },
#define RANGE(field, name)        { MU_LIMIT_RANGE, 0, RANGE_##name, 0 },
#define FINITE(field)             { MU_LIMIT_FINITE, 0, 0, 0 },
#define TEXT(field, min, max)     { MU_LIMIT_TEXT, 0, min, max },
#define WORD(field, max)          { MU_LIMIT_WORD, 0, 1, max },
#define DEVICE(field)             { MU_LIMIT_DEVICE, 0, 1, MU_DEVICE_ID_MAX },
#define BYTES(field, min, max)    { MU_LIMIT_BYTES, 0, min, max },
#define NONE_OR(field, size)      { MU_LIMIT_EITHER, 0, 0, size },
#define MESSAGE(field)            { MU_LIMIT_MESSAGE, 0, 0, 0 },
#define HEARTBEAT(field)          { MU_LIMIT_HEARTBEAT, 0, 0, 0 },
#define U32S(field, most)         { MU_LIMIT_RANGE, most, RANGE_U32, 0 },
#define TEXTS(field, max, most)   { MU_LIMIT_TEXT, most, 1, max },
#define MESSAGES(field, most)     { MU_LIMIT_MESSAGE, most, 0, 0 },
#include "proto/limits.def"

const struct mu_limit_table mu_limit_tables[] = {
#define BEGIN(message, name)      { &message##__descriptor, name, sizeof name / sizeof *name },
#define END(message, name)
#define BEGIN_EMPTY(message)      { &message##__descriptor, 0, 0 },
#define NUMBER(field, min, max)
#define RANGE(field, name)
#define FINITE(field)
#define TEXT(field, min, max)
#define WORD(field, max)
#define DEVICE(field)
#define BYTES(field, min, max)
#define NONE_OR(field, size)
#define MESSAGE(field)
#define HEARTBEAT(field)
#define U32S(field, most)
#define TEXTS(field, max, most)
#define MESSAGES(field, most)
#include "proto/limits.def"
};
// clang-format on
const size_t mu_limit_table_count = sizeof mu_limit_tables / sizeof *mu_limit_tables;

const struct mu_limit_table *mu_limit_table_find(const ProtobufCMessageDescriptor *message)
{
	for (size_t i = 0; i < mu_limit_table_count; i++)
		if (mu_limit_tables[i].message == message)
			return &mu_limit_tables[i];
	return 0;
}

void mu_limit_bounds(const struct mu_limit *limit, int64_t *min, int64_t *max)
{
	bool is_range = limit->rule == MU_LIMIT_RANGE;
	*min = is_range ? ranges[limit->min].min : limit->min;
	*max = is_range ? ranges[limit->min].max : limit->max;
}
