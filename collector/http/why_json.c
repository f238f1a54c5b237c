// SPDX-License-Identifier: Apache-2.0
#include "collector/http/why_json.h"
#include "alerts/alerts.h"
#include "collector/http/alert_json.h"
#include "collector/http/evidence.h"
#include "collector/http/json_text.h"
#include "collector/store/store_alerts.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 64, STEPS_LOOKED_AT = 200 };

struct finding {
	int severity; // enum condition_severity
	uint64_t incident; // of an alert
	json_t *json;
};

struct why {
	const struct device *device;
	const struct rule_set *rules; // may be null
	unsigned count;
	struct finding list[FINDINGS_MAX];
};

static int grade_of(uint32_t severity)
{
	static const int grades[] = { [ALERT_NO_SEVERITY] = SEVERITY_WARNING,
		[ALERT_INFO] = SEVERITY_INFO,
		[ALERT_WARNING] = SEVERITY_WARNING,
		[ALERT_CRITICAL] = SEVERITY_CRITICAL };
	return severity <= ALERT_CRITICAL ? grades[severity] : SEVERITY_WARNING;
}

static void add(struct why *why, int severity, uint64_t incident, json_t *json)
{
	if (why->count < FINDINGS_MAX)
		why->list[why->count++] = (struct finding){ severity, incident, json };
	else
		json_decref(json);
}

// ---- alerts

static const char *text_of(const json_t *texts, const char *name)
{
	const char *text = json_string_value(json_object_get(texts, name));
	return text ? text : "";
}

static void add_value(json_t *evidence, const struct store_transition *alert)
{
	if (alert->value != alert->value) // NaN: the rule compares nothing
		return;
	if (alert->threshold != alert->threshold)
		evidence_add(evidence, alert->at_ms, "the value is %.10g", alert->value);
	else
		evidence_add(evidence, alert->at_ms, "the value is %.10g, the threshold %.10g", alert->value, alert->threshold);
}

// What the device says now of what the rule reads.
static void add_inputs(const struct why *why, json_t *evidence, const char *uid)
{
	struct rule_inputs inputs;
	long rule = why->rules ? rules_find(why->rules, uid) : -1;
	if (rule < 0)
		return;
	rules_inputs(why->rules, (size_t)rule, &inputs);
	evidence_of_inputs(evidence, why->device, &inputs);
}

static int add_alert(void *context, const struct store_transition *alert)
{
	struct why *why = context;
	if (alert->to != ALERT_FIRING && alert->to != ALERT_RECOVERING)
		return 0;
	json_t *texts = transition_texts(alert->annotations), *evidence = json_array();
	const char *summary = text_of(texts, "summary"), *symptom = text_of(texts, "symptom");
	if (*symptom)
		evidence_add(evidence, alert->fired_ms, "%s", symptom);
	add_value(evidence, alert);
	add_inputs(why, evidence, alert->uid);
	int severity = grade_of(alert->severity);
	add(why, severity, alert->incident,
		json_pack("{s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "source", "alert", "name", json_text(alert->name, strlen(alert->name)),
			"severity", condition_severity_name((enum condition_severity)severity), "since_ms",
			alert->started_ms ? json_u64(alert->started_ms) : json_null(), "summary",
			*summary ? json_text(summary, strlen(summary)) : json_text(alert->name, strlen(alert->name)), "evidence", evidence,
			"cause", json_string_or_null(text_of(texts, "cause")), "remedy", json_string_or_null(text_of(texts, "remedy"))));
	json_decref(texts);
	return 0;
}

// The steps of the incidents, as they are in the log.
static int add_step(void *context, const struct store_transition *step)
{
	const struct why *why = context;
	for (unsigned i = 0; i < why->count; i++) {
		json_t *evidence = json_object_get(why->list[i].json, "evidence");
		if (!why->list[i].incident || why->list[i].incident != step->incident || json_array_size(evidence) >= EVIDENCE_MAX)
			continue;
		const char *severity = alert_severity_name((enum alert_severity)step->severity);
		evidence_add(evidence, step->at_ms, "%s%s%s", alert_state_name((enum alert_state)step->to), severity ? ", " : "",
			severity ? severity : "");
	}
	return 0;
}

// ---- conditions

static void add_condition(struct why *why, const struct device *device, const struct condition_reason *reason,
	const struct condition_view *view)
{
	enum condition_severity severity = condition_severity(reason->state);
	uint64_t since_ms;
	json_t *evidence = evidence_json(device, reason->state, view, &since_ms);
	add(why, (int)severity, 0,
		json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:s}", "source", "condition", "name", condition_name(reason->state), "severity",
			condition_severity_name(severity), "since_ms", since_ms ? json_u64(since_ms) : json_null(), "summary",
			json_text(reason->text, sizeof reason->text), "evidence", evidence, "cause", evidence_cause(reason->state),
			"remedy", evidence_remedy(reason->state)));
}

// ---- the whole

// The gravest first, of equal ones those that came first.
static json_t *findings_json(const struct why *why)
{
	json_t *list = json_array();
	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_OK; severity--)
		for (unsigned i = 0; i < why->count; i++)
			if (why->list[i].severity == severity)
				json_array_append(list, why->list[i].json);
	return list;
}

static json_t *verdict_json(const json_t *findings, enum condition_state state)
{
	const json_t *first = json_array_get(findings, 0);
	const char *severity = first ? text_of(first, "severity") : "ok";
	size_t more = json_array_size(findings);
	json_t *text = !first ? json_string("nothing is wrong with it")
		: more == 1   ? json_string(text_of(first, "summary"))
			      : json_sprintf("%s; and %zu more finding%s", text_of(first, "summary"), more - 1, more == 2 ? "" : "s");
	return json_pack("{s:s,s:s,s:o}", "state", condition_name(state), "severity", severity, "text", text);
}

static json_t *join(const struct why *why, const struct device *device, const struct condition_view *view, enum condition_state state)
{
	json_t *findings = findings_json(why);
	json_t *object = json_pack("{s:s,s:o,s:O}", "device", device->id, "verdict", verdict_json(findings, state), "findings", findings);
	if (object && !json_array_size(findings))
		json_object_set_new(object, "healthy_because", evidence_of_health(device, view));
	json_decref(findings);
	return object;
}

json_t *why_json(const struct device *device, const struct condition_view *view, struct store *store, const struct rule_set *rules,
	int *err)
{
	struct why why = { .device = device, .rules = rules };
	struct condition condition;
	json_t *object = 0;
	*err = store_alert_of(store, device->dev, add_alert, &why);
	if (*err >= 0 && why.count)
		*err = store_transition_of(store, device->dev, 0, STEPS_LOOKED_AT, add_step, &why);
	if (*err >= 0) {
		*err = 0;
		condition_of(device, view, &condition);
		for (unsigned i = 0; i < condition.count; i++)
			add_condition(&why, device, &condition.reasons[i], view);
		object = join(&why, device, view, condition.state);
	}
	for (unsigned i = 0; i < why.count; i++)
		json_decref(why.list[i].json);
	return object;
}
