// SPDX-License-Identifier: Apache-2.0
// Evaluates rules: one state machine a rule and device. Records and time in, transitions out. No I/O, no clock.
//
//   ok -> pending (for) -> firing -> recovering (keep_firing_for) -> ok
//
// Firing ends when the expression is false and `clear`, if there is one, is true. An unknown result changes nothing. A pending alert that
// ends is `ok` again, too, and was never firing.
//
// Times. Windows, `for` and `keep_firing_for` run in event time: when the record was made, by the collector's clock (event_time.h), never
// beyond its receive time and never going back for a device; so what a device stored during an outage is judged as if it had come in
// time. silent() runs in receive time, and not while the collector itself could hear nobody (alert_engine_set_hearing). A deadline that is
// over fires without a new sample only if the device's last one is not stale (three of its intervals, at least 90 s), or the rule has silent().
// Between two records event time goes on as receive time does. Time alone only moves an alert on: to pending, to firing, to a graver level, from
// recovering to ok; all else waits for a sample. A transition by time carries its deadline.
//
// What must survive. The state of an alert changes only with a transition; the caller stores each transition in the same transaction as
// the record that caused it, and hands back those that were not `ok` with alert_engine_restore(). Windows are folded from records: the
// caller keeps them as a checkpoint (pack, unpack) and folds the records behind it with alert_engine_fold().
// Between alert_engine_begin() and _commit() all changes can be taken back with _rollback().
//
// Devices are dense numbers from 0. Thread: one at a time. Memory: the heap, per device only what the rules need; no allocation in
// alert_engine_record() but for a device's first record and a new alert; ALERT_ENGINE_ENOMEM otherwise.
#ifndef ALERTS_ENGINE_ENGINE_H
#define ALERTS_ENGINE_ENGINE_H
#include "alerts/engine/rules.h"
#include "muster.pb-c.h"

struct alert_engine;

enum alert_engine_err {
	ALERT_ENGINE_ENOMEM = -1,
	ALERT_ENGINE_ECALLER = -2, // the transition callback said no: roll back
};

enum alert_state { ALERT_OK, ALERT_PENDING, ALERT_FIRING, ALERT_RECOVERING };

const char *alert_state_name(enum alert_state state); // "ok", "pending", ...
int alert_state_find(const char *name);               // -1: no such

enum alert_reason {
	ALERT_BY_SAMPLE,
	ALERT_BY_TIME,
	ALERT_BY_RELOAD, // its rule is gone: ends as ok
};

enum { ALERT_VALUE_TEXT_BYTES = 512 };

// A label or an annotation.
struct alert_text {
	const char *name, *text;
};

// One change of one alert. Also what is stored of an alert that is not ok: its latest transition. Pointers live until the callback returns.
struct alert_transition {
	uint32_t dev;
	const char *uid, *name; // of the rule
	enum alert_state from, to;
	enum alert_severity severity, was_severity; // firing to firing: only the severity changed
	enum alert_reason reason;
	uint64_t at_ms;      // event time of this change
	uint64_t started_ms; // of this incident: when it began to be pending (or firing, without `for`)
	uint64_t fired_ms;   // when it began to fire; 0: not yet
	uint64_t incident;   // what the callback returned for the first transition of this incident; 0 in that one
	double value, threshold; // of the comparison that was true; NaN: none
	const struct alert_text
		*labels; // alertname, severity, device, firmware and those of the rule; latched when the incident begins, but for severity
	unsigned label_count;
	const struct alert_text *annotations; // rendered when pending or firing begins, or the severity changes; kept afterwards
	unsigned annotation_count;
};

// What the engine asks its caller.
struct alert_engine_calls {
	// Stores the transition in the caller's transaction. Returns a number other than 0 that names the transition for all time, or 0: failed.
	uint64_t (*transition)(void *context, const struct alert_transition *transition);
	// The device's id and firmware for labels and templates; texts that live until the next call.
	void (*identify)(void *context, uint32_t dev, const char **id, const char **firmware);
	void *context;
};

struct alert_engine *alert_engine_new(const struct alert_engine_calls *calls); // 0: no memory; has no rules yet
void alert_engine_free(struct alert_engine *engine);

struct alert_reload {
	unsigned kept, changed, added, removed; // rules, by uid
};

// Takes other rules over (and frees them later). Alone in its transaction, which may be rolled back. Windows go on where function, input and
// length are the same; alerts go on by uid; alerts of rules that are gone end with a transition at now_ms. 0, or an alert_engine_err: roll
// back. After a rollback the old rules are in force and the new ones are still the caller's.
int alert_engine_load(struct alert_engine *engine, struct rule_set *rules, uint64_t now_ms, struct alert_reload *reload);
const struct rule_set *alert_engine_rules(const struct alert_engine *engine);

int alert_engine_begin(struct alert_engine *engine);
void alert_engine_commit(struct alert_engine *engine);
void alert_engine_rollback(struct alert_engine *engine);

// One new record of a device, in its order. First all deadlines up to recv_ms are met, then the record. 0 or an alert_engine_err.
int alert_engine_record(struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t recv_ms);

// Time passes: meets the deadlines up to now_ms. Returns how many transitions there were, or an alert_engine_err.
int alert_engine_advance(struct alert_engine *engine, uint64_t now_ms);
uint64_t alert_engine_next_deadline(const struct alert_engine *engine); // UINT64_MAX: none; it may come to nothing

// Whether the collector can hear devices; a new engine cannot. While it cannot, no silence is counted; afterwards it is counted from now_ms on.
void alert_engine_set_hearing(struct alert_engine *engine, bool is_hearing, uint64_t now_ms);

// --- after a restart: once rules are loaded, and outside of a transaction; unpack, then fold ---

// A record that was evaluated before: only the windows are folded.
int alert_engine_fold(struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t recv_ms);
// The latest transition of an alert that is not ok. One of a rule that is gone is ended by the next load, record or advance.
int alert_engine_restore(struct alert_engine *engine, const struct alert_transition *transition);

// Windows of one device as bytes. pack returns the length, 0 if there is nothing to keep or size is too small (alert_engine_pack_max()).
// Unpack takes what it still has slots for; returns 0, or -1 for bytes that are none of its own: the device begins empty.
size_t alert_engine_pack_max(const struct alert_engine *engine);
size_t alert_engine_pack(const struct alert_engine *engine, uint32_t dev, uint8_t *bytes, size_t size);
int alert_engine_unpack(struct alert_engine *engine, uint32_t dev, const uint8_t *bytes, size_t size);

// --- what is known ---

struct alert_counts {
	size_t devices;
	size_t alerts[4];           // by enum alert_state; [0] is unused
	uint64_t evaluations, unknown_results, transitions;
};
void alert_engine_counts(const struct alert_engine *engine, struct alert_counts *counts);

// The gravest firing (or recovering) alert of a device and how many are; ALERT_NO_SEVERITY and 0 if none.
enum alert_severity alert_engine_worst(const struct alert_engine *engine, uint32_t dev, unsigned *firing);

// Alerts of a rule that are pending and that are firing or recovering.
void alert_engine_rule_counts(const struct alert_engine *engine, size_t rule, size_t *pending, size_t *firing);

#endif
