// SPDX-License-Identifier: Apache-2.0
// Makes Uplinks for tests: records of one device in a row, each a small heartbeat, an event, or a Gap.
#ifndef TESTS_COLLECTOR_INGEST_UPLINK_MAKER_H
#define TESTS_COLLECTOR_INGEST_UPLINK_MAKER_H
#include <stddef.h>
#include <stdint.h>
#include "muster.pb-c.h"

struct uplink_maker {
	uint64_t epoch, first_seq, oldest_seq;
	uint32_t boot;
	uint64_t uptime_ms; // of the first record; each later one has 1 s more
	unsigned count;     // of records, at most 16
	unsigned bad;       // bit i: record i breaks a limit (temperature of the sun)
	unsigned broken;    // bit i: record i is not well formed
	uint64_t gap_count; // not 0: record 0 is a Gap of so many
};

// Writes the packed message, returns its size.
size_t uplink_make(const struct uplink_maker *maker, uint8_t *bytes, size_t capacity);

#endif
