// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"

#define END (char *)0
#define DATA(n, from, to, summary)                                                                                    \
	"{\"n\":" #n ",\"device\":\"edge-7\",\"name\":\"HeapLow\",\"severity\":\"critical\","                               \
	"\"from\":\"" from "\",\"to\":\"" to "\",\"at_ms\":1000,"                                                         \
	"\"annotations\":{\"summary\":\"" summary "\"}}"
#define EVENT(n, from, to, summary) "id: " #n "\nevent: alert\ndata: " DATA(n, from, to, summary) "\n\n"

// Answers with these rows to `muster tail WORDS`; gives the exit code.
static int run(struct answers_row *rows, struct console *console, const struct answers_asked **asked, size_t *count,
	struct answers **answers, const char *const words[4])
{
	*answers = answers_start(rows);
	int code = console_run(console, cli_main, "muster", "tail", "--server", answers_url(*answers), words[0], words[1], words[2],
		words[3], END);
	*asked = answers_stop(*answers, count);
	return code;
}

static void test_lines_for_people(void **state)
{
	(void)state;
	static const char body[] = ": alerts behind 1\nid: 1\n\n" EVENT(2, "ok", "firing", "low \\u001b[2J memory")
		EVENT(3, "firing", "firing", "graver") ": still here\n\n"
						       "id: 900\nevent: skipped\ndata: {\"skipped\":897,\"next\":901}\n\n"
						       "event: news\ndata: {}\n\n" // of a later server
		EVENT(901, "firing", "ok", "fine");
	struct answers_row rows[] = { { "/api/v1/alerts/stream", 200, body, 0 }, { 0 } };
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t count;
	const char *const words[4] = { "--limit=3" };
	setenv("TZ", "UTC", 1);
	assert_int_equal(run(rows, &console, &asked, &count, &answers, words), EXIT_DONE);
	assert_string_equal(console.out_text,
		"1970-01-01 00:00:01  FIRING    critical  edge-7  HeapLow  low \\x1b[2J memory\n"
		"1970-01-01 00:00:01  CHANGED   critical  edge-7  HeapLow  graver\n"
		"-- 897 skipped: they came faster than they were read here, or are no longer kept\n"
		"1970-01-01 00:00:01  RESOLVED  critical  edge-7  HeapLow  fine\n");
	assert_string_equal(console.err_text, "");
	assert_true(console_is_harmless(console.out_text));
	assert_string_equal(asked[0].line, "GET /api/v1/alerts/stream");
	answers_free(answers);
	console_free(&console);
}

static void test_json_is_one_object_a_line(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/alerts/stream", 200,
					      EVENT(2, "ok", "firing",
						      "\xc3\xbc") "event: skipped\ndata: {\"skipped\":2,\"next\":5}\n\n" EVENT(5, "firing",
						      "ok", ""),
					      0 },
		{ 0 } };
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t count;
	const char *const words[4] = { "--json", "--limit", "2" };
	assert_int_equal(run(rows, &console, &asked, &count, &answers, words), EXIT_DONE);
	assert_string_equal(console.out_text,
		DATA(2, "ok", "firing", "\\u00FC") "\n{\"skipped\":2,\"next\":5}\n" DATA(5, "firing", "ok", "") "\n");
	answers_free(answers);
	console_free(&console);
}

// The first connection ends behind 2, the second brings 3: nothing twice, nothing missing, and one line that says so.
static void test_it_comes_back(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "after=2", 200, EVENT(3, "firing", "ok", "over"), 0 },
		{ "/api/v1/alerts/stream", 200, "id: 1\n\n" EVENT(2, "ok", "firing", "low") "id: 3\nevent: alert\ndata: {\"n\":3,", 1 },
		{ 0 } };
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t count;
	const char *const words[4] = { "--limit=2", "--match=device=edge-7", "--pending" };
	assert_int_equal(run(rows, &console, &asked, &count, &answers, words), EXIT_DONE);
	assert_int_equal(count, 2);
	assert_string_equal(asked[0].line, "GET /api/v1/alerts/stream?match=device%3Dedge-7&pending=1");
	assert_string_equal(asked[1].line, "GET /api/v1/alerts/stream?match=device%3Dedge-7&pending=1&after=2");
	assert_string_equal(console.err_text, "muster: the connection is lost; trying again until it is back\n");
	assert_non_null(strstr(console.out_text, "FIRING"));
	assert_non_null(strstr(console.out_text, "RESOLVED"));
	answers_free(answers);
	console_free(&console);
}

