// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/deadlines.h"
#include "alerts/engine/judge.h"

// `for` and `keep_firing_for` of an alert, by event time; WHEEL_NEVER: none, or not without a new sample.
static uint64_t deadline_of(const struct alert_engine *engine, const struct engine_device *device, const struct alert *alert)
{
	if (alert->rule == ALERT_NO_RULE)
		return WHEEL_NEVER;
	const struct rule *rule = &engine->plan->rules->rules[alert->rule];
	if (alert->state == ALERT_RECOVERING)
		return alert->at_ms + rule->keep_firing_for_ms;
	if (alert->state != ALERT_PENDING)
		return WHEEL_NEVER;
	uint64_t due_ms = alert->started_ms + rule->for_ms;
	uint64_t fresh_ms = (uint64_t)device->interval_ms * STALE_INTERVALS;
	if (fresh_ms < STALE_LEAST_MS)
		fresh_ms = STALE_LEAST_MS;
	bool is_stale = due_ms > device->clock.last_ms + fresh_ms;
	return is_stale && !rule_plan_has_silent(engine->plan, alert->rule) ? WHEEL_NEVER : due_ms;
}

// The same by receive time. What was due at the last record was judged with it.
static uint64_t due_of(const struct alert_engine *engine, const struct engine_device *device, const struct alert *alert)
{
	uint64_t deadline_ms = deadline_of(engine, device, alert);
	if (deadline_ms == WHEEL_NEVER || deadline_ms <= device->clock.last_ms)
		return WHEEL_NEVER;
	return device->recv_ms + (deadline_ms - device->clock.last_ms);
}

// From when on silence counts.
static uint64_t quiet_since(const struct alert_engine *engine, const struct engine_device *device)
{
	return device->recv_ms > engine->heard_since_ms ? device->recv_ms : engine->heard_since_ms;
}

static uint64_t silence_due(const struct alert_engine *engine, const struct engine_device *device, const struct plan_silence *silence)
{
	uint64_t due_ms = quiet_since(engine, device) + silence->ms;
	return engine->is_hearing || due_ms <= engine->heard_until_ms ? due_ms : WHEEL_NEVER;
}

static uint64_t next_due(const struct alert_engine *engine, const struct engine_device *device, uint64_t after_ms)
{
	uint64_t next_ms = WHEEL_NEVER;
	for (const struct alert *alert = device->alerts; alert; alert = alert->next) {
		uint64_t due_ms = due_of(engine, device, alert);
		if (due_ms > after_ms && due_ms < next_ms)
			next_ms = due_ms;
	}
	for (size_t i = 0; i < engine->plan->silence_count; i++) {
		uint64_t due_ms = silence_due(engine, device, &engine->plan->silences[i]);
		if (due_ms > after_ms)
			return due_ms < next_ms ? due_ms : next_ms; // the others are later
	}
	return next_ms;
}

void deadlines_arm(struct alert_engine *engine, uint32_t dev, uint64_t after_ms)
{
	const struct engine_device *device = engine_device_at(engine, dev);
	uint64_t due_ms = device->clock.last_ms ? next_due(engine, device, after_ms) : WHEEL_NEVER;
	if (due_ms < wheel_deadline(engine->wheel, dev))
		wheel_arm(engine->wheel, dev, due_ms);
}

// A moment without a record, `later_ms` after the last one by event time, `quiet_ms` by receive time.
static struct judge_moment moment_after(const struct alert_engine *engine, const struct engine_device *device, uint64_t later_ms,
	uint64_t quiet_ms)
{
	uint64_t since_ms = quiet_since(engine, device), now_ms = device->recv_ms + quiet_ms;
	if (!engine->is_hearing && now_ms > engine->heard_until_ms)
		now_ms = engine->heard_until_ms;
	return (struct judge_moment){
		.at_ms = device->clock.last_ms + later_ms,
		.quiet_ms = quiet_ms,
		.heard_ms = now_ms > since_ms ? now_ms - since_ms : 0,
		.reason = ALERT_BY_TIME,
	};
}

