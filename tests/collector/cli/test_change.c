// SPDX-License-Identifier: Apache-2.0
// `muster report`, `muster log` and `muster diagnose` against prepared answers.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "muster.pb-c.h"
#include "tests/collector/cli/scene.h"

#define PREPARED "{\"counter\":7,\"id\":\"" SCENE_ID "\"}"

static struct options options_of(const char *id)
{
	struct options options = scene_options(id);
	options.every_s = 3;
	options.for_s = 900;
	options.level = "debug";
	return options;
}

// The command in the body of a POST; its signature is tried by test_sign.c and test_rollback.c.
static Mu__Command *sent_command(const char *body)
{
	uint8_t bytes[2000];
	return mu__command__unpack(0, scene_sent(body, "command", bytes), bytes);
}

// Each verb, and the command that it makes: what it changes, for how long.
static const struct {
	cli_run *run;
	const char *name;
	Mu__Command__BodyCase body;
	const char *where; // one finds what it was for
} verbs[] = {
	{ cli_report, "report", MU__COMMAND__BODY_REPORT, "edge-7: done\n" },
	{ cli_log, "log", MU__COMMAND__BODY_LOG, "`muster records edge-7 --kind log` shows its lines" },
	{ cli_diagnose, "diagnose", MU__COMMAND__BODY_DIAGNOSE, "`muster device edge-7` and `muster records edge-7` show" },
};

static void check_body(const Mu__Command *command)
{
	if (command->body_case == MU__COMMAND__BODY_REPORT) {
		assert_int_equal(command->report->interval_s, 3);
		assert_int_equal(command->report->for_s, 900);
	} else if (command->body_case == MU__COMMAND__BODY_LOG) {
		assert_int_equal(command->log->level, MU__LOG_LEVEL__LOG_DEBUG);
		assert_int_equal(command->log->for_s, 900);
	} else {
		assert_int_equal(command->diagnose->for_s, 900);
	}
}

static void test_each_verb_sends_its_command(void **state)
{
	(void)state;
	struct key_entry key;
	scene_make_key(&key);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		struct answers_row rows[] = {
			{ "/prepare", 200, PREPARED, 0 },
			{ "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
			{ SCENE_LOOK, 200, "{\"state\":\"sent\"}", 1 },
			{ SCENE_LOOK, 500, "", 1 }, // musterd restarts: asked again, quietly
			{ SCENE_LOOK, 200, "{\"state\":\"done\",\"outcome\":\"OUTCOME_DONE\"}", 0 },
			{ 0 },
		};
		struct scene scene = { .rows = rows, .options = options_of("edge-7"), .run = verbs[i].run };
		scene.options.arguments[scene.options.count++] = "edge-7";
		assert_int_equal(scene_play(&scene), EXIT_DONE);
		scene_told(&scene, "edge-7: sent\nedge-7: done\n");
		scene_told(&scene, verbs[i].where);
		assert_int_equal(scene.asked_count, 5); // a device that was named twice is commanded once
		assert_string_equal(scene.asked[0].line, "POST /api/v1/devices/edge-7/commands/prepare");
		assert_non_null(strstr(scene.asked[0].body, verbs[i].name));
		assert_string_equal(scene.asked[1].line, "POST /api/v1/devices/edge-7/commands");
		assert_string_equal(scene.asked[1].token, "Bearer secret");
		Mu__Command *command = sent_command(scene.asked[1].body);
		assert_string_equal(command->device, "edge-7");
		assert_int_equal(command->counter, 7);
		assert_true(command->has_not_after_ms);
		assert_int_equal(command->body_case, verbs[i].body);
		check_body(command);
		mu__command__free_unpacked(command, 0);
		scene_end(&scene);
	}
}

