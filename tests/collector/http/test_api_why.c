// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/collector/http/served.h"

// What is in the answer: test_why_json.c. Here only that the path leads there, and that a store that cannot be read is told.
static void test_the_path(void **state)
{
	struct served *served = *state;
	const struct served_row rows[] = {
		{ "GET", "/api/v1/devices/edge-1/why", 0, 0, 200, "{\"device\":\"edge-1\",\"verdict\":{\"state\":\"healthy\"" },
		{ "GET", "/api/v1/devices/edge-1/why?x=1", 0, 0, 400, "does not take" },
		{ "POST", "/api/v1/devices/edge-1/why", SERVED_TOKEN, "{}", 405, "GET" },
	};
	served_check(served, rows, sizeof rows / sizeof *rows);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_the_path) };
	return cmocka_run_group_tests(tests, 0, 0);
}
