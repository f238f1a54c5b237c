// SPDX-License-Identifier: Apache-2.0
// A line of a recording: whatever it holds, the message lies within the line.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "collector/ingest/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording_message message;
	const char *problem = 0;
	char *line = malloc(size + 1);
	if (!line)
		return 0;
	memcpy(line, data, size);
	line[size] = 0;
	size_t length = strlen(line);
	if (recording_parse(line, &message, &problem) < 0) {
		if (!problem || !*problem)
			abort();
	} else if (message.topic < line || message.payload + message.size > (uint8_t *)line + length || message.size > length / 2) {
		abort();
	}
	free(line);
	return 0;
}
