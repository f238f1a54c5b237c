// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: what becomes due by time: `for`, `keep_firing_for`, silent().
//
// Between two records of a device its event time goes on as receive time does: a moment `d` after its last record was received is judged as
// `d` after that record was made. So a deadline in event time is due, by receive time, as far behind the last record as it is behind it in event
// time; and what a device kept during an outage and sends in one go meets the deadlines between its records, in order, with what was known
// then. `for` is not met if the last record is stale by then, but for rules with silent().
#ifndef ALERTS_ENGINE_DEADLINES_H
#define ALERTS_ENGINE_DEADLINES_H
#include "alerts/engine/engine_state.h"

enum { STALE_INTERVALS = 3, STALE_LEAST_MS = 90000 };

// Sets the device's timer to what is due behind after_ms, by receive time, if it is not set to something earlier. Deadlines that were met
// before may be met again: they come to nothing.
void deadlines_arm(struct alert_engine *engine, uint32_t dev, uint64_t after_ms);

// Meets all that is due up to now_ms, by receive time, in the order of deadlines, then of devices. How many transitions, or an error.
int deadlines_meet(struct alert_engine *engine, uint64_t now_ms);

// Meets what is due for the device behind its last record up to at_ms, by event time; a record received at recv_ms follows.
int deadlines_meet_before(struct alert_engine *engine, uint32_t dev, uint64_t at_ms, uint64_t recv_ms);

#endif
