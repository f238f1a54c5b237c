// SPDX-License-Identifier: Apache-2.0
// The table of devices: one row a device, made in the commit that first sees it, and its snapshot: a checkpoint of folding the record log,
// written every store.snapshot_s. At start the rows are loaded and the records after `folded through` are folded again.
#ifndef COLLECTOR_STORE_DEVICES_H
#define COLLECTOR_STORE_DEVICES_H
#include "collector/store/store.h"

struct store_device {
	uint32_t dev; // dense, from 0
	const char *id;
	uint64_t first_seen_ms;
	struct store_blob snapshot; // empty until the first
};

int store_device_add(struct store *store, uint32_t dev, const char *id, uint64_t first_seen_ms);

// In the order of dev.
typedef int store_device_each(void *context, const struct store_device *device);
int store_device_load(struct store *store, store_device_each *each, void *context);

// Within a transaction: one device's snapshot.
int store_device_snapshot(struct store *store, uint32_t dev, struct store_blob snapshot);

// All records up to and including this number are contained in the snapshots. Retention never passes it.
int store_folded_through(struct store *store, uint64_t *n);
int store_set_folded_through(struct store *store, uint64_t n);

#endif
