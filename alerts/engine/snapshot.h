// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: the windows of a device as bytes. A slot is found again by its hash, so what other rules still use survives a
// restart with changed rules. Alerts are not in it: they are restored from their transitions.
//
// Format 1, numbers little-endian: u8 1; u64 receive time, u64 event time, u64 begin of the boot, u64 last heartbeat, u32 boot, u32 interval;
// u16 count of slots that are not empty; for each u64 hash, u8 enum slot_kind, the window_slot_bytes() of window_pack().
// Any bytes may come in; those that are none of this are refused as a whole. Pure. Thread: any.
#ifndef ALERTS_ENGINE_SNAPSHOT_H
#define ALERTS_ENGINE_SNAPSHOT_H
#include "alerts/engine/engine_device.h"
#include "alerts/engine/rule_set.h"

size_t snapshot_max(const struct rule_set *rules);

// Returns the length, or 0 if size is below snapshot_max() and it does not fit.
size_t snapshot_pack(const struct rule_set *rules, const struct engine_device *device, uint8_t *bytes, size_t size);

// Into a device whose slots are all zero. 0, or -1: device and slots are all zero, but for its alerts.
int snapshot_unpack(const struct rule_set *rules, struct engine_device *device, const uint8_t *bytes, size_t size);

#endif
