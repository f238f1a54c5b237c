// SPDX-License-Identifier: Apache-2.0
// Server-sent events in any pieces: the same events whether they come at once or byte by byte.
#include "collector/cli/sse.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *context, const struct sse_event *event)
{
	uint64_t *hash = context;
	const char *const texts[] = { event->name, event->id, event->data };
	if (strlen(event->name) >= SSE_NAME_BYTES || strlen(event->id) >= SSE_ID_BYTES || strlen(event->data) >= SSE_EVENT_MAX)
		abort();
	for (size_t i = 0; i < 3; i++)
		for (const char *at = texts[i];; at++) {
			*hash = *hash * 31 + (uint8_t)*at + 1;
			if (!*at)
				break;
		}
	return 0;
}

static uint64_t hash_of(const uint8_t *data, size_t size, size_t step)
{
	uint64_t hash = 1;
	struct sse *sse = sse_new(take, &hash);
	for (size_t at = 0; at < size; at += step)
		sse_feed(sse, (const char *)data + at, size - at < step ? size - at : step);
	hash += sse_dropped(sse);
	sse_free(sse);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (hash_of(data, size, size + 1) != hash_of(data, size, 1))
		abort();
	return 0;
}
