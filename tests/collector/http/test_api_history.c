// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/clock.h"
#include "collector/fleet/fleet.h"
#include "tests/collector/http/served.h"

// edge-1 has a boot and three heartbeats of the last two seconds.
static void test_rows_and_marks(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/devices/edge-1/history?metrics=heap_free_bytes,sockets_open", 0, 0);
	assert_int_equal(reply.status, 200);
	const json_t *rows = json_object_get(reply.json, "rows"), *marks = json_object_get(reply.json, "marks");
	assert_string_equal(json_string_value(json_array_get(json_object_get(reply.json, "metrics"), 1)), "sockets_open");
	assert_true(json_array_size(rows) >= 1 && json_array_size(rows) <= 3); // a bucket is 14.4 s
	assert_int_equal(json_integer_value(json_array_get(json_array_get(rows, 0), 1)), 150000);
	assert_true(json_is_null(json_array_get(json_array_get(rows, 0), 2))); // it never told
	assert_int_equal(json_array_size(marks), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(marks, 0), "text")), "boot: power on; runs 1.1.0");
	assert_true(json_is_false(json_object_get(reply.json, "truncated")));
	assert_true(json_is_null(json_object_get(reply.json, "next")));
	served_done(&reply);
}

static void test_alerts_are_marks(void **state)
{
	uint64_t now_ms = clock_wall_ms();
	const struct served_alert alerts[] = {
		{ "edge-1", "HeapLow", ALERT_OK, ALERT_PENDING, ALERT_WARNING, now_ms - 3000, now_ms, 0, 1, 2 }, // not news
		{ "edge-1", "HeapLow", ALERT_PENDING, ALERT_FIRING, ALERT_WARNING, now_ms - 2500, now_ms, 1, 1, 2 },
		{ "edge-2", "HeapLow", ALERT_PENDING, ALERT_FIRING, ALERT_WARNING, now_ms - 2500, now_ms, 0, 1, 2 }, // another device
	};
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		served_transition(*state, &alerts[i]);
	struct reply reply = served_ask(*state, "GET", "/api/v1/devices/edge-1/history", 0, 0);
	const json_t *marks = json_object_get(reply.json, "marks");
	assert_int_equal(json_array_size(marks), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(marks, 1), "text")), "HeapLow fires, warning");
	assert_string_equal(json_string_value(json_object_get(json_array_get(marks, 1), "kind")), "alert");
	served_done(&reply);
	reply = served_ask(*state, "GET", "/api/v1/devices/edge-1/history?before=2", 0, 0); // a later page does not repeat them
	assert_int_equal(json_array_size(json_object_get(reply.json, "marks")), 1);
	served_done(&reply);
}

static void test_a_range_without_records(void **state)
{
	struct reply reply = served_ask(*state, "GET", "/api/v1/devices/edge-1/history?since_ms=1000&until_ms=2000", 0, 0);
	assert_int_equal(reply.status, 200);
	assert_int_equal(json_array_size(json_object_get(reply.json, "rows")), 0);
	served_done(&reply);
	reply = served_ask(*state, "GET", "/api/v1/devices/edge-3/history", 0, 0); // has no record at all
	assert_int_equal(reply.status, 200);
	assert_int_equal(json_array_size(json_object_get(reply.json, "rows")), 0);
	served_done(&reply);
}

static const struct served_row refused[] = {
	{ "GET", "/api/v1/devices/nobody/history", 0, 0, 404, "no device" },
	{ "GET", "/api/v1/devices/edge-1/history?metrics=", 0, 0, 400, "there is no metric \"\"" },
	{ "GET", "/api/v1/devices/edge-1/history?metrics=heap", 0, 0, 400, "there is no metric \"heap\"" },
	{ "GET", "/api/v1/devices/edge-1/history?metrics=rssi_dbm,", 0, 0, 400, "there is no metric" },
	{ "GET",
		"/api/v1/devices/edge-1/history?metrics=dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms,dns_ms",
		0, 0, 400, "more than 12" },
	{ "GET", "/api/v1/devices/edge-1/history?points=1", 0, 0, 400, "points must be a number from 2 to 2000" },
	{ "GET", "/api/v1/devices/edge-1/history?points=2001", 0, 0, 400, "points must be" },
	{ "GET", "/api/v1/devices/edge-1/history?since_ms=2000&until_ms=2000", 0, 0, 400, "must lie before" },
	{ "GET", "/api/v1/devices/edge-1/history?before=5", 0, 0, 400, "of a record of this device" }, // of edge-2
	{ "GET", "/api/v1/devices/edge-1/history?before=0", 0, 0, 400, "before must be" },
};

static void test_what_is_refused(void **state)
{
	served_check(*state, refused, sizeof refused / sizeof *refused);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows_and_marks),
		CASE(test_alerts_are_marks),
		CASE(test_a_range_without_records),
		CASE(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
