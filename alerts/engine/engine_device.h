// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: what the engine keeps of one device: one block, the header and behind it the slots of the rules.
#ifndef ALERTS_ENGINE_ENGINE_DEVICE_H
#define ALERTS_ENGINE_ENGINE_DEVICE_H
#include "alerts/engine/alert.h"
#include "alerts/engine/event_time.h"

struct engine_device {
	uint64_t recv_ms;         // when its newest record was received
	struct event_clock clock; // clock.last_ms: when that one was made; 0: no record yet
	uint64_t beat_ms;         // event time of its newest heartbeat
	uint32_t interval_ms;     // between heartbeats, learned; 0: not known
	uint32_t saved_in;        // the transaction in which the undo log has it
	struct alert *alerts;     // those not ok, by rule
	uint64_t slots[];
};

#endif
