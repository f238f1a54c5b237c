// SPDX-License-Identifier: Apache-2.0
// All devices: found by id, listed in the order in which they were first seen, and what can be said of them together only.
//
// A device is never removed; its address is good for the life of the fleet. At most FLEET_DEVICES_MAX.
// Losses that many devices have at the same time (a broker outage) are known here, so that none of them is blamed for it.
// Time: Unix milliseconds. Memory: on the heap, freed by fleet_free(). Thread: the loop's only.
#ifndef COLLECTOR_FLEET_FLEET_H
#define COLLECTOR_FLEET_FLEET_H
#include "collector/fleet/device.h"

enum { FLEET_DEVICES_MAX = 1000000 };

struct fleet;

struct fleet *fleet_new(void); // null: no memory
void fleet_free(struct fleet *fleet);

struct device *fleet_find(const struct fleet *fleet, const char *id); // null: not there

// A new device, an id that is not yet there. Its dev is the count before: rows of the store are dense, from 0, and loaded in that order.
// Null: no memory, full, or an id that is not valid.
struct device *fleet_add(struct fleet *fleet, const char *id, uint64_t first_seen_ms);

size_t fleet_count(const struct fleet *fleet);
struct device *fleet_at(const struct fleet *fleet, size_t dev); // null: dev >= fleet_count()

// device_fold() and what the fleet learns from it. To be called once for each committed record, also at start for those after the snapshot.
void fleet_fold(struct fleet *fleet, struct device *device, const Mu__Record *record, uint64_t recv_ms);

// A message of the topic /state.
void fleet_set_presence(struct fleet *fleet, struct device *device, bool online, uint64_t recv_ms);

// The collector's own session with the broker came up or was lost: while it is down, and shortly after, silence is nobody's fault.
void fleet_set_broker(struct fleet *fleet, bool up, uint64_t now_ms);
bool fleet_broker_is_up(const struct fleet *fleet);
uint64_t fleet_broker_since_ms(const struct fleet *fleet); // of the last change; 0: never up

// True if at that moment so many devices lost their session (or the collector its own) that the cause is not the device's.
bool fleet_loss_is_common(const struct fleet *fleet, uint64_t at_ms);

#endif
