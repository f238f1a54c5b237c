// SPDX-License-Identifier: Apache-2.0
// One log of the store on its way to one topic, behind a cursor that moves on delivery reports only.
//
//   flowing --a delivery fails--> closing --all reports are in--> waiting --1 s .. 30 s--> flowing, from the cursor
//
// In order: a row is handed over after all rows before it, and the cursor passes a row once it and all before it are confirmed. What was confirmed
// beyond the cursor when a delivery failed is sent again. A row that Kafka will never take (too large, and alone in its batch) is kept by
// stream_source.refuse and passed over. Rows in flight are bounded by stream_source.limit.
// Errors of the store leave the row where it is and are tried again as a failed delivery. Thread: the loop's.
#ifndef COLLECTOR_KAFKA_STREAM_H
#define COLLECTOR_KAFKA_STREAM_H
#include <stdbool.h>
#include <stdint.h>
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/fleet/fleet.h"
#include "collector/kafka/in_flight.h"
#include "collector/kafka/producer.h"
#include "collector/kafka/trouble.h"
#include "collector/store/cursors.h"

enum { STREAM_STOP = 1 << 20, STREAM_CHUNK = 512, STREAM_BACKOFF_MIN_MS = 1000, STREAM_BACKOFF_MAX_MS = 30000 };

struct stream;

struct stream_source {
	const char *name; // of the log, for people
	const char *kept; // where a refused row is kept, for people
	size_t topic_name; // offset of the topic's name in struct config
	enum store_cursor cursor;
	unsigned topic; // of the producer
	unsigned limit; // rows in flight at most
	// Reads rows above `after`, at most `limit`, and calls stream_offer() for each until that returns another value than 0. Returns how many there
	// were, STORE_E*, or what stream_offer() returned.
	int (*read)(struct stream *stream, uint64_t after, unsigned limit);
	// Row n is passed over: keeps what it was where people can find it. 0 or STORE_E*.
	int (*refuse)(struct stream *stream, uint64_t n);
};

struct stream_parts {
	const struct config *config;
	struct store *store;
	const struct fleet *fleet;
	struct counters *counters;
};

enum stream_state { STREAM_FLOWING, STREAM_CLOSING, STREAM_WAITING };

struct stream {
	const struct stream_source *source;
	const struct stream_parts *parts;
	struct producer *producer; // during stream_step() only
	enum stream_state state;
	struct in_flight window;
	uint64_t read;     // rows up to this one were handed over or passed
	uint64_t stored;   // the cursor as it is in the store: the caller's to keep
	bool has_more;     // there may be rows above `read`
	bool is_blocked;   // the producer's queue is full: wait for a report
	bool is_troubled;  // it was said that it does not flow, and nothing was delivered since
	uint64_t backoff_ms, until_ms;
	rd_kafka_resp_err_t error; // why it closes
	unsigned limit, limit_max; // rows in flight, now and up to where it may grow again
	unsigned calm;             // deliveries since the limit was changed
	uint64_t refused;          // the row that was alone and too large; 0: none
};

// Begins at the cursor in the store. 0 or STORE_E*.
int stream_init(struct stream *stream, const struct stream_source *source, const struct stream_parts *parts);

// There are new rows.
void stream_wake(struct stream *stream);

// Hands over at most STREAM_CHUNK rows. Returns true if it wants to be called again in the next turn.
bool stream_step(struct stream *stream, struct producer *producer, uint64_t now_ms);

// For stream_source.read: row n as a message; null: it is passed over. Returns 0, or STREAM_STOP: end the walk.
int stream_offer(struct stream *stream, uint64_t n, const struct producer_message *message);
const char *stream_topic(const struct stream *stream);

// A report of the producer.
void stream_report(struct stream *stream, const struct producer_report *report);

// The producer is gone, and with it all reports to come: back to the cursor.
void stream_rewind(struct stream *stream);

// All rows up to this one are confirmed or kept elsewhere.
uint64_t stream_confirmed(const struct stream *stream);
bool stream_is_waiting(const struct stream *stream); // something is in flight, or would be

#endif
