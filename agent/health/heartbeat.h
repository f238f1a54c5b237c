// SPDX-License-Identifier: Apache-2.0
// When a heartbeat is due, and what goes in: fills a Mu__Heartbeat from the parts.
//
// Due: 5, 10, 20, 40 s after boot while that is below the interval, then once an interval at a phase that a hash of the device id
// decides, so that a fleet switched on together does not report together.
// In each: vitals, link (RSSI, its minimum, state, disconnects), open sockets, uplink. The slow parts (the rest of link and sockets,
// PSRAM, tasks, ota, agent) go in the first of a boot and every tenth; link, sockets, PSRAM, tasks and ota also when they have changed,
// each by itself. CPU, temperature and the agent's own cost change always and are no reason. Counters of the uplink that are 0 go only
// with all parts. Application metrics go when their value is new, all of them with all parts.
// Two steps: mu_heartbeat_fill(), and mu_heartbeat_recorded() once the record is in the spool; a record that could not be stored
// loses no change. Pure but for its own struct. Time: monotonic milliseconds since this boot. Thread: the one that steps the agent.
#ifndef MU_HEALTH_HEARTBEAT_H
#define MU_HEALTH_HEARTBEAT_H
#include "agent/health/app_metrics.h"
#include "agent/health/vitals.h"
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

struct mu_heartbeat_link {
	int state; // Mu__NetworkState
	uint32_t disconnects;
	uint32_t reason_count; // 0..3, most frequent first
	struct {
		uint32_t reason, count;
	} reasons[MU_HEARTBEAT_REASONS];
	bool has_phases; // a session was opened in this boot
	struct mu_mqtt_phases phases;
};

struct mu_heartbeat_sockets {
	uint32_t open, limit, high_water, orphans_closed, refused;
};

struct mu_heartbeat_uplink {
	uint32_t spool_records, oldest_age_s;
	bool has_ack; // an Ack has come in this boot
	uint32_t ack_ms;
	uint32_t reconnects, retransmits;
	uint32_t spool_used_permille;
	uint32_t dropped_records, dropped_heartbeats, dropped_events, dropped_logs;
};

struct mu_heartbeat_tasks { // beside the CPU and stack of mu_system_vitals
	bool watchdog_armed;
	uint32_t watchdog_late_ms; // mu_liveness.late_ms
};

struct mu_heartbeat_ota {
	int state; // Mu__OtaState
	uint32_t running_slot;
	int running_state, other_state; // Mu__SlotState
	const uint8_t *running_sha;     // MU_SHA_BYTES; null: not known
	const uint8_t *other_sha;       // null: no image there
	const char *other_firmware;     // null: no image there
	int rollback_block;             // Mu__RollbackBlock; ROLLBACK_READY is 0
};

struct mu_heartbeat_cost {
	uint32_t cpu_us_per_s, sent_bytes, flash_erases, flash_written_bytes, step_max_us;
};

// A null part is not sent.
struct mu_heartbeat_input {
	const struct mu_vitals *vitals;
	uint32_t verdict; // sent with vitals
	const struct mu_heartbeat_link *link;
	const struct mu_heartbeat_sockets *sockets;
	const struct mu_heartbeat_uplink *uplink;
	const struct mu_heartbeat_tasks *tasks;
	const struct mu_heartbeat_ota *ota;
	const struct mu_heartbeat_cost *cost;
	const struct mu_app_metrics *app;
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

enum mu_heartbeat_part { // slow parts, each watched for change by a digest
	MU_HEARTBEAT_LINK,
	MU_HEARTBEAT_SOCKETS,
	MU_HEARTBEAT_PSRAM,
	MU_HEARTBEAT_TASKS,
	MU_HEARTBEAT_OTA,
	MU_HEARTBEAT_PARTS
};

struct mu_heartbeat {
	uint32_t interval_ms, report_ms; // report_ms: for a while, 0 otherwise
	uint64_t report_until_ms;
	uint32_t phase; // hash of the id
	uint64_t next_ms;
	uint32_t recorded;                   // in this boot
	bool full_due;                       // the last one was not stored, or all parts are asked for
	uint32_t digest[MU_HEARTBEAT_PARTS]; // of what was last recorded
	uint32_t filled[MU_HEARTBEAT_PARTS]; // of what fill() saw
};

// interval_ms: 1 000 .. 86 400 000, else MU_ERR_RANGE. The first heartbeat is due 5 s after boot or after one interval, whichever is less.
int mu_heartbeat_init(struct mu_heartbeat *heartbeat, const char *id, uint32_t interval_ms);

// When the next one is due.
uint64_t mu_heartbeat_next(const struct mu_heartbeat *heartbeat);

// Another interval until until_ms (command `report`). MU_ERR_RANGE as in init. The next one is due within the new interval.
int mu_heartbeat_report(struct mu_heartbeat *heartbeat, uint32_t interval_ms, uint64_t until_ms, uint64_t now_ms);

// The next one has all parts.
void mu_heartbeat_full(struct mu_heartbeat *heartbeat);

// Fills storage->heartbeat; uptime is now_ms.
void mu_heartbeat_fill(struct mu_heartbeat *heartbeat, const struct mu_heartbeat_input *input, uint64_t now_ms,
	struct mu_heartbeat_storage *storage);

// It is in the spool (or was given up: call it all the same with stored false, so that the schedule goes on; the next one is full).
// The caller then also calls mu_vitals_reported() and mu_app_metrics_reported() if it was stored.
void mu_heartbeat_recorded(struct mu_heartbeat *heartbeat, bool stored, uint64_t now_ms);

#endif
