// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/record.h"
#include "proto/limits.h"

_Static_assert((int)MU_SPOOL_RECORD_MAX == (int)MU_RECORD_BYTES_MAX, "what keeps the limits fits into the spool");

// A date that cannot be is left out: a clock that was led astray must not cost the record.
static void set_stamp(Mu__Record *record, const struct mu_stamp *stamp)
{
	bool is_date = stamp->wall_ms - MU_WALL_MS_MIN <= MU_WALL_MS_MAX - MU_WALL_MS_MIN; // what is below wraps
	record->boot = stamp->boot;
	record->uptime_ms = stamp->uptime_ms;
	record->has_wall_ms = is_date && stamp->time_quality != MU__TIME_QUALITY__TIME_NONE;
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
	uint8_t *packed, uint64_t *seq)
{
	set_stamp(record, stamp);
	int err = mu_limits_check_record(record, NULL);
	if (err < 0)
		return refuse(spool, err);
	if (mu__record__get_packed_size(record) > MU_SPOOL_RECORD_MAX)
		return refuse(spool, MU_ERR_SIZE);
	return mu_spool_append(spool, record_class, packed, mu__record__pack(record, packed), seq);
}
