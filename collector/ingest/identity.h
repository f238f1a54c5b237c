// SPDX-License-Identifier: Apache-2.0
// Signs in the sessions that one id is used by two devices (they throw each other out) or that a link is very bad: IDENTITY_ONLINES times
// `online` within IDENTITY_WITHIN_MS. The other sign, in the numbers, is the ledger's (conflict_ms).
// Memory: 16 bytes a device. Thread: the loop's.
#ifndef COLLECTOR_INGEST_IDENTITY_H
#define COLLECTOR_INGEST_IDENTITY_H
#include <stdbool.h>
#include <stdint.h>

enum { IDENTITY_ONLINES = 10, IDENTITY_WITHIN_MS = 60000 };

struct identity;

struct identity *identity_new(void); // 0: no memory
void identity_free(struct identity *identity);

// dev said `online`. True once each time the limit is reached.
bool identity_online(struct identity *identity, uint32_t dev, uint64_t wall_ms);

#endif
