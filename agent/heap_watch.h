// SPDX-License-Identifier: Apache-2.0
// Tells agent/health/heap_steps when network steps begin and end, with a fresh look at the heap each time, and reports who leaks.
//
// The event heap_step (proto/events.def) goes out when a leak per reconnect cycle is first seen, and when another step turns out to be to
// blame or the amount has doubled; at most one in ten minutes. While a `diagnose` holds, the event heap_steps says what each step takes: at
// once, and every ten minutes. Memory: the agent's struct. Thread: the one that steps the agent.
#ifndef MU_HEAP_WATCH_H
#define MU_HEAP_WATCH_H
#include "agent/event.h"
#include "agent/health/heap_steps.h"

struct mu_agent;

enum { MU_HEAP_WATCH_EVERY_MS = 600000 };

struct mu_heap_watch {
	uint8_t told; // enum mu_heap_step of the last event; MU_HEAP_STEP_NONE: none yet
	bool serving; // the own access point was open
	int32_t told_bytes;
	uint64_t told_ms;
	uint64_t diagnosed_ms; // of the last heap_steps; 0: none while this `diagnose` holds
	struct mu_heap_steps steps;
};

void mu_heap_watch_init(struct mu_heap_watch *watch);

// Before the event is handled.
void mu_heap_watch_event(struct mu_agent *agent, const struct mu_event *event);

// mu_session_open(), watched.
int mu_heap_watch_session(struct mu_agent *agent, int admitted, uint64_t now_ms);
void mu_heap_watch_closed(struct mu_agent *agent); // right after the agent has closed one

// Once a second, after the vitals were sampled. Reports.
void mu_heap_watch_step(struct mu_agent *agent, uint64_t now_ms);

// With each heartbeat: whether a `diagnose` holds.
void mu_heap_watch_diagnose(struct mu_agent *agent, bool holds, uint64_t now_ms);

#endif
