// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/judge.h"
#include "alerts/engine/evaluate.h"
#include <math.h>
#include <string.h>

static void count(struct alert_engine *engine, const struct alert *alert, size_t by)
{
	engine->counts.alerts[alert->state] += by;
	if (alert->rule == ALERT_NO_RULE)
		return;
	struct plan_count *counts = &engine->plan->counts[alert->rule];
	*(alert->state == ALERT_PENDING ? &counts->pending : &counts->firing) += by;
}

void judge_replace(struct alert_engine *engine, uint32_t dev, struct alert *before, struct alert *after)
{
	struct engine_device *device = engine_device_at(engine, dev);
	if (before) {
		alert_take(&device->alerts, before);
		count(engine, before, (size_t)-1);
	}
	if (after) {
		alert_put(&device->alerts, after);
		count(engine, after, 1);
	}
}

// The texts of the transition, into the sheet. new_text: annotations are rendered again.
static void write_texts(struct alert_engine *engine, struct alert_transition *t, const struct rule *rule, const struct alert *alert,
	bool new_text)
{
	struct alert_sheet *sheet = &engine->sheet;
	const char *severity = alert_severity_name(t->severity), *id = "", *firmware = "";
	if (alert) {
		alert_sheet_keep_labels(sheet, alert, severity);
	} else {
		engine->calls.identify(engine->calls.context, t->dev, &id, &firmware);
		alert_sheet_label(sheet, rule, severity, id, firmware);
	}
	if (new_text)
		alert_sheet_annotate(sheet, engine->plan->rules, rule, t->value, t->threshold);
	else
		alert_sheet_keep_annotations(sheet, alert);
	t->labels = sheet->labels;
	t->label_count = sheet->label_count;
	t->annotations = sheet->annotations;
	t->annotation_count = sheet->annotation_count;
}

// Tells the caller, then takes the transition over.
static int carry_out(struct alert_engine *engine, struct alert_transition *t, struct alert *before, uint32_t rule)
{
	struct alert *after = 0;
	if (undo_reserve_alert(&engine->undo) < 0)
		return ALERT_ENGINE_ENOMEM;
	uint64_t number = engine->calls.transition(engine->calls.context, t);
	if (!number)
		return ALERT_ENGINE_ECALLER;
	if (!t->incident)
		t->incident = number;
	if (t->to != ALERT_OK) {
		after = alert_new(t, rule);
		if (!after)
			return ALERT_ENGINE_ENOMEM;
	}
	judge_replace(engine, t->dev, before, after);
	undo_add_alert(&engine->undo, (struct undo_alert){ t->dev, before, after });
	engine->counts.transitions++;
	return 1;
}

// A transition of an alert that there is: all as it was.
static struct alert_transition go_on(uint32_t dev, const struct alert *alert)
{
	return (struct alert_transition){
		.dev = dev,
		.uid = alert->uid,
		.name = alert->name,
		.from = alert->state,
		.severity = alert->severity,
		.was_severity = alert->severity,
		.started_ms = alert->started_ms,
		.fired_ms = alert->fired_ms,
		.incident = alert->incident,
		.value = alert->value,
		.threshold = alert->threshold,
	};
}

static int end(struct alert_engine *engine, uint32_t dev, struct alert *alert, uint64_t at_ms, enum alert_reason reason)
{
	struct alert_transition t = go_on(dev, alert);
	t.to = ALERT_OK;
	t.reason = reason;
	t.at_ms = at_ms > alert->at_ms ? at_ms : alert->at_ms;
	write_texts(engine, &t, 0, alert, false);
	return carry_out(engine, &t, alert, alert->rule);
}

int judge_end(struct alert_engine *engine, uint32_t dev, struct alert *alert, uint64_t at_ms)
{
	return end(engine, dev, alert, at_ms, ALERT_BY_RELOAD);
}

int judge_quiet_over(struct alert_engine *engine, uint32_t dev, uint32_t rule, uint64_t at_ms)
{
	struct alert *alert = alert_find(engine_device_at(engine, dev)->alerts, rule);
	if (!alert || alert->state != ALERT_RECOVERING || at_ms <= alert->at_ms)
		return 0;
	return end(engine, dev, alert, at_ms, ALERT_BY_TIME);
}

static enum alert_state state_of(const struct alert *alert)
{
	return alert ? alert->state : ALERT_OK;
}

