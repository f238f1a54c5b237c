// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/webhook_json.h"

#define FIRED UINT64_C(1795883331042)

static struct notice notice_of(const struct notice_text *labels, unsigned count, bool is_firing)
{
	return (struct notice){ .n = 7,
		.incident = 5,
		.is_firing = is_firing,
		.at_ms = FIRED + 1000,
		.fired_ms = FIRED,
		.resolved_ms = is_firing ? 0 : FIRED + 1000,
		.labels = labels,
		.label_count = count };
}

// The whole text, once, as a receiver of Alertmanager's webhook reads it.
static void test_a_document(void **state)
{
	(void)state;
	static const char expected[] =
		"{\"version\":\"4\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0,\"status\":\"firing\",\"receiver\":\"muster\",\"groupLabels\":{},"
		"\"commonLabels\":{\"alertname\":\"HeapLow\",\"device\":\"edge-1\"},\"commonAnnotations\":{},\"externalURL\":\"http://muster/\","
		"\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"HeapLow\",\"device\":\"edge-1\"},\"annotations\":{},"
		"\"startsAt\":\"2026-11-28T16:28:51.042Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://muster/\","
		"\"fingerprint\":\"5b8986bae648bc8b\",\"transition\":7,\"incident\":5}]}";
	const struct notice_text labels[] = { { "alertname", "HeapLow" }, { "device", "edge-1" } };
	struct notice notice = notice_of(labels, 2, true);
	json_t *alerts = json_array();
	assert_int_equal(webhook_json_add(alerts, &notice, "http://muster/"), 0);
	char *text = webhook_json_text(alerts, "http://muster/");
	assert_string_equal(text, expected);
	free(text);
}

static json_t *document_of(const struct notice *notices, unsigned count)
{
	json_t *alerts = json_array();
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(webhook_json_add(alerts, &notices[i], ""), 0);
	char *text = webhook_json_text(alerts, "");
	json_t *document = json_loads(text, 0, 0);
	assert_non_null(document);
	free(text);
	return document;
}

// Only what all alerts have alike is common; the whole is resolved only if all are.
static void test_common_parts_and_status(void **state)
{
	(void)state;
	const struct notice_text one[] = { { "alertname", "HeapLow" }, { "device", "a" }, { "x", "1" } };
	const struct notice_text other[] = { { "alertname", "HeapLow" }, { "device", "b" } };
	struct notice notices[] = { notice_of(one, 3, false), notice_of(other, 2, false), notice_of(other, 2, true) };
	json_t *document = document_of(notices, 2), *common = json_object_get(document, "commonLabels");
	assert_int_equal(json_object_size(common), 1);
	assert_string_equal(json_string_value(json_object_get(common, "alertname")), "HeapLow");
	assert_string_equal(json_string_value(json_object_get(document, "status")), "resolved");
	json_decref(document);
	document = document_of(notices, 3);
	assert_string_equal(json_string_value(json_object_get(document, "status")), "firing");
	json_decref(document);
}

// Another severity: the alert with the old label ends before the one with the new label begins.
static void test_a_severity_that_changes(void **state)
{
	(void)state;
	const struct notice_text labels[] = { { "alertname", "HeapLow" }, { "severity", "critical" } };
	struct notice notice = notice_of(labels, 2, true);
	notice.was_severity = "warning";
	json_t *document = document_of(&notice, 1), *alerts = json_object_get(document, "alerts");
	assert_int_equal(json_array_size(alerts), 2);
	const char *status, *severity, *ends;
	assert_int_equal(json_unpack(json_array_get(alerts, 0), "{s:s, s:s, s:{s:s}}", "status", &status, "endsAt", &ends, "labels",
				 "severity", &severity),
		0);
	assert_string_equal(status, "resolved");
	assert_string_equal(severity, "warning");
	assert_string_equal(ends, "2026-11-28T16:28:52.042Z");
	assert_int_equal(json_unpack(json_array_get(alerts, 1), "{s:s, s:{s:s}}", "status", &status, "labels", "severity", &severity), 0);
	assert_string_equal(status, "firing");
	assert_string_equal(severity, "critical");
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_document),
		cmocka_unit_test(test_common_parts_and_status),
		cmocka_unit_test(test_a_severity_that_changes),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
