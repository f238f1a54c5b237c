// SPDX-License-Identifier: Apache-2.0
// The collector's receiving session: reads Uplinks and states from the broker and gives the PUBACKs only after the commit.
//
//   readable -> read until empty or the batch is full -> (at most commit_interval_ms of gathering) -> ingest_commit() -> PUBACKs out
//
// All PUBACKs of a session are in one queue of the library, so nothing else may be flushed while messages wait for their commit, and nothing
// is read while the queue does not fit the socket. When a commit fails, the session is dropped with its PUBACKs; the broker sends everything
// again when it is opened anew, which waits until the store takes commits. Commands and Acks never use this session: see downlink.h.
// Thread: the loop's.
#ifndef COLLECTOR_INGEST_UPLINK_H
#define COLLECTOR_INGEST_UPLINK_H
#include <stdbool.h>
#include "collector/ingest/connection.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/json_map.h"
#include "collector/ingest/store_watch.h"

struct uplink;

struct uplink_parts {
	struct event_base *base;
	const struct config *config; // read at each use: a reload is seen
	const struct json_map *json; // its topics are subscribed to, too; may be 0
	struct ingest *ingest;
	struct store_watch *watch;
	struct counters *counters;
	void (*session)(void *context, bool is_up); // the broker gives us Uplinks, or no longer
	void (*committed)(void *context); // the store has new rows; 0: nobody asks
	void *context;
};

// 0: *problem (256 bytes) says why.
struct uplink *uplink_new(const struct uplink_parts *parts, char *problem);
void uplink_free(struct uplink *uplink);
void uplink_start(struct uplink *uplink);
bool uplink_is_up(const struct uplink *uplink); // accepted and subscribed

// Takes nothing more from the broker, and gives back what it has no PUBACK for, until it is let go. For a store that must not grow.
void uplink_hold(struct uplink *uplink, bool is_held);

// The clean end: commits what was read, gives the PUBACKs, then DISCONNECT with the session kept.
void uplink_drain(struct uplink *uplink);

#endif
