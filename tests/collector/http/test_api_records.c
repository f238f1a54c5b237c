// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/collector/http/served.h"

static const struct served_row rows[] = {
	{ "GET", "/api/v1/devices/edge-1/records", 0, 0, 200, "\"kind\":\"heartbeat\"" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=boot_report", 0, 0, 200, "RESET_POWER_ON" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=link,boot_report,event", 0, 0, 200, "\"text\":\"power on; runs 1.1.0\"" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=link,event", 0, 0, 200, "{\"records\":[],\"next\":null}" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=link,soup", 0, 0, 400, "not a kind" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=,link", 0, 0, 400, "not a kind" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=link,a_name_much_longer_than_any_kind_of_record", 0, 0, 400, "not a kind" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=uptime_ms", 0, 0, 400, "not a kind" }, // a field, but no body
	{ "GET", "/api/v1/devices/edge-3/records", 0, 0, 200, "{\"records\":[],\"next\":null}" },
	{ "GET", "/api/v1/devices/nobody/records", 0, 0, 404, "no device with this id" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=soup", 0, 0, 400, "not a kind" },
	{ "GET", "/api/v1/devices/edge-1/records?before=5", 0, 0, 400, "record of this device" }, // it is edge-2's
};

static void test_rows(void **state)
{
	served_check(*state, rows, sizeof rows / sizeof *rows);
}

// All records of edge-1, two a page: newest first, each once.
static void test_pages_of_records(void **state)
{
	struct served *served = *state;
	json_int_t next = 0, before = INT64_MAX;
	int seen = 0;
	do {
		char path[100];
		snprintf(path, sizeof path, "/api/v1/devices/edge-1/records?limit=2");
		if (next)
			snprintf(path + strlen(path), 40, "&before=%lld", (long long)next);
		struct reply reply = served_ask(served, "GET", path, 0, 0);
		json_t *record;
		size_t i;
		json_array_foreach(json_object_get(reply.json, "records"), i, record) {
			assert_true(json_integer_value(json_object_get(record, "n")) < before);
			before = json_integer_value(json_object_get(record, "n"));
			seen++;
		}
		next = json_integer_value(json_object_get(reply.json, "next"));
		served_done(&reply);
	} while (next);
	assert_int_equal(seen, 4);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows),
		CASE(test_pages_of_records),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
