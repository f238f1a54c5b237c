// SPDX-License-Identifier: Apache-2.0
// The ways out of alerts within the collector: turns the transitions of the store into notices for the Alertmanagers and the webhook of the
// configuration, keeps the webhook's cursor, counts, and writes what goes wrong into the log.
//
//   notifications_changed(n) --> Alertmanagers: what is behind the last one told (at start: all that fires, and what the last 15 minutes had)
//                            --> webhook: what is behind CURSOR_WEBHOOK
//
// A webhook in use for the first time begins with what happens from then on, not with the log's history.
// Thread: the loop's. The log is read a part a turn of the loop.
#ifndef COLLECTOR_ALERTING_NOTIFICATIONS_H
#define COLLECTOR_ALERTING_NOTIFICATIONS_H
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/store/store.h"

struct event_base;
struct notifications;

struct notifications_parts {
	struct event_base *base;
	struct store *store;
	struct counters *counters;
};

enum { NOTIFICATIONS_PROBLEM_BYTES = 512 };

// Before records are taken in. 0: problem says what of notify.* or http.external_url is wrong, or what the store said.
struct notifications *notifications_new(const struct notifications_parts *parts, const struct config *config,
	char problem[NOTIFICATIONS_PROBLEM_BYTES]);
void notifications_free(struct notifications *notifications); // 0 is allowed

// Transitions up to number n are durable. Returns at once; 0 for notifications is allowed.
void notifications_changed(struct notifications *notifications, uint64_t n);

// The clean end: tells the Alertmanagers what they were not told, for at most timeout_ms. Runs the loop. The webhook's rest is behind its cursor.
void notifications_drain(struct notifications *notifications, unsigned timeout_ms);

#endif
