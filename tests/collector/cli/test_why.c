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

static const char *const sick =
	"{\"device\":\"edge-7\",\"verdict\":{\"state\":\"crash_loop\",\"severity\":\"critical\","
	"\"text\":\"crashed 4 times; and 1 more finding\"},\"findings\":["
	"{\"source\":\"alert\",\"name\":\"BootLoop\",\"severity\":\"critical\",\"since_ms\":1789999820000,"
	"\"summary\":\"it restarts \\u001b[2J again and again\","
	"\"evidence\":[{\"at_ms\":null,\"text\":\"the value is 5, the threshold 3\"},{\"at_ms\":null,\"text\":\"pending\"}],"
	"\"cause\":\"a bad update\",\"remedy\":\"roll it back\"},"
	"{\"source\":\"condition\",\"name\":\"weak_signal\",\"severity\":\"warning\",\"since_ms\":null,\"summary\":\"signal is -87 dBm\","
	"\"evidence\":[],\"cause\":null,\"remedy\":null}]}";

static const char *const well = "{\"device\":\"edge-1\",\"verdict\":{\"state\":\"healthy\",\"severity\":\"ok\","
				"\"text\":\"nothing is wrong with it\"},\"findings\":[],"
				"\"healthy_because\":[\"it is online\",\"no alert fires\"]}";

static const struct {
	const char *const *answer;
	const char *picture;
} pictures[] = {
	{ &sick,
		"critical      edge-7 is crash_loop: crashed 4 times; and 1 more finding\n"
		"\n"
		"1             BootLoop (alert), critical, for 3 min\n"
		"              it restarts \\x1b[2J again and again\n"
		"evidence      the value is 5, the threshold 3\n"
		"              pending\n"
		"cause         a bad update\n"
		"what to do    roll it back\n"
		"\n"
		"2             weak_signal (condition), warning\n"
		"              signal is -87 dBm\n" },
	{ &well,
		"ok            edge-1 is healthy: nothing is wrong with it\n"
		"because       it is online\n"
		"              no alert fires\n" },
};

static void test_pictures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
		struct screen screen;
		json_t *why = json_loads(*pictures[i].answer, 0, 0);
		screen_open(&screen, 80);
		show_why(why, &screen.terminal, NOW);
		assert_string_equal(screen_text(&screen), pictures[i].picture);
		screen_check(&screen);
		screen_close(&screen);
		for (unsigned width = 24; width < 60; width += 13) { // narrow ones break lines, nothing else
			screen_open(&screen, width);
			show_why(why, &screen.terminal, NOW);
			screen_check(&screen);
			screen_close(&screen);
		}
		json_decref(why);
	}
}

static void test_an_answer_of_another_kind(void **state)
{
	(void)state;
	static const char *const odd[] = { "{}", "[]", "{\"findings\":[1,null,{}],\"verdict\":5,\"healthy_because\":[5]}" };
	for (size_t i = 0; i < 3; i++) {
		struct screen screen;
		json_t *why = json_loads(odd[i], 0, 0);
		screen_open(&screen, 80);
		show_why(why, &screen.terminal, NOW);
		screen_check(&screen);
		screen_close(&screen);
		json_decref(why);
	}
}

static void test_asking(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/devices/edge-1/why", 200, well, 0 },
		{ "/why", 404, "{\"error\":{\"what\":\"no device\",\"where\":\"x\",\"remedy\":\"look\"}}", 0 }, { 0 } };
	struct answers *answers = answers_start(rows);
	struct console console;
	size_t count;
	const char *url = answers_url(answers);
	assert_int_equal(console_run(&console, cli_main, "muster", "why", "edge-1", "--server", url, (char *)0), EXIT_DONE);
	assert_non_null(strstr(console.out_text, "edge-1 is healthy"));
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "why", "edge-1", "--json", "--server", url, (char *)0), EXIT_DONE);
	assert_non_null(strstr(console.out_text, "\"verdict\": {"));
	console_free(&console);
	assert_int_equal(console_run(&console, cli_main, "muster", "why", "a/../b", "--server", url, (char *)0), EXIT_NO);
	assert_non_null(strstr(console.err_text, "no device"));
	console_free(&console);
	const struct answers_asked *asked = answers_stop(answers, &count);
	assert_string_equal(asked[2].line, "GET /api/v1/devices/a%2F..%2Fb/why");
	answers_free(answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_an_answer_of_another_kind),
		cmocka_unit_test(test_asking),
	};
	return cmocka_run_group_tests(tests, console_home_make, console_home_remove);
}
