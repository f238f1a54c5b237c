// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/collector/http/served.h"

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
	const struct CMUnitTest tests[] = { CASE(test_without_alerts) };
	return cmocka_run_group_tests(tests, 0, 0);
}
