// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "collector/cli/show.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"
#include "tests/collector/cli/screen.h"

#define NOW UINT64_C(1790000000000)

static const char *const alerts =
	"{\"alerts\":[{\"device\":\"edge-7\",\"name\":\"HeapLow\",\"severity\":\"critical\",\"state\":\"firing\","
	"\"started_ms\":1789999000000,\"fired_ms\":1789999820000,"
	"\"value\":41000,\"annotations\":{\"summary\":\"low \\u001b]0;x\\u0007 memory\"}},"
	"{\"device\":\"edge-8\",\"name\":\"WeakRadio\",\"severity\":\"warning\",\"state\":\"pending\",\"started_ms\":1789999998000,"
	"\"fired_ms\":null,\"value\":-85.5,"
	"\"annotations\":{}}],\"next\":null,\"total\":2}";

static const char *const rules =
	"{\"rules\":[{\"uid\":\"heap_low\",\"name\":\"HeapLow\",\"group\":\"memory\",\"file\":\"stock.yml\",\"line\":71,"
	"\"expr\":\"heap_free_bytes < 50000\","
	"\"severity\":\"warning\",\"severity_most\":\"critical\",\"for_ms\":120000,\"firing\":2,\"pending\":0},"
	"{\"uid\":\"x\",\"name\":\"X\",\"group\":\"g\",\"file\":\"f.yml\",\"line\":1,\"expr\":\"silent(10m)\",\"severity\":\"info\","
	"\"severity_most\":\"info\",\"for_ms\":0,"
	"\"firing\":0,\"pending\":1}],\"loaded_ms\":1,\"problems\":[\"bad\"]}";

static void expect(void (*show)(const json_t *answer, const struct terminal *terminal), const char *text, unsigned width,
	const char *picture)
{
	struct screen screen;
	json_t *answer = json_loads(text, 0, 0);
	screen_open(&screen, width);
	show(answer, &screen.terminal);
	assert_string_equal(screen_text(&screen), picture);
	screen_check(&screen);
	screen_close(&screen);
	json_decref(answer);
}

static void show_alerts_now(const json_t *answer, const struct terminal *terminal)
{
	show_alerts(answer, terminal, NOW);
}

static void test_alerts(void **state)
{
	(void)state;
	expect(show_alerts_now, alerts, 120,
		"SINCE  SEVERITY  DEVICE  ALERT      STATE    VALUE  SUMMARY\n"
		"3 min  critical  edge-7  HeapLow    firing   41000  low \\x1b]0;x\\x07 memory\n"
		"  2 s  warning   edge-8  WeakRadio  pending  -85.5\n"
		"2 alerts\n");
	expect(show_alerts_now, "{\"alerts\":[]}", 80, "no alerts\n");
	expect(show_alerts_now, "{\"alerts\":[{}]}", 80, // of a server gone wrong
		"SINCE  SEVERITY  DEVICE  ALERT  STATE  VALUE  SUMMARY\n"
		"  0 s\n"
		"1 alert\n");
}

static void test_rules(void **state)
{
	(void)state;
	expect(show_rules, rules, 140,
		"ALERT    SEVERITY          FIRING  PENDING    FOR  GROUP   FILE          EXPRESSION\n"
		"HeapLow  warning-critical       2        0  2 min  memory  stock.yml:71  heap_free_bytes < 50000\n"
		"X        info                   0        1    0 s  g       f.yml:1       silent(10m)\n"
		"2 rules in force\n"
		"the last load found 1 problem; `muster rules check FILE` shows them\n");
	expect(show_rules, "{\"rules\":[],\"problems\":[]}", 80, "0 rules in force\n");
}

// Every pair of states has a word.
static const struct {
	const char *from, *to, *word;
} changes[] = {
	{ "ok", "pending", "PENDING" },     { "ok", "firing", "FIRING" },           { "pending", "firing", "FIRING" },
	{ "pending", "ok", "CALM" },        { "firing", "firing", "CHANGED" },      { "firing", "recovering", "RECOVERS" },
	{ "firing", "ok", "RESOLVED" },     { "recovering", "ok", "RESOLVED" },     { "recovering", "firing", "FIRING" },
	{ "ok", "muted", "muted" }, // of a later server
};

static void test_transitions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct screen screen;
		char word[20];
		json_t *transition = json_pack("{s:s,s:s,s:s,s:s,s:{s:s}}", "from", changes[i].from, "to", changes[i].to, "device",
			"\x1b[2J", "name", "HeapLow", "annotations", "summary", "a\nb");
		screen_open(&screen, 200);
		show_transition(transition, &screen.terminal);
		snprintf(word, sizeof word, "  %-8s  ", changes[i].word);
		const char *text = screen_text(&screen);
		if (!strstr(text, word) || !strstr(text, "  \\x1b[2J  HeapLow  a\\x0ab\n"))
			fail_msg("%s", text);
		screen_check(&screen);
		screen_close(&screen);
		json_decref(transition);
	}
}

static void test_asking(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/alerts", 200, alerts, 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	size_t count;
	const char *url = answers_url(answers);
	assert_int_equal(console_run(&console, cli_main, "muster", "alerts", "--server", url, (char *)0), EXIT_DONE);
	assert_non_null(strstr(console.out_text, "2 alerts"));
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "alerts", "edge-7", "--state", "all", "--severity=critical", "--match",
				 "a=~\"b\"", "--json", "--limit=7", "--server", url, (char *)0),
		EXIT_DONE);
	assert_non_null(strstr(console.out_text, "\"total\": 2"));
	console_free(&console);
	const struct answers_asked *asked = answers_stop(answers, &count);
	assert_string_equal(asked[0].line, "GET /api/v1/alerts?limit=1000");
	assert_string_equal(asked[1].line, "GET /api/v1/alerts?state=all&severity=critical&match=a%3D~%22b%22&device=edge-7&limit=7");
	answers_free(answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_asking),
	};
	return cmocka_run_group_tests(tests, console_home_make, console_home_remove);
}
