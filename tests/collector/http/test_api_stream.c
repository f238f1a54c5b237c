// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/collector/http/served.h"

// What a stream delivers: test_stream.c. Here what is asked of it and refused.
static void test_what_is_refused(void **state)
{
	struct served *served = *state;
	const struct served_row rows[] = {
		{ "GET", "/api/v1/alerts/stream?after=x", 0, 0, 400, "after must be a number" },
		{ "GET", "/api/v1/alerts/stream?since=-1", 0, 0, 400, "since must be a number" },
		{ "GET", "/api/v1/alerts/stream?after=1&since=1", 0, 0, 400, "exclude each other" },
		{ "GET", "/api/v1/alerts/stream?pending=2", 0, 0, 400, "pending must be a number" },
		{ "GET", "/api/v1/alerts/stream?match=a", 0, 0, 400, "column 2" },
		{ "GET", "/api/v1/alerts/stream?limit=2", 0, 0, 400, "does not take" },
		{ "POST", "/api/v1/alerts/stream", SERVED_TOKEN, "{}", 405, "GET" },
	};
	served_check(served, rows, sizeof rows / sizeof *rows);
	assert_int_equal(served->counters.tail_readers, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_what_is_refused) };
	return cmocka_run_group_tests(tests, 0, 0);
}
