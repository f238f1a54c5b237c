// SPDX-License-Identifier: Apache-2.0
// How a device is, in one word, and why: from what it reported and what was seen of its session, nothing else.
//
// The table in condition.c has one row a condition, the gravest first: the first row that holds is the state, all that hold are reasons.
// A row of severity INFO is a reason only. A device without any is healthy, or new before its first heartbeat.
// Nobody is blamed for: a reset asked for (command, update, rollback), boots of an image that no longer runs, a single restart or
// reconnect, silence while the broker was away, a loss that many devices had at the same time.
// Pure: time comes in. Memory: the caller's. Thread: the loop's only (it reads devices).
#ifndef COLLECTOR_FLEET_CONDITION_H
#define COLLECTOR_FLEET_CONDITION_H
#include <stdbool.h>
#include <stdint.h>
#include "collector/fleet/fleet.h"

enum condition_state {
	CONDITION_CRASH_LOOP, // the gravest first
	CONDITION_HANGING,
	CONDITION_POWER,
	CONDITION_OFFLINE,
	CONDITION_SILENT,
	CONDITION_HEAP_LEAK,
	CONDITION_HEAP_LOW,
	CONDITION_SOCKETS_LOW,
	CONDITION_WEAK_SIGNAL,
	CONDITION_FLAPPING,
	CONDITION_FLASH,
	CONDITION_CLOCK,
	CONDITION_ROLLED_BACK, // info
	CONDITION_NEW,
	CONDITION_HEALTHY,
	CONDITION_COUNT
};

enum condition_severity { SEVERITY_OK, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

enum {
	CONDITION_TEXT_BYTES = 200,
	CONDITION_REASONS_MAX = 12,

	CONDITION_WINDOW_MS = 600000, // boots are counted in
	CONDITION_BOOTS = 3,          // crashes or brown-outs in it that make a loop
	CONDITION_HANGS = 1,
	CONDITION_LOSS_WINDOW_MS = 300000,
	CONDITION_LOSSES = 2,
	CONDITION_OFFLINE_GRACE_MS = 20000,         // a restart or reconnect is done by then
	CONDITION_OFFLINE_QUIET_MS = 45000,         // without a word before: then it was gone long before its session ended
	CONDITION_COMMON_GRACE_MS = 120000,         // if many went at the same time
	CONDITION_WEAK_DBM = -85,                   // the device's own verdict may come earlier
	CONDITION_CLOCK_AHEAD_MS = 120000,
	CONDITION_CLOCK_BEHIND_MS = 600000,
	CONDITION_NO_TIME_MS = 600000,              // of uptime without a clock
	CONDITION_ROLLED_BACK_MS = 86400000,
};

struct condition_view {
	const struct fleet *fleet;
	uint64_t now_ms;          // Unix milliseconds
	uint32_t silent_after_ms; // no word for so long, and for three heartbeat intervals
};

struct condition_reason {
	enum condition_state state;
	char text[CONDITION_TEXT_BYTES]; // a sentence for a person, with numbers; may hold text of the device's
};

struct condition {
	enum condition_state state;
	unsigned count;
	struct condition_reason reasons[CONDITION_REASONS_MAX];
};

// State and reasons.
void condition_of(const struct device *device, const struct condition_view *view, struct condition *condition);

// The state alone, for counting many.
enum condition_state condition_state_of(const struct device *device, const struct condition_view *view);

const char *condition_name(enum condition_state state); // "crash_loop"
int condition_find(const char *name);                   // -1: no such
enum condition_severity condition_severity(enum condition_state state);
const char *condition_severity_name(enum condition_severity severity);

#endif
