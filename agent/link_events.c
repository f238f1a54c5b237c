// SPDX-License-Identifier: Apache-2.0
#include "agent/link_events.h"
#include "agent/connectivity.h"
#include "agent/reporting.h"

enum { ASSOC_LEAVE = 8 }; // the reason

static void note_down(struct mu_agent *agent, int32_t reason, uint64_t now_ms)
{
	bool was_up = agent->netwatch.link_up;
	mu_netwatch_link(&agent->netwatch, false, now_ms);
	if (was_up) {
		mu_disconnects_add(&agent->disconnects, (uint32_t)reason);
		mu_losses_add(&agent->losses, now_ms);
		agent->link_outage.since_ms = now_ms;
		mu_report_link(agent, MU__LINK_CHANGE__LINK_LOST, reason, 0, now_ms);
	} else {
		mu_disconnects_try(&agent->disconnects, (uint32_t)reason);
		mu_outage_try(&agent->link_outage, reason, agent->ladder.down_from_ms);
	}
	if (agent->session.phase == MU_SESSION_OPEN)
		mu_connectivity_session_lost(agent, reason, now_ms);
}

static void on_up(struct mu_agent *agent, int32_t value, uint64_t now_ms)
{
	(void)value;
	mu_netwatch_link(&agent->netwatch, true, now_ms);
	mu_report_restored(agent, MU__LINK_CHANGE__LINK_RESTORED, &agent->link_outage, now_ms);
	mu_connectivity_post(agent, MU_LADDER_LINK_UP, 0, now_ms);
}

static void on_down(struct mu_agent *agent, int32_t reason, uint64_t now_ms)
{
	if (agent->netwatch.link_up &&
		mu_reason_class(reason) == MU_REASON_ROAMING) { // session and address stay; the ladder waits for the radio
		mu_disconnects_add(&agent->disconnects, (uint32_t)reason);
		mu_connectivity_post(agent, MU_LADDER_LINK_DOWN, reason, now_ms);
		return;
	}
	note_down(agent, reason, now_ms);
	mu_connectivity_post(agent, MU_LADDER_LINK_DOWN, reason, now_ms);
	// No socket works without a link, whatever the ladder has asked for.
	mu_connectivity_drop(agent, now_ms);
}

// A link that was refused; or one that we have left ourselves, which is news only to who still takes it for up.
static void on_left(struct mu_agent *agent, int32_t reason, uint64_t now_ms)
{
	if (reason == ASSOC_LEAVE && !agent->netwatch.link_up)
		return;
	note_down(agent, reason, now_ms);
	mu_connectivity_drop(agent, now_ms);
}

void mu_link_events_overdue(struct mu_agent *agent, uint64_t now_ms)
{
	note_down(agent, MU_REASON_NO_ANSWER, now_ms);
}

static void on_scanned(struct mu_agent *agent, int32_t known, uint64_t now_ms)
{
	mu_connectivity_post(agent, MU_LADDER_SCAN_DONE, known, now_ms);
}

static void hear(struct mu_agent *agent, enum mu_link_heard heard, int32_t value, uint64_t now_ms)
{
	static void (*const hears[])(struct mu_agent *, int32_t, uint64_t) = {
		[MU_LINK_HEARD_UP] = on_up,
		[MU_LINK_HEARD_DOWN] = on_down,
		[MU_LINK_HEARD_LEFT] = on_left,
		[MU_LINK_HEARD_SCANNED] = on_scanned,
	};
	if (heard != MU_LINK_HEARD_NOTHING)
		hears[heard](agent, value, now_ms);
}

void mu_link_events_take(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms)
{
	int32_t value = 0;
	enum mu_link_heard heard = mu_link_event(&agent->link, event, now_ms, &value);
	hear(agent, heard, value, now_ms);
}

uint64_t mu_link_events_step(struct mu_agent *agent, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	struct mu_link_notice notice;
	enum mu_link_heard heard;
	do {
		int32_t value = 0;
		heard = mu_link_step(&agent->link, now_ms, &value, &next_ms);
		hear(agent, heard, value, now_ms);
	} while (heard != MU_LINK_HEARD_NOTHING && !agent->stopped);
	while (mu_link_notice(&agent->link, now_ms, &notice))
		mu_report_event(agent, notice.name, notice.text, notice.value, now_ms);
	return next_ms;
}

void mu_link_events_names(struct mu_agent *agent, int32_t result, uint64_t now_ms)
{
	if (result == 0) {
		mu_link_name_resolved(&agent->link);
	} else if (result == MU_ERR_NOT_FOUND && mu_link_name_failed(&agent->link)) {
		if (agent->ladder.link_up)
			note_down(agent, MU_REASON_NO_NAMES, now_ms);
		mu_connectivity_post(agent, MU_LADDER_DEAD_LINK, result, now_ms);
	}
}
