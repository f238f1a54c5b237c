// SPDX-License-Identifier: Apache-2.0
#include "collector/http/alert_json.h"
#include "alerts/alerts.h"
#include "collector/http/json_text.h"
#include <math.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 // 2^53

json_t *real_json(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == floor(value) && fabs(value) <= EXACT_MAX)
		return json_integer((json_int_t)value);
	return json_real(value);
}

json_t *severity_json(uint32_t severity)
{
	const char *name = severity == ALERT_NO_SEVERITY ? 0 : alert_severity_name((enum alert_severity)severity);
	return name ? json_string(name) : json_null();
}

const char *reason_name(uint32_t reason)
{
	static const char *const names[] = { "sample", "time", "reload" };
	return reason < sizeof names / sizeof *names ? names[reason] : "unknown";
}

json_t *transition_texts(const char *json)
{
	json_t *texts = json_loads(json ? json : "", 0, 0);
	if (json_is_object(texts))
		return texts;
	json_decref(texts);
	return json_object();
}

static json_t *time_json(uint64_t ms)
{
	return ms ? json_u64(ms) : json_null();
}

static json_t *text_json(const char *text)
{
	return json_text(text, strlen(text));
}

// What both shapes have in common.
static json_t *common_json(const struct store_transition *transition, const char *device)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "device", text_json(device), "uid", text_json(transition->uid),
		"name", text_json(transition->name), "severity", severity_json(transition->severity), "started_ms",
		time_json(transition->started_ms), "fired_ms", time_json(transition->fired_ms), "value", real_json(transition->value),
		"threshold", real_json(transition->threshold), "labels", transition_texts(transition->labels), "annotations",
		transition_texts(transition->annotations), "incident", json_u64(transition->incident));
}

static json_t *joined(json_t *object, json_t *more)
{
	if (!object || !more || json_object_update(object, more) < 0) {
		json_decref(object);
		object = 0;
	}
	json_decref(more);
	return object;
}

json_t *alert_json(const struct store_transition *transition, const char *device)
{
	return joined(common_json(transition, device),
		json_pack("{s:s,s:o}", "state", alert_state_name((enum alert_state)transition->to), "since_ms",
			json_u64(transition->at_ms)));
}

json_t *transition_json(const struct store_transition *transition, const char *device)
{
	return joined(common_json(transition, device),
		json_pack("{s:o,s:o,s:o,s:s,s:s,s:o,s:s}", "n", json_u64(transition->n), "at_ms", json_u64(transition->at_ms), "stored_ms",
			json_u64(transition->stored_ms), "from", alert_state_name((enum alert_state)transition->from), "to",
			alert_state_name((enum alert_state)transition->to), "was_severity", severity_json(transition->was_severity),
			"reason", reason_name(transition->reason)));
}

static bool fires(uint32_t state)
{
	return state == ALERT_FIRING || state == ALERT_RECOVERING;
}

bool transition_is_news(const struct store_transition *transition)
{
	if (fires(transition->from) != fires(transition->to))
		return true;
	return transition->from == ALERT_FIRING && transition->to == ALERT_FIRING;
}

static const char *label_of(void *labels, const char *name)
{
	return json_string_value(json_object_get(labels, name));
}

bool transition_fits(const struct store_transition *transition, const struct matchers *matchers)
{
	if (!matchers->count)
		return true;
	json_t *labels = transition_texts(transition->labels);
	bool fit = matchers_fit(matchers, label_of, labels);
	json_decref(labels);
	return fit;
}
