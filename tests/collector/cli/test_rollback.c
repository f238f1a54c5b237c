// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <string.h>
#include "muster.pb-c.h"
#include "tests/collector/cli/scene.h"

#define DEVICE_OF(id, ready, block) \
	"{\"id\":\"" id "\",\"firmware\":\"1.1.0\",\"ota\":{\"running_sha\":\"1110020304050607\",\"other_sha\":\"2220020304050607\"," \
	"\"other_firmware\":\"1.0.0\",\"rollback_ready\":" ready ",\"block\":\"" block "\"}}"
#define PREPARED "{\"counter\":7,\"id\":\"" SCENE_ID "\",\"running_sha\":\"1110020304050607\",\"target_sha\":\"2220020304050607\"}"
#define SWAPPED "{\"counter\":7,\"id\":\"" SCENE_ID "\",\"running_sha\":\"2220020304050607\",\"target_sha\":\"1110020304050607\"}"

static struct options options_of(const char *id, bool yes)
{
	struct options options = scene_options(id);
	options.yes = yes;
	return options;
}

// The bytes that were sent: addressed, counted, of both images, signed by the key of the id that was sent.
static void check_command(const char *body, const struct key_entry *entry)
{
	uint8_t bytes[2000], sign[2000], id[KEY_ID_BYTES];
	char path[KEY_PATH_BYTES + 20], problem[900];
	size_t size = scene_sent(body, "command", bytes), sign_size = scene_sent(body, "signature", sign);
	snprintf(path, sizeof path, "%.*s.pem", (int)(strlen(entry->path) - strlen(".pub.pem")), entry->path);
	EVP_PKEY *key = keys_load(path, id, problem, sizeof problem);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestVerifyInit(context, 0, EVP_sha256(), 0, key), 1);
	assert_int_equal(EVP_DigestVerify(context, sign, sign_size, bytes, size), 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	Mu__Command *sent = mu__command__unpack(0, size, bytes);
	assert_non_null(sent);
	assert_string_equal(sent->device, "edge-7");
	assert_int_equal(sent->counter, 7);
	assert_int_equal(sent->id.len, 16);
	assert_int_equal(sent->body_case, MU__COMMAND__BODY_ROLLBACK);
	assert_memory_equal(sent->rollback->running_sha.data, "\x11\x10\x02\x03\x04\x05\x06\x07", 8);
	assert_memory_equal(sent->rollback->target_sha.data, "\x22\x20\x02\x03\x04\x05\x06\x07", 8);
	assert_true(sent->has_not_after_ms);
	mu__command__free_unpacked(sent, 0);
}

