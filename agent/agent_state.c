// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_state.h"

void mu_agent_log(struct mu_agent *agent, int level, const char *line)
{
	agent->port->log->write(agent->port->context, level, line);
	mu_logbook_record(agent, level, line);
}

void mu_agent_restart(struct mu_agent *agent, int cause, const char *token, uint64_t now_ms)
{
	uint32_t heap_low = agent->vitals.has_system ? agent->vitals.heap_low_bytes : UINT32_MAX;
	mu_boot_history_keep(&agent->boots, now_ms, heap_low);
	mu_boot_history_cause(&agent->boots, cause, token, now_ms);
	agent->stopped = true;
	agent->port->system->restart(agent->port->context);
}