static void test_an_unfinished_id_is_not_believed(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "after=1", 200, EVENT(2, "ok", "firing", "low"), 0 },
		{ "/api/v1/alerts/stream", 200, "id: 1\n\n: nothing came\n\n", 1 }, { 0 } };
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t count;
	const char *const words[4] = { "--limit=1" };
	assert_int_equal(run(rows, &console, &asked, &count, &answers, words), EXIT_DONE); // from the place where it began
	assert_int_equal(count, 2);
	answers_free(answers);
	console_free(&console);
}

static const struct {
	const char *since;
	int code;
	const char *piece; // of the request, or of the complaint
} since[] = {
	{ "--since=17", EXIT_DONE, "?after=17" },
	{ "--since=0", EXIT_DONE, "?after=0" },
	{ "--since=5m", EXIT_DONE, "?since=1" },
	{ "--since=2h", EXIT_DONE, "?since=1" },
	{ "--since=90s", EXIT_DONE, "?since=1" },
	{ "--since=9999999d", EXIT_DONE, "?since=0" },
	{ "--since=", EXIT_MISUSE, "--since is how long ago" },
	{ "--since=m", EXIT_MISUSE, "--since is how long ago" },
	{ "--since=5x", EXIT_MISUSE, "--since is how long ago" },
	{ "--since=5mm", EXIT_MISUSE, "--since is how long ago" },
	{ "--since=-5m", EXIT_MISUSE, "--since is how long ago" },
	{ "--since=99999999999999999999d", EXIT_MISUSE, "--since is how long ago" },
	{ "--limit=0", EXIT_MISUSE, "--limit must be a number" },
};

static void test_since(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof since / sizeof *since; i++) {
		struct answers_row rows[] = { { "/api/v1/alerts/stream", 200, EVENT(99, "ok", "firing", "low"), 0 }, { 0 } };
		struct console console;
		struct answers *answers;
		const struct answers_asked *asked;
		size_t count;
		const char *const words[4] = { since[i].since, since[i].code == EXIT_DONE ? "--limit=1" : 0 };
		assert_int_equal(run(rows, &console, &asked, &count, &answers, words), since[i].code);
		const char *where = since[i].code == EXIT_DONE && count ? asked[0].line : console.err_text;
		if (!strstr(where, since[i].piece))
			fail_msg("%s: %s", since[i].since, where);
		answers_free(answers);
		console_free(&console);
	}
}

static void test_a_refusal_ends_it(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body, *piece;
	} refusals[] = {
		{ 400, "{\"error\":{\"what\":\"column 3: bad\",\"where\":\"x\",\"remedy\":\"write it so\"}}", "column 3: bad" },
		{ 503, "{\"error\":{\"what\":\"64 streams are open\",\"where\":\"x\",\"remedy\":\"end one\"}}", "64 streams are open" },
		{ 404, "", "status 404" }, // an older musterd
	};
	for (size_t i = 0; i < 3; i++) {
		struct answers_row rows[] = { { "/api/v1/alerts/stream", refusals[i].status, refusals[i].body, 0 }, { 0 } };
		struct console console;
		struct answers *answers;
		const struct answers_asked *asked;
		size_t count;
		const char *const words[4] = { 0 };
		assert_int_equal(run(rows, &console, &asked, &count, &answers, words), EXIT_NO);
		assert_int_equal(count, 1);
		if (!strstr(console.err_text, refusals[i].piece))
			fail_msg("%s", console.err_text);
		assert_string_equal(console.out_text, "");
		answers_free(answers);
		console_free(&console);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_for_people),
		cmocka_unit_test(test_json_is_one_object_a_line),
		cmocka_unit_test(test_it_comes_back),
		cmocka_unit_test(test_an_unfinished_id_is_not_believed),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_a_refusal_ends_it),
	};
	return cmocka_run_group_tests(tests, console_home_make, console_home_remove);
}
