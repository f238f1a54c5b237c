// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: one rule, one device, one moment: evaluates, and makes the transition that follows.
//
// What a sample says decides in each state. Time alone only moves an alert on (to pending, to firing, to a graver level, from recovering to
// ok), and only if the moment is later than the alert's latest transition: so a deadline may be met twice, as after a restart.
#ifndef ALERTS_ENGINE_JUDGE_H
#define ALERTS_ENGINE_JUDGE_H
#include "alerts/engine/engine_state.h"

struct judge_moment {
	uint64_t at_ms;              // event time
	uint64_t quiet_ms, heard_ms; // as in evaluate.h
	enum alert_reason reason;
};

// All: how many transitions there were (0 or 1), or an alert_engine_err.
int judge_rule(struct alert_engine *engine, uint32_t dev, uint32_t rule, const struct judge_moment *moment);
int judge_quiet_over(struct alert_engine *engine, uint32_t dev, uint32_t rule, uint64_t at_ms); // keep_firing_for is over
int judge_end(struct alert_engine *engine, uint32_t dev, struct alert *alert, uint64_t at_ms);  // its rule is gone

// Puts an alert in the place of another one and counts both; 0: ok.
void judge_replace(struct alert_engine *engine, uint32_t dev, struct alert *before, struct alert *after);

#endif
