// SPDX-License-Identifier: Apache-2.0
// An hour of a healthy device, for tests/bench/step to count the instructions of its steps by kind. The port is the tests' fake one.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "agent/agent_state.h"
#include "tests/agent/fake_collector.h"

enum { WARM_MS = 600 * 1000, MEASURED_MS = 3600 * 1000 };

// Functions of their own, so that a profiler can tell them apart.
__attribute__((noinline)) uint64_t step_idle(struct mu_agent *agent, uint64_t now_ms);
__attribute__((noinline)) uint64_t step_second(struct mu_agent *agent, uint64_t now_ms);
__attribute__((noinline)) uint64_t step_heartbeat(struct mu_agent *agent, uint64_t now_ms);

// Woken with nothing to do.
uint64_t step_idle(struct mu_agent *agent, uint64_t now_ms)
{
	return mu_agent_step(agent, now_ms);
}

// Vitals, tokens, verdict, watchdog.
uint64_t step_second(struct mu_agent *agent, uint64_t now_ms)
{
	return mu_agent_step(agent, now_ms);
}

// The same, a heartbeat into the spool, and the Uplink with it.
uint64_t step_heartbeat(struct mu_agent *agent, uint64_t now_ms)
{
	return mu_agent_step(agent, now_ms);
}

struct counts {
	unsigned idle, second, heartbeat;
};

static void one_step(struct mu_agent *agent, uint64_t now_ms, struct counts *counts)
{
	if (now_ms >= mu_heartbeat_next(&agent->heartbeat)) {
		counts->heartbeat++;
		step_heartbeat(agent, now_ms);
	} else if (now_ms >= agent->health_due_ms) {
		counts->second++;
		step_second(agent, now_ms);
	} else {
		counts->idle++;
		step_idle(agent, now_ms);
	}
}

int main(void)
{
	static struct fake_port fake;
	static struct fake_collector collector;
	struct mu_agent *agent = calloc(1, sizeof *agent);
	struct counts counts = { 0 };
	const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://h" };
	fake_port_init(&fake, 5);
	fake_port_partition(&fake, MU_PART_SPOOL, 32);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_largest_bytes = 110000, .heap_min_bytes = 150000 };
	fake_collector_init(&collector, &fake, agent);
	if (!agent || mu_agent_init(agent, &config, &fake.port, 0) < 0)
		return 1;
	fake_collector_run(&collector, WARM_MS);
	while (collector.now_ms < WARM_MS + MEASURED_MS) {
		collector.now_ms += 250;
		one_step(agent, collector.now_ms, &counts);
		fake_collector_run(&collector, 10); // the Acks, in steps that are not counted
	}
	printf("idle=%u second=%u heartbeat=%u\n", counts.idle, counts.second, counts.heartbeat);
	int idle_enough = counts.heartbeat >= 58 && mu_spool_depth(&agent->spool) <= 1;
	fake_collector_free(&collector);
	fake_port_free(&fake);
	free(agent);
	return idle_enough ? 0 : 1;
}
