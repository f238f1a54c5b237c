// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/signing/keys.h"
#include "tests/collector/fleet/sample.h"
#include "tests/collector/http/served.h"

#define PATH "/api/v1/devices/edge-1/rollback"
#define SHAS "{\"running_sha\":\"1110020304050607\",\"target_sha\":\"2220020304050607\"}"

// The server again, now with a key of its own.
static int set_up(void **state)
{
	char problem[900] = "", path[200];
	int err = served_set_up(state);
	struct served *served = *state;
	struct key_entry entry;
	assert_int_equal(keys_new(served->folder, "collector", "musterd", &entry, problem, sizeof problem), 0);
	snprintf(path, sizeof path, "%s/collector-musterd.pem", served->folder);
	http_stop(served->server);
	served->settings.command_key_file = path;
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0, 0 };
	served->server = http_start(served->base, &served->settings, &sources, problem, sizeof problem);
	served->settings.command_key_file = 0;
	if (!served->server)
		fail_msg("%s", problem);
	return err;
}

static void test_a_signed_rollback_is_submitted(void **state)
{
	struct served *served = *state;
	struct reply reply = served_ask(served, "POST", PATH, SERVED_TOKEN, SHAS);
	assert_int_equal(reply.status, 202);
	char path[100];
	snprintf(path, sizeof path, "/api/v1/commands/%s", json_string_value(json_object_get(reply.json, "id")));
	served_done(&reply);
	assert_int_equal(served->published, 1);
	assert_int_equal(served->counters.commands_submitted, 1);

	reply = served_ask(served, "GET", path, 0, 0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(json_string_value(json_object_get(reply.json, "body")), "rollback");
	assert_string_equal(json_string_value(json_object_get(reply.json, "device")), "edge-1");
	assert_string_equal(json_string_value(json_object_get(reply.json, "actor")), "alice");
	assert_int_equal(json_integer_value(json_object_get(reply.json, "counter")), 1);
	served_done(&reply);

	reply = served_ask(served, "GET", "/api/v1/audit", 0, 0);
	assert_non_null(strstr(reply.body, "\"action\":\"device.rollback\""));
	assert_non_null(strstr(reply.body, "\"outcome\":\"ok\""));
	served_done(&reply);
}

static const struct served_row refused[] = {
	{ "POST", PATH, 0, SHAS, 401, "needs a token" },
	{ "POST", PATH, "wrong", SHAS, 401, "not in force" },
	{ "POST", PATH, SERVED_TOKEN, "{}", 400, "must have a text \"running_sha\"" },
	{ "POST", PATH, SERVED_TOKEN, "{\"running_sha\":\"1110020304050607\"}", 400, "must have a text \"target_sha\"" },
	{ "POST", PATH, SERVED_TOKEN, "{\"running_sha\":\"11\",\"target_sha\":\"2220020304050607\"}", 400, "16 hex digits" },
	{ "POST", PATH, SERVED_TOKEN, "{\"running_sha\":\"2220020304050607\",\"target_sha\":\"1110020304050607\"}", 409, "no longer has" },
	{ "POST", PATH, SERVED_TOKEN, "{\"running_sha\":\"1110020304050607\",\"target_sha\":\"3330020304050607\"}", 409, "no longer has" },
	{ "POST", "/api/v1/devices/edge-3/rollback", SERVED_TOKEN, SHAS, 409, "not yet said" },
	{ "POST", "/api/v1/devices/nobody/rollback", SERVED_TOKEN, SHAS, 404, "no device" },
	{ "GET", PATH, 0, 0, 405, "POST" },
};

static void test_what_is_refused(void **state)
{
	struct served *served = *state;
	served_check(served, refused, sizeof refused / sizeof *refused);
	assert_int_equal(served->published, 0);
	assert_int_equal(served->counters.commands_submitted, 0);
	struct reply reply = served_ask(served, "GET", "/api/v1/audit", 0, 0);
	assert_non_null(strstr(reply.body, "no longer has the two images")); // who tried what is kept
	served_done(&reply);
}

static void test_equal_slots(void **state)
{
	struct served *served = *state;
	struct device *device = fleet_find(served->fleet, "edge-1");
	memcpy(device->other_sha, device->running_sha, sizeof device->other_sha);
	const struct served_row row = { "POST", PATH, SERVED_TOKEN,
		"{\"running_sha\":\"1110020304050607\",\"target_sha\":\"1110020304050607\"}", 409, "nothing to go back to" };
	served_check(served, &row, 1);
}

static void test_without_a_key(void **state)
{
	const struct served_row row = { "POST", PATH, SERVED_TOKEN, SHAS, 503, "has no key to sign with" };
	served_check(*state, &row, 1);
}

static void test_a_bad_key_ends_the_start(void **state)
{
	struct served *served = *state;
	char problem[256] = "";
	const struct http_settings settings = { .listen = "127.0.0.1:0", .command_key_file = "/nowhere/collector-x.pem" };
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0, 0 };
	assert_null(http_start(served->base, &settings, &sources, problem, sizeof problem));
	assert_non_null(strstr(problem, "fleet.command_key_file /nowhere/collector-x.pem"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_signed_rollback_is_submitted, set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_equal_slots, set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_key, served_set_up, served_tear_down),
		cmocka_unit_test_setup_teardown(test_a_bad_key_ends_the_start, served_set_up, served_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