static void test_a_rollback_that_goes_well(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = {
		{ "/prepare", 200, PREPARED, 0 },
		{ "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
		{ SCENE_LOOK, 200, "{\"state\":\"sent\"}", 1 },
		{ SCENE_LOOK, 500, "", 1 }, // musterd restarts: asked again, quietly
		{ SCENE_LOOK, 200, "{\"state\":\"confirmed\",\"outcome\":\"OUTCOME_DONE\"}", 0 },
		{ "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 },
		{ 0 },
	};
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", false), .typed = "y\n" };
	scene_make_key(&entry);
	assert_int_equal(scene_play(&scene), EXIT_DONE);
	scene_told(&scene, "edge-7: 1.1.0 (11100203) back to 1.0.0 (22200203)\n");
	scene_told(&scene, "The device will restart. Go on? [y/N] ");
	scene_told(&scene, " s  sent\n");
	scene_told(&scene, " s  confirmed: the device runs its other firmware\n");
	assert_null(strstr(scene.console.err_text, "500"));
	assert_string_equal(scene.console.out_text, "");
	assert_int_equal(scene_posts(&scene), 2);
	assert_string_equal(scene.asked[1].line, "POST /api/v1/devices/edge-7/commands/prepare");
	assert_string_equal(scene.asked[1].token, "Bearer secret");
	assert_string_equal(scene.asked[2].line, "POST /api/v1/devices/edge-7/commands");
	check_command(scene.asked[2].body, &entry);
	scene_end(&scene);
}

// What is typed at the question, and that only a yes sends anything.
static const struct {
	const char *typed;
	int code;
	const char *piece;
} answers_typed[] = {
	{ "n\n", EXIT_NO, "nothing was done" },
	{ "\n", EXIT_NO, "nothing was done" },
	{ "", EXIT_NO, "nothing was done" },
	{ 0, EXIT_MISUSE, "nobody can be asked here; give --yes" },
};

static void test_without_a_yes_nothing_is_sent(void **state)
{
	(void)state;
	struct key_entry entry;
	scene_make_key(&entry);
	for (size_t i = 0; i < sizeof answers_typed / sizeof *answers_typed; i++) {
		struct answers_row rows[] = { { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
		struct scene scene = { .rows = rows,
			.run = cli_rollback,
			.options = options_of("edge-7", false),
			.typed = answers_typed[i].typed };
		assert_int_equal(scene_play(&scene), answers_typed[i].code);
		scene_told(&scene, answers_typed[i].piece);
		assert_int_equal(scene_posts(&scene), 0);
		scene_end(&scene);
	}
}

// What the server says of the command in the end; the exit code is 1 and the reason and the remedy are told.
static const struct {
	const char *answer;
	const char *pieces[3];
} ends[] = { {
	"{\"state\":\"refused\",\"outcome\":\"OUTCOME_UNKNOWN_KEY\",\"detail\":\"\\u001b[2J\"}",
		{ " s  refused\n", "does not know the key that signed it: \\x1b[2J\n", "--key FILE" } },
	{ "{\"state\":\"failed\",\"outcome\":\"OUTCOME_FAILED\",\"detail\":null}", { " s  failed\n", "tried and could not\n", "muster device ID" } },
	{ "{\"state\":\"refused\",\"outcome\":\"OUTCOME_OF_TOMORROW\"}", { "does not know\n", "update this program" } },
	{ "{\"state\":\"expired\",\"outcome\":null}", { " s  expired without an answer\n" } },
};

static void test_bad_ends_exit_with_1(void **state)
{
	(void)state;
	struct key_entry entry;
	scene_make_key(&entry);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
			{ SCENE_LOOK, 200, ends[i].answer, 0 }, { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 },
			{ 0 } };
		struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", true) };
		scene.options.json = true;
		assert_int_equal(scene_play(&scene), EXIT_NO);
		for (size_t k = 0; k < 3 && ends[i].pieces[k]; k++)
			scene_told(&scene, ends[i].pieces[k]);
		json_t *report = json_loads(scene.console.out_text, 0, 0), *answer = json_loads(ends[i].answer, 0, 0);
		assert_true(json_equal(json_array_get(json_object_get(report, "commands"), 0), answer));
		json_decref(report);
		json_decref(answer);
		scene_end(&scene);
	}
}

static void test_no_outcome_in_time_exits_with_1(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
		{ SCENE_LOOK, 200, "{\"state\":\"queued\"}", 0 }, { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 },
		{ 0 } };
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", true) };
	scene_make_key(&entry);
	scene.options.timeout_s = 1;
	assert_int_equal(scene_play(&scene), EXIT_NO);
	scene_told(&scene, "queued until the device can be reached");
	scene_told(&scene, "no outcome yet; the command stays in force for an hour");
	scene_end(&scene);
}

// What the device or the server says before anything is signed.
static const struct {
	const char *device;
	bool force;
	const char *pieces[2];
} reports[] = {
	{ DEVICE_OF("edge-7", "false", "ROLLBACK_DAMAGED"), false, { "cannot: the image in its other slot is damaged", "an update is" } },
	{ DEVICE_OF("edge-7", "false", "ROLLBACK_OF_TOMORROW"), false, { "that this program does not know" } },
	{ "{\"id\":\"edge-7\",\"firmware\":null,\"ota\":null}", true, { "edge-7: ? (?) back to ? (?)", "it has not yet said which firmware" } },
	{ "{\"ota\":{\"running_sha\":\"1110020304050607\",\"other_sha\":\"1110020304050607\"}}", true, { "both of its slots hold the same firmware" } },
	{ "{\"firmware\":\"\\u001b]0;x\\u0007\"}", false, { "edge-7: \\x1b]0;x\\x07 (?)" } },
};

static void test_a_device_that_cannot(void **state)
{
	(void)state;
	struct key_entry entry;
	scene_make_key(&entry);
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
		struct answers_row rows[] = { { "edge-7", 200, reports[i].device, 0 }, { 0 } };
		struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", true) };
		scene.options.force = reports[i].force;
		assert_int_equal(scene_play(&scene), EXIT_NO);
		for (size_t k = 0; k < 2 && reports[i].pieces[k]; k++)
			scene_told(&scene, reports[i].pieces[k]);
		assert_int_equal(scene_posts(&scene), 0);
		scene_end(&scene);
	}
}

