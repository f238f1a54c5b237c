// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: the engine's own state, shared by engine (what callers see), judge (rules to transitions), deadlines (time to rules) and
// reload (other rules).
#ifndef ALERTS_ENGINE_ENGINE_STATE_H
#define ALERTS_ENGINE_ENGINE_STATE_H
#include "alerts/engine/alert_sheet.h"
#include "alerts/engine/engine_device.h"
#include "alerts/engine/rule_plan.h"
#include "alerts/engine/undo.h"
#include "alerts/engine/wheel.h"

// What a reload has replaced, until its transaction ends. plan null: no reload.
struct engine_former {
	struct rule_plan *plan;
	struct engine_device **devices;
	size_t device_count;
};

struct alert_engine {
	struct alert_engine_calls calls;
	struct rule_plan *plan; // never null
	struct engine_device **devices; // by number; null: never heard of
	size_t device_count;  // length of that
	struct wheel *wheel;  // a device's earliest deadline, or earlier
	struct undo undo;
	struct engine_former former;
	bool in_transaction;
	bool must_arm;        // all deadlines are to be set again, at the next begin
	uint32_t transaction; // number of the running one
	size_t orphans, orphans_before; // restored alerts without a rule; before: as the transaction began
	bool is_hearing;
	uint64_t heard_since_ms, heard_until_ms; // the last time in which the collector could hear; until: if it no longer can
	struct alert_counts counts, counts_before; // before: as the transaction began
	struct alert_sheet sheet;
	struct engine_cached { // what the plan's cache is of
		uint32_t dev;
		uint64_t at_ms; // 0: of nothing
	} cached;
};

// Device `dev`, or 0.
static inline struct engine_device *engine_device_at(const struct alert_engine *engine, uint32_t dev)
{
	return dev < engine->device_count ? engine->devices[dev] : 0;
}

#endif
