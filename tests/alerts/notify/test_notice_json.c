// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/notice_json.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static char *labels_text(const struct notice_text *labels, unsigned count, const char *severity)
{
	struct notice notice = { .labels = labels, .label_count = count };
	json_t *json = notice_json_labels(&notice, severity);
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	return text;
}

// Each row: a label as the rule has it, and what an Alertmanager is told.
static const struct {
	struct notice_text label;
	const char *json;
} rows[] = {
	{ { "device", "edge-1" }, "{\"device\":\"edge-1\"}" },
	{ { "fw-version", "1.2" }, "{\"fw_version\":\"1.2\"}" }, // refused by Alertmanager before 0.27
	{ { "2nd", "x" }, "{\"_2nd\":\"x\"}" },
	{ { "", "x" }, "{\"_\":\"x\"}" },
	{ { "größe", "groß" }, "{\"gr____e\":\"groß\"}" },
	{ { "empty", "" }, "{}" }, // would be dropped there; then the names of the alert would differ
	{ { "quoted", "a\"b\\c\n" }, "{\"quoted\":\"a\\\"b\\\\c\\n\"}" },
	{ { "broken", "a\xff\xfe" }, "{\"broken\":\"a??\"}" }, // would be replaced there; the label would change
};

static void test_labels_are_what_an_alertmanager_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = labels_text(&rows[i].label, 1, 0);
		assert_string_equal(text, rows[i].json);
		free(text);
	}
}

// The same labels in another order are the same alert; of two that become one name the first stays.
static void test_one_set_one_text(void **state)
{
	(void)state;
	const struct notice_text one[] = { { "b", "2" }, { "a", "1" }, { "a-b", "3" }, { "a_b", "4" } };
	const struct notice_text other[] = { { "a-b", "3" }, { "a_b", "4" }, { "a", "1" }, { "b", "2" } };
	char *text = labels_text(one, 4, 0), *same = labels_text(other, 4, 0);
	assert_string_equal(text, "{\"a\":\"1\",\"a_b\":\"3\",\"b\":\"2\"}");
	assert_string_equal(same, text);
	free(text);
	free(same);
}

static void test_another_severity(void **state)
{
	(void)state;
	const struct notice_text labels[] = { { "severity", "critical" }, { "x", "1" } };
	char *text = labels_text(labels, 2, "warning");
	assert_string_equal(text, "{\"severity\":\"warning\",\"x\":\"1\"}");
	free(text);
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
	(void)state;
	char value[NOTICE_TEXT_BYTES + 100];
	memset(value, 'x', sizeof value);
	memcpy(value + NOTICE_TEXT_BYTES - 2, "ö", 2); // its second byte would be the first beyond the limit
	value[sizeof value - 1] = 0;
	struct notice_text label = { "long", value };
	struct notice notice = { .labels = &label, .label_count = 1 };
	json_t *json = notice_json_labels(&notice, 0);
	assert_int_equal(json_string_length(json_object_get(json, "long")), NOTICE_TEXT_BYTES - 2);
	json_decref(json);
}

static void test_pending_since(void **state)
{
	(void)state;
	struct notice_text text = { "summary", "low" };
	struct notice notice = { .annotations = &text, .annotation_count = 1, .started_ms = 1795883331042, .fired_ms = 1795883391042 };
	json_t *json = notice_json_annotations(&notice);
	assert_string_equal(json_string_value(json_object_get(json, "summary")), "low");
	assert_string_equal(json_string_value(json_object_get(json, "pending_since")), "2026-11-28T16:28:51.042Z");
	json_decref(json);
	notice.started_ms = notice.fired_ms; // fired at once
	json = notice_json_annotations(&notice);
	assert_null(json_object_get(json, "pending_since"));
	json_decref(json);
}

// What a real Alertmanager 0.25 gives the set {alertname="HeapLow", device="edge-1"}.
static void test_the_fingerprint_is_alertmanagers(void **state)
{
	(void)state;
	json_t *labels = json_pack("{s:s, s:s}", "device", "edge-1", "alertname", "HeapLow");
	assert_true(notice_json_fingerprint(labels) == UINT64_C(0x5b8986bae648bc8b));
	json_decref(labels);
	labels = json_object();
	assert_true(notice_json_fingerprint(labels) == UINT64_C(0xcbf29ce484222325));
	json_decref(labels);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels_are_what_an_alertmanager_takes),
		cmocka_unit_test(test_one_set_one_text),
		cmocka_unit_test(test_another_severity),
		cmocka_unit_test(test_a_long_text_is_cut_between_characters),
		cmocka_unit_test(test_pending_since),
		cmocka_unit_test(test_the_fingerprint_is_alertmanagers),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
