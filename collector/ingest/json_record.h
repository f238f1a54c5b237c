// SPDX-License-Identifier: Apache-2.0
// Makes records of what a device said in plain JSON, as if it had an agent: a Boot when it is new, its uptime has not grown with the time, or it says another
// firmware or reset reason; a Heartbeat with its metrics; an Event. Pure: the receive time comes in.
//
// Such a device has no numbers of its own: its records are in the epoch LEDGER_PLAIN_EPOCH and the collector counts them. Nothing tells a message that
// the broker delivers twice from a new one with the same values, so a redelivery is stored again, with one exception: an uptime that
// went back although the device cannot have booted since its last message is an old message, and dropped.
#ifndef COLLECTOR_INGEST_JSON_RECORD_H
#define COLLECTOR_INGEST_JSON_RECORD_H
#include <stdbool.h>
#include <stdint.h>
#include "collector/ingest/json_payload.h"
#include "collector/ingest/ledger.h"

struct device;

enum { JSON_RECORDS_MAX = 3, JSON_BOOT_SLACK_MS = 5000, JSON_JITTER_MS = 1000 };

// What is known of the device when the message arrives.
struct json_known {
	uint64_t boot;      // of its newest record; 0: it is new
	uint64_t uptime_ms;
	struct ledger_plain plain;
};

// The records, which point into this and into the reading: neither may move.
struct json_records {
	unsigned count; // 0: an old message, to be dropped
	Mu__Record list[JSON_RECORDS_MAX];
	struct ledger_plain plain; // what is known afterwards
	Mu__Boot boot;
	Mu__Heartbeat heartbeat;
	Mu__Event event;
	Mu__Vitals vitals;
	Mu__LinkHealth link;
	Mu__Sockets sockets;
	Mu__UplinkHealth uplink;
	Mu__Tasks tasks;
	Mu__OtaHealth ota;
	Mu__AgentCost agent;
};

void json_records_make(struct json_records *records, const struct json_reading *reading, const struct json_known *known, uint64_t recv_ms);

// From the device's ledger, and after a restart from what the fleet knows of it.
struct json_known json_known_of(const struct device *device);

#endif
