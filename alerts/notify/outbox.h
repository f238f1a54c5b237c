// SPDX-License-Identifier: Apache-2.0
// What Alertmanagers are to be told, and when: each alert, named by its labels, with the latest that is known of it, and for each target a
// queue of those that it has not heard yet or has to hear again.
//
//   put (changed) --> urgent queue --+--> take --> done | back (again, at the front) | refuse (not again, until it changes)
//   tick (its turn) -> refresh queue +
//
// Urgent ones go first. The turns of all alerts are spread over the interval by the hash of their labels. One that is resolved is repeated for
// keep_resolved_ms, then forgotten. An alert is in a queue of a target at most once, so the queues are bounded by the alerts.
// Pure: time comes in (any clock that never goes back). Memory: the heap, at most alerts_max alerts and bytes_max bytes of their texts.
#ifndef ALERTS_NOTIFY_OUTBOX_H
#define ALERTS_NOTIFY_OUTBOX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox;

struct outbox_settings {
	unsigned targets; // 1 .. 255
	uint32_t resend_ms, keep_resolved_ms;
	uint32_t alerts_max;
	size_t bytes_max;
};

struct outbox_alert {
	const char *labels;  // JSON, always the same text for the same labels
	const char *details; // whatever else the sender needs
	bool is_firing;
	uint64_t fired_ms, resolved_ms;
};

// One alert that is being sent; stays good whatever happens to the alert meanwhile.
struct outbox_item {
	uint32_t slot;
	uint64_t id;
};

struct outbox *outbox_new(const struct outbox_settings *settings, uint64_t now_ms); // 0: no memory
void outbox_free(struct outbox *outbox);

// Copies. 0, or -1: no room; then the oldest news of this alert, if there are any, stay as they were. A resolved alert makes room.
int outbox_put(struct outbox *outbox, const struct outbox_alert *alert, uint64_t now_ms);

// Queues those whose turn has come, forgets those that were resolved long ago. Returns when to come again.
uint64_t outbox_tick(struct outbox *outbox, uint64_t now_ms);

// Takes up to most items, and at most bytes of texts (but always one), from the queues of the target.
unsigned outbox_take(struct outbox *outbox, unsigned target, struct outbox_item *items, unsigned most, size_t bytes);

// The alert as it is now; its texts live until the next call that changes something. False: it is gone.
bool outbox_look(const struct outbox *outbox, const struct outbox_item *item, struct outbox_alert *alert);

// What became of them, if it was not well. Of one that has changed meanwhile the news are queued anyway.
void outbox_back(struct outbox *outbox, unsigned target, const struct outbox_item *items, unsigned count);
void outbox_refuse(struct outbox *outbox, unsigned target, const struct outbox_item *item);

size_t outbox_active(const struct outbox *outbox); // alerts that fire
size_t outbox_waiting(const struct outbox *outbox, unsigned target); // in its queues
size_t outbox_urgent(const struct outbox *outbox, unsigned target);  // of those: changed, and not told yet

#endif
