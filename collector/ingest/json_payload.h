// SPDX-License-Identifier: Apache-2.0
// Reads one plain JSON payload by its topic's mapping (json_map.h): bytes in, checked values out. Pure. Thread: any one at a time.
//
// The payload is an object of at most JSON_PAYLOAD_BYTES_MAX and JSON_PAYLOAD_DEPTH levels, in UTF-8, no key twice. A field that is absent or null
// is no fault; one of the wrong type or out of its range is, and so is a payload that has none of the fields: the whole is refused, with a
// reason that names the field, since half a report is a wrong report. Numbers may also come as text ("183204"). Memory: some hundred KB of
// the heap at most while it runs.
#ifndef COLLECTOR_INGEST_JSON_PAYLOAD_H
#define COLLECTOR_INGEST_JSON_PAYLOAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/ingest/json_map.h"

enum { JSON_PAYLOAD_BYTES_MAX = 8 * 1024, JSON_PAYLOAD_DEPTH = 8, JSON_PAYLOAD_REASON_BYTES = 160 };

struct json_reading {
	char id[TOPIC_ID_BYTES];
	bool has[MU_METRIC_COUNT];
	int64_t metric[MU_METRIC_COUNT];
	bool has_uptime;
	uint64_t uptime_ms; // uptime_s, as fine as it came
	char firmware[MU_FIRMWARE_TEXT_MAX + 1], hardware[MU_FIRMWARE_TEXT_MAX + 1], event[MU_EVENT_TEXT_MAX + 1]; // "": not said
	char event_name[MU_EVENT_NAME_MAX + 1]; // event as a name: lower case, `_` for all but letters and digits, cut
	bool has_reset;
	struct reset_reason reset;
	unsigned count; // of all these
};

// topic: the message's own, for an id in it. 0, or -1 with the reason; id is then set if it could be read, else "".
int json_payload_read(const struct json_topic *mapping, const char *topic, const void *bytes, size_t size, struct json_reading *reading,
	char reason[JSON_PAYLOAD_REASON_BYTES]);

#endif
