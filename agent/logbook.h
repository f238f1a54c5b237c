// SPDX-License-Identifier: Apache-2.0
// What the application and the agent itself have to say: log lines and events on their way to records, within limits.
//
// Each of the three sources has a token bucket of its own, so that a chatty application neither hides the agent's warnings nor the other
// way round. Boots, OTA, command results, links and the agent's own events do not pass here: nothing holds them back. What is held back is
// counted and told by the event `suppressed` (proto/events.def).
// Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_LOGBOOK_H
#define MU_LOGBOOK_H
#include "agent/uplink/rate.h"
#include <stdbool.h>
#include <stdint.h>

struct mu_agent;

enum {
	MU_LOGS_PER_MIN = 10, // of the application, and as many of the agent
	MU_LOGS_BURST = 20,
	MU_EVENTS_PER_MIN = 30, // of the application
	MU_EVENTS_BURST = 30,
	MU_SUPPRESSED_EVERY_MS = 900000,
	MU_SUPPRESSED_COUNTS = 5,
};

struct mu_logbook {
	struct mu_rate logs, own_logs, events;
	uint64_t now_ms; // of the step under way: the agent's own lines are stamped with it
	uint64_t told_ms;
	uint32_t told[MU_SUPPRESSED_COUNTS]; // as in the last `suppressed`
	bool has_told;
	bool writing; // a line about a line that could not be stored is not stored either
};

void mu_logbook_init(struct mu_logbook *logbook);

// A line of the agent's own, key=value text: a record if its level is on. The port's log has it already.
void mu_logbook_record(struct mu_agent *agent, int level, const char *line);

// With each heartbeat: the event `suppressed`, if something more was held back and the last one is 15 min old.
void mu_logbook_tell(struct mu_agent *agent, uint64_t now_ms);

#endif
