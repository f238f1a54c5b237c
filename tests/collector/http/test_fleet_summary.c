// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/fleet/fleet.h"
#include "collector/http/fleet_summary.h"
#include "tests/collector/http/served.h"

static json_int_t number(const json_t *json, const char *object, const char *name)
{
	return json_integer_value(json_object_get(object ? json_object_get(json, object) : json, name));
}

static void test_counts(void **state)
{
	struct served *served = *state;
	served->counters.store_stopped = 0;
	served->counters.kafka_backlog = 7; // without Kafka it means nothing
	struct reply reply = served_ask(served, "GET", "/api/v1/fleet", 0, 0);
	assert_int_equal(reply.status, 200);
	assert_int_equal(number(reply.json, 0, "devices"), 3);
	assert_int_equal(number(reply.json, 0, "online"), 3);
	assert_int_equal(number(reply.json, "states", "healthy"), 1);
	assert_int_equal(number(reply.json, "states", "crash_loop"), 1);
	assert_int_equal(number(reply.json, "states", "new"), 1);
	assert_int_equal(json_object_size(json_object_get(reply.json, "states")), 3);
	assert_int_equal(number(reply.json, "severities", "none"), 3);
	assert_int_equal(number(reply.json, "severities", "critical"), 0);
	assert_int_equal(number(reply.json, "firmware", "1.1.0"), 1);
	assert_int_equal(number(reply.json, "firmware", "\x1b[2J?"), 1); // text of a device
	assert_int_equal(number(reply.json, "firmware", ""), 1);
	assert_true(json_is_true(json_object_get(reply.json, "broker_up")));
	assert_true(json_is_true(json_object_get(reply.json, "store_ok")));
	assert_true(json_is_false(json_object_get(json_object_get(reply.json, "kafka"), "configured")));
	assert_int_equal(number(reply.json, "kafka", "backlog"), 0);
	assert_true(json_is_array(json_object_get(reply.json, "alerts")));
	served_done(&reply);
}

static struct exchange exchange_at(struct served *served, const struct http_sources *sources, uint64_t now_ms)
{
	return (struct exchange){ .sources = sources,
		.settings = &served->settings,
		.now_ms = now_ms,
		.view = { served->fleet, now_ms, 180000 } };
}

static void test_it_counts_once_a_second(void **state)
{
	struct served *served = *state;
	const struct http_sources sources = { .store = served->store, .fleet = served->fleet, .counters = &served->counters };
	struct fleet_summary *summary = fleet_summary_new();
	static const struct {
		uint64_t now_ms;
		json_int_t devices;
	} looks[] = { { 10000, 3 }, { 10999, 3 }, { 11000, 4 }, { 10500, 5 } }; // the last: the clock was set back
	for (size_t i = 0; i < 4; i++) {
		struct exchange exchange = exchange_at(served, &sources, looks[i].now_ms);
		json_t *json = fleet_summary_json(summary, &exchange);
		assert_int_equal(number(json, 0, "devices"), looks[i].devices);
		json_decref(json);
		if (i != 1) {
			char id[32];
			snprintf(id, sizeof id, "more-%zu", i);
			assert_non_null(fleet_add(served->fleet, id, 1));
		}
	}
	fleet_summary_free(summary);
}

// More versions than are shown, and more than are told apart.
static void test_the_most_frequent_versions(void **state)
{
	struct served *served = *state;
	const struct http_sources sources = { .store = served->store, .fleet = served->fleet, .counters = &served->counters };
	struct fleet_summary *summary = fleet_summary_new();
	for (int i = 0; i < 1200; i++) {
		char id[24];
		snprintf(id, sizeof id, "more-%d", i);
		struct device *device = fleet_add(served->fleet, id, 1);
		snprintf(device->firmware, sizeof device->firmware, "v%d", i < 300 ? 7 : i); // one that is frequent
	}
	struct exchange exchange = exchange_at(served, &sources, 10000);
	json_t *json = fleet_summary_json(summary, &exchange), *firmware = json_object_get(json, "firmware");
	const char *name;
	json_t *value;
	json_int_t sum = 0;
	json_object_foreach(firmware, name, value)
		sum += json_integer_value(value);
	assert_int_equal(sum, 1203);
	assert_int_equal(json_object_size(firmware), FLEET_SUMMARY_FIRMWARE_MAX + 1);
	assert_int_equal(json_integer_value(json_object_get(firmware, "v7")), 300);
	assert_int_equal(json_integer_value(json_object_get(firmware, "other")), 1203 - 300 - 49);
	json_decref(json);
	fleet_summary_free(summary);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_counts),
		CASE(test_it_counts_once_a_second),
		CASE(test_the_most_frequent_versions),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
