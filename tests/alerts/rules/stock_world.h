// SPDX-License-Identifier: Apache-2.0
// One device under the stock rules, in virtual time: heartbeats as an agent sends them, and what happens to it. Keeps which alerts fire.
// A device starts healthy: changes are made in `now` and are in each heartbeat from then on. All asserts: a failure ends the test.
#ifndef TESTS_ALERTS_RULES_STOCK_WORLD_H
#define TESTS_ALERTS_RULES_STOCK_WORLD_H
#include "alerts/engine/engine.h"

#define WORLD_T0 UINT64_C(1790000000000)

enum { WORLD_ALERTS = 64, WORLD_MINUTE = 60, WORLD_HOUR = 3600, WORLD_DAY = 86400, WORLD_FULL_EVERY = 10 };

struct world_alert {
	char uid[64];
	enum alert_state state;
	enum alert_severity severity;
	unsigned fired;       // how often it began to fire
	uint64_t fired_at_s;  // the last time, event time
	char summary[ALERT_VALUE_TEXT_BYTES], symptom[ALERT_VALUE_TEXT_BYTES], cause[ALERT_VALUE_TEXT_BYTES],
		remedy[ALERT_VALUE_TEXT_BYTES];
};

// What a heartbeat says; slow parts are in every WORLD_FULL_EVERYth and when they have changed, as the agent does it.
struct world_vitals {
	uint32_t heap_free, heap_largest, verdict;
	int32_t heap_slope, rssi;
	uint32_t sockets_open, sockets_limit, sockets_refused, spool_permille, dropped, stack_min, sent_bytes;
	bool watchdog_armed;
	Mu__NetworkState network;
	Mu__OtaState ota;
};

struct world {
	struct alert_engine *engine;
	struct world_alert alerts[WORLD_ALERTS];
	unsigned alert_count;
	uint64_t transitions;
	uint64_t now_s; // since T0
	uint64_t delay_s; // records come in so much later than they are made
	uint32_t boot;
	uint64_t booted_s;
	unsigned beats; // of this boot
	bool is_plain;  // plain JSON: only what a tutorial publishes
	struct world_vitals now, sent;
};

// params: a YAML mapping that overrides parameters, or 0.
void world_begin(struct world *world, const char *params);
void world_end(struct world *world);

void world_beat(struct world *world);                                          // one heartbeat now
void world_beats(struct world *world, unsigned seconds, unsigned interval_s);  // goes on so long with one every interval_s
void world_quiet(struct world *world, unsigned seconds);                       // time passes without a word
void world_boot(struct world *world, Mu__ResetClass reset_class, Mu__ResetCause cause); // restarts now and reports it
void world_link(struct world *world, Mu__LinkChange change);
void world_ota(struct world *world, Mu__OtaState state, Mu__OtaCause cause);
void world_event(struct world *world, const char *name);
void world_log(struct world *world, Mu__LogLevel level);

const struct world_alert *world_alert(const struct world *world, const char *uid); // 0: was never in any state but ok
bool world_fires(const struct world *world, const char *uid, enum alert_severity severity);
unsigned world_fired(const struct world *world, const char *uid); // how often
unsigned world_fired_any(const struct world *world);

#endif
