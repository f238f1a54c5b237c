// SPDX-License-Identifier: Apache-2.0
#include "collector/http/device_order.h"
#include <stdlib.h>
#include <string.h>

static const char *const names[ORDER_COUNT] = { "id", "firmware", "heap", "rssi", "uptime", "last_seen", "alerts" };

int device_order_find(const char *name, bool *is_descending)
{
	*is_descending = *name == '-';
	name += *is_descending;
	for (int i = 0; i < ORDER_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static struct device_place by_metric(const struct device *device, enum mu_metric metric)
{
	return (struct device_place){ device, 0, device->metric[metric], device->metric_at_s[metric] == 0 };
}

static struct device_place by_alerts(const struct device *device, const struct alert_engine *engine)
{
	unsigned firing = 0;
	enum alert_severity worst = engine ? alert_engine_worst(engine, device->dev, &firing) : ALERT_NO_SEVERITY;
	return (struct device_place){ device, 0, (int64_t)worst << 32 | firing, false };
}

struct device_place device_order_place(const struct device *device, enum device_order order, const struct alert_engine *engine)
{
	switch (order) {
	case ORDER_FIRMWARE: return (struct device_place){ device, device->firmware, 0, !device->firmware[0] };
	case ORDER_HEAP: return by_metric(device, MU_METRIC_heap_free_bytes);
	case ORDER_RSSI: return by_metric(device, MU_METRIC_rssi_dbm);
	case ORDER_UPTIME: return by_metric(device, MU_METRIC_uptime_s);
	case ORDER_LAST_SEEN: return (struct device_place){ device, 0, (int64_t)device->last_seen_ms, !device->last_seen_ms };
	case ORDER_ALERTS: return by_alerts(device, engine);
	default: return (struct device_place){ device, device->id, 0, false };
	}
}

// Which of two places with a value is the lesser one.
static int compare_values(const struct device_place *a, const struct device_place *b)
{
	if (a->text && b->text)
		return strcmp(a->text, b->text);
	return (a->key > b->key) - (a->key < b->key);
}

static int compare(const void *first, const void *second, int sign)
{
	const struct device_place *a = first, *b = second;
	int difference = a->is_absent != b->is_absent ? (a->is_absent ? 1 : -1) : a->is_absent ? 0 : sign * compare_values(a, b);
	return difference ? difference : strcmp(a->device->id, b->device->id);
}

static int ascending(const void *a, const void *b)
{
	return compare(a, b, 1);
}

static int descending(const void *a, const void *b)
{
	return compare(a, b, -1);
}

void device_order_sort(struct device_place *places, size_t count, bool is_descending)
{
	if (count)
		qsort(places, count, sizeof *places, is_descending ? descending : ascending);
}
