// SPDX-License-Identifier: Apache-2.0
// Carries events of link and MQTT to the ladder, the session, the uplink and the netwatch, and their orders back to the port.
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_CONNECTIVITY_H
#define MU_CONNECTIVITY_H
#include "agent/agent_state.h"

// Everything but commands; a message on the command topic is the caller's. Returns true for such a one.
bool mu_connectivity_event(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms);

// Of timekeeping.h: the open that was held may go on; the session shall be opened anew, after the spread of a lost one.
void mu_connectivity_open(struct mu_agent *agent, uint64_t now_ms);
void mu_connectivity_renew(struct mu_agent *agent, uint64_t now_ms);

// Of link_events.h: to the ladder, and its orders carried out; a session that was open is gone, for the records; close it.
void mu_connectivity_post(struct mu_agent *agent, enum mu_ladder_event event, int32_t value, uint64_t now_ms);
void mu_connectivity_session_lost(struct mu_agent *agent, int32_t reason, uint64_t now_ms);
void mu_connectivity_drop(struct mu_agent *agent, uint64_t now_ms);

// Timers of ladder, link and netwatch. Returns when to be called again.
uint64_t mu_connectivity_step(struct mu_agent *agent, uint64_t now_ms);

#endif
