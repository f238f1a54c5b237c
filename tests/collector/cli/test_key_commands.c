// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/console.h"

#define END (char *)0

static void test_new_and_list(void **state)
{
	struct console console;
	char path[200];
	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "list", END), EXIT_DONE);
	snprintf(path, sizeof path, "no keys in %s/.config/muster/keys\n", (char *)*state);
	assert_string_equal(console.out_text, path);
	console_free(&console);

	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "new", "alice", "--role", "operator", END), EXIT_DONE);
	assert_string_equal(console.err_text, "");
	char id[17];
	assert_int_equal(sscanf(console.out_text, "key %16[0-9a-f], role operator\n", id), 1);
	assert_int_equal(strlen(id), 16);
	snprintf(path, sizeof path, "private: %s/.config/muster/keys/operator-alice.pem (keep it to yourself)\n", (char *)*state);
	assert_non_null(strstr(console.out_text, path));
	assert_null(strstr(console.out_text, "BEGIN")); // the key itself is never shown
	console_free(&console);

	setenv("COLUMNS", "40", 1);
	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "list", END), EXIT_DONE);
	char line[100];
	snprintf(line, sizeof line, "\n%s  operator  alice", id);
	assert_non_null(strstr(console.out_text, line));
	console_free(&console);
}

static void test_json(void **state)
{
	struct console made, listed;
	const char *home = *state;
	assert_int_equal(console_run(&made, cli_main, "muster", "keys", "new", "main", "--role=collector", "--dir", home, "--json", END),
		EXIT_DONE);
	assert_int_equal(console_run(&listed, cli_main, "muster", "keys", "list", "--dir", home, "--json", END), EXIT_DONE);
	json_t *entry = json_loads(made.out_text, 0, 0), *list = json_loads(listed.out_text, 0, 0);
	assert_string_equal(json_string_value(json_object_get(entry, "role")), "collector");
	assert_int_equal(strlen(json_string_value(json_object_get(entry, "key_id"))), 16);
	assert_int_equal(access(json_string_value(json_object_get(entry, "public_file")), R_OK), 0);
	assert_int_equal(json_array_size(json_object_get(list, "keys")), 1);
	assert_true(json_equal(json_array_get(json_object_get(list, "keys"), 0), entry));
	json_decref(entry);
	json_decref(list);
	console_free(&made);
	console_free(&listed);
	assert_int_equal(console_run(&listed, cli_main, "muster", "keys", "list", "--json", END),
		EXIT_DONE); // the folder at home is absent
	assert_string_equal(listed.out_text, "{\n  \"keys\": []\n}\n");
	console_free(&listed);
}

// A command line, its exit code, and what is said.
static const struct {
	const char *words[4];
	int code;
	const char *piece;
} rows[] = {
	{ { "new", "bob" }, EXIT_MISUSE, "usage: muster keys new NAME --role operator|collector" },
	{ { "new", "--role", "operator" }, EXIT_MISUSE, "usage: muster keys new" },
	{ { "new", "bob", "--role", "king\x1b" }, EXIT_MISUSE, "--role is operator or collector, not king\\x1b" },
	{ { "new", "bob", "--role", "release" }, EXIT_MISUSE, "not release" },
	{ { "new", "../bob", "--role", "operator" }, EXIT_NO, "not a name for a key: ../bob" },
	{ { "list", "bob" }, EXIT_MISUSE, "or muster keys list" },
	{ { "delete", "bob" }, EXIT_MISUSE, "usage: muster keys new" },
	{ { "list", "--dir", "/dev/null" }, EXIT_NO, "cannot read the folder /dev/null" },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct console console;
		const char *const *words = rows[i].words;
		assert_int_equal(console_run(&console, cli_main, "muster", "keys", words[0], words[1], words[2], words[3], END),
			rows[i].code);
		if (!strstr(console.err_text, rows[i].piece))
			fail_msg("row %zu: %s", i, console.err_text);
		assert_true(console_is_harmless(console.err_text));
		assert_string_equal(console.out_text, "");
		console_free(&console);
	}
}

static void test_a_second_key_of_that_name_is_a_no(void **state)
{
	(void)state;
	struct console console;
	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "new", "alice", "--role", "operator", END), EXIT_DONE);
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "new", "alice", "--role", "operator", END), EXIT_NO);
	assert_non_null(strstr(console.err_text, "keys are never overwritten"));
	console_free(&console);
}

// A public key that devices would be made with, but is none: the list says so, and which it has all the same.
static void test_a_file_that_is_no_key_is_told(void **state)
{
	struct console console;
	const char *home = *state;
	char path[200];
	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "new", "alice", "--role", "operator", "--dir", home, END),
		EXIT_DONE);
	console_free(&console);
	snprintf(path, sizeof path, "%s/operator-bob.pub.pem", home);
	fclose(fopen(path, "w"));
	assert_int_equal(console_run(&console, cli_main, "muster", "keys", "list", "--dir", home, END), EXIT_DONE);
	char said[400];
	snprintf(said, sizeof said, "muster: passed over: %s: is empty (it should be a public key in PEM)\n", path);
	assert_string_equal(console.err_text, said);
	assert_non_null(strstr(console.out_text, "alice"));
	console_free(&console);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_new_and_list),
		CASE(test_json),
		CASE(test_mistakes),
		CASE(test_a_second_key_of_that_name_is_a_no),
		CASE(test_a_file_that_is_no_key_is_told),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
