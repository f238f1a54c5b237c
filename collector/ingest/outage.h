// SPDX-License-Identifier: Apache-2.0
// When the log is told of a session that is away: at once, then once in OUTAGE_SAY_EVERY_MS, and up to OUTAGE_REASONS times in that time if
// the reason changes, so that "refuses the login" is not hidden behind "lost". A session that comes and goes within that time (two with one
// client id throw each other out) makes no more lines than one that stays away.
// Pure. Memory: the caller's struct, zeroed: away, and nothing said.
#ifndef COLLECTOR_INGEST_OUTAGE_H
#define COLLECTOR_INGEST_OUTAGE_H
#include <stdbool.h>
#include <stdint.h>

enum { OUTAGE_SAY_EVERY_MS = 60000, OUTAGE_REASONS = 4 };

struct outage {
	uint64_t begun_ms; // of the time that the lines are counted in
	unsigned said;     // in that time
	bool is_said_up;   // the last word in the log is that the session is up
	char reason[64];   // the last one said
};

// The session was lost, or an attempt to get it failed. True if this is to be said.
bool outage_due(struct outage *outage, const char *reason, uint64_t now_ms);

// The session is up. True if this is to be said: if the log has it as away.
bool outage_over(struct outage *outage);

#endif