// Force sends it all the same; between the look and the command the device has changed: nothing is signed.
static void test_a_device_that_changed_meanwhile(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = {
		{ "/prepare", 200, SWAPPED, 0 },
		{ "edge-7", 200, DEVICE_OF("edge-7", "false", "ROLLBACK_DAMAGED"), 0 },
		{ 0 },
	};
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", true) };
	scene_make_key(&entry);
	scene.options.force = true;
	assert_int_equal(scene_play(&scene), EXIT_NO);
	scene_told(&scene, "the device has changed its firmware meanwhile");
	assert_int_equal(scene_posts(&scene), 1);
	scene_end(&scene);
}

static void test_a_server_that_refuses(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = {
		{ "/prepare", 403, "{\"error\":{\"what\":\"the token is not in force\",\"where\":\"Authorization\",\"remedy\":\"make another\"}}", 0 },
		{ "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 },
		{ 0 },
	};
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", true) };
	scene_make_key(&entry);
	assert_int_equal(scene_play(&scene), EXIT_NO);
	scene_told(&scene, "the token is not in force (Authorization)\n  make another\n");
	scene_end(&scene);
}

static void test_no_key_is_told_before_the_question(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", false), .typed = "y\n" };
	assert_int_equal(scene_play(&scene), EXIT_NO);
	scene_told(&scene, "no operator key is in");
	assert_null(strstr(scene.console.err_text, "Go on?"));
	assert_int_equal(scene_posts(&scene), 0);
	scene_end(&scene);
}

// Which devices are meant: what is misuse, before any question to the server.
static const struct {
	const char *id, *where;
	const char *piece;
} misuses[] = {
	{ 0, 0, "name the devices, or choose them with --where" },
	{ "edge-7", "state=offline", "one of the two" },
	{ "../x", 0, "../x is not the id of a device" },
	{ "a\x1b", 0, "a\\x1b is not the id" },
	{ 0, "colour=red", "--where takes firmware=V, state=S or id=TEXT" },
	{ 0, "state=", "not \"state=\"" },
	{ 0, "state=offline,,", "not \"\"" },
};

static void test_which_devices(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
		struct answers_row rows[] = { { 0 } };
		struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of(misuses[i].id, true) };
		scene.options.count = misuses[i].id != 0;
		scene.options.where = misuses[i].where;
		assert_int_equal(scene_play(&scene), EXIT_MISUSE);
		scene_told(&scene, misuses[i].piece);
		assert_int_equal(scene.asked_count, 0);
		scene_end(&scene);
	}
}

// Named twice, or given twice by a list that changes between its pages: one command, not two of which the second is refused.
static void test_a_device_named_twice_gets_one_command(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SCENE_SUBMITTED, 0 },
		{ SCENE_LOOK, 200, "{\"state\":\"confirmed\"}", 0 }, { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 },
		{ 0 } };
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of("edge-7", true) };
	scene_make_key(&entry);
	scene.options.arguments[scene.options.count++] = "edge-7";
	assert_int_equal(scene_play(&scene), EXIT_DONE);
	assert_int_equal(scene_posts(&scene), 2); // to prepare and to submit
	scene_end(&scene);
}

static void test_where_becomes_a_query(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/devices", 200, "{\"devices\":[],\"next\":null}", 0 }, { 0 } };
	struct scene scene = { .rows = rows, .run = cli_rollback, .options = options_of(0, true) };
	scene.options.count = 0;
	scene.options.where = "firmware=1.1 b&x,state=crash_loop,id=edge";
	assert_int_equal(scene_play(&scene), EXIT_NO);
	scene_told(&scene, "no device is like that");
	assert_int_equal(scene.asked_count, 1);
	assert_non_null(strstr(scene.asked[0].line, "firmware=1.1%20b%26x&state=crash_loop&q=edge&limit="));
	scene_end(&scene);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, console_home_make, console_home_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_rollback_that_goes_well),
		CASE(test_without_a_yes_nothing_is_sent),
		CASE(test_bad_ends_exit_with_1),
		CASE(test_no_outcome_in_time_exits_with_1),
		CASE(test_a_device_that_cannot),
		CASE(test_a_device_that_changed_meanwhile),
		CASE(test_a_server_that_refuses),
		CASE(test_no_key_is_told_before_the_question),
		CASE(test_which_devices),
		CASE(test_a_device_named_twice_gets_one_command),
		CASE(test_where_becomes_a_query),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
