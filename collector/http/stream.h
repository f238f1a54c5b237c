// SPDX-License-Identifier: Apache-2.0
// Streams of alerts: server-sent events, one a transition, for everyone who reads along. Source: the WHATWG HTML standard, section 9.2.
//
// The log of transitions in the store is the only queue: a reader is a place in it, so a slow one costs no memory and resumes without loss. A
// batch is read once for all readers that stand at the same place, at most STREAM_BATCH transitions a turn of the loop.
// While more than STREAM_WAITING_MAX bytes wait for a reader nothing is added for it. If that lasts STREAM_SLOW_MS and it is then more than
// STREAM_BEHIND_MAX transitions behind, it gets `skipped` and goes on with the newest; one that catches up from a place of the past is not
// hurried. One that takes no byte for STREAM_STUCK_S is closed.
// Thread: the loop's only. Memory: the heap; at most STREAMS_MAX readers.
#ifndef COLLECTOR_HTTP_STREAM_H
#define COLLECTOR_HTTP_STREAM_H
#include <event2/http.h>
#include "collector/http/matcher.h"
#include "collector/http/server.h"

enum {
	STREAMS_MAX = 64,
	STREAM_BATCH = 64,
	STREAM_WAITING_MAX = 64 * 1024,
	STREAM_SLOW_MS = 2000,
	STREAM_BEHIND_MAX = 1000,
	STREAM_STUCK_S = 300,
	STREAM_KEEP_ALIVE_S = 10,
};

struct streams;

struct streams *streams_new(struct event_base *base, const struct http_sources *sources); // null: no memory
// Before evhttp_free(), which closes the connections.
void streams_free(struct streams *streams);

struct stream_ask {
	bool has_place;
	uint64_t after;            // has_place: begins behind this transition; else with the next one
	bool with_pending;         // all transitions, not only those that are news
	struct matchers *matchers; // taken over
};

bool streams_are_full(const struct streams *streams);

// Begins the answer to the request, which is the stream's from now on. 0, or -1: no memory, nothing was done.
int streams_open(struct streams *streams, struct evhttp_request *request, const struct stream_ask *ask);

// Transitions up to number n can be read.
void streams_wake(struct streams *streams, uint64_t n);

#endif
