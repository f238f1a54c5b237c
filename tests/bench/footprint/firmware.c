// SPDX-License-Identifier: Apache-2.0
// The smallest firmware that uses all of the agent: what the linker keeps for it is what the agent costs. Never run.
#include "agent/agent_state.h"

struct mu_agent footprint_agent; // its size is the RAM of the core

extern const struct mu_port footprint_port; // the port is the platform's; the linker is told to leave it open
extern const struct mu_agent_config footprint_config;

static volatile int sink;

void _start(void)
{
	struct mu_agent *agent = &footprint_agent;
	const char *problem = 0;
	uint64_t now_ms = (uint64_t)sink;

	sink = mu_agent_init(agent, &footprint_config, &footprint_port, &problem);
	sink = mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_LINK_UP });
	mu_agent_check_in(agent, mu_agent_token(agent, "main", 0, now_ms), now_ms);
	sink = mu_agent_metric_integer(agent, mu_agent_metric(agent, "whole"), 1);
	sink = mu_agent_metric_real(agent, mu_agent_metric(agent, "real"), 1.0);
	sink = mu_agent_event(agent, "event", "text", 1, now_ms);
	for (;;)
		now_ms = mu_agent_step(agent, now_ms);
}
