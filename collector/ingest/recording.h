// SPDX-License-Identifier: Apache-2.0
// A recording of MQTT messages as text, one a line, as `mosquitto_sub -F '%U %t %x'` writes it: Unix time in seconds with a fraction, topic,
// payload in hex (may be empty). Pure. Thread: any.
#ifndef COLLECTOR_INGEST_RECORDING_H
#define COLLECTOR_INGEST_RECORDING_H
#include <stddef.h>
#include <stdint.h>

enum { RECORDING_TOPIC_MAX = 256 };

struct recording_message {
	uint64_t wall_ms;
	const char *topic; // in the line
	uint8_t *payload;  // in the line
	size_t size;
};

// Takes a line apart, in place; the line has no line end. Returns 0, or -1 with *problem (static text).
int recording_parse(char *line, struct recording_message *message, const char **problem);

#endif
