// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: puts other rules in the place of the running ones, behind alert_engine_load(). What is replaced is kept until the
// transaction ends, so for that long the blocks of all devices exist twice.
#ifndef ALERTS_ENGINE_RELOAD_H
#define ALERTS_ENGINE_RELOAD_H
#include "alerts/engine/engine_state.h"

void reload_commit(struct alert_engine *engine);
void reload_rollback(struct alert_engine *engine); // the other rules are the caller's again

// Ends the alerts whose rule is gone, within a transaction. How many, or an alert_engine_err.
int reload_end_orphans(struct alert_engine *engine, uint64_t now_ms);

#endif
