// SPDX-License-Identifier: Apache-2.0
// Reads server-sent events from bytes as they come. Source: the WHATWG HTML standard, section 9.2.6.
// Pure. Thread: any one at a time. Memory: the heap, at most SSE_EVENT_MAX bytes and a line; what is longer is dropped and counted.
#ifndef COLLECTOR_CLI_SSE_H
#define COLLECTOR_CLI_SSE_H
#include <stddef.h>

enum { SSE_EVENT_MAX = 256 * 1024, SSE_ID_BYTES = 32, SSE_NAME_BYTES = 32 };

struct sse;

struct sse_event {
	const char *name; // "message" if the server named none
	const char *id;   // the last one seen, "": none
	const char *data;
};

// A return value other than 0 ends the feeding and is returned by it.
typedef int sse_take(void *context, const struct sse_event *event);

struct sse *sse_new(sse_take *take, void *context); // null: no memory
void sse_free(struct sse *sse);

int sse_feed(struct sse *sse, const char *bytes, size_t size);

// A new connection: what was read of an unfinished event is forgotten, the id is kept.
void sse_restart(struct sse *sse);

const char *sse_last_id(const struct sse *sse); // of the last event that came whole
size_t sse_dropped(const struct sse *sse); // events and lines that were too long

#endif
