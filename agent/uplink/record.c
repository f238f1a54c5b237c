// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/record.h"
#include "proto/limits.h"

_Static_assert((int)MU_SPOOL_RECORD_MAX == (int)MU_RECORD_BYTES_MAX, "what keeps the limits fits into the spool");

// ---- appending

static void set_stamp(Mu__Record *record, const struct mu_stamp *stamp)
{
	record->boot = stamp->boot;
	record->uptime_ms = stamp->uptime_ms;
	record->has_wall_ms = stamp->time_quality != MU__TIME_QUALITY__TIME_NONE;
	record->wall_ms = stamp->wall_ms;
	record->has_time_quality = record->has_wall_ms;
	record->time_quality = (Mu__TimeQuality)stamp->time_quality;
}

static int refuse(struct mu_spool *spool, int err)
{
	spool->refused++;
	return err;
}

int mu_record_append(struct mu_spool *spool, const struct mu_stamp *stamp, enum mu_record_class record_class, Mu__Record *record,
	uint64_t *seq)
{
	uint8_t packed[MU_SPOOL_RECORD_MAX];
	set_stamp(record, stamp);
	int err = mu_limits_check_record(record, NULL);
	if (err < 0)
		return refuse(spool, err);
	if (mu__record__get_packed_size(record) > sizeof packed)
		return refuse(spool, MU_ERR_SIZE);
	return mu_spool_append(spool, record_class, packed, mu__record__pack(record, packed), seq);
}

// ---- reading a stamp back

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

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

// *value: of a varint field; the length of any other.
static bool take_field(struct cursor *cursor, uint64_t *tag, uint64_t *value)
{
	if (!take_varint(cursor, tag))
		return false;
	uint64_t skip = 0;
	switch (*tag & 7) {
	case WIRE_VARINT: return take_varint(cursor, value);
	case WIRE_64: skip = 8; break;
	case WIRE_32: skip = 4; break;
	case WIRE_BYTES:
		if (!take_varint(cursor, &skip))
			return false;
		break;
	default: return false;
	}
	if (skip > (uint64_t)(cursor->end - cursor->at))
		return false;
	cursor->at += skip;
	*value = skip;
	return true;
}

int mu_record_stamp(const void *packed, size_t size, struct mu_stamp *stamp)
{
	struct cursor cursor = { packed, (const uint8_t *)packed + size };
	uint64_t tag, value;
	*stamp = (struct mu_stamp){ .time_quality = MU__TIME_QUALITY__TIME_NONE };
	while (cursor.at < cursor.end) {
		if (!take_field(&cursor, &tag, &value))
			return MU_ERR_INVALID;
		switch (tag) { // number of the field x 8 + WIRE_VARINT, as in muster.proto's Record
		case 1 << 3: stamp->boot = (uint32_t)value; break;
		case 2 << 3: stamp->uptime_ms = value; break;
		case 3 << 3: stamp->wall_ms = value; break;
		case 4 << 3: stamp->time_quality = (int)value; break;
		default: break;
		}
	}
	return stamp->boot ? 0 : MU_ERR_INVALID;
}
