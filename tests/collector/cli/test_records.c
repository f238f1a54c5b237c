// SPDX-License-Identifier: Apache-2.0
// `muster records` against prepared answers.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"

#define FIRST \
	"{\"records\":[{\"boot\":2,\"recv_ms\":1795907820796,\"wall_ms\":1795907820795,\"time_quality\":\"TIME_SNTP\",\"kind\":\"link\"," \
	"\"text\":\"lost: beacon_timeout (200)\"},{\"boot\":2,\"recv_ms\":1795907820796,\"kind\":\"boot_report\",\"text\":\"power \\u001b[2Jon\"}]," \
	"\"next\":77}"
#define SECOND "{\"records\":[{\"boot\":1,\"recv_ms\":1795907820796,\"kind\":\"log\",\"undecodable\":\"0aff\"}],\"next\":null}"

struct scene {
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t asked_count;
	int code;
};

static void play(struct scene *scene, struct answers_row *rows, const struct options *options)
{
	scene->answers = answers_start(rows);
	console_begin(&scene->console);
	struct cli cli = { .terminal = { scene->console.out, scene->console.err, 80, false, false, false }, .options = *options };
	cli.client = client_new(answers_url(scene->answers), scene->console.err);
	scene->code = cli_records(&cli);
	client_free(cli.client);
	console_end(&scene->console);
	scene->asked = answers_stop(scene->answers, &scene->asked_count);
}

static void strike(struct scene *scene)
{
	answers_free(scene->answers);
	console_free(&scene->console);
}

// An empty page that names a next is gone behind, as long as it goes down.
static void test_pages(void **state)
{
	(void)state;
	struct answers_row rows[] = {
		{ "before=77", 200, "{\"records\":[],\"next\":12}", 0 },
		{ "before=12", 200, SECOND, 0 },
		{ "limit=20", 200, FIRST, 0 },
		{ 0 },
	};
	struct scene scene;
	const struct options options = { .count = 1, .arguments = { "edge-7" } };
	play(&scene, rows, &options);
	assert_int_equal(scene.code, EXIT_DONE);
	assert_true(console_is_harmless(scene.console.out_text)); // text of a device steers no terminal
	assert_string_equal(scene.asked[0].line,
		"GET /api/v1/devices/edge-7/records?kind=boot_report%2Clink%2Cota%2Ccommand_result%2Cevent%2Clog%2Cgap&limit=20");
	assert_non_null(strstr(scene.asked[1].line, "&limit=18&before=77"));
	assert_int_equal(scene.asked_count, 3);
	assert_non_null(strstr(scene.console.out_text, "  sntp    boot 2      link       lost: beacon_timeout (200)\n"));
	assert_non_null(strstr(scene.console.out_text, "  came    boot 2      boot       power "));
	assert_non_null(strstr(scene.console.out_text, "  came    boot 1      log        0aff\n")); // its bytes, where they cannot be read
	strike(&scene);
}

static const struct {
	const char *answer;
	int status;
	uint32_t limit;
	bool json;
	int code;
	const char *out;
	size_t asked;
} ends[] = {
	{ FIRST, 200, 2, false, EXIT_DONE, "beacon_timeout", 1 },           // as many as were wanted: no second page
	{ FIRST, 200, 2, true, EXIT_DONE, "\"next\": 77", 1 },              // a script can go on there
	{ SECOND, 200, 0, true, EXIT_DONE, "\"next\": null", 1 },
	{ "{\"records\":[],\"next\":null}", 200, 0, false, EXIT_DONE, "no such records\n", 1 },
	{ "{\"records\":[],\"next\":77}", 200, 0, false, EXIT_DONE, "no such records\n", 2 }, // a next that does not go down ends it
	{ "{}", 200, 0, false, EXIT_DONE, "no such records\n", 1 },
	{ "{\"error\":{\"what\":\"no device\",\"where\":\"x\",\"remedy\":\"y\"}}", 404, 0, true, EXIT_NO, "", 1 },
};

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct answers_row rows[] = { { "/records", ends[i].status, ends[i].answer, 0 }, { 0 } };
		struct scene scene;
		const struct options options = { .count = 1,
			.arguments = { "edge-7" },
			.limit = ends[i].limit,
			.json = ends[i].json,
			.kind = "log" };
		play(&scene, rows, &options);
		assert_int_equal(scene.code, ends[i].code);
		assert_int_equal(scene.asked_count, ends[i].asked);
		assert_non_null(strstr(scene.asked[0].line, "?kind=log&"));
		if (!strstr(scene.console.out_text, ends[i].out))
			fail_msg("%s", scene.console.out_text);
		strike(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pages, console_home_make, console_home_remove),
		cmocka_unit_test_setup_teardown(test_ends, console_home_make, console_home_remove),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
