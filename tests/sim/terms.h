// SPDX-License-Identifier: Apache-2.0
// Judges what commands change for a limited time (`report`, `log`, `diagnose`; section 6 of proto/SPEC.md): it ends by itself after so much
// running time, resets or not, and until then it holds, over resets too.
//
//   may hold   for `for_s` of running time after the last delivery before its final result. While nothing may hold, heartbeats come each 60 s
//              (DESIGN.md, section 4), and no line below LOG_WARNING is recorded.
//   holds      from its stored DONE on, if it was delivered once (else DONE may be a repetition), until `for_s` of running time after that, less a
//              period for each reset (a 16th of `for_s`, at least 10 s, at most 1 h), or the next command of its kind. Then heartbeats and
//              lines come as ordered.
// A key-value call that fails leaves in doubt how much of what may hold is left, until the next DONE of its kind. Where flash has failed heartbeats
// may be missing.
// Part of the oracle (oracle.h). Thread: one at a time. Time: milliseconds of running time, summed over all boots, where it is not said.
#ifndef TESTS_SIM_TERMS_H
#define TESTS_SIM_TERMS_H
#include "muster.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_device;
struct sim_order;

enum sim_term_kind { SIM_TERM_REPORT, SIM_TERM_LOG, SIM_TERM_DIAGNOSE, SIM_TERMS };

struct sim_terms {
	uint64_t ran_ms; // in the boots before this one
	struct sim_term {
		uint64_t may_until_ms;
		uint32_t may_value; // the largest that may hold
		const struct sim_order *last; // that was delivered
		uint64_t holds_from_ms, holds_until_ms; // equal: nothing is sure
		uint32_t value, period_s; // of what holds
	} kind[SIM_TERMS];
	uint64_t beat_ms; // uptime of the last heartbeat of this boot; 0: none yet
};

// What an order changes for a time; for_s 0: nothing.
struct sim_change {
	enum sim_term_kind kind;
	uint32_t value, for_s; // seconds between heartbeats, or a Mu__LogLevel
	unsigned told; // how often it was delivered
	uint64_t told_ms, told_resets; // the first time: when, and after so many resets of the device
};

void sim_terms_reset(struct sim_device *device); // while it is still on
void sim_terms_store_failed(struct sim_device *device); // a key-value call
void sim_terms_told(struct sim_device *device, struct sim_order *order); // it gets an order that it may not have done yet
void sim_terms_done(struct sim_device *device, const struct sim_order *order); // it has stored DONE for it, the first time
void sim_terms_record(struct sim_device *device, const Mu__Record *record); // stored in this step

#endif