static enum alert_input input_of(const struct rule *rule, const struct alert *alert, enum evaluation is, uint64_t at_ms)
{
	uint64_t pending_ms = state_of(alert) == ALERT_PENDING ? at_ms - alert->started_ms : 0;
	uint64_t quiet_ms = state_of(alert) == ALERT_RECOVERING ? at_ms - alert->at_ms : 0;
	if (is == EVALUATION_TRUE)
		return pending_ms >= rule->for_ms ? ALERT_TRUE_LONG : ALERT_TRUE;
	if (is == EVALUATION_FALSE)
		return quiet_ms >= rule->keep_firing_for_ms ? ALERT_FALSE_LONG : ALERT_FALSE;
	return is == EVALUATION_HELD ? ALERT_HELD : ALERT_UNKNOWN;
}

static void evaluate(struct alert_engine *engine, uint32_t dev, const struct rule *rule, const struct judge_moment *moment, bool with_clear,
	struct evaluation_result *result)
{
	struct evaluation_cache *cache = &engine->plan->cache;
	if (engine->cached.at_ms != moment->at_ms || engine->cached.dev != dev) {
		memset(cache->codes, 0, engine->plan->rules->slot_count);
		engine->cached = (struct engine_cached){ dev, moment->at_ms };
	}
	const struct evaluation_input input = {
		.slots = engine->plan->rules->slots,
		.state = (const uint8_t *)engine_device_at(engine, dev)->slots,
		.now_ms = moment->at_ms,
		.quiet_ms = moment->quiet_ms,
		.heard_ms = moment->heard_ms,
		.cache = cache,
	};
	evaluate_rule(rule, &input, with_clear, result);
	engine->counts.evaluations++;
	engine->counts.unknown_results += result->is == EVALUATION_UNKNOWN;
}

// A transition of an alert, or of one that begins (0), with what was evaluated.
static struct alert_transition transition_to(enum alert_state to, uint32_t dev, const struct rule *rule, const struct alert *alert,
	const struct evaluation_result *result, uint64_t at_ms)
{
	struct alert_transition t = { .dev = dev, .started_ms = at_ms, .value = NAN, .threshold = NAN };
	if (alert)
		t = go_on(dev, alert);
	t.uid = rule->uid;
	t.name = rule->name;
	t.to = to;
	t.at_ms = at_ms;
	if (!t.fired_ms && to == ALERT_FIRING)
		t.fired_ms = at_ms;
	if (result->is == EVALUATION_TRUE) {
		t.severity = result->severity;
		t.value = result->value;
		t.threshold = result->threshold;
	}
	return t;
}

static bool is_new_level(const struct alert *alert, enum alert_state next, const struct evaluation_result *result)
{
	return alert && next == ALERT_FIRING && result->is == EVALUATION_TRUE && alert->severity != result->severity;
}

// Whether pending or firing begins with this transition.
static bool is_beginning(enum alert_state from, enum alert_state to)
{
	return to == ALERT_PENDING || (to == ALERT_FIRING && (from == ALERT_OK || from == ALERT_PENDING));
}

// What was evaluated decides at at_ms.
static int decide(struct alert_engine *engine, uint32_t dev, uint32_t index, const struct evaluation_result *result,
	const struct judge_moment *moment)
{
	const struct rule *rule = &engine->plan->rules->rules[index];
	struct alert *alert = alert_find(engine_device_at(engine, dev)->alerts, index);
	uint64_t at_ms = alert && alert->at_ms > moment->at_ms ? alert->at_ms : moment->at_ms;
	enum alert_state state = state_of(alert), next = alert_next(state, input_of(rule, alert, result->is, at_ms));
	bool new_level = is_new_level(alert, next, result);
	if (next == state && !new_level)
		return 0;
	struct alert_transition t = transition_to(next, dev, rule, alert, result, at_ms);
	t.reason = moment->reason;
	write_texts(engine, &t, rule, alert, is_beginning(state, next) || new_level);
	return carry_out(engine, &t, alert, index);
}

int judge_rule(struct alert_engine *engine, uint32_t dev, uint32_t rule, const struct judge_moment *moment)
{
	const struct alert *alert = alert_find(engine_device_at(engine, dev)->alerts, rule);
	bool by_time = moment->reason == ALERT_BY_TIME;
	struct evaluation_result result;
	if (by_time && alert && moment->at_ms <= alert->at_ms)
		return 0;
	bool with_clear = alert && alert->state != ALERT_PENDING;
	evaluate(engine, dev, &engine->plan->rules->rules[rule], moment, with_clear, &result);
	if (result.is != EVALUATION_TRUE && (by_time || !alert))
		return 0;
	return decide(engine, dev, rule, &result, moment);
}
