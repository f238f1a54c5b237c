// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: what a transaction has changed, so that it can be taken back: each device's block as it was, saved once, and each
// transition of an alert with the alert before and after it.
//
// A commit drops it all, a rollback pops it, newest first: alerts, then blocks. Pure but for the heap: grows with the largest transaction and
// gives back what is above UNDO_KEPT_BYTES. Thread: any one at a time.
#ifndef ALERTS_ENGINE_UNDO_H
#define ALERTS_ENGINE_UNDO_H
#include <stdbool.h>
#include "alerts/engine/alert.h"

enum { UNDO_KEPT_BYTES = 4 * 1024 * 1024 };

struct undo_alert {
	uint32_t dev;
	struct alert *before, *after; // 0: ok
};

struct undo {
	struct undo_alert *alerts;
	size_t alert_count, alert_room;
	uint8_t *blocks; // each: its bytes, then a struct undo_mark
	size_t used, room;
};

// All zero at first. All: 0, or -1: no memory, nothing changed.
int undo_save_block(struct undo *undo, uint32_t dev, const void *block, size_t size); // size 0: the device did not exist
int undo_reserve_alert(struct undo *undo);                                            // room for one more
void undo_add_alert(struct undo *undo, struct undo_alert entry);                      // within what is reserved

bool undo_pop_alert(struct undo *undo, struct undo_alert *entry);
// The bytes live until the next call that saves.
bool undo_pop_block(struct undo *undo, uint32_t *dev, const void **block, size_t *size);

void undo_commit(struct undo *undo); // frees the alerts that are replaced
void undo_free(struct undo *undo);

#endif
