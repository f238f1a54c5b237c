// SPDX-License-Identifier: Apache-2.0
// Who calls the engine, as the collector does: keeps each transition as a line, and of each alert that is not ok the latest transition, within
// the engine's transactions. From what it keeps another engine can go on where this one stopped. Also makes records.
#ifndef TESTS_ALERTS_ENGINE_ALERT_LOG_H
#define TESTS_ALERTS_ENGINE_ALERT_LOG_H
#include "alerts/engine/alert.h"

#define LOG_T0 UINT64_C(1790000000000)

enum { LOG_LINES = 8192, LOG_LINE_BYTES = 128, LOG_KEPT = 4096 };

struct alert_log {
	char lines[LOG_LINES][LOG_LINE_BYTES]; // "dev uid from>to severity reason @seconds": at_ms from LOG_T0
	unsigned count, committed;
	struct log_kept {
		uint32_t dev;
		struct alert *alert;
	} kept[LOG_KEPT], kept_before[LOG_KEPT];
	unsigned kept_count, kept_count_before;
	struct alert *made[LOG_LINES]; // all that were ever kept, freed at the end
	unsigned made_count;
	unsigned fail_at;          // 0: never; else the line at which the caller says no
	char firmware[64], id[64]; // "": d0, d1, ...
	char last_summary[ALERT_VALUE_TEXT_BYTES], last_labels[1024];
	double last_value, last_threshold;
	uint64_t last_incident, last_started_ms, last_fired_ms;
};

struct alert_log *alert_log_new(void);
void alert_log_free(struct alert_log *log);
struct alert_engine_calls alert_log_calls(struct alert_log *log);

// Transactions around one thing; they assert that it worked.
void alert_log_begin(struct alert_log *log, struct alert_engine *engine);
void alert_log_commit(struct alert_log *log, struct alert_engine *engine);
void alert_log_rollback(struct alert_log *log, struct alert_engine *engine);
void alert_log_record(struct alert_log *log, struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t recv_ms);
void alert_log_advance(struct alert_log *log, struct alert_engine *engine, uint64_t now_ms);
struct alert_reload alert_log_load(struct alert_log *log, struct alert_engine *engine, const char *yaml, uint64_t now_ms);

// Compiles; problems fail the test.
struct rule_set *alert_log_compile(const char *yaml);

// Hands all alerts that are not ok to an engine.
void alert_log_restore(const struct alert_log *log, struct alert_engine *engine);

// The lines, each ended by a newline, must be these.
void alert_log_check(const struct alert_log *log, unsigned from, const char *lines);

// A record with a body; all in one, for tests.
struct record {
	Mu__Record record;
	Mu__Heartbeat heartbeat;
	Mu__Vitals vitals;
	Mu__Sockets sockets;
	Mu__Boot boot;
	Mu__Link link;
};

// uptime_ms since boot `boot`; heap below 0: absent. No wall time.
void record_heartbeat(struct record *r, uint32_t boot, uint64_t uptime_ms, int64_t heap, int64_t refused);
void record_crash(struct record *r, uint32_t boot, uint64_t uptime_ms);
void record_link_lost(struct record *r, uint32_t boot, uint64_t uptime_ms);

#endif
