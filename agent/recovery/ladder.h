// SPDX-License-Identifier: Apache-2.0
// The recovery ladder: from a lost socket up to a reboot, one step at a time, each with a budget. Events in, actions out.
//
//   start ──► reconnecting ◄──► connected
//                  │ 10 failures of the link
//                  ▼
//              scanning ──known──► fallback (radio restarted, 3 tries) ──► recovery (a scan each 5 min, a reboot at most each 6 h)
//
// Why the link went down (reason.h) decides how the next try is waited for. Transient: the backoff. Overload: a longer one. Roaming: the radio
// gets a few seconds to find its way. Credentials: after 5 refusals in a row recovery; that none of the networks is then tried more often than
// each 15 min, and another one at any time, is network/link's care. Configuration: after 3 in a row recovery. A row of refusals restarts the radio
// once: if that has not helped, it is not to blame, and the own access point, where somebody may be at work on the passphrase, stays open.
// In fallback and recovery the device's own access point is served; what it records waits in the spool.
//
// The states but `start` are the NetworkState of muster.proto, same numbers. The table is const: mu_ladder_rows() lists it, and
// agent/recovery/README.md shows it. For one state and event the first row whose guard holds is taken; without a row nothing happens.
//
// Power save goes off at the third loss that it is to blame for, and on again after a day without one; after the second time two days, and so on.
//
// What the caller does: post what happens, carry out the returned bits in the order of their values, and post MU_LADDER_TIMER at
// mu_ladder_deadline_ms(). A link->scan that is not supported is posted as MU_LADDER_SCAN_DONE with value -1 (nobody can tell: try).
// A session->open refused by the heap gate is MU_LADDER_OPEN_FAILED. An MQTT close that the ladder asked for is not posted.
//
// The reboot budget: one for the first need since power-on, and each further one only after 6 h of uptime. It outlives every reset but a loss of
// power: a power cycle is the thorough kind of what a reboot would do, so it starts afresh, and a reboot still comes no sooner than 15 min
// (heap) or 30 min (link) after it. Where memory is not retained, mu_ladder_budget_lost(): then each waits for 6 h of uptime.
//
// Pure: time and random numbers come in. Memory: the caller's. Thread: one at a time. Time: monotonic milliseconds of this boot.
#ifndef MU_LADDER_H
#define MU_LADDER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/recovery/backoff.h"
#include "agent/recovery/reason.h"

enum mu_ladder_state {
	MU_LADDER_START,
	MU_LADDER_CONNECTED,
	MU_LADDER_RECONNECTING,
	MU_LADDER_SCANNING,
	MU_LADDER_FALLBACK,
	MU_LADDER_RECOVERY,
	MU_LADDER_STATES
};

enum mu_ladder_event {
	MU_LADDER_BEGIN,        // once, after init
	MU_LADDER_LINK_UP,
	MU_LADDER_LINK_DOWN,    // lost, or a try to connect failed; value: the reason, 0: none is known
	MU_LADDER_SESSION_OPEN,
	MU_LADDER_SESSION_LOST,
	MU_LADDER_OPEN_FAILED,
	MU_LADDER_SCAN_DONE,    // value: known networks in sight; -1: this port cannot tell
	MU_LADDER_DEAD_SESSION, // netwatch: nothing comes back: open the session anew
	MU_LADDER_DEAD_LINK,    // ... still nothing: connect the link anew
	MU_LADDER_DEAD_RADIO,   // ... still nothing: restart the radio
	MU_LADDER_DEAD_DEVICE,  // ... still nothing: reboot, if the budget allows
	MU_LADDER_NO_ACK,       // netwatch: the broker answers, the collector does not: open the session anew
	MU_LADDER_HEAP_STARVED, // 15 min of refusals at the heap gate: reboot, if the budget allows
	MU_LADDER_TIMER,        // the deadline has come; split into those below
	MU_LADDER_LINK_TIMER,   // internal
	MU_LADDER_SESSION_TIMER, // internal
	MU_LADDER_SLEEP_TIMER,  // internal
	MU_LADDER_EVENTS
};

enum mu_ladder_action {
	MU_DO_SESSION_CLOSE = 1 << 0,
	MU_DO_LINK_DISCONNECT = 1 << 1,
	MU_DO_LINK_RESTART = 1 << 2,   // the radio: stop, start
	MU_DO_POWER_SAVE_OFF = 1 << 3, // of the radio
	MU_DO_POWER_SAVE_ON = 1 << 4,
	MU_DO_SERVE = 1 << 5,          // the device's own access point, if it has one
	MU_DO_SERVE_END = 1 << 6,
	MU_DO_LINK_CONNECT = 1 << 7,
	MU_DO_LINK_SCAN = 1 << 8,
	MU_DO_SESSION_OPEN = 1 << 9,
	MU_DO_RECORD_LINK = 1 << 10, // write a Link record: something was lost or restored, or a step was taken
	MU_DO_REBOOT = 1 << 11,     // cause: HEAP_STARVED for that event, else NETWORK
};

