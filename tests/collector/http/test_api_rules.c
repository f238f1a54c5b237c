// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/alerting/alerting.h"
#include "collector/clock.h"
#include "collector/fleet/fleet.h"
#include "tests/collector/fleet/sample.h"
#include "tests/collector/http/served.h"

// A server with rules of its own beside the one of the test; gives it back with end().
struct ruled {
	struct served *served;
	struct alerting *alerting;
	struct http_server *first; // that of served_set_up()
	char rules[100];
};

static void on_changed(void *context, uint64_t n)
{
	struct ruled *ruled = context;
	http_wake(ruled->served->server, n);
}

static void write_rules(const struct ruled *ruled, const char *text)
{
	FILE *file = fopen(ruled->rules, "w");
	fputs(text, file);
	fclose(file);
}

static int load(struct ruled *ruled)
{
	struct config config;
	config_defaults(&config);
	snprintf(config.alerts.rules, sizeof config.alerts.rules, "%s", ruled->rules);
	return alerting_load(ruled->alerting, &config, clock_wall_ms());
}

static struct ruled begin(struct served *served, const char *text)
{
	static struct ruled ruled;
	char problem[256] = "";
	ruled = (struct ruled){ .served = served, .first = served->server };
	const struct alerting_parts parts = { served->store, served->fleet, &served->counters, on_changed, &ruled };
	snprintf(ruled.rules, sizeof ruled.rules, "%s/rules.yml", served->folder);
	write_rules(&ruled, text);
	ruled.alerting = alerting_new(&parts);
	assert_int_equal(load(&ruled), 0);
	const struct http_sources sources = { .store = served->store,
		.fleet = served->fleet,
		.commands = served->commands,
		.counters = &served->counters,
		.alerting = ruled.alerting };
	served->server = http_start(served->base, &served->settings, &sources, problem, sizeof problem);
	if (!served->server)
		fail_msg("%s", problem);
	return ruled;
}

static void end(struct ruled *ruled)
{
	http_stop(ruled->served->server);
	ruled->served->server = ruled->first;
	alerting_free(ruled->alerting);
}

static const char rules[] = "version: 1\n"
			    "groups:\n"
			    "- name: memory\n"
			    "  rules:\n"
			    "  - alert: HeapLow\n"
			    "    uid: heap_low\n"
			    "    severities:\n"
			    "      warning: heap_free_bytes < 200000\n"
			    "      critical: heap_free_bytes < 100000\n"
			    "    annotations: {summary: low, symptom: a, cause: b, remedy: c}\n"
			    "  - alert: Later\n"
			    "    uid: later\n"
			    "    expr: heap_free_bytes < 200000\n"
			    "    for: 1h\n"
			    "    annotations: {summary: later}\n";

// A heartbeat with 150000 bytes of heap, through the commit as the ingest does it.
static void judge(struct ruled *ruled, const char *id)
{
	struct sample sample;
	struct device *device = fleet_find(ruled->served->fleet, id);
	sample_heartbeat(&sample, 1, 9000);
	assert_int_equal(store_begin(ruled->served->store), 0);
	assert_int_equal(alerting_begin(ruled->alerting), 0);
	assert_int_equal(alerting_record(ruled->alerting, device, &sample.record, clock_wall_ms()), 0);
	assert_int_equal(store_commit(ruled->served->store), 0);
	alerting_committed(ruled->alerting);
	alerting_announce(ruled->alerting);
}

static void test_the_rules_in_force(void **state)
{
	struct ruled ruled = begin(*state, rules);
	judge(&ruled, "edge-1");
	struct reply reply = served_ask(*state, "GET", "/api/v1/rules", 0, 0);
	assert_int_equal(reply.status, 200);
	const json_t *list = json_object_get(reply.json, "rules"), *rule = json_array_get(list, 0);
	assert_int_equal(json_array_size(list), 2);
	static const struct {
		const char *name, *text;
	} texts[] = {
		{ "uid", "heap_low" }, { "name", "HeapLow" }, { "group", "memory" }, { "severity", "warning" }, { "severity_most", "critical" },
		{ "expr", "heap_free_bytes < 200000" }, { "summary", "low" }, { "symptom", "a" }, { "cause", "b" }, { "remedy", "c" },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(json_string_value(json_object_get(rule, texts[i].name)), texts[i].text);
	assert_int_equal(json_integer_value(json_object_get(rule, "line")), 5);
	assert_int_equal(json_integer_value(json_object_get(rule, "firing")), 1);
	assert_int_equal(json_integer_value(json_object_get(rule, "pending")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "pending")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "for_ms")), 3600000);
	assert_true(json_integer_value(json_object_get(reply.json, "loaded_ms")) > 0);
	served_done(&reply);
	end(&ruled);
}

// What the other answers say of the same alerts.
static void test_devices_and_fleet_count_them(void **state)
{
	struct ruled ruled = begin(*state, rules);
	judge(&ruled, "edge-1");
	const struct served_row rows[] = {
		{ "GET", "/api/v1/devices?severity=warning", 0, 0, 200, "\"alerts\":{\"firing\":1,\"severity\":\"warning\"}" },
		{ "GET", "/api/v1/devices?severity=none", 0, 0, 200, "\"total\":2" },
		{ "GET", "/api/v1/devices?order=-alerts&limit=1", 0, 0, 200, "\"id\":\"edge-1\"" },
		{ "GET", "/api/v1/devices/edge-1", 0, 0, 200, "\"alerts\":{\"firing\":1,\"severity\":\"warning\"}" },
		{ "GET", "/api/v1/devices?alert=HeapLow", 0, 0, 200, "\"total\":1" },
		{ "GET", "/api/v1/devices?alert=Later", 0, 0, 200, "\"total\":0" }, // pending
		{ "GET", "/api/v1/fleet", 0, 0, 200, "\"severities\":{\"critical\":0,\"warning\":1,\"info\":0,\"none\":2}" },
		{ "GET", "/api/v1/fleet", 0, 0, 200, "{\"name\":\"Later\",\"severity\":\"warning\",\"firing\":0,\"pending\":1}" },
	};
	served_check(*state, rows, sizeof rows / sizeof *rows);
	end(&ruled);
}

static void test_a_bad_file_is_told_and_the_good_rules_stay(void **state)
{
	struct ruled ruled = begin(*state, rules);
	write_rules(&ruled, "version: 1\ngroups: 5\n");
	assert_int_equal(load(&ruled), -1);
	struct reply reply = served_ask(*state, "GET", "/api/v1/rules", 0, 0);
	assert_int_equal(json_array_size(json_object_get(reply.json, "rules")), 2);
	const json_t *problems = json_object_get(reply.json, "problems");
	assert_true(json_array_size(problems) >= 1);
	assert_non_null(strstr(json_string_value(json_array_get(problems, 0)), "rules.yml:2:"));
	served_done(&reply);
	end(&ruled);
}

static void test_without_alerts(void **state)
{
	const struct served_row rows[] = {
		{ "GET", "/api/v1/rules", 0, 0, 200, "{\"rules\":[],\"loaded_ms\":null,\"problems\":[]}" },
		{ "GET", "/api/v1/rules?x=1", 0, 0, 400, "does not take" },
		{ "POST", "/api/v1/rules", SERVED_TOKEN, "{}", 405, "GET" },
	};
	served_check(*state, rows, sizeof rows / sizeof *rows);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_rules_in_force),
		CASE(test_devices_and_fleet_count_them),
		CASE(test_a_bad_file_is_told_and_the_good_rules_stay),
		CASE(test_without_alerts),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
