// SPDX-License-Identifier: Apache-2.0
// Which heartbeats are kept when recent gives up a sector: by their own time, one in each MU_THINNING_MS, whatever their interval.
//
// Two kept ones are never further apart, as long as there are heartbeats between them and their interval does not grow. Time is
// uptime within a boot, wall time across boots; where there is none, the boot's uptime and one interval (how long it was off is not
// known). A heartbeat whose stamp cannot be read counts as one minute after the one before.
// Pure. Thread: the one that steps the agent.
#ifndef MU_UPLINK_THINNING_H
#define MU_UPLINK_THINNING_H
#include "agent/uplink/stamp.h"
#include <stdbool.h>
#include <stdint.h>

enum { MU_THINNING_MS = 15 * 60 * 1000 };

struct mu_thinning { // all zero: nothing was seen yet
	struct mu_stamp last; // boot 0: none
	uint32_t since_ms; // from the one kept last to `last`
	uint32_t interval_ms; // between the newest two of one boot
	bool any; // one was kept
};

// This one was kept in an earlier life; stamp null: it cannot be read. What came between it and the next one is not known: that is kept
// unless both are of one boot, or have wall time, and are close.
void mu_thinning_kept(struct mu_thinning *thinning, const struct mu_stamp *stamp);
// The next one, in order: is it to be kept? stamp null: as above.
bool mu_thinning_keep(struct mu_thinning *thinning, const struct mu_stamp *stamp);

#endif
