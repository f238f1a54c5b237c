// SPDX-License-Identifier: Apache-2.0
// ingest.json_topics: which topics carry plain JSON, and where in it the values are. A YAML file; the smallest one is
//
//   topics:
//   - topic: devices/telemetry        # MQTT filter; a level `{device}` is the device's id and matches like +
//
// and takes what tutorials publish: device_id, firmware, uptime, free_heap, min_free_heap, rssi, reset_reason. All that a topic can have:
//
//   version: 1
//   topics:
//   - topic: site/{device}/health
//     device: meta.id                 # where the id is in the payload; not together with {device}
//     fields:                         # replaces the built-in ones as a whole
//       uptime_s: {path: sys.uptime, unit: ms}    # a metric of metrics.def: where, and the unit it comes in
//       heap_free_bytes: {path: heap, scale: 1024} # or a factor
//       rssi_dbm: wifi.rssi           # a path goes through objects by key and through arrays by number: sensors.0.t
//       firmware: fw                  # texts: firmware, hardware, reset_reason (also a number), event
//     reset_reasons: {restart by user: software}   # words beyond those of reset_reason.h, and their class
//
// All errors are found in one run, each as `file:line:col: what (hint)`. Bounds: JSON_MAP_*; a topic must not overlap another one or muster/#.
// Pure. Memory: one block, freed by json_map_free(). Thread: any one at a time.
#ifndef COLLECTOR_INGEST_JSON_MAP_H
#define COLLECTOR_INGEST_JSON_MAP_H
#include <stddef.h>
#include "collector/config.h"
#include "collector/ingest/reset_reason.h"
#include "collector/ingest/topic.h"
#include "proto/metrics.h"

enum {
	JSON_MAP_BYTES_MAX = 64 * 1024,
	JSON_MAP_TOPICS_MAX = 16,
	JSON_MAP_FILTER_BYTES = 128,
	JSON_MAP_PATH_BYTES = 64,
	JSON_MAP_RESETS_MAX = 32,
	JSON_MAP_RESET_BYTES = 48,
};

// What a field can become: a metric by its index, or one of these.
enum { JSON_FIRMWARE = MU_METRIC_COUNT, JSON_HARDWARE, JSON_RESET_REASON, JSON_EVENT, JSON_TARGETS };

struct json_field {
	char path[JSON_MAP_PATH_BYTES]; // "": is not taken
	double scale;                   // metrics: value in the payload times this is the metric
};

struct json_topic {
	char filter[JSON_MAP_FILTER_BYTES]; // as it is subscribed to
	int device_level;                   // level of the topic that is the id, -1: it is in the payload at `device`
	char device[JSON_MAP_PATH_BYTES];
	struct json_field fields[JSON_TARGETS];
	unsigned reset_count;
	struct {
		char text[JSON_MAP_RESET_BYTES];
		Mu__ResetClass reset_class;
	} resets[JSON_MAP_RESETS_MAX];
};

struct json_map {
	unsigned topic_count;
	struct json_topic topics[JSON_MAP_TOPICS_MAX];
};

const char *json_target_name(int target);

// 0: errors->count > 0 says why.
struct json_map *json_map_parse(const char *name, const void *text, size_t size, struct config_errors *errors);
struct json_map *json_map_load(const char *path, struct config_errors *errors);
void json_map_free(struct json_map *map); // 0 is allowed

// The entry that a message on this topic belongs to, or 0. map may be 0.
const struct json_topic *json_map_find(const struct json_map *map, const char *topic);

#endif