static int meet_alert(struct alert_engine *engine, uint32_t dev, const struct alert *alert, const struct judge_moment *moment)
{
	if (alert->state == ALERT_RECOVERING)
		return judge_quiet_over(engine, dev, alert->rule, moment->at_ms);
	return judge_rule(engine, dev, alert->rule, moment);
}

// The alert with the least rule from `rule` on whose deadline is at_ms, by event time.
static const struct alert *next_alert(const struct alert_engine *engine, uint32_t dev, uint32_t rule, uint64_t at_ms)
{
	const struct engine_device *device = engine_device_at(engine, dev);
	for (const struct alert *alert = device->alerts; alert; alert = alert->next)
		if (alert->rule >= rule && deadline_of(engine, device, alert) == at_ms)
			return alert;
	return 0;
}

// All alerts of the device whose deadline this moment is.
static int meet_alerts(struct alert_engine *engine, uint32_t dev, const struct judge_moment *moment)
{
	int sum = 0;
	uint32_t rule = 0;
	for (const struct alert *alert; (alert = next_alert(engine, dev, rule, moment->at_ms));) {
		rule = alert->rule + 1;
		int changes = meet_alert(engine, dev, alert, moment);
		if (changes < 0)
			return changes;
		sum += changes;
	}
	return sum;
}

static int meet_silences(struct alert_engine *engine, uint32_t dev, uint64_t due_ms, const struct judge_moment *moment)
{
	int sum = 0;
	for (size_t i = 0; i < engine->plan->silence_count; i++) {
		const struct plan_silence *silence = &engine->plan->silences[i];
		if (silence_due(engine, engine_device_at(engine, dev), silence) != due_ms)
			continue;
		int changes = judge_rule(engine, dev, silence->rule, moment);
		if (changes < 0)
			return changes;
		sum += changes;
	}
	return sum;
}

// What of one device is due at exactly due_ms; the timer may have been set for something that has moved on since.
static int meet_device(struct alert_engine *engine, uint32_t dev, uint64_t due_ms)
{
	const struct engine_device *device = engine_device_at(engine, dev);
	if (!device || !device->clock.last_ms || due_ms <= device->recv_ms)
		return 0;
	uint64_t later_ms = due_ms - device->recv_ms;
	struct judge_moment moment = moment_after(engine, device, later_ms, later_ms);
	int silences = meet_silences(engine, dev, due_ms, &moment);
	if (silences < 0)
		return silences;
	int alerts = meet_alerts(engine, dev, &moment);
	return alerts < 0 ? alerts : silences + alerts;
}

int deadlines_meet(struct alert_engine *engine, uint64_t now_ms)
{
	uint64_t due_ms;
	int sum = 0;
	for (uint32_t dev; (dev = wheel_pop(engine->wheel, now_ms, &due_ms)) != WHEEL_NONE;) {
		int changes = meet_device(engine, dev, due_ms);
		if (changes < 0) {
			wheel_arm(engine->wheel, dev, due_ms);
			return changes;
		}
		sum += changes;
		if (engine_device_at(engine, dev))
			deadlines_arm(engine, dev, due_ms);
	}
	return sum;
}

int deadlines_meet_before(struct alert_engine *engine, uint32_t dev, uint64_t at_ms, uint64_t recv_ms)
{
	const struct engine_device *device = engine_device_at(engine, dev);
	uint64_t passed_ms = device->clock.last_ms, real_ms = recv_ms > device->recv_ms ? recv_ms - device->recv_ms : 0;
	int sum = 0;
	for (;;) {
		uint64_t next_ms = WHEEL_NEVER;
		for (const struct alert *alert = device->alerts; alert; alert = alert->next) {
			uint64_t deadline_ms = deadline_of(engine, device, alert);
			if (deadline_ms > passed_ms && deadline_ms < next_ms)
				next_ms = deadline_ms;
		}
		if (next_ms > at_ms)
			return sum;
		uint64_t later_ms = next_ms - device->clock.last_ms;
		struct judge_moment moment = moment_after(engine, device, later_ms, later_ms < real_ms ? later_ms : real_ms);
		int changes = meet_alerts(engine, dev, &moment);
		if (changes < 0)
			return changes;
		sum += changes;
		passed_ms = next_ms;
	}
}
