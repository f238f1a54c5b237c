// SPDX-License-Identifier: Apache-2.0
// Values of metrics in words for people: "83.3 KiB", "-7.1 MiB an hour", "38.4 C", "HEAP_LEAK LINK_WEAK", "NETWORK_CONNECTED".
// Results are structs of text, so that they live as long as the statement. Pure. Thread: any.
#ifndef COLLECTOR_FLEET_METRIC_TEXT_H
#define COLLECTOR_FLEET_METRIC_TEXT_H
#include "collector/fleet/device.h"
#include <stdint.h>

struct metric_text {
	char text[256];
};

struct metric_text bytes_text(int64_t bytes); // "812 B", "48.2 KiB", "-7.1 MiB"

// With its unit. A number that the schema has no name for stays a number.
struct metric_text metric_text(enum mu_metric metric, int64_t value);
struct metric_text device_metric_text(const struct device *device, enum mu_metric metric); // the newest; 0 before the first

// The names alone: of the value of an enum, of the bits of a verdict (those of a later schema are left out). Empty if the metric or the value
// has none.
struct metric_text metric_name_text(enum mu_metric metric, int64_t value);

#endif
