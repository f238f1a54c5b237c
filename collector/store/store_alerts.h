// SPDX-License-Identifier: Apache-2.0
// Alerts in the store: the log of transitions, append only, and the alerts that are not ok, each as its latest transition. Both are written
// in the transaction of the record that caused them.
//
// Labels and annotations are JSON objects of strings, as text. Whoever sends transitions on (Kafka, the webhook, tail) reads the log behind
// a cursor of its own (cursors.h). Retention deletes the oldest transitions, never beyond a cursor.
#ifndef COLLECTOR_STORE_STORE_ALERTS_H
#define COLLECTOR_STORE_STORE_ALERTS_H
#include "collector/store/store.h"

struct store_transition {
	uint64_t n;        // number of the transition, rises by one
	uint64_t incident; // n of the first transition of this incident
	uint32_t dev;
	const char *uid, *name; // of the rule
	uint32_t from, to;      // enum alert_state
	uint32_t severity, was_severity; // enum alert_severity
	uint32_t reason;        // enum alert_reason
	uint64_t at_ms;         // event time
	uint64_t stored_ms;     // when it was stored, Unix time
	uint64_t started_ms, fired_ms;
	double value, threshold; // NaN: none
	const char *labels, *annotations; // JSON objects
};

// Within a transaction. Appends (n is ignored; incident 0: a new one, its n), and puts the alert into the table of those that are not ok, or takes it
// out (to = 0). Returns 0 with the number in *n, or STORE_E*.
int store_transition_add(struct store *store, const struct store_transition *transition, uint64_t *n);

// Called for each row; a return value other than 0 ends the walk and is returned by it.
typedef int store_transition_each(void *context, const struct store_transition *transition);

// The log behind number `after`, in order, at most limit. Returns how many.
int store_transition_after(struct store *store, uint64_t after, unsigned limit, store_transition_each *each, void *context);
// The log before number `before` (0: from the newest), newest first, at most limit. Returns how many.
int store_transition_before(struct store *store, uint64_t before, unsigned limit, store_transition_each *each, void *context);
// Of one device, newest first, at most limit, not older than since_ms (event time). Returns how many.
int store_transition_of(struct store *store, uint32_t dev, uint64_t since_ms, unsigned limit, store_transition_each *each, void *context);

// All alerts that are not ok, by device and rule. Returns how many.
int store_alert_each(struct store *store, store_transition_each *each, void *context);
int store_alert_of(struct store *store, uint32_t dev, store_transition_each *each, void *context);

// Numbers of the oldest and newest transition; 0, 0 if there is none.
int store_transition_bounds(struct store *store, uint64_t *oldest, uint64_t *newest);

// Deletes at most limit transitions up to number `through` that were stored before before_ms; never the latest one of an alert that is not
// ok. Returns how many.
int store_transition_delete(struct store *store, uint64_t through, uint64_t before_ms, unsigned limit);

// Windows of the rule engine, beside a device's snapshot. Within a transaction.
int store_windows_set(struct store *store, uint32_t dev, struct store_blob windows);
typedef int store_windows_each(void *context, uint32_t dev, struct store_blob windows);
int store_windows_load(struct store *store, store_windows_each *each, void *context);

#endif
