// SPDX-License-Identifier: Apache-2.0
// What the log says of bad input: a line each, with what, where and remedy. A broken device must not fill the log, so each kind has
// COMPLAINTS_AT_ONCE lines in COMPLAINTS_WINDOW_MS; the first line after that says how many were left unsaid. Nothing is lost by that: every
// kind has a counter (counters.def), and what was refused lies among the dead letters.
// Memory: the caller's struct, zeroed. Thread: the loop's.
#ifndef COLLECTOR_INGEST_COMPLAINTS_H
#define COLLECTOR_INGEST_COMPLAINTS_H
#include <stdbool.h>
#include <stdint.h>

enum { COMPLAINTS_AT_ONCE = 5, COMPLAINTS_WINDOW_MS = 60000 };

enum complaint {
	COMPLAINT_PAYLOAD, // a whole payload refused
	COMPLAINT_RECORD,  // one record refused
	COMPLAINT_NUMBER,  // a number used again by a later record
	COMPLAINT_TOPIC,   // not ours, or an id outside the alphabet
	COMPLAINT_MISSING, // numbers that nobody has
	COMPLAINT_TURNS,   // two numberings take turns
	COMPLAINT_FLAPS,   // a device that comes and goes
	COMPLAINT_KINDS
};

struct complaints {
	struct complaint_window {
		uint64_t begun_ms; // monotonic
		uint64_t unsaid;
		unsigned said;
	} windows[COMPLAINT_KINDS];
};

// Whether a line of this kind may be said now. If so, *unsaid gets how many were not since the last one.
bool complaints_due(struct complaints *complaints, enum complaint kind, uint64_t now_ms, uint64_t *unsaid);

// Says it, if it is due. where: key=value pairs as in log.h.
void complaints_say(struct complaints *complaints, enum complaint kind, uint64_t now_ms, const char *where, ...)
	__attribute__((format(printf, 4, 5)));

#endif
