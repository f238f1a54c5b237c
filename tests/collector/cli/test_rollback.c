// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "collector/cli/cli.h"
#include "collector/signing/keys.h"
#include "muster.pb-c.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"

#define DEVICE_OF(id, ready, block) \
	"{\"id\":\"" id "\",\"firmware\":\"1.1.0\",\"ota\":{\"running_sha\":\"1110020304050607\",\"other_sha\":\"2220020304050607\"," \
	"\"other_firmware\":\"1.0.0\",\"rollback_ready\":" ready ",\"block\":\"" block "\"}}"
#define PREPARED \
	"{\"counter\":7,\"id\":\"000102030405060708090a0b0c0d0e0f\",\"running_sha\":\"1110020304050607\",\"target_sha\":\"2220020304050607\"}"
#define SWAPPED \
	"{\"counter\":7,\"id\":\"000102030405060708090a0b0c0d0e0f\",\"running_sha\":\"2220020304050607\",\"target_sha\":\"1110020304050607\"}"
#define SUBMITTED "{\"id\":\"000102030405060708090a0b0c0d0e0f\"}"
#define LOOK "/api/v1/commands/0001"

// What one run is made of, and what it left behind.
struct scene {
	struct answers_row *rows;
	struct options options;
	const char *typed; // null: no terminal, nobody can be asked
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t asked_count;
};

static int play(struct scene *scene)
{
	FILE *in = stdin;
	scene->answers = answers_start(scene->rows);
	console_begin(&scene->console);
	setenv("MUSTER_TOKEN", "secret", 1);
	struct cli cli = { .terminal = { scene->console.out, scene->console.err, 80, false, false, scene->typed != 0 },
		.options = scene->options };
	cli.client = client_new(answers_url(scene->answers), scene->console.err);
	if (scene->typed) // one byte more than the text: an empty one is the end of input
		stdin = fmemopen((void *)scene->typed, strlen(scene->typed) + 1, "r");
	int code = cli_rollback(&cli);
	if (scene->typed)
		fclose(stdin);
	stdin = in;
	client_free(cli.client);
	console_end(&scene->console);
	scene->asked = answers_stop(scene->answers, &scene->asked_count);
	assert_true(console_is_harmless(scene->console.err_text));
	return code;
}

static void strike(struct scene *scene)
{
	answers_free(scene->answers);
	console_free(&scene->console);
}

static void told(const struct scene *scene, const char *piece)
{
	if (!strstr(scene->console.err_text, piece))
		fail_msg("\"%s\" is not in:\n%s", piece, scene->console.err_text);
}

static size_t count_posts(const struct scene *scene)
{
	size_t posts = 0;
	for (size_t i = 0; i < scene->asked_count; i++)
		posts += strncmp(scene->asked[i].line, "POST", 4) == 0;
	return posts;
}

static void make_key(struct key_entry *entry)
{
	char folder[KEY_PATH_BYTES], problem[900];
	assert_int_equal(keys_folder(0, folder, sizeof folder, problem, sizeof problem), 0);
	assert_int_equal(keys_new(folder, "operator", "alice", entry, problem, sizeof problem), 0);
}

static struct options options_of(const char *id, bool yes)
{
	return (struct options){ .yes = yes, .timeout_s = 5, .count = 1, .arguments = { id } };
}

// The bytes that were sent: addressed, counted, of both images, signed by the key of the id that was sent.
static void check_command(const char *body, const struct key_entry *entry)
{
	json_t *json = json_loads(body, 0, 0);
	const char *command = json_string_value(json_object_get(json, "command")),
		   *signature = json_string_value(json_object_get(json, "signature"));
	uint8_t bytes[2000], sign[200], id[KEY_ID_BYTES];
	char path[KEY_PATH_BYTES + 20], problem[900];
	size_t size =
		(size_t)EVP_DecodeBlock(bytes, (const unsigned char *)command, (int)strlen(command)) - strlen(strchrnul(command, '='));
	size_t sign_size =
		(size_t)EVP_DecodeBlock(sign, (const unsigned char *)signature, (int)strlen(signature)) - strlen(strchrnul(signature, '='));
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
	json_decref(json);
}

