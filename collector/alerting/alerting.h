// SPDX-License-Identifier: Apache-2.0
// The rule engine within the collector: rules from files, records in, transitions into the store in the transaction of their record, and what
// follows once they are durable.
//
//   intake_begin -> alerting_begin -> each record: alerting_record -> store_transition_add -> COMMIT -> alerting_committed
//     -> records are folded into the fleet -> alerting_announce -> changed()
//
// Time passes by alerting_tick() (a transaction of its own, only if a deadline is due). A bad rule file never replaces good rules.
// Thread: the loop's.
#ifndef COLLECTOR_ALERTING_ALERTING_H
#define COLLECTOR_ALERTING_ALERTING_H
#include "alerts/alerts.h"
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/fleet/fleet.h"
#include "collector/store/store.h"
#include "collector/store/store_alerts.h"

struct alerting;

struct alerting_parts {
	struct store *store;
	struct fleet *fleet;
	struct counters *counters;
	// New transitions are durable, up to number n: whoever reads the log may look. Called outside of any transaction.
	void (*changed)(void *context, uint64_t n);
	void *context;
};

struct alerting *alerting_new(const struct alerting_parts *parts); // 0: no memory
void alerting_free(struct alerting *alerting);

// Reads the rule files of the configuration, compiles them and puts them in force. 0, or -1: the rules stay as they were, alerting_problems() says
// why (a file that cannot be read is a problem of that file; so is a store that does not take the alerts' ends). now_ms: Unix time.
// At start twice: before the restore, since windows belong to rules, and after it, which ends the alerts of rules that are gone.
int alerting_load(struct alerting *alerting, const struct config *config, uint64_t now_ms);

struct alert_engine *alerting_engine(struct alerting *alerting);
const struct rules_problems *alerting_problems(const struct alerting *alerting); // of the last load
uint64_t alerting_loaded_ms(const struct alerting *alerting); // Unix time of the last load that worked

// --- the commit cycle; within the caller's transaction, all return 0 or STORE_E* ---
int alerting_begin(struct alerting *alerting);
int alerting_record(struct alerting *alerting, const struct device *device, const Mu__Record *record, uint64_t recv_ms);
void alerting_committed(struct alerting *alerting);
void alerting_abandon(struct alerting *alerting);
void alerting_announce(struct alerting *alerting); // outside of any transaction: calls changed() if there is something new

// Deadlines up to now_ms, in a transaction of its own; announces. 0 or STORE_E*.
int alerting_tick(struct alerting *alerting, uint64_t now_ms);

// Brings counters and gauges of alerts up to date.
void alerting_count(struct alerting *alerting);

// --- start: after the devices are loaded, before records are folded again ---
// The windows of all devices whose snapshot could be read, and the alerts that are not ok. 0 or STORE_E*.
int alerting_restore(struct alerting *alerting);

#endif
