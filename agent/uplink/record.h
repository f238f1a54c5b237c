// SPDX-License-Identifier: Apache-2.0
// Puts one record into the spool: sets its stamp, checks it against the limits of proto/limits.h, packs it, appends it. A wall time that is beyond
// the limits is left out of the stamp.
//
// Memory: the caller's buffer while packing; nothing is kept. Stack: what the spool needs.
// Thread: the one that steps the agent.
#ifndef MU_UPLINK_RECORD_H
#define MU_UPLINK_RECORD_H
#include "agent/uplink/spool.h"
#include "agent/uplink/stamp.h"
#include "muster.pb-c.h"
#include <stddef.h>
#include <stdint.h>

// record: body set by the caller, header filled here. packed: MU_SPOOL_RECORD_MAX bytes, written; the record may not point there.
// *seq (may be null): its number. The record is durable when 0 is returned.
// MU_ERR_RANGE or MU_ERR_INVALID: the collector would refuse it (a limit is broken, no body); MU_ERR_SIZE: it packs to more than
// MU_SPOOL_RECORD_MAX; both are counted in spool->refused and nothing is written. MU_ERR_STATE, MU_ERR_IO: as mu_spool_append().
int mu_record_append(struct mu_spool *spool, const struct mu_stamp *stamp, enum mu_record_class record_class, Mu__Record *record,
	uint8_t *packed, uint64_t *seq);

#endif
