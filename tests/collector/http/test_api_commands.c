// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/store_audit.h"
#include "tests/collector/fleet/sample.h"
#include "tests/collector/http/served.h"

static const struct served_row rows[] = {
	{ "GET", "/api/v1/commands", 0, 0, 200, "{\"commands\":[],\"next\":null}" },
	{ "GET", "/api/v1/commands/xyz", 0, 0, 400, "32 hex digits" },
	{ "GET", "/api/v1/commands/00000000000000000000000000000001", 0, 0, 404, "no command with this id" },
	{ "GET", "/api/v1/commands?device=nobody", 0, 0, 404, "no device" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "{}", 400, "must have a text \"key_id\"" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "{\"key_id\":5}", 400, "must have a text" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "{\"key_id\":\"12\",\"body\":\"rollback\"}", 400, "16 hex digits" },
	{ "POST", "/api/v1/devices/nobody/commands/prepare", SERVED_TOKEN, "{}", 404, "no device" },
	{ "POST", "/api/v1/devices/edge-1/commands", SERVED_TOKEN, "{\"command\":\"!\",\"signature\":\"\",\"key_id\":\"0000000000000000\"}", 400, "base64" },
	{ "POST", "/api/v1/devices/edge-1/commands", SERVED_TOKEN,
		"{\"command\":\"AAAA\",\"signature\":\"\",\"key_id\":\"0000000000000000\"}", 400, "not a signed command" },
};

static void test_rows(void **state)
{
	served_check(*state, rows, sizeof rows / sizeof *rows);
	assert_int_equal(((struct served *)*state)->published, 0);
}

static int count_audit(void *context, const struct store_audit *row)
{
	int *count = context;
	assert_string_equal(row->actor, "alice");
	assert_string_equal(row->target, "edge-1");
	++*count;
	return 0;
}

static char *command_body(char *out, size_t size)
{
	// Command {device "edge-1", id 16 bytes of 'i', counter 1, reboot {}}
	uint8_t id[16], packed[200];
	char text[300];
	memset(id, 'i', sizeof id);
	Mu__Command command = MU__COMMAND__INIT;
	Mu__Reboot reboot = MU__REBOOT__INIT;
	command.device = (char *)"edge-1";
	command.id = (ProtobufCBinaryData){ sizeof id, id };
	command.counter = 1;
	command.body_case = MU__COMMAND__BODY_REBOOT;
	command.reboot = &reboot;
	EVP_EncodeBlock((unsigned char *)text, packed, (int)mu__command__pack(&command, packed));
	snprintf(out, size, "{\"command\":\"%s\",\"signature\":\"AAAA\",\"key_id\":\"0102030405060708\"}", text);
	return out;
}

static void test_prepare_and_submit(void **state)
{
	struct served *served = *state;
	char body[600];
	for (json_int_t counter = 1; counter < 3; counter++) {
		struct reply reply = served_ask(served, "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN,
			"{\"key_id\":\"0102030405060708\",\"body\":\"rollback\"}");
		assert_int_equal(reply.status, 200);
		assert_int_equal(json_integer_value(json_object_get(reply.json, "counter")), counter);
		assert_string_equal(json_string_value(json_object_get(reply.json, "target_sha")), "2220020304050607");
		assert_int_equal(strlen(json_string_value(json_object_get(reply.json, "id"))), 32);
		served_done(&reply);
	}
	static const long statuses[] = { 202, 200 }; // the same bytes again are taken, and change nothing
	for (int i = 0; i < 2; i++) {
		struct reply reply =
			served_ask(served, "POST", "/api/v1/devices/edge-1/commands", SERVED_TOKEN, command_body(body, sizeof body));
		assert_int_equal(reply.status, statuses[i]);
		assert_string_equal(json_string_value(json_object_get(reply.json, "id")), "69696969696969696969696969696969");
		served_done(&reply);
	}
	assert_int_equal(served->published, 1);
	assert_int_equal(served->counters.commands_submitted, 1);

	commands_step(served->commands, UINT64_C(1) << 42);
	struct reply reply = served_ask(served, "GET", "/api/v1/commands/69696969696969696969696969696969", 0, 0);
	assert_string_equal(json_string_value(json_object_get(reply.json, "actor")), "alice");
	assert_string_equal(json_string_value(json_object_get(reply.json, "body")), "reboot");
	served_done(&reply);
	reply = served_ask(served, "GET", "/api/v1/commands?device=edge-1&limit=1", 0, 0);
	assert_int_equal(json_array_size(json_object_get(reply.json, "commands")), 1);
	served_done(&reply);
	int rows_of_audit = 0;
	store_audit_list(served->store, 0, 100, count_audit, &rows_of_audit);
	assert_int_equal(rows_of_audit, 4); // two prepared, two submitted
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows),
		CASE(test_prepare_and_submit),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
