// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/engine.h"
#include "alerts/engine/deadlines.h"
#include "alerts/engine/judge.h"
#include "alerts/engine/reload.h"
#include "alerts/engine/snapshot.h"
#include "alerts/engine/window.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICE_ROOM = 64 };

// ---- memory

struct alert_engine *alert_engine_new(const struct alert_engine_calls *calls)
{
	struct alert_engine *engine = calloc(1, sizeof *engine);
	struct rule_set *none = calloc(1, sizeof *none);
	if (engine && none) {
		engine->calls = *calls;
		engine->wheel = wheel_new();
		engine->plan = rule_plan_new(none);
	}
	if (engine && engine->wheel && engine->plan)
		return engine;
	if (engine)
		wheel_free(engine->wheel);
	if (!engine || !engine->plan)
		free(none);
	free(engine);
	return 0;
}

static void free_alerts(struct alert *list)
{
	while (list) {
		struct alert *next = list->next;
		alert_free(list);
		list = next;
	}
}

void alert_engine_free(struct alert_engine *engine)
{
	if (!engine)
		return;
	if (engine->in_transaction)
		alert_engine_rollback(engine);
	for (size_t i = 0; i < engine->device_count; i++) {
		if (engine->devices[i])
			free_alerts(engine->devices[i]->alerts);
		free(engine->devices[i]);
	}
	free(engine->devices);
	undo_free(&engine->undo);
	wheel_free(engine->wheel);
	rule_plan_free(engine->plan);
	free(engine);
}

static int make_room(struct alert_engine *engine, uint32_t dev)
{
	if (dev < engine->device_count)
		return 0;
	size_t count = (size_t)dev + dev / 2 + DEVICE_ROOM;
	struct engine_device **devices = realloc(engine->devices, count * sizeof *devices);
	if (!devices)
		return ALERT_ENGINE_ENOMEM;
	memset(devices + engine->device_count, 0, (count - engine->device_count) * sizeof *devices);
	engine->devices = devices;
	engine->device_count = count;
	return 0;
}

// The device, made if it is new. 0: no memory.
static struct engine_device *know(struct alert_engine *engine, uint32_t dev)
{
	struct engine_device *device = engine_device_at(engine, dev);
	if (device)
		return device;
	if (make_room(engine, dev) < 0 || wheel_reserve(engine->wheel, dev + 1) < 0)
		return 0;
	device = calloc(1, sizeof *device + engine->plan->rules->slot_bytes);
	engine->devices[dev] = device;
	engine->counts.devices += device != 0;
	return device;
}

static void forget(struct alert_engine *engine, uint32_t dev)
{
	free(engine->devices[dev]);
	engine->devices[dev] = 0;
	wheel_arm(engine->wheel, dev, WHEEL_NEVER);
}

static size_t block_bytes(const struct alert_engine *engine)
{
	return sizeof(struct engine_device) + engine->plan->rules->slot_bytes;
}

// The device, to be changed in this transaction. 0: no memory.
static struct engine_device *touch(struct alert_engine *engine, uint32_t dev)
{
	struct engine_device *device = engine_device_at(engine, dev);
	if (device && device->saved_in == engine->transaction)
		return device;
	if (undo_save_block(&engine->undo, dev, device, device ? block_bytes(engine) : 0) < 0)
		return 0;
	device = know(engine, dev);
	if (device)
		device->saved_in = engine->transaction;
	return device;
}

// ---- transactions

static void arm_all(struct alert_engine *engine)
{
	for (uint32_t dev = 0; dev < engine->device_count; dev++)
		if (engine->devices[dev])
			deadlines_arm(engine, dev, engine->devices[dev]->recv_ms);
	engine->must_arm = false;
}

int alert_engine_begin(struct alert_engine *engine)
{
	assert(!engine->in_transaction);
	if (engine->must_arm)
		arm_all(engine);
	engine->in_transaction = true;
	engine->cached.at_ms = 0;
	if (++engine->transaction == 0) // 0: saved in none
		engine->transaction = 1;
	engine->counts_before = engine->counts;
	engine->orphans_before = engine->orphans;
	return 0;
}

void alert_engine_commit(struct alert_engine *engine)
{
	assert(engine->in_transaction);
	if (engine->former.plan)
		reload_commit(engine);
	undo_commit(&engine->undo);
	engine->in_transaction = false;
}

static void restore_block(struct alert_engine *engine, uint32_t dev, const void *block, size_t size)
{
	struct engine_device *device = engine_device_at(engine, dev);
	if (!device)
		return; // there was no memory for it
	if (size == 0) {
		forget(engine, dev);
		return;
	}
	struct alert *alerts = device->alerts;
	memcpy(device, block, size);
	device->alerts = alerts;
	deadlines_arm(engine, dev, device->recv_ms);
}

