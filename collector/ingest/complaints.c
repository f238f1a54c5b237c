// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/complaints.h"

#include <stdarg.h>
#include <stdio.h>
#include "collector/log.h"

enum { WHERE_BYTES = 600 };

#define ONE_ID_EACH "give each device an id of its own, and do not copy the flash of one to another"

static const struct {
	const char *event, *remedy;
} kinds[COMPLAINT_KINDS] = {
	[COMPLAINT_PAYLOAD] = { "payload refused: it is a dead letter", "see table dead_letter; correct or stop what sends it" },
	[COMPLAINT_RECORD] = { "record refused: it is a dead letter, its neighbours are stored",
		"see table dead_letter; correct the device's firmware" },
	[COMPLAINT_NUMBER] = { "record refused: its number is used already; it is a dead letter", ONE_ID_EACH },
	[COMPLAINT_TOPIC] = { "message on a topic that is not ours",
		"an id is 1 to 32 of A-Z a-z 0-9 _ -; let the broker's access list allow a device its own topics only" },
	[COMPLAINT_MISSING] = { "numbers missing that the device no longer has",
		"expected after the database was restored from a copy; otherwise look at the device's spool" },
	[COMPLAINT_TURNS] = { "two numberings take turns: two devices use one id", ONE_ID_EACH },
	[COMPLAINT_FLAPS] = { "device came online ten times in a minute: bad link, or two devices use one id",
		"look at its signal; " ONE_ID_EACH },
};

bool complaints_due(struct complaints *complaints, enum complaint kind, uint64_t now_ms, uint64_t *unsaid)
{
	struct complaint_window *window = &complaints->windows[kind];
	if (now_ms - window->begun_ms >= COMPLAINTS_WINDOW_MS) {
		window->begun_ms = now_ms;
		window->said = 0;
	}
	if (window->said == COMPLAINTS_AT_ONCE) {
		window->unsaid++;
		return false;
	}
	window->said++;
	*unsaid = window->unsaid;
	window->unsaid = 0;
	return true;
}

void complaints_say(struct complaints *complaints, enum complaint kind, uint64_t now_ms, const char *where, ...)
{
	char text[WHERE_BYTES];
	uint64_t unsaid;
	va_list arguments;
	if (!complaints_due(complaints, kind, now_ms, &unsaid))
		return;
	va_start(arguments, where);
	vsnprintf(text, sizeof text, where, arguments);
	va_end(arguments);
	log_warn("ingest", kinds[kind].event, "%s unsaid_before=%llu remedy=%s", text, (unsigned long long)unsaid,
		log_quote(kinds[kind].remedy).text);
}
