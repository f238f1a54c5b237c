// SPDX-License-Identifier: Apache-2.0
// The commit cycle: messages in, one transaction, then what follows from it. Knows nothing of sockets.
//
//   ingest_add() ...            gathers, bounded
//   ingest_commit()             decode -> ledger -> rules -> one transaction -> fold into the fleet, commands, presence -> ask for Acks
//   ... the caller gives the PUBACKs to the broker only if it returned 0
//
// When the store does not take the commit, ledgers and store are as before the transaction, nothing of it is folded or acked, and the
// caller must give the messages back to the broker. A batch that unpacks to more than the arena is committed in parts; what was
// committed before a failure comes again and is dropped as duplicate.
// A payload that cannot be accepted is a dead letter, so is a single record; the record's number is passed with a Gap (GAP_REFUSED).
// Memory: bounded at start, but for 64 bytes a device. Thread: the loop's.
#ifndef COLLECTOR_INGEST_INGEST_H
#define COLLECTOR_INGEST_INGEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/counters.h"
#include "collector/ingest/topic.h"

struct ingest;
struct store;
struct fleet;
struct commands;
struct alerting;
struct device;
struct json_map;

enum { INGEST_ARENA_BYTES = 4 * 1024 * 1024 };

struct ingest_parts {
	struct store *store;
	struct fleet *fleet;
	struct commands *commands; // may be 0
	struct alerting *alerting; // may be 0: no rules
	struct counters *counters;
	const struct json_map *json; // topics of plain JSON; 0: none
	// Asks for an Ack to this device (acks.h); called after a commit.
	void (*ask_ack)(void *context, const struct device *device, bool is_urgent);
	void *context;
};

// messages: in a batch; bytes: their payloads. 0: no memory.
struct ingest *ingest_new(const struct ingest_parts *parts, size_t messages, size_t bytes);
void ingest_free(struct ingest *ingest);

// Other bounds from the next batch on. 0, or -1 without memory (nothing changed) or while messages wait.
int ingest_resize(struct ingest *ingest, size_t messages, size_t bytes);

// Takes a copy of a message. 0; 1 if it is none of ours and was counted and dropped; -1 if there is no room: it must not be acknowledged.
int ingest_add(struct ingest *ingest, const char *topic, const void *payload, size_t size, uint64_t wall_ms);

bool ingest_is_full(const struct ingest *ingest);
bool ingest_is_empty(const struct ingest *ingest);

// Commits all that was added. 0, or a negative store_err with nothing of the failed part left. The batch is empty afterwards in both cases.
int ingest_commit(struct ingest *ingest);

// Forgets what was added: the broker has it still.
void ingest_drop(struct ingest *ingest);

#endif