// May lie in retained memory, so that the budget outlives the reboot that it paid for. Contents after power-on do not matter.
struct mu_ladder_budget {
	uint32_t magic;
	uint32_t reboots; // asked for by the ladder since power-on
	uint32_t check;
};

struct mu_ladder {
	enum mu_ladder_state state;
	int32_t reason;                         // of the last LINK_DOWN
	struct mu_backoff session, link;
	bool link_up, link_trying, session_trying;
	bool outage;                            // something was lost and recorded, and is not yet restored
	uint8_t sleep_offs;                     // times that power save was switched off, since boot
	uint8_t sleep_losses;                   // reasons that suspect power save, since the last link that lasted
	uint8_t reason_class, refusals;         // of the last LINK_DOWN; how many of this class in a row, credentials and configuration only
	uint64_t link_due_ms, session_due_ms;   // UINT64_MAX: not armed
	uint64_t sleep_due_ms;                  // when power save goes on again; UINT64_MAX: it is on
	uint64_t down_from_ms;                  // since when there is no link
	struct mu_ladder_budget *budget;
};

enum {
	MU_LADDER_LINK_TRIES = 10,           // failures before a scan
	MU_LADDER_FALLBACK_TRIES = 3,
	MU_LADDER_REFUSALS = 5,              // of credentials in a row, before there are only scans
	MU_LADDER_MISFITS = 3,               // reasons of class configuration in a row, before there are only scans
	MU_LADDER_SLEEP_LOSSES = 3,          // before power save goes off
	MU_LADDER_SLEEP_FORGET_MS = 3600000, // a link that lasted so long is no worse for power save
	MU_LADDER_AWAKE_MS = 86400000,       // without a loss for power save, for each time that it was switched off
	MU_LADDER_LINK_TIMEOUT_MS = 30000,   // a connect or scan without an answer
	MU_LADDER_ROAM_TIMEOUT_MS = 10000,   // the radio has not come back by itself
	MU_LADDER_OPEN_TIMEOUT_MS = 60000,   // an open without an answer; the port's own limit is shorter
	MU_LADDER_SCAN_PERIOD_MS = 300000,   // in recovery
	MU_LADDER_REBOOT_AFTER_MS = 1800000, // without a link, before a reboot is thought of
	MU_LADDER_REBOOT_PERIOD_MS = 21600000,
};

// Of memory that no reset outlives: as if a reboot had been paid for just now.
void mu_ladder_budget_lost(struct mu_ladder_budget *budget);

// budget: kept by reference; made new if its check does not hold. spread_ms: for backoff.h.
void mu_ladder_init(struct mu_ladder *ladder, struct mu_ladder_budget *budget, uint32_t spread_ms);

// Returns bits of enum mu_ladder_action. random: 32 random bits. value: see the events.
uint32_t mu_ladder_post(struct mu_ladder *ladder, enum mu_ladder_event event, int32_t value, uint64_t now_ms, uint32_t random);

uint64_t mu_ladder_deadline_ms(const struct mu_ladder *ladder); // UINT64_MAX: none

// True if the next MU_LADDER_TIMER stands for a link that did not come (MU_REASON_NO_ANSWER): for those who keep books on it.
bool mu_ladder_link_overdue(const struct mu_ladder *ladder, uint64_t now_ms);

void mu_ladder_acked(struct mu_ladder *ladder); // an Ack came: this session holds

const char *mu_ladder_state_name(enum mu_ladder_state state); // "reconnecting"
const char *mu_ladder_event_name(enum mu_ladder_event event); // "link_up"

// The table, for printing and for tests. `actions` is what is handed out; RECORD_LINK of a row without an outage is not.
struct mu_ladder_row {
	enum mu_ladder_state state; // MU_LADDER_STATES: any
	enum mu_ladder_event event;
	const char *guard;          // "" where there is none
	uint32_t actions;
	const char *wait;           // for the next step of the link; "" where the row leaves that alone
	enum mu_ladder_state next;  // MU_LADDER_STATES: stays
};
size_t mu_ladder_rows(struct mu_ladder_row *out, size_t size); // returns the number of rows; fills at most `size`

#endif
