// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/webhook_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "alerts/notify/notice_json.h"
#include "alerts/notify/time_text.h"

// severity: instead of that of the notice, 0: as it is. resolved_ms 0: it fires.
static int add(json_t *alerts, const struct notice *notice, const char *severity, uint64_t resolved_ms, const char *url)
{
	json_t *labels = notice_json_labels(notice, severity);
	char fingerprint[17];
	if (!labels)
		return -1;
	snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, notice_json_fingerprint(labels));
	json_t *alert = json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:I}", "status", resolved_ms ? "resolved" : "firing", "labels",
		labels, "annotations", notice_json_annotations(notice), "startsAt", time_text(notice->fired_ms).text, "endsAt",
		time_text(resolved_ms).text, "generatorURL", url, "fingerprint", fingerprint, "transition", (json_int_t)notice->n,
		"incident", (json_int_t)notice->incident);
	return json_array_append_new(alerts, alert);
}

int webhook_json_add(json_t *alerts, const struct notice *notice, const char *url)
{
	uint64_t changed_ms = notice->at_ms ? notice->at_ms : notice->fired_ms;
	if (notice->was_severity && add(alerts, notice, notice->was_severity, changed_ms, url) < 0)
		return -1;
	return add(alerts, notice, 0, notice->is_firing ? 0 : notice->resolved_ms, url);
}

// Those members of an object that all alerts have alike.
static json_t *common(const json_t *alerts, const char *what)
{
	json_t *all = json_object_get(json_array_get(alerts, 0), what), *shared = json_object(), *value, *alert;
	const char *name;
	size_t i;
	json_object_foreach(all, name, value) {
		bool is_shared = true;
		json_array_foreach(alerts, i, alert)
			is_shared = is_shared && json_equal(value, json_object_get(json_object_get(alert, what), name));
		if (is_shared)
			json_object_set(shared, name, value);
	}
	return shared;
}

static const char *status(const json_t *alerts)
{
	json_t *alert;
	size_t i;
	json_array_foreach(alerts, i, alert)
		if (strcmp(json_string_value(json_object_get(alert, "status")), "firing") == 0)
			return "firing";
	return "resolved";
}

char *webhook_json_text(json_t *alerts, const char *url)
{
	json_t *document = json_pack("{s:s, s:s, s:i, s:s, s:s, s:{}, s:o, s:o, s:s, s:O}", "version", "4", "groupKey", "{}:{}",
		"truncatedAlerts", 0, "status", status(alerts), "receiver", "muster", "groupLabels", "commonLabels",
		common(alerts, "labels"), "commonAnnotations", common(alerts, "annotations"), "externalURL", url, "alerts", alerts);
	char *text = document ? json_dumps(document, JSON_COMPACT) : 0;
	json_decref(document);
	json_decref(alerts);
	return text;
}
