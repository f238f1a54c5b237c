// SPDX-License-Identifier: Apache-2.0
// The application that runs beside the agent on a virtual device: two tasks that check in, two metrics, and whatever its image's
// traits make it do wrong.
//
// Times in milliseconds of uptime. Memory: the caller's. Thread: the one that steps the agent.
#ifndef MU_PORT_LINUX_APPLICATION_H
#define MU_PORT_LINUX_APPLICATION_H
#include "agent/agent.h"
#include "agent/port/linux/dice.h"
#include "agent/port/linux/virtual_traits.h"
#include <stdint.h>

enum { MU_APPLICATION_TASKS = 3 };

struct mu_application {
	struct mu_agent *agent;
	uint64_t hang_ms, due_ms; // UINT64_MAX: never hangs; when to be stepped again
	uint32_t period_ms;
	unsigned count;
	struct {
		const char *name;
		int token; // negative: the agent had no room
		bool hangs;
	} tasks[MU_APPLICATION_TASKS];
	int metric_loops, metric_celsius;
	int64_t loops;
	uint32_t chatty_per_s; // log lines and events a second
	uint64_t chatted; // lines so far
	struct mu_walk temperature; // tenths of a degree, in the room
};

// liveness_ms: deadline of the tasks; they check in six times as often. traits must outlive the application.
void mu_application_start(struct mu_application *application, struct mu_agent *agent, const struct mu_traits *traits, uint32_t liveness_ms,
	struct mu_dice *dice);
void mu_application_step(struct mu_application *application, struct mu_dice *dice, uint64_t uptime_ms); // sets due_ms

#endif
