// SPDX-License-Identifier: Apache-2.0
// What the agent does when told to: signed commands, the rollback, and restarts that wait for their answer to be acked.
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_ACTIONS_H
#define MU_ACTIONS_H
#include "agent/agent_state.h"

// Results of commands that a reset cut off, and what is left of changes for a time. After the boot record, and again when the memory of
// commands could be read only later.
void mu_actions_resume(struct mu_agent *agent, uint64_t now_ms);

void mu_actions_command(struct mu_agent *agent, const struct mu_event *event, uint64_t now_ms);

// Rollback, farewell, and the end of what was changed for a time. Returns when to be called again.
uint64_t mu_actions_step(struct mu_agent *agent, uint64_t now_ms);

#endif
