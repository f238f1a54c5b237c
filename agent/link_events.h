// SPDX-License-Identifier: Apache-2.0
// What the port tells of the link: to agent/network/link, and what that makes of it to ladder, netwatch, session and records.
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_LINK_EVENTS_H
#define MU_LINK_EVENTS_H
#include "agent/agent_state.h"

void mu_link_events_take(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms); // MU_EVENT_LINK_*, _SCAN_DONE, _STATION_*

// The ladder is about to give up waiting for the radio: for the books; what follows is the ladder's.
void mu_link_events_overdue(struct mu_agent *agent, uint64_t now_ms);

// Deadlines of the link, and what it has for the records. Returns when to be called again.
uint64_t mu_link_events_step(struct mu_agent *agent, uint64_t now_ms);

// How opening a session ended: a negative enum mu_err, or 0 once its name is resolved. Names that do not resolve again and again make the
// link anew.
void mu_link_events_names(struct mu_agent *agent, int32_t result, uint64_t now_ms);

#endif
