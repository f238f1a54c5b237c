// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/alerts.h"
#include "tests/collector/http/served.h"

static const char *text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static void test_a_healthy_device(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/devices/edge-1/why", 0, 0);
	assert_int_equal(reply.status, 200);
	const json_t *verdict = json_object_get(reply.json, "verdict");
	assert_string_equal(text_at(verdict, "state"), "healthy");
	assert_string_equal(text_at(verdict, "severity"), "ok");
	assert_string_equal(text_at(verdict, "text"), "nothing is wrong with it");
	assert_int_equal(json_array_size(json_object_get(reply.json, "findings")), 0);
	assert_true(json_array_size(json_object_get(reply.json, "healthy_because")) >= 3);
	assert_non_null(strstr(reply.body, "its signal is -60 dBm"));
	served_done(&reply);
}

static void test_the_verdict_comes_first_and_the_gravest_finding_with_it(void **state)
{
	const struct served_alert alerts[] = {
		{ "edge-2", "WeakRadio", ALERT_OK, ALERT_FIRING, ALERT_WARNING, 1000, 1000, 0, -85, -80 },
		{ "edge-2", "BootLoop", ALERT_OK, ALERT_PENDING, ALERT_WARNING, 2000, 2000, 0, 3, 3 },
		{ "edge-2", "BootLoop", ALERT_PENDING, ALERT_FIRING, ALERT_CRITICAL, 3000, 3000, 2, 5.5, 3 },
		{ "edge-2", "Quiet", ALERT_OK, ALERT_PENDING, ALERT_CRITICAL, 3000, 3000, 0, 1, 1 }, // does not fire
	};
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		served_transition(*state, &alerts[i]);
	struct reply reply = served_ask(*state, "GET", "/api/v1/devices/edge-2/why", 0, 0);
	const json_t *verdict = json_object_get(reply.json, "verdict"), *findings = json_object_get(reply.json, "findings");
	assert_memory_equal(reply.body, "{\"device\":\"edge-2\",\"verdict\":{", 30); // people read from the top
	assert_string_equal(text_at(verdict, "state"), "crash_loop");
	assert_string_equal(text_at(verdict, "severity"), "critical");
	assert_string_equal(text_at(verdict, "text"), "BootLoop summary; and 3 more findings");
	static const struct {
		const char *source, *name, *severity;
	} rows[] = {
		{ "alert", "BootLoop", "critical" },
		{ "condition", "crash_loop", "critical" },
		{ "alert", "WeakRadio", "warning" },
		{ "condition", "new", "ok" },
	};
	assert_int_equal(json_array_size(findings), 4);
	for (size_t i = 0; i < 4; i++) {
		const json_t *finding = json_array_get(findings, i);
		assert_string_equal(text_at(finding, "source"), rows[i].source);
		assert_string_equal(text_at(finding, "name"), rows[i].name);
		assert_string_equal(text_at(finding, "severity"), rows[i].severity);
		assert_string_not_equal(text_at(finding, "summary"), "");
		assert_string_not_equal(text_at(finding, "cause"), "");
		assert_string_not_equal(text_at(finding, "remedy"), "");
	}
	assert_null(json_object_get(reply.json, "healthy_because"));

	const json_t *evidence = json_object_get(json_array_get(findings, 0), "evidence");
	static const struct {
		int at_ms;
		const char *text;
	} steps[] = { { 3000, "BootLoop symptom" }, { 3000, "the value is 5.5, the threshold 3" }, { 3000, "firing, critical" },
		{ 2000, "pending, warning" } };
	assert_int_equal(json_array_size(evidence), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(json_integer_value(json_object_get(json_array_get(evidence, i), "at_ms")), steps[i].at_ms);
		assert_string_equal(text_at(json_array_get(evidence, i), "text"), steps[i].text);
	}
	assert_int_equal(json_array_size(json_object_get(json_array_get(findings, 1), "evidence")), 4); // the crashes, each with its time
	served_done(&reply);
}

static void test_nobody(void **state)
{
	const struct served_row row = { "GET", "/api/v1/devices/nobody/why", 0, 0, 404, "no device" };
	served_check(*state, &row, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_healthy_device),
		CASE(test_the_verdict_comes_first_and_the_gravest_finding_with_it),
		CASE(test_nobody),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
