// SPDX-License-Identifier: Apache-2.0
// Puts messages into the store within one transaction: the part of the commit cycle that decides. Each message is decoded, judged by its
// device's ledger, and its records appended; what is refused becomes a dead letter. What must follow from it once it is durable is kept
// as a list of items, in order. Until the commit everything can be taken back: ledgers are copied at their first change.
// Memory: an arena of INGEST_ARENA_BYTES and INTAKE_ITEMS_MAX items, made at start. Thread: the loop's.
#ifndef COLLECTOR_INGEST_INTAKE_H
#define COLLECTOR_INGEST_INTAKE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/counters.h"
#include "collector/fleet/fleet.h"
#include "collector/ingest/batch.h"

struct intake;
struct store;
struct alerting;

enum { INTAKE_ITEMS_MAX = 16384 };

enum intake_kind { INTAKE_RECORD, INTAKE_ONLINE, INTAKE_OFFLINE, INTAKE_ACK, INTAKE_ACK_URGENT };

struct intake_item {
	enum intake_kind kind;
	struct device *device;
	const Mu__Record *record; // INTAKE_RECORD only; in the arena
	uint64_t recv_ms;
};

// alerting may be 0: then no rules are evaluated. 0: no memory.
struct intake *intake_new(struct store *store, struct fleet *fleet, struct alerting *alerting, struct counters *counters);
void intake_free(struct intake *intake);

int intake_begin(struct intake *intake); // 0 or STORE_E*
bool intake_has_room(const struct intake *intake); // for one more message
// 0, also for what is refused; STORE_E* only if the store failed: then intake_abandon().
int intake_take(struct intake *intake, const struct batch_message *message);
int intake_commit(struct intake *intake); // 0, or STORE_E* with everything taken back
void intake_abandon(struct intake *intake); // takes everything back

// What was committed, good until the next intake_begin().
const struct intake_item *intake_items(const struct intake *intake, size_t *count);

#endif
