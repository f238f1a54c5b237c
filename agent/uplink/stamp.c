// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/stamp.h"
#include "agent/image/err.h"
#include "muster.pb-c.h"
#include <stdbool.h>

struct cursor {
	const uint8_t *at, *end;
};

static bool take_varint(struct cursor *cursor, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
		uint8_t byte = *cursor->at++;
		*value |= (uint64_t)(byte & 0x7F) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

int mu_stamp_read(const void *packed, size_t size, struct mu_stamp *stamp)
{
	enum { BOOT = 1, UPTIME, WALL, QUALITY, FIELDS }; // numbers of muster.proto's Record; their tags are eight times that
	struct cursor cursor = { packed, (const uint8_t *)packed + size };
	uint64_t fields[FIELDS] = { 0 };
	while (cursor.at < cursor.end) {
		uint8_t tag = *cursor.at++;
		if (tag % 8 || tag / 8 < BOOT || tag / 8 >= FIELDS)
			break; // the body begins
		if (!take_varint(&cursor, &fields[tag / 8]))
			return MU_ERR_INVALID;
	}
	*stamp = (struct mu_stamp){ .boot = (uint32_t)fields[BOOT],
		.uptime_ms = fields[UPTIME],
		.wall_ms = fields[WALL],
		.time_quality = (int)fields[QUALITY] };
	return stamp->boot ? 0 : MU_ERR_INVALID;
}
