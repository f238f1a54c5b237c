// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/collector/http/served.h"

// What a browser must be told of each kind of file: with nosniff, a wrong type is a page that does not run.
static void test_files(void **state)
{
	static const struct {
		const char *path, *type, *piece;
	} rows[] = {
		{ "/", "Content-Type: text/html; charset=utf-8", "<!doctype html>" },
		{ "/page/index.html", "Content-Type: text/html; charset=utf-8", "<!doctype html>" },
		{ "/page/main.js", "Content-Type: text/javascript; charset=utf-8", "import" },
		{ "/page/style.css", "Content-Type: text/css; charset=utf-8", "data-theme" },
		{ "/page/icon.svg", "Content-Type: image/svg+xml", "<svg" },
		{ "/page/dygraph.min.js", "Content-Type: text/javascript; charset=utf-8", "Dygraph" },
		{ "/page/dygraph.min.css", "Content-Type: text/css; charset=utf-8", ".dygraph" },
		{ "/page/synchronizer.js", "Content-Type: text/javascript; charset=utf-8", "Dygraph.synchronize" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply reply = served_ask(*state, "GET", rows[i].path, 0, 0);
		if (reply.status != 200 || !strstr(reply.headers, rows[i].type) || !strstr(reply.body, rows[i].piece))
			fail_msg("%s: %ld %s", rows[i].path, reply.status, reply.headers);
		served_done(&reply);
	}
}

// The whole file, as it is in the tree.
static void test_a_file_is_whole(void **state)
{
	char expected[100000];
	FILE *file = fopen(MUSTER_SOURCE_DIR "/dashboards/web/index.html", "r");
	assert_non_null(file);
	size_t size = fread(expected, 1, sizeof expected, file);
	fclose(file);
	struct reply reply = served_ask(*state, "GET", "/", 0, 0);
	assert_int_equal(reply.size, size);
	assert_memory_equal(reply.body, expected, size);
	served_done(&reply);
}

// Text of devices is shown on this page: should one of them ever become markup, these headers are what keeps it from running.
static void test_nothing_foreign_runs(void **state)
{
	static const char *const wanted[] = {
		"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';",
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"X-Content-Type-Options: nosniff",
		"Referrer-Policy: no-referrer",
		"Cache-Control: no-cache",
	};
	struct reply reply = served_ask(*state, "GET", "/", 0, 0);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!strstr(reply.headers, wanted[i]))
			fail_msg("no %s in %s", wanted[i], reply.headers);
	assert_null(strstr(reply.headers, "unsafe"));
	assert_null(strstr(reply.body, "<script>")); // inline script would not run
	assert_null(strstr(reply.body, "style="));
	served_done(&reply);
}

static void test_a_known_file_is_not_sent_again(void **state)
{
	char header[200], tag[100] = "";
	struct reply reply = served_ask(*state, "GET", "/page/main.js", 0, 0);
	assert_int_equal(sscanf(strstr(reply.headers, "ETag: "), "ETag: %99s", tag), 1);
	assert_int_equal(strlen(tag), 34); // quotes included
	served_done(&reply);

	snprintf(header, sizeof header, "If-None-Match: \"another\", %s", tag);
	reply = served_ask_host(*state, "/page/main.js", header);
	assert_int_equal(reply.status, 304);
	assert_int_equal(reply.size, 0);
	assert_non_null(strstr(reply.headers, tag));
	served_done(&reply);

	// Of another file, or of the same one in an older program: the whole file.
	reply = served_ask_host(*state, "/page/style.css", header);
	assert_int_equal(reply.status, 200);
	served_done(&reply);
}

static void test_refusals(void **state)
{
	static const struct served_row rows[] = {
		{ "GET", "/page/none.js", 0, 0, 404, "no file of this name" },
		{ "GET", "/page/..", 0, 0, 404, "nothing at this path" },
		{ "GET", "/?x=1", 0, 0, 400, "does not take this parameter" },
		{ "POST", "/", 0, "{}", 405, "GET, HEAD only" },
	};
	served_check(*state, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, served_set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_a_file_is_whole, served_set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_foreign_runs, served_set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_a_known_file_is_not_sent_again, served_set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, served_set_up, served_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
