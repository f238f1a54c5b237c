// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/kafka/cloud_event.h"

// Who is woken by what: from, to, severity before and now -> is it an event?
static const struct {
	enum alert_state from, to;
	enum alert_severity was, is;
	bool is_due;
} changes[] = {
	{ ALERT_OK, ALERT_PENDING, ALERT_NO_SEVERITY, ALERT_WARNING, false },
	{ ALERT_PENDING, ALERT_FIRING, ALERT_WARNING, ALERT_WARNING, true },
	{ ALERT_OK, ALERT_FIRING, ALERT_NO_SEVERITY, ALERT_CRITICAL, true },
	{ ALERT_FIRING, ALERT_FIRING, ALERT_WARNING, ALERT_CRITICAL, true },     // graver
	{ ALERT_FIRING, ALERT_RECOVERING, ALERT_WARNING, ALERT_WARNING, false }, // keep_firing_for: it fires still
	{ ALERT_RECOVERING, ALERT_FIRING, ALERT_WARNING, ALERT_WARNING, false }, // ... and again
	{ ALERT_RECOVERING, ALERT_FIRING, ALERT_WARNING, ALERT_CRITICAL, true },
	{ ALERT_RECOVERING, ALERT_OK, ALERT_WARNING, ALERT_WARNING, true },
	{ ALERT_FIRING, ALERT_OK, ALERT_WARNING, ALERT_WARNING, true },
	{ ALERT_PENDING, ALERT_OK, ALERT_WARNING, ALERT_WARNING, false }, // nobody heard of it
};

static void test_what_is_an_event(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct store_transition transition = { .from = changes[i].from,
			.to = changes[i].to,
			.was_severity = changes[i].was,
			.severity = changes[i].is };
		if (cloud_event_is_due(&transition) != changes[i].is_due)
			fail_msg("row %zu", i);
	}
}

static struct store_transition make(enum alert_state from, enum alert_state to)
{
	return (struct store_transition){ .n = 12,
		.incident = 9,
		.dev = 3,
		.uid = "heap-low",
		.name = "HeapLow",
		.from = from,
		.to = to,
		.severity = ALERT_CRITICAL,
		.was_severity = ALERT_WARNING,
		.reason = ALERT_BY_SAMPLE,
		.at_ms = UINT64_C(1790000000123),
		.started_ms = UINT64_C(1789999990000),
		.fired_ms = UINT64_C(1790000000000),
		.value = 41000,
		.threshold = 50000,
		.labels = "{\"device\":\"dev-3\"}",
		.annotations = "{\"summary\":\"heap is low\"}" };
}

static json_t *event_of(const struct store_transition *transition)
{
	char *text = cloud_event_json("site a", "dev-3", transition);
	json_t *event = json_loads(text, 0, 0);
	assert_non_null(event);
	free(text);
	return event;
}

static const char *text_at(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

// The attributes that CloudEvents 1.0 demands, and those that we promise.
static void test_attributes(void **unused)
{
	(void)unused;
	struct store_transition transition = make(ALERT_FIRING, ALERT_FIRING);
	json_t *event = event_of(&transition), *data = json_object_get(event, "data");
	assert_string_equal(text_at(event, "specversion"), "1.0");
	assert_string_equal(text_at(event, "type"), "org.muster.alert.firing.v1");
	assert_string_equal(text_at(event, "source"), "/muster/site%20a/rule/heap-low"); // a URI reference
	assert_string_equal(text_at(event, "id"), "heap-low:dev-3:1789999990000:12");
	assert_string_equal(text_at(event, "subject"), "device/dev-3");
	assert_string_equal(text_at(event, "time"), "2026-09-21T14:13:20.123Z");
	assert_string_equal(text_at(event, "datacontenttype"), "application/json");
	assert_string_equal(text_at(data, "state"), "firing");
	assert_string_equal(text_at(data, "severity"), "critical");
	assert_string_equal(text_at(data, "previous_severity"), "warning");
	assert_string_equal(text_at(data, "reason"), "sample");
	assert_int_equal(json_integer_value(json_object_get(data, "incident")), 9);
	assert_true(json_real_value(json_object_get(data, "value")) == 41000);
	assert_string_equal(text_at(json_object_get(data, "annotations"), "summary"), "heap is low");
	json_decref(event);
}

static void test_resolved_without_a_value(void **unused)
{
	(void)unused;
	struct store_transition transition = make(ALERT_RECOVERING, ALERT_OK);
	transition.value = transition.threshold = NAN;
	transition.labels = "{"; // a row that was spoilt: the event goes out all the same
	json_t *event = event_of(&transition), *data = json_object_get(event, "data");
	assert_string_equal(text_at(event, "type"), "org.muster.alert.resolved.v1");
	assert_string_equal(text_at(data, "state"), "resolved");
	assert_true(json_is_null(json_object_get(data, "value")));
	assert_int_equal(json_object_size(json_object_get(data, "labels")), 0);
	json_decref(event);
}

// A consumer tells repetitions by source and id: two transitions never share them, also after the database was made anew.
static void test_ids_are_unique(void **unused)
{
	(void)unused;
	struct store_transition transition = make(ALERT_OK, ALERT_FIRING), later = transition;
	later.n++;
	json_t *a = event_of(&transition), *b = event_of(&later);
	assert_string_not_equal(text_at(a, "id"), text_at(b, "id"));
	json_decref(b);
	later = transition;
	later.started_ms += 1000;
	b = event_of(&later);
	assert_string_not_equal(text_at(a, "id"), text_at(b, "id"));
	json_decref(a);
	json_decref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_an_event),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_resolved_without_a_value),
		cmocka_unit_test(test_ids_are_unique),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
