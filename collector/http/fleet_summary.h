// SPDX-License-Identifier: Apache-2.0
// Counts over all devices and alerts, made at most once a second however many ask, because it looks at every device.
// Thread: the loop's only. Memory: the heap.
#ifndef COLLECTOR_HTTP_FLEET_SUMMARY_H
#define COLLECTOR_HTTP_FLEET_SUMMARY_H
#include "collector/http/exchange.h"

enum { FLEET_SUMMARY_MS = 1000, FLEET_SUMMARY_FIRMWARE_MAX = 50 };

struct fleet_summary;

struct fleet_summary *fleet_summary_new(void); // null: no memory
void fleet_summary_free(struct fleet_summary *summary);

// A new reference; null: no memory.
json_t *fleet_summary_json(struct fleet_summary *summary, const struct exchange *exchange);

#endif
