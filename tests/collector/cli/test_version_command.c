// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"
#include "version.h"

#define END (char *)0

static void test_both_versions(void **state)
{
	(void)state;
	struct answers_row rows[] = {
		{ "/api/v1/version", 200, "{\"program\":\"musterd\",\"version\":\"9.\\u001b[2J\",\"commit\":\"abc\\n\"}", 0 }, { 0 }
	};
	struct answers *answers = answers_start(rows);
	struct console console;
	char expected[400];
	size_t count;
	assert_int_equal(console_run(&console, cli_main, "muster", "version", "--server", answers_url(answers), END), EXIT_DONE);
	snprintf(expected, sizeof expected, "muster   %s (%s)\nmusterd  9.\\x1b[2J (abc\\x0a) at %s\n", MUSTER_VERSION, MUSTER_COMMIT,
		answers_url(answers));
	assert_string_equal(console.out_text, expected);
	assert_string_equal(console.err_text, "");
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "--version", "--json", "--server", answers_url(answers), END),
		EXIT_DONE);
	json_t *json = json_loads(console.out_text, 0, 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "muster"), "version")), MUSTER_VERSION);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "musterd"), "version")), "9.\x1b[2J");
	json_decref(json);
	console_free(&console);
	answers_stop(answers, &count);
	assert_int_equal(count, 2);
	answers_free(answers);
}

// The version of this program is told without any server, and quietly.
static void test_no_server(void **state)
{
	(void)state;
	struct console console;
	char expected[200];
	setenv("MUSTER_SERVER", "http://127.0.0.1:1", 1);
	assert_int_equal(console_run(&console, cli_main, "muster", "--version", END), EXIT_DONE);
	snprintf(expected, sizeof expected, "muster   %s (%s)\nmusterd  does not answer at http://127.0.0.1:1\n", MUSTER_VERSION,
		MUSTER_COMMIT);
	assert_string_equal(console.out_text, expected);
	assert_string_equal(console.err_text, "");
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "version", "--json", END), EXIT_DONE);
	json_t *json = json_loads(console.out_text, 0, 0);
	assert_true(json_is_null(json_object_get(json, "musterd")));
	json_decref(json);
	console_free(&console);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_both_versions), CASE(test_no_server) };
	return cmocka_run_group_tests(tests, 0, 0);
}
