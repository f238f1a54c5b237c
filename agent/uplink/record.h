// SPDX-License-Identifier: Apache-2.0
// Puts one record into the spool: sets its stamp, checks it against the limits of proto/limits.h, packs it, appends it.
//
// Memory: MU_SPOOL_RECORD_MAX bytes on the stack while packing, with what the spool needs 3.2 KiB in all; nothing is kept.
// Thread: the one that steps the agent.
#ifndef MU_UPLINK_RECORD_H
#define MU_UPLINK_RECORD_H
#include "agent/uplink/spool.h"
#include "muster.pb-c.h"
#include <stddef.h>
#include <stdint.h>

// When something happened, as the device knows it.
struct mu_stamp {
	uint32_t boot;      // of the boot that recorded it, 1 is the first
	uint64_t uptime_ms; // since that boot
	uint64_t wall_ms;   // Unix time; meaningful unless time_quality is MU__TIME_QUALITY__TIME_NONE
	int time_quality;   // Mu__TimeQuality
};

// record: body set by the caller, header filled here. *seq (may be null): its number. The record is durable when 0 is returned.
// MU_ERR_RANGE or MU_ERR_INVALID: the collector would refuse it (a limit is broken, no body); MU_ERR_SIZE: it packs to more than
// MU_SPOOL_RECORD_MAX; both are counted in spool->refused and nothing is written. MU_ERR_STATE, MU_ERR_IO: as mu_spool_append().
int mu_record_append(struct mu_spool *spool, const struct mu_stamp *stamp, enum mu_record_class record_class, Mu__Record *record,
	uint64_t *seq);

// Reads the stamp back out of a packed record without unpacking its body. 0, or MU_ERR_INVALID.
int mu_record_stamp(const void *packed, size_t size, struct mu_stamp *stamp);

#endif
