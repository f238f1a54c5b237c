// SPDX-License-Identifier: Apache-2.0
// When a heartbeat is due, and which of its parts go.
//
// Due: 5, 10, 20, 40 s after boot while that is below the interval, then once an interval at a phase that a hash of the device id
// decides, so that a fleet switched on together does not report together.
// In each: vitals, link (RSSI, its minimum, state, disconnects), open sockets, uplink. The slow parts (the rest of link and sockets,
// PSRAM, tasks, ota, agent) go in the first of a boot and every tenth; link, sockets, PSRAM, tasks and ota also when they have changed,
// each by itself. CPU, temperature and the agent's own cost change always and are no reason. Counters of the uplink that are 0 go only
// with all parts. Application metrics go when their value is new, all of them with all parts.
// Three steps: mu_heartbeat_begin(); the caller fills in all that it knows; mu_heartbeat_choose() takes out what need not go; and
// mu_heartbeat_recorded() once the record is in the spool: a record that could not be stored loses no change.
// Pure but for its own struct. Time: monotonic milliseconds since this boot. Thread: the one that steps the agent.
#ifndef MU_HEALTH_HEARTBEAT_H
#define MU_HEALTH_HEARTBEAT_H
#include "agent/health/app_metrics.h"
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	MU_HEARTBEAT_FIRST_MS = 5000,
	MU_HEARTBEAT_FULL_EVERY = 10,
	MU_HEARTBEAT_MIN_MS = 1000,
	MU_HEARTBEAT_MAX_MS = 86400000,
	MU_HEARTBEAT_REASONS = 3,
};

// What the filled message points into; must live until it is packed.
struct mu_heartbeat_storage {
	Mu__Heartbeat heartbeat;
	Mu__Vitals vitals;
	Mu__LinkHealth link;
	Mu__ReasonCount reasons[MU_HEARTBEAT_REASONS];
	Mu__ReasonCount *reason_list[MU_HEARTBEAT_REASONS];
	Mu__Sockets sockets;
	Mu__UplinkHealth uplink;
	Mu__Tasks tasks;
	Mu__OtaHealth ota;
	Mu__AgentCost agent;
	Mu__AppMetric app[MU_APP_METRICS_MAX];
	Mu__AppMetric *app_list[MU_APP_METRICS_MAX];
};

enum { MU_HEARTBEAT_WATCHED = 5 }; // slow parts, each watched for change by a digest

struct mu_heartbeat {
	uint32_t interval_ms, report_ms; // report_ms: for a while, 0 otherwise
	uint64_t report_until_ms;
	uint32_t phase; // hash of the id
	uint64_t next_ms;
	uint32_t recorded;                   // in this boot
	bool full_due;                       // the last one was not stored, or all parts are asked for
	uint32_t digest[MU_HEARTBEAT_WATCHED]; // of what was last recorded
	uint32_t filled[MU_HEARTBEAT_WATCHED]; // of what choose() saw
};

// interval_ms: 1 000 .. 86 400 000, else MU_ERR_RANGE. The first heartbeat is due 5 s after boot or after one interval, whichever is less.
int mu_heartbeat_init(struct mu_heartbeat *heartbeat, const char *id, uint32_t interval_ms);

// When the next one is due.
uint64_t mu_heartbeat_next(const struct mu_heartbeat *heartbeat);

// Another interval until until_ms (command `report`). MU_ERR_RANGE as in init. The next one is due within the new interval.
int mu_heartbeat_report(struct mu_heartbeat *heartbeat, uint32_t interval_ms, uint64_t until_ms, uint64_t now_ms);

// The next one has all parts.
void mu_heartbeat_full(struct mu_heartbeat *heartbeat);

// The next one has all parts: then counters that are 0 go, too, and all metrics of the application.
bool mu_heartbeat_is_full(const struct mu_heartbeat *heartbeat);

// An empty heartbeat, with all parts but the application's attached and every number and digest in them present: what the caller does not
// know it marks absent (a field, or a part's pointer).
void mu_heartbeat_begin(struct mu_heartbeat_storage *storage);

// Marks absent what need not go this time.
void mu_heartbeat_choose(struct mu_heartbeat *heartbeat, struct mu_heartbeat_storage *storage);

// It is in the spool (or was given up: call it all the same with stored false, so that the schedule goes on; the next one is full).
// The caller then also calls mu_vitals_reported() and mu_app_metrics_reported() if it was stored.
void mu_heartbeat_recorded(struct mu_heartbeat *heartbeat, bool stored, uint64_t now_ms);

#endif
