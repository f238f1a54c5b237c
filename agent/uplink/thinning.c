// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/thinning.h"
#include "muster.pb-c.h"

enum { UNREADABLE_MS = 60 * 1000 };

static uint64_t after(uint64_t earlier, uint64_t later)
{
	return later > earlier ? later - earlier : 0;
}

static bool has_wall(const struct mu_stamp *stamp)
{
	return stamp->time_quality != MU__TIME_QUALITY__TIME_NONE;
}

// From the last one to this one.
static uint64_t passed_ms(const struct mu_thinning *thinning, const struct mu_stamp *stamp)
{
	const struct mu_stamp *last = &thinning->last;
	if (!stamp || !last->boot)
		return UNREADABLE_MS;
	if (stamp->boot == last->boot)
		return after(last->uptime_ms, stamp->uptime_ms);
	if (has_wall(stamp) && has_wall(last) && stamp->wall_ms > last->wall_ms)
		return stamp->wall_ms - last->wall_ms;
	return stamp->uptime_ms + thinning->interval_ms;
}

void mu_thinning_kept(struct mu_thinning *thinning, const struct mu_stamp *stamp)
{
	*thinning = (struct mu_thinning){ .any = true, .interval_ms = MU_THINNING_MS };
	if (stamp)
		thinning->last = *stamp;
}

bool mu_thinning_keep(struct mu_thinning *thinning, const struct mu_stamp *stamp)
{
	uint64_t passed = passed_ms(thinning, stamp);
	if (passed > MU_THINNING_MS)
		passed = MU_THINNING_MS; // long enough in any case
	if (!stamp || !thinning->last.boot || stamp->boot == thinning->last.boot)
		thinning->interval_ms = (uint32_t)passed;
	thinning->since_ms += (uint32_t)passed; // below twice MU_THINNING_MS: at that much, one is kept
	thinning->last = stamp ? *stamp : (struct mu_stamp){ 0 };
	// Not when it is due but as long as it is not overdue: the next one would come too late.
	bool due = thinning->since_ms >= MU_THINNING_MS || thinning->since_ms + thinning->interval_ms > MU_THINNING_MS;
	bool keep = due || !thinning->any;
	if (keep) {
		thinning->any = true;
		thinning->since_ms = 0;
	}
	return keep;
}