void alert_engine_rollback(struct alert_engine *engine)
{
	struct undo_alert entry;
	const void *block;
	uint32_t dev;
	size_t size;

	assert(engine->in_transaction);
	while (undo_pop_alert(&engine->undo, &entry)) {
		judge_replace(engine, entry.dev, entry.after, entry.before);
		alert_free(entry.after);
		deadlines_arm(engine, entry.dev, engine_device_at(engine, entry.dev)->recv_ms);
	}
	if (engine->former.plan)
		reload_rollback(engine);
	while (undo_pop_block(&engine->undo, &dev, &block, &size))
		restore_block(engine, dev, block, size);
	engine->counts = engine->counts_before;
	engine->orphans = engine->orphans_before;
	engine->in_transaction = false;
}

// ---- records

static void learn_interval(struct engine_device *device, uint64_t at_ms)
{
	uint64_t last_ms = device->beat_ms, known_ms = device->interval_ms;
	device->beat_ms = at_ms;
	if (!last_ms)
		return;
	uint64_t apart_ms = at_ms - last_ms, most_ms = known_ms ? known_ms * 4 + 10000 : UINT32_MAX;
	if (apart_ms > most_ms)
		apart_ms = most_ms; // an outage is no interval
	uint64_t learned_ms = known_ms ? (known_ms * 3 + apart_ms) / 4 : apart_ms;
	device->interval_ms = learned_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)learned_ms;
}

static void fold_heartbeat(const struct rule_plan *plan, struct engine_device *device, const Mu__Record *record, uint64_t at_ms)
{
	for (size_t i = 0; i < plan->metric_slot_count; i++) {
		const struct rule_slot *slot = &plan->rules->slots[plan->metric_slots[i]];
		double value;
		if (mu_metric_get(record->heartbeat, slot->metric, &value))
			window_add(slot, (uint8_t *)device->slots + slot->offset, at_ms, record->boot, value);
	}
	learn_interval(device, at_ms);
}

static void fold_events(const struct rule_plan *plan, struct engine_device *device, const Mu__Record *record, uint64_t at_ms)
{
	for (size_t i = 0; i < plan->event_slot_count; i++) {
		const struct rule_slot *slot = &plan->rules->slots[plan->event_slots[i]];
		uint64_t weight = event_weight(&slot->filter, record);
		if (weight)
			window_add(slot, (uint8_t *)device->slots + slot->offset, at_ms, record->boot, (double)weight);
	}
}

// Takes the record into the state of the device. Returns its event time.
static uint64_t fold(const struct rule_plan *plan, struct engine_device *device, const Mu__Record *record, uint64_t recv_ms)
{
	uint64_t at_ms = event_time(&device->clock, record, recv_ms);
	device->recv_ms = recv_ms;
	if (record->body_case == MU__RECORD__BODY_HEARTBEAT)
		fold_heartbeat(plan, device, record, at_ms);
	else
		fold_events(plan, device, record, at_ms);
	return at_ms;
}

int alert_engine_fold(struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t recv_ms)
{
	assert(!engine->in_transaction);
	struct engine_device *device = know(engine, dev);
	if (!device)
		return ALERT_ENGINE_ENOMEM;
	fold(engine->plan, device, record, recv_ms);
	engine->must_arm = true;
	return 0;
}

// Rules whose inputs may have changed: with a heartbeat all, for time has moved on; with another record those that count what it brings and those
// with silent(); and always those that are not ok.
static bool may_change(const struct alert_engine *engine, const struct engine_device *device, uint32_t rule, bool is_heartbeat,
	uint64_t events)
{
	const struct rule *r = &engine->plan->rules->rules[rule];
	if (device->alerts && alert_find(device->alerts, rule))
		return true;
	if (is_heartbeat)
		return !rule_plan_is_idle(engine->plan, rule, device->slots);
	return (r->events & events) || r->silent_ms;
}

static int judge_record(struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t at_ms)
{
	const struct judge_moment moment = { .at_ms = at_ms, .reason = ALERT_BY_SAMPLE };
	const struct engine_device *device = engine_device_at(engine, dev);
	uint32_t rules = (uint32_t)engine->plan->rules->count;
	bool is_heartbeat = record->body_case == MU__RECORD__BODY_HEARTBEAT;
	uint64_t events = is_heartbeat ? 0 : event_kinds_of(record);
	for (uint32_t i = 0; i < rules; i++) {
		if (!may_change(engine, device, i, is_heartbeat, events))
			continue;
		int changes = judge_rule(engine, dev, i, &moment);
		if (changes < 0)
			return changes;
	}
	return 0;
}

