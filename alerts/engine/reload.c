// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/reload.h"
#include "alerts/engine/judge.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

// For each rule or slot of one set, its index in the other; -1: none.
static int64_t *map_rules(const struct rule_plan *from, const struct rule_plan *to)
{
	int64_t *map = calloc(from->rules->count + 1, sizeof *map);
	for (uint32_t i = 0; map && i < from->rules->count; i++)
		map[i] = rule_plan_find(to, from->rules->rules[i].uid);
	return map;
}

static const struct rule_slot *find_slot(const struct rule_set *rules, const struct rule_slot *wanted)
{
	for (size_t i = 0; i < rules->slot_count; i++)
		if (rules->slots[i].hash == wanted->hash && rules->slots[i].kind == wanted->kind)
			return &rules->slots[i];
	return 0;
}

static void free_devices(struct engine_device **devices, size_t count)
{
	for (size_t i = 0; devices && i < count; i++)
		free(devices[i]);
	free(devices);
}

// Pairs of offsets: where a slot lies in the one block and in the other.
struct move {
	uint32_t from, to, size;
};

static size_t plan_moves(struct move *moves, const struct rule_set *from, const struct rule_set *to)
{
	size_t count = 0;
	for (size_t i = 0; i < to->slot_count; i++) {
		const struct rule_slot *slot = find_slot(from, &to->slots[i]);
		if (slot)
			moves[count++] = (struct move){ slot->offset, to->slots[i].offset, slot->size };
	}
	return count;
}

// The blocks of all devices for other rules, with what both have in common. 0: no memory.
static struct engine_device **copy_devices(const struct alert_engine *engine, const struct rule_set *to)
{
	struct engine_device **devices = calloc(engine->device_count + 1, sizeof(struct engine_device *));
	struct move *moves = calloc(to->slot_count + 1, sizeof *moves);
	size_t count = moves ? plan_moves(moves, engine->plan->rules, to) : 0;
	bool is_ok = devices && moves;
	for (size_t i = 0; is_ok && i < engine->device_count; i++) {
		const struct engine_device *device = engine->devices[i];
		if (!device)
			continue;
		devices[i] = calloc(1, sizeof *device + to->slot_bytes);
		if (!devices[i]) {
			is_ok = false;
			break;
		}
		*devices[i] = *device;
		for (size_t m = 0; m < count; m++)
			memcpy((uint8_t *)devices[i]->slots + moves[m].to, (const uint8_t *)device->slots + moves[m].from, moves[m].size);
	}
	free(moves);
	if (is_ok)
		return devices;
	free_devices(devices, engine->device_count);
	return 0;
}

// Moves all alerts to the rules of the running plan and counts them; those of rules that are not in it become orphans.
static void move_alerts(struct alert_engine *engine)
{
	struct rule_plan *plan = engine->plan;
	memset(plan->counts, 0, (plan->rules->count + 1) * sizeof *plan->counts);
	memset(engine->counts.alerts, 0, sizeof engine->counts.alerts);
	engine->orphans = 0;
	for (uint32_t dev = 0; dev < engine->device_count; dev++) {
		struct alert *list = engine->devices[dev] ? engine->devices[dev]->alerts : 0;
		if (list)
			engine->devices[dev]->alerts = 0;
		while (list) {
			struct alert *alert = list;
			int64_t rule = rule_plan_find(plan, alert->uid);
			list = alert->next;
			alert->rule = rule < 0 ? ALERT_NO_RULE : (uint32_t)rule;
			engine->orphans += rule < 0;
			judge_replace(engine, dev, 0, alert);
		}
	}
}

static void compare(const struct rule_plan *from, const struct rule_plan *to, const int64_t *map, struct alert_reload *reload)
{
	*reload = (struct alert_reload){ 0 };
	for (uint32_t i = 0; i < from->rules->count; i++) {
		if (map[i] < 0)
			reload->removed++;
		else if (rule_plan_is_same(from, i, to, (uint32_t)map[i]))
			reload->kept++;
		else
			reload->changed++;
	}
	reload->added = (unsigned)(to->rules->count - reload->kept - reload->changed);
}

// Ends the alerts for which `is_gone`: without a rule, or (map not null) of a rule that is not in the map.
static int end_alerts(struct alert_engine *engine, const int64_t *map, uint64_t now_ms)
{
	int ended = 0;
	for (uint32_t dev = 0; dev < engine->device_count; dev++) {
		struct alert *next;
		for (struct alert *alert = engine->devices[dev] ? engine->devices[dev]->alerts : 0; alert; alert = next) {
			bool is_gone = alert->rule == ALERT_NO_RULE || (map && map[alert->rule] < 0);
			next = alert->next;
			if (!is_gone)
				continue;
			int err = judge_end(engine, dev, alert, now_ms);
			if (err < 0)
				return err;
			ended++;
		}
	}
	return ended;
}

int reload_end_orphans(struct alert_engine *engine, uint64_t now_ms)
{
	if (!engine->orphans)
		return 0;
	int ended = end_alerts(engine, 0, now_ms);
	if (ended >= 0)
		engine->orphans = 0;
	return ended;
}

// Orphans that the new rules know again go on: so they are adopted before any alert is ended.
static void adopt(struct alert_engine *engine, struct rule_plan *plan, struct engine_device **devices)
{
	engine->former = (struct engine_former){ engine->plan, engine->devices, engine->device_count };
	engine->plan = plan;
	engine->devices = devices;
	move_alerts(engine);
	engine->must_arm = true;
	engine->cached.at_ms = 0;
}

int alert_engine_load(struct alert_engine *engine, struct rule_set *rules, uint64_t now_ms, struct alert_reload *reload)
{
	assert(engine->in_transaction && !engine->former.plan && !engine->undo.used && !engine->undo.alert_count);
	struct rule_plan *plan = rule_plan_new(rules);
	int64_t *map = plan ? map_rules(engine->plan, plan) : 0;
	struct engine_device **devices = map ? copy_devices(engine, rules) : 0;
	if (devices) {
		compare(engine->plan, plan, map, reload);
		adopt(engine, plan, devices);
	}
	free(map);
	if (!devices) {
		if (plan)
			rule_plan_release(plan);
		return ALERT_ENGINE_ENOMEM;
	}
	int ended = reload_end_orphans(engine, now_ms);
	return ended < 0 ? ended : 0;
}

static void release_former(struct engine_former *former)
{
	free_devices(former->devices, former->device_count);
	*former = (struct engine_former){ 0 };
}

void reload_commit(struct alert_engine *engine)
{
	rule_plan_free(engine->former.plan);
	release_former(&engine->former);
}

void reload_rollback(struct alert_engine *engine)
{
	struct engine_former now = { engine->plan, engine->devices, engine->device_count };
	assert(engine->device_count == engine->former.device_count);
	for (size_t i = 0; i < now.device_count; i++)
		if (now.devices[i])
			engine->former.devices[i]->alerts = now.devices[i]->alerts;
	engine->plan = engine->former.plan;
	engine->devices = engine->former.devices;
	engine->former = (struct engine_former){ 0 };
	move_alerts(engine);
	rule_plan_release(now.plan);
	release_former(&now);
	engine->must_arm = true;
}
