// SPDX-License-Identifier: Apache-2.0
// The way out to Kafka: the store's records, alerts and dead letters to three topics, each behind a cursor of its own that moves on delivery
// reports only. What Kafka does not have stays in the store, however long that takes; a kill or a failed producer costs repetitions, never a
// row, and the first occurrences of a device's records are in order.
//
// Bounds: PROFILE_QUEUE_* wait in memory, the rest in the store; when the store is full of what Kafka does not have (retention_is_held), hold()
// is called and musterd takes no more records until half of it has gone. Cursors are written once a second or every KAFKA_CURSOR_ROWS rows and at
// the end: at most so many rows are sent again after a kill.
// After a fatal error the producer is made anew, 1 s to 30 s later. Nothing here blocks but kafka_drain().
// Thread: the loop's; librdkafka's threads stay within producer.c.
#ifndef COLLECTOR_KAFKA_KAFKA_H
#define COLLECTOR_KAFKA_KAFKA_H
#include <stdbool.h>
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/fleet/fleet.h"

struct event_base;
struct store;
struct kafka;
struct producer;

enum { KAFKA_CURSOR_ROWS = 10000 };

struct kafka_parts {
	struct event_base *base;
	const struct config *config; // store.retention_bytes is read at each use: a reload is seen
	struct store *store;
	const struct fleet *fleet;
	struct counters *counters;
	// No more records may be taken, or again. Called only when it changes.
	void (*hold)(void *context, bool is_held);
	void *context;
};

// 0: *errors says why, a line each.
struct kafka *kafka_new(const struct kafka_parts *parts, struct config_errors *errors);
void kafka_free(struct kafka *kafka); // 0 is allowed, here and below

// New rows were committed.
void kafka_wake(struct kafka *kafka);

// Why musterd is not ready because of Kafka, or 0. A Kafka that is away is no reason; a store that is full of what it lacks is one.
const char *kafka_not_ready(const struct kafka *kafka);

// The clean end: waits for reports at most so long, then writes the cursors.
void kafka_drain(struct kafka *kafka, unsigned wait_ms);

// For tests that provoke errors; 0 while there is none.
struct producer *kafka_producer(const struct kafka *kafka);

#endif
