// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/collector/http/served.h"

// Every answer says what it is, may not be kept or guessed at, and is counted if it is an error.
static void test_headers(void **state)
{
	static const struct {
		const char *path;
		long status;
		const char *type;
	} rows[] = {
		{ "/healthz", 200, "Content-Type: text/plain; charset=utf-8" },
		{ "/api/v1/version", 200, "Content-Type: application/json" },
		{ "/nowhere", 404, "Content-Type: application/json" },
	};
	struct served *served = *state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply reply = served_ask(served, "GET", rows[i].path, 0, 0);
		assert_int_equal(reply.status, rows[i].status);
		assert_non_null(strstr(reply.headers, rows[i].type));
		assert_non_null(strstr(reply.headers, "Cache-Control: no-store"));
		assert_non_null(strstr(reply.headers, "X-Content-Type-Options: nosniff"));
		served_done(&reply);
	}
	assert_int_equal(served->counters.http_requests, 3);
	assert_int_equal(served->counters.http_errors, 1);
}

// What the request named comes back as text, whatever it was.
static void test_errors_name_the_place_and_the_remedy(void **state)
{
	struct served *served = *state;
	struct reply reply = served_ask(served, "GET", "/api/v1/devices?state=%22%3Cb%3E%1b", 0, 0);
	const json_t *error = json_object_get(reply.json, "error");
	assert_int_equal(reply.status, 400);
	assert_string_equal(json_string_value(json_object_get(error, "where")), "\"<b>\x1b");
	assert_true(json_string_length(json_object_get(error, "what")) > 0);
	assert_true(json_string_length(json_object_get(error, "remedy")) > 0);
	served_done(&reply);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_headers),
		CASE(test_errors_name_the_place_and_the_remedy),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
