// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/http/alert_json.h"

static const struct store_transition sample = { .n = 8,
	.incident = 7,
	.uid = "heap_low",
	.name = "HeapLow",
	.from = ALERT_PENDING,
	.to = ALERT_FIRING,
	.severity = ALERT_CRITICAL,
	.was_severity = ALERT_WARNING,
	.reason = ALERT_BY_TIME,
	.at_ms = 1000,
	.stored_ms = 1500,
	.started_ms = 900,
	.fired_ms = 1000,
	.value = 41000,
	.threshold = 50000.25,
	.labels = "{\"severity\":\"critical\"}",
	.annotations = "{\"summary\":\"low\"}" };

static void expect(json_t *json, const char *text)
{
	char *got = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	assert_string_equal(got, text);
	free(got);
	json_decref(json);
}

static void test_both_shapes(void **state)
{
	(void)state;
	expect(transition_json(&sample, "edge-7"),
		"{\"annotations\":{\"summary\":\"low\"},\"at_ms\":1000,\"device\":\"edge-7\",\"fired_ms\":1000,\"from\":\"pending\",\"incident\":7,"
		"\"labels\":{\"severity\":\"critical\"},\"n\":8,\"name\":\"HeapLow\",\"reason\":\"time\",\"severity\":\"critical\",\"started_ms\":900,"
		"\"stored_ms\":1500,\"threshold\":50000.25,\"to\":\"firing\",\"uid\":\"heap_low\",\"value\":41000,\"was_severity\":\"warning\"}");
	expect(alert_json(&sample, "edge-7"),
		"{\"annotations\":{\"summary\":\"low\"},\"device\":\"edge-7\",\"fired_ms\":1000,\"incident\":7,\"labels\":{\"severity\":\"critical\"},"
		"\"name\":\"HeapLow\",\"severity\":\"critical\",\"since_ms\":1000,\"started_ms\":900,\"state\":\"firing\",\"threshold\":50000.25,"
		"\"uid\":\"heap_low\",\"value\":41000}");
}

// What is not there, and what cannot be read, is null or empty, never an invalid answer.
static void test_what_is_missing(void **state)
{
	(void)state;
	struct store_transition odd = sample;
	odd.fired_ms = 0;
	odd.value = odd.threshold = NAN;
	odd.was_severity = ALERT_NO_SEVERITY;
	odd.reason = 99;
	odd.labels = "not JSON";
	odd.annotations = "[1]";
	json_t *json = transition_json(&odd, "edge-7");
	static const char *const nulls[] = { "fired_ms", "value", "threshold", "was_severity" };
	for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
		assert_true(json_is_null(json_object_get(json, nulls[i])));
	assert_string_equal(json_string_value(json_object_get(json, "reason")), "unknown");
	assert_int_equal(json_object_size(json_object_get(json, "labels")), 0);
	assert_true(json_is_object(json_object_get(json, "annotations")));
	json_decref(json);
	assert_true(json_is_null(real_json(INFINITY)));
}

static const struct {
	double value;
	const char *text;
} reals[] = { { 0, "0" }, { -83, "-83" }, { 0.5, "0.5" }, { 1e300, "1e300" }, { 9007199254740992.0, "9007199254740992" } };

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
		json_t *list = json_pack("[o]", real_json(reals[i].value));
		char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));
		text[strlen(text) - 1] = 0;
		assert_string_equal(text + 1, reals[i].text);
		free(text);
		json_decref(list);
	}
}

// Every pair of states: news is what begins or ends to fire, or changes its severity while it does.
static void test_what_is_news(void **state)
{
	(void)state;
	static const bool news[4][4] = {
		// to ok, pending, firing, recovering
		[ALERT_OK] = { false, false, true, true },
		[ALERT_PENDING] = { false, false, true, true },
		[ALERT_FIRING] = { true, true, true, false },
		[ALERT_RECOVERING] = { true, true, false, false },
	};
	for (uint32_t from = 0; from < 4; from++)
		for (uint32_t to = 0; to < 4; to++) {
			struct store_transition transition = { .from = from, .to = to };
			assert_int_equal(transition_is_news(&transition), news[from][to]);
		}
}

static void test_matchers_see_the_labels(void **state)
{
	(void)state;
	static const struct {
		const char *match;
		bool fits;
	} rows[] = { { "", true }, { "severity=critical", true }, { "severity=warning", false }, { "summary=low", false },
		{ "device=\"\"", true } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct matchers matchers;
		struct matcher_problem problem;
		assert_int_equal(matchers_parse(&matchers, rows[i].match, &problem), 0);
		assert_int_equal(transition_fits(&sample, &matchers), rows[i].fits);
		matchers_free(&matchers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_shapes),
		cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_what_is_news),
		cmocka_unit_test(test_matchers_see_the_labels),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