static void test_a_rollback_that_goes_well(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = {
		{ "/prepare", 200, PREPARED, 0 },
		{ "edge-7/commands", 202, SUBMITTED, 0 },
		{ LOOK, 200, "{\"state\":\"sent\"}", 1 },
		{ LOOK, 500, "", 1 }, // musterd restarts: asked again, quietly
		{ LOOK, 200, "{\"state\":\"confirmed\",\"outcome\":\"OUTCOME_DONE\"}", 0 },
		{ "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 },
		{ 0 },
	};
	struct scene scene = { .rows = rows, .options = options_of("edge-7", false), .typed = "y\n" };
	make_key(&entry);
	assert_int_equal(play(&scene), EXIT_DONE);
	told(&scene, "edge-7: 1.1.0 (11100203) back to 1.0.0 (22200203)\n");
	told(&scene, "The device will restart. Go on? [y/N] ");
	told(&scene, " s  sent\n");
	told(&scene, " s  confirmed: the device runs its other firmware\n");
	assert_null(strstr(scene.console.err_text, "500"));
	assert_string_equal(scene.console.out_text, "");
	assert_int_equal(count_posts(&scene), 2);
	assert_string_equal(scene.asked[1].line, "POST /api/v1/devices/edge-7/commands/prepare");
	assert_string_equal(scene.asked[1].token, "Bearer secret");
	assert_string_equal(scene.asked[2].line, "POST /api/v1/devices/edge-7/commands");
	check_command(scene.asked[2].body, &entry);
	strike(&scene);
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
	make_key(&entry);
	for (size_t i = 0; i < sizeof answers_typed / sizeof *answers_typed; i++) {
		struct answers_row rows[] = { { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
		struct scene scene = { .rows = rows, .options = options_of("edge-7", false), .typed = answers_typed[i].typed };
		assert_int_equal(play(&scene), answers_typed[i].code);
		told(&scene, answers_typed[i].piece);
		assert_int_equal(count_posts(&scene), 0);
		strike(&scene);
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
	make_key(&entry);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SUBMITTED, 0 },
			{ LOOK, 200, ends[i].answer, 0 }, { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
		struct scene scene = { .rows = rows, .options = options_of("edge-7", true) };
		scene.options.json = true;
		assert_int_equal(play(&scene), EXIT_NO);
		for (size_t k = 0; k < 3 && ends[i].pieces[k]; k++)
			told(&scene, ends[i].pieces[k]);
		json_t *report = json_loads(scene.console.out_text, 0, 0), *answer = json_loads(ends[i].answer, 0, 0);
		assert_true(json_equal(json_array_get(json_object_get(report, "commands"), 0), answer));
		json_decref(report);
		json_decref(answer);
		strike(&scene);
	}
}

static void test_no_outcome_in_time_exits_with_1(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SUBMITTED, 0 },
		{ LOOK, 200, "{\"state\":\"queued\"}", 0 }, { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
	struct scene scene = { .rows = rows, .options = options_of("edge-7", true) };
	make_key(&entry);
	scene.options.timeout_s = 1;
	assert_int_equal(play(&scene), EXIT_NO);
	told(&scene, "queued until the device can be reached");
	told(&scene, "no outcome yet; the command stays in force for an hour");
	strike(&scene);
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
	make_key(&entry);
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
		struct answers_row rows[] = { { "edge-7", 200, reports[i].device, 0 }, { 0 } };
		struct scene scene = { .rows = rows, .options = options_of("edge-7", true) };
		scene.options.force = reports[i].force;
		assert_int_equal(play(&scene), EXIT_NO);
		for (size_t k = 0; k < 2 && reports[i].pieces[k]; k++)
			told(&scene, reports[i].pieces[k]);
		assert_int_equal(count_posts(&scene), 0);
		strike(&scene);
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
	struct scene scene = { .rows = rows, .options = options_of("edge-7", true) };
	make_key(&entry);
	scene.options.force = true;
	assert_int_equal(play(&scene), EXIT_NO);
	told(&scene, "the device has changed its firmware meanwhile");
	assert_int_equal(count_posts(&scene), 1);
	strike(&scene);
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
	struct scene scene = { .rows = rows, .options = options_of("edge-7", true) };
	make_key(&entry);
	assert_int_equal(play(&scene), EXIT_NO);
	told(&scene, "the token is not in force (Authorization)\n  make another\n");
	strike(&scene);
}

static void test_no_key_is_told_before_the_question(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
	struct scene scene = { .rows = rows, .options = options_of("edge-7", false), .typed = "y\n" };
	assert_int_equal(play(&scene), EXIT_NO);
	told(&scene, "no operator key is in");
	assert_null(strstr(scene.console.err_text, "Go on?"));
	assert_int_equal(count_posts(&scene), 0);
	strike(&scene);
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
		struct scene scene = { .rows = rows, .options = options_of(misuses[i].id, true) };
		scene.options.count = misuses[i].id != 0;
		scene.options.where = misuses[i].where;
		assert_int_equal(play(&scene), EXIT_MISUSE);
		told(&scene, misuses[i].piece);
		assert_int_equal(scene.asked_count, 0);
		strike(&scene);
	}
}

// Named twice, or given twice by a list that changes between its pages: one command, not two of which the second is refused.
static void test_a_device_named_twice_gets_one_command(void **state)
{
	(void)state;
	struct key_entry entry;
	struct answers_row rows[] = { { "/prepare", 200, PREPARED, 0 }, { "edge-7/commands", 202, SUBMITTED, 0 },
		{ LOOK, 200, "{\"state\":\"confirmed\"}", 0 }, { "edge-7", 200, DEVICE_OF("edge-7", "true", "ROLLBACK_READY"), 0 }, { 0 } };
	struct scene scene = { .rows = rows, .options = options_of("edge-7", true) };
	make_key(&entry);
	scene.options.arguments[scene.options.count++] = "edge-7";
	assert_int_equal(play(&scene), EXIT_DONE);
	assert_int_equal(count_posts(&scene), 2); // to prepare and to submit
	strike(&scene);
}

static void test_where_becomes_a_query(void **state)
{
	(void)state;
	struct answers_row rows[] = { { "/api/v1/devices", 200, "{\"devices\":[],\"next\":null}", 0 }, { 0 } };
	struct scene scene = { .rows = rows, .options = options_of(0, true) };
	scene.options.count = 0;
	scene.options.where = "firmware=1.1 b&x,state=crash_loop,id=edge";
	assert_int_equal(play(&scene), EXIT_NO);
	told(&scene, "no device is like that");
	assert_int_equal(scene.asked_count, 1);
	assert_non_null(strstr(scene.asked[0].line, "firmware=1.1%20b%26x&state=crash_loop&q=edge&limit="));
	strike(&scene);
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