int alert_engine_record(struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t recv_ms)
{
	assert(engine->in_transaction && !engine->former.plan);
	int err = alert_engine_advance(engine, recv_ms);
	if (err < 0)
		return err;
	struct engine_device *device = touch(engine, dev);
	if (!device)
		return ALERT_ENGINE_ENOMEM;
	if (device->clock.last_ms) {
		struct event_clock clock = device->clock;
		err = deadlines_meet_before(engine, dev, event_time(&clock, record, recv_ms), recv_ms);
		if (err < 0)
			return err;
	}
	uint64_t at_ms = fold(engine->plan, device, record, recv_ms);
	engine->cached.at_ms = 0; // what was read before the record is void
	err = judge_record(engine, dev, record, at_ms);
	deadlines_arm(engine, dev, recv_ms);
	return err;
}

int alert_engine_advance(struct alert_engine *engine, uint64_t now_ms)
{
	assert(engine->in_transaction && !engine->former.plan);
	int ended = reload_end_orphans(engine, now_ms);
	if (ended < 0)
		return ended;
	int changes = deadlines_meet(engine, now_ms);
	return changes < 0 ? changes : ended + changes;
}

uint64_t alert_engine_next_deadline(const struct alert_engine *engine)
{
	return engine->must_arm || engine->orphans ? 0 : wheel_next(engine->wheel);
}

void alert_engine_set_hearing(struct alert_engine *engine, bool is_hearing, uint64_t now_ms)
{
	if (engine->is_hearing == is_hearing)
		return;
	engine->is_hearing = is_hearing;
	*(is_hearing ? &engine->heard_since_ms : &engine->heard_until_ms) = now_ms;
	engine->must_arm |= is_hearing;
}

// ---- restart

int alert_engine_restore(struct alert_engine *engine, const struct alert_transition *transition)
{
	assert(!engine->in_transaction);
	int64_t rule = rule_plan_find(engine->plan, transition->uid);
	if (transition->to == ALERT_OK)
		return 0;
	if (!know(engine, transition->dev))
		return ALERT_ENGINE_ENOMEM;
	struct alert *alert = alert_new(transition, rule < 0 ? ALERT_NO_RULE : (uint32_t)rule);
	if (!alert)
		return ALERT_ENGINE_ENOMEM;
	engine->orphans += rule < 0;
	judge_replace(engine, transition->dev, 0, alert);
	engine->must_arm = true;
	return 0;
}

size_t alert_engine_pack_max(const struct alert_engine *engine)
{
	return snapshot_max(engine->plan->rules);
}

size_t alert_engine_pack(const struct alert_engine *engine, uint32_t dev, uint8_t *bytes, size_t size)
{
	const struct engine_device *device = engine_device_at(engine, dev);
	return device && device->clock.last_ms ? snapshot_pack(engine->plan->rules, device, bytes, size) : 0;
}

int alert_engine_unpack(struct alert_engine *engine, uint32_t dev, const uint8_t *bytes, size_t size)
{
	assert(!engine->in_transaction);
	struct engine_device *device = know(engine, dev);
	if (!device)
		return ALERT_ENGINE_ENOMEM;
	engine->must_arm = true;
	return snapshot_unpack(engine->plan->rules, device, bytes, size);
}

// ---- what is known

const struct rule_set *alert_engine_rules(const struct alert_engine *engine)
{
	return engine->plan->rules;
}

void alert_engine_counts(const struct alert_engine *engine, struct alert_counts *counts)
{
	*counts = engine->counts;
}

enum alert_severity alert_engine_worst(const struct alert_engine *engine, uint32_t dev, unsigned *firing)
{
	const struct engine_device *device = engine_device_at(engine, dev);
	enum alert_severity worst = ALERT_NO_SEVERITY;
	*firing = 0;
	for (const struct alert *alert = device ? device->alerts : 0; alert; alert = alert->next) {
		if (alert->state == ALERT_PENDING)
			continue;
		++*firing;
		if (alert->severity > worst)
			worst = alert->severity;
	}
	return worst;
}

void alert_engine_rule_counts(const struct alert_engine *engine, size_t rule, size_t *pending, size_t *firing)
{
	*pending = *firing = 0;
	if (rule >= engine->plan->rules->count)
		return;
	*pending = engine->plan->counts[rule].pending;
	*firing = engine->plan->counts[rule].firing;
}