// How it may end otherwise: exit 1, the reason and the remedy; the JSON is the server's.
static const struct {
	const char *answer;
	const char *pieces[2];
} ends[] = {
	{ "{\"state\":\"refused\",\"outcome\":\"OUTCOME_UNKNOWN_KEY\",\"detail\":\"\\u001b[2J\"}", { "edge-7: refused\n", "key that signed it: \\x1b[2J\n" } },
	{ "{\"state\":\"failed\",\"outcome\":\"OUTCOME_FAILED\",\"detail\":\"no such level\"}", { "edge-7: failed\n", "no such level\n" } },
	{ "{\"state\":\"expired\",\"outcome\":null}", { "edge-7: expired without an answer\n" } },
	{ "{\"state\":\"queued\"}", { "queued until the device can be reached", "no answer yet; the command stays in force" } },
};

static void test_bad_ends_exit_with_1(void **state)
{
	(void)state;
	struct key_entry key;
	scene_make_key(&key);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
			{ SCENE_LOOK, 200, ends[i].answer, 0 }, { 0 } };
		struct scene scene = { .rows = rows, .options = options_of("edge-7"), .run = cli_log };
		scene.options.json = true;
		scene.options.timeout_s = 1;
		assert_int_equal(scene_play(&scene), EXIT_NO);
		for (size_t k = 0; k < 2 && ends[i].pieces[k]; k++)
			scene_told(&scene, ends[i].pieces[k]);
		json_t *report = json_loads(scene.console.out_text, 0, 0), *answer = json_loads(ends[i].answer, 0, 0);
		assert_true(json_equal(json_array_get(json_object_get(report, "commands"), 0), answer));
		json_decref(report);
		json_decref(answer);
		scene_end(&scene);
	}
}

// One of two is not known to the server: the other one's command is sent all the same, and the exit code says that not all is done.
static void test_one_that_fails_stops_no_other(void **state)
{
	(void)state;
	struct answers_row rows[] = {
		{ "edge-8/commands/prepare", 404, "{\"error\":{\"what\":\"no device with this id\",\"where\":\"edge-8\",\"remedy\":\"look\"}}", 0 },
		{ "edge-7/commands/prepare", 200, PREPARED, 0 },
		{ "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
		{ SCENE_LOOK, 200, "{\"state\":\"done\"}", 0 },
		{ 0 },
	};
	struct scene scene = { .rows = rows, .options = options_of("edge-8"), .run = cli_diagnose };
	struct key_entry key;
	scene_make_key(&key);
	scene.options.arguments[scene.options.count++] = "edge-7";
	assert_int_equal(scene_play(&scene), EXIT_NO);
	scene_told(&scene, "no device with this id");
	scene_told(&scene, "edge-7: done\n");
	scene_end(&scene);
}

// Nothing is asked of the server for what cannot be right.
static void test_misuse(void **state)
{
	(void)state;
	struct answers_row rows[] = { { 0 } };
	struct scene level = { .rows = rows, .options = options_of("edge-7"), .run = cli_log };
	level.options.level = "loud";
	assert_int_equal(scene_play(&level), EXIT_MISUSE);
	scene_told(&level, "--level takes none, error, warning, info or debug, not \"loud\"");
	assert_int_equal(level.asked_count, 0);
	scene_end(&level);

	struct scene id = { .rows = rows, .options = options_of("a\x1b"), .run = cli_report };
	assert_int_equal(scene_play(&id), EXIT_MISUSE);
	scene_told(&id, "a\\x1b is not the id of a device");
	assert_int_equal(id.asked_count, 0);
	scene_end(&id);

	struct scene key = { .rows = rows, .options = options_of("edge-7"), .run = cli_report }; // there is none
	assert_int_equal(scene_play(&key), EXIT_NO);
	scene_told(&key, "no operator key is in");
	assert_int_equal(key.asked_count, 0);
	scene_end(&key);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_verb_sends_its_command),
		CASE(test_bad_ends_exit_with_1),
		CASE(test_one_that_fails_stops_no_other),
		CASE(test_misuse),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
