// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/collector/http/served.h"

static const struct served_row rows[] = {
	{ "GET", "/healthz", 0, 0, 200, "ok" },
	{ "GET", "/readyz", 0, 0, 200, "ready" },
	{ "GET", "/api/v1/version", 0, 0, 200, "\"program\":\"musterd\"" },
};

static void test_rows(void **state)
{
	served_check(*state, rows, sizeof rows / sizeof *rows);
}

static void test_not_ready_says_why(void **state)
{
	struct served *served = *state;
	served->not_ready = "the disk is full";
	struct reply reply = served_ask(served, "GET", "/readyz", 0, 0);
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(reply.body, "not ready: the disk is full"));
	served_done(&reply);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows),
		CASE(test_not_ready_says_why),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
