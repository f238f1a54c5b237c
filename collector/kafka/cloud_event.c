// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/cloud_event.h"

#include <event2/http.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "alerts/alerts.h"
#include "collector/http/json_text.h"

static bool fires(uint32_t state)
{
	return state == ALERT_FIRING || state == ALERT_RECOVERING;
}

bool cloud_event_is_due(const struct store_transition *transition)
{
	bool did = fires(transition->from), does = fires(transition->to);
	return did != does || (does && transition->severity != transition->was_severity);
}

static void format_time(char *text, size_t size, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	char day[32] = "";
	if (gmtime_r(&seconds, &utc))
		strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, size, "%s.%03uZ", day, (unsigned)(ms % 1000));
}

static json_t *number_json(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *object_json(const char *text)
{
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, 0);
	return object ? object : json_object();
}

static json_t *severity_json(uint32_t severity)
{
	return severity == ALERT_NO_SEVERITY ? json_null() : json_string(alert_severity_name((enum alert_severity)severity));
}

static const char *reason_name(uint32_t reason)
{
	static const char *const names[] = { [ALERT_BY_SAMPLE] = "sample", [ALERT_BY_TIME] = "time", [ALERT_BY_RELOAD] = "reload" };
	return reason < sizeof names / sizeof *names ? names[reason] : "unknown";
}

static json_t *data_json(const char *device, const struct store_transition *transition)
{
	const char *state = fires(transition->to) ? "firing" : "resolved";
	json_t *previous = fires(transition->from) ? severity_json(transition->was_severity) : json_null();
	return json_pack("{s:o,s:o,s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "alert",
		json_text(transition->name, strlen(transition->name)), "uid", json_text(transition->uid, strlen(transition->uid)), "device",
		device, "state", state, "severity", severity_json(transition->severity), "previous_severity", previous, "reason",
		reason_name(transition->reason), "value", number_json(transition->value), "threshold", number_json(transition->threshold),
		"started_ms", json_u64(transition->started_ms), "fired_ms", json_u64(transition->fired_ms), "incident",
		json_u64(transition->incident), "transition", json_u64(transition->n), "labels", object_json(transition->labels),
		"annotations", object_json(transition->annotations));
}

// A URI reference: both names may hold anything.
static void put_source(char *source, size_t size, const char *collector, const char *uid)
{
	char *escaped_collector = evhttp_uriencode(collector, -1, 0), *escaped_uid = evhttp_uriencode(uid, -1, 0);
	snprintf(source, size, "/muster/%s/rule/%s", escaped_collector ? escaped_collector : "", escaped_uid ? escaped_uid : "");
	free(escaped_collector);
	free(escaped_uid);
}

char *cloud_event_json(const char *collector, const char *device, const struct store_transition *transition)
{
	char id[400], source[1200], subject[80], time_text[48];
	const char *type = fires(transition->to) ? "org.muster.alert.firing.v1" : "org.muster.alert.resolved.v1";
	snprintf(id, sizeof id, "%s:%s:%" PRIu64 ":%" PRIu64, transition->uid, device, transition->started_ms, transition->n);
	put_source(source, sizeof source, collector, transition->uid);
	snprintf(subject, sizeof subject, "device/%s", device);
	format_time(time_text, sizeof time_text, transition->at_ms);
	json_t *event = json_pack("{s:s,s:o,s:o,s:s,s:s,s:s,s:s,s:o}", "specversion", "1.0", "id", json_text(id, strlen(id)), "source",
		json_text(source, strlen(source)), "type", type, "subject", subject, "time", time_text, "datacontenttype",
		"application/json", "data", data_json(device, transition));
	char *text = event ? json_dumps(event, JSON_COMPACT) : 0;
	json_decref(event);
	return text;
}
