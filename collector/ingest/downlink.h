// SPDX-License-Identifier: Apache-2.0
// The collector's sending session: Acks (QoS 0) and commands (QoS 1). Apart from the uplink, because flushing that one would release PUBACKs
// that wait for their commit. What is published in one turn of the loop goes out together at its end.
// At most DOWNLINK_OUTBOX_MAX messages wait; then publishing is refused. Thread: the loop's.
#ifndef COLLECTOR_INGEST_DOWNLINK_H
#define COLLECTOR_INGEST_DOWNLINK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/ingest/connection.h"

struct downlink;

enum { DOWNLINK_OUTBOX_MAX = 20000 };

// 0: *problem (256 bytes) says why.
struct downlink *downlink_new(struct event_base *base, const struct config *config, struct counters *counters, char *problem);
void downlink_free(struct downlink *downlink);
void downlink_start(struct downlink *downlink);
bool downlink_is_up(const struct downlink *downlink);

// muster/v1/<id>/ack: all numbers of this epoch up to through_seq are committed. 0, or -1 if it cannot be sent now.
int downlink_ack(struct downlink *downlink, const char *id, uint64_t epoch, uint64_t through_seq, uint64_t wall_ms);

// muster/v1/<id>/dn. 0: the broker will have it, or -1 if it cannot be sent now.
int downlink_command(struct downlink *downlink, const char *id, const uint8_t *payload, size_t size);

// Sends what waits, then DISCONNECT.
void downlink_drain(struct downlink *downlink);

#endif
