// SPDX-License-Identifier: Apache-2.0
// The running process: its parts, how they are started (start.c), what they ask of each other and what happens on timers and signals
// (daemon.c). All state of the process is in struct collector. Inside of collector/'s top level only.
#ifndef COLLECTOR_DAEMON_H
#define COLLECTOR_DAEMON_H
#include <event2/event.h>
#include "collector/alerting/alerting.h"
#include "collector/alerting/notifications.h"
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/fleet/commands.h"
#include "collector/http/server.h"
#include "collector/ingest/acks.h"
#include "collector/ingest/checkpoint.h"
#include "collector/ingest/downlink.h"
#include "collector/ingest/json_map.h"
#include "collector/ingest/uplink.h"
#include "collector/kafka/kafka.h"

enum { COLLECTOR_SECOND_MS = 1000, COLLECTOR_DAY_MS = 86400000, COLLECTOR_SIGNALS = 3 };

struct collector {
	const char *config_file;
	struct config config;
	struct counters counters;
	struct event_base *base;
	struct event *signals[COLLECTOR_SIGNALS], *tick, *second;
	struct store *store;
	struct store_watch watch;
	struct fleet *fleet;
	struct commands *commands;
	struct alerting *alerting;
	struct checkpoint checkpoint;
	struct acks *acks;
	struct json_map *json; // 0: no topics of plain JSON
	struct ingest *ingest;
	struct downlink *downlink;
	struct uplink *uplink;
	struct kafka *kafka; // 0: no Kafka
	struct notifications *notifications;
	struct http_server *http;
	uint64_t next_snapshot_ms;
	unsigned seconds;
	bool is_batch_changed;
};

// Runs until SIGTERM or SIGINT, which end cleanly. config and config_file are filled, the rest is zero. Returns the exit code; what could not be
// started is on stderr.
int daemon_run(struct collector *collector);

// The steps of the start, in their order. Returns 0, or -1 and has said on stderr what cannot be done. daemon_free() after both.
int daemon_start(struct collector *collector);
void daemon_free(struct collector *collector);

// Only the mapping of plain JSON, if there is one.
int daemon_start_json(struct collector *collector);

// Only the store, and what is folded from it: devices, rules, windows, alerts, commands.
int daemon_start_store(struct collector *collector);

// Reads the configuration again; errors leave everything as it was.
void daemon_reload(struct collector *collector);

// Reads the rules. Prints what is wrong or not wise with them; errors leave them as they were. 0, or -1.
int daemon_load_rules(struct collector *collector);

// What the parts ask of each other; context is the collector.
int daemon_send_ack(void *context, uint32_t dev);
void daemon_ask_ack(void *context, const struct device *device, bool is_urgent);
int daemon_publish_command(void *context, const char *device_id, const uint8_t *payload, size_t size);
void daemon_on_session(void *context, bool is_up);
void daemon_on_committed(void *context);
void daemon_hold(void *context, bool is_held);
int daemon_not_ready(void *context, char *reasons, size_t size);
void daemon_on_transitions(void *context, uint64_t n);
int daemon_start_timers(struct collector *collector);

#endif
