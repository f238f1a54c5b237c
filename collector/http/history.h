// SPDX-License-Identifier: Apache-2.0
// Metrics of one device over time, thinned out to a number of rows without losing a peak: time is cut into buckets, and each bucket keeps the
// least and the greatest value of each metric.
//
// Records come newest first, as the store walks them. Pure. Thread: any one at a time. Memory: the heap, at most 400 KiB.
#ifndef COLLECTOR_HTTP_HISTORY_H
#define COLLECTOR_HTTP_HISTORY_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "muster.pb-c.h"

enum { HISTORY_METRICS_MAX = 12, HISTORY_POINTS_MIN = 2, HISTORY_POINTS_MAX = 2000 };

struct history_ask {
	uint64_t since_ms, until_ms; // since < until
	unsigned points;             // rows at most
	unsigned count;
	int metrics[HISTORY_METRICS_MAX]; // enum mu_metric
};

struct history;

struct history *history_new(const struct history_ask *ask); // null: no memory
void history_free(struct history *history);

// A heartbeat of this time; outside of the range it is passed over.
void history_add(struct history *history, uint64_t at_ms, const Mu__Heartbeat *heartbeat);

// [[t_ms, value or null, ...], ...], oldest first. A new reference; null: no memory.
json_t *history_rows(const struct history *history);

// When records were made, by the collector's clock, for records of one device from the newest back: by the device's clock where it has one that
// can be right, else counted back by its uptime from a later record of the same boot, else when it was received. Never later than the one before.
struct history_clock {
	bool has_boot;
	uint32_t boot;
	uint64_t offset_ms; // receive time less uptime, the least of this boot
	uint64_t last_ms;   // of the record before; 0: none
};
uint64_t history_time(struct history_clock *clock, const Mu__Record *record, uint64_t recv_ms);

#endif
