// SPDX-License-Identifier: Apache-2.0
// Carries events of link and MQTT to the ladder, the session, the uplink and the netwatch, and their orders back to the port.
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_CONNECTIVITY_H
#define MU_CONNECTIVITY_H
#include "agent/agent_state.h"

void mu_connectivity_begin(struct mu_agent *agent, uint64_t now_ms);

// Everything but commands; a message on the command topic is the caller's. Returns true for such a one.
bool mu_connectivity_event(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms);

// Of timekeeping.h: the open that was held may go on; the session shall be opened anew, after the spread of a lost one.
void mu_connectivity_open(struct mu_agent *agent, uint64_t now_ms);
void mu_connectivity_renew(struct mu_agent *agent, uint64_t now_ms);

// Timers of ladder and netwatch. Returns when to be called again.
uint64_t mu_connectivity_step(struct mu_agent *agent, uint64_t now_ms);

#endif
