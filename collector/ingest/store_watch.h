// SPDX-License-Identifier: Apache-2.0
// Whether the store takes commits. A failed commit stops it; from then on a probe once a second finds out when it goes again. Each change
// is said once, with its reason; gauge store_stopped follows. Thread: the loop's.
#ifndef COLLECTOR_INGEST_STORE_WATCH_H
#define COLLECTOR_INGEST_STORE_WATCH_H
#include <stdbool.h>
#include <stdint.h>
#include "collector/counters.h"
#include "collector/store/store.h"

enum { STORE_WATCH_PROBE_MS = 1000 };

struct store_watch {
	struct store *store;
	struct counters *counters;
	bool is_stopped;
	uint64_t since_ms; // monotonic
	struct store_fault why;
};

void store_watch_init(struct store_watch *watch, struct store *store, struct counters *counters);

// A commit failed; store_fault() says why.
void store_watch_failed(struct store_watch *watch, uint64_t now_ms);

// To be called every STORE_WATCH_PROBE_MS while stopped. True if the store goes again.
bool store_watch_probe(struct store_watch *watch, uint64_t now_ms);

#endif
