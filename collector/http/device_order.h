// SPDX-License-Identifier: Apache-2.0
// Orders of the list of devices that a person may choose. Total and stable: equal ones by id, those without the value last in either direction.
// Pure. Thread: the loop's (it reads devices). Memory: the caller's array.
#ifndef COLLECTOR_HTTP_DEVICE_ORDER_H
#define COLLECTOR_HTTP_DEVICE_ORDER_H
#include <stdbool.h>
#include <stddef.h>
#include "alerts/alerts.h"
#include "collector/fleet/device.h"

enum device_order {
	ORDER_ID,
	ORDER_FIRMWARE,
	ORDER_HEAP,
	ORDER_RSSI,
	ORDER_UPTIME,
	ORDER_LAST_SEEN,
	ORDER_ALERTS, // gravest alert that fires, then how many
	ORDER_COUNT
};

// "heap" or "-heap" (the largest first). Returns an enum device_order, or -1.
int device_order_find(const char *name, bool *is_descending);

struct device_place {
	const struct device *device;
	const char *text; // what it is sorted by, of the first two orders; else
	int64_t key;
	bool is_absent;
};

// engine null: no alerts.
struct device_place device_order_place(const struct device *device, enum device_order order, const struct alert_engine *engine);
void device_order_sort(struct device_place *places, size_t count, bool is_descending);

#endif
