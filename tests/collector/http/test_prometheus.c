// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/collector/http/served.h"

// Every sample comes after the TYPE of its own metric.
static void check_metric_lines(const char *text)
{
	char name[100] = "", type[100] = "";
	int samples = 0;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (sscanf(line, "# TYPE %99s", type) == 1 || *line == '#')
			continue;
		assert_int_equal(sscanf(line, "%99[a-z0-9_]", name), 1);
		assert_string_equal(name, type);
		samples++;
	}
	assert_true(samples > 50);
}

static void test_metrics(void **state)
{
	struct served *served = *state;
	struct reply reply = served_ask(served, "GET", "/metrics", 0, 0);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(reply.headers, "text/plain; version=0.0.4"));
	assert_non_null(strstr(reply.body, "muster_devices_by_condition{condition=\"crash_loop\"} 1\n"));
	assert_non_null(strstr(reply.body, "muster_devices_by_condition{condition=\"healthy\"} 1\n"));
	assert_non_null(strstr(reply.body, "muster_ready 1\n"));
	check_metric_lines(reply.body);
	served_done(&reply);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_metrics),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
