// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/dead_letters.h"
#include "collector/store/store_audit.h"
#include "tests/collector/http/served.h"

static void add_letters(struct served *served, unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		struct dead_letter letter = { .recv_ms = 1000 + i,
			.topic = "muster/v1/edge-9/up",
			.device = "edge-9",
			.epoch = 0xABCDEF,
			.seq = i,
			.reason = "heartbeat.vitals.uptime_s: above \x1b[31m",
			.size = 3,
			.payload = { "\x01\xFF\x02", 3 } };
		assert_int_equal(store_begin(served->store), 0);
		assert_true(store_dead_letter_add(served->store, &letter) >= 0);
		assert_int_equal(store_commit(served->store), 0);
	}
}

static void test_nothing_was_refused(void **state)
{
	static const struct served_row rows[] = {
		{ "GET", "/api/v1/dead-letters", 0, 0, 200, "{\"dead_letters\":[],\"next\":null}" },
		{ "GET", "/api/v1/dead-letters?limit=0", 0, 0, 400, "limit" },
		{ "GET", "/api/v1/dead-letters?before=x", 0, 0, 400, "before" },
		{ "GET", "/api/v1/dead-letters?after=1", 0, 0, 400, "does not take this parameter" },
		{ "POST", "/api/v1/dead-letters", 0, 0, 405, "" },
		{ "GET", "/api/v1/audit?limit=0", 0, 0, 400, "limit" },
	};
	served_check(*state, rows, sizeof rows / sizeof *rows);
}

// Five letters, two a page: newest first, each once, with all that is known of it.
static void test_pages_of_dead_letters(void **state)
{
	struct served *served = *state;
	char path[80] = "/api/v1/dead-letters?limit=2";
	json_int_t next, expected = 5;
	add_letters(served, 5);
	do {
		struct reply reply = served_ask(served, "GET", path, 0, 0);
		assert_int_equal(reply.status, 200);
		json_t *letter;
		size_t i;
		json_array_foreach(json_object_get(reply.json, "dead_letters"), i, letter) {
			assert_int_equal(json_integer_value(json_object_get(letter, "seq")), expected--);
			assert_string_equal(json_string_value(json_object_get(letter, "device")), "edge-9");
			assert_string_equal(json_string_value(json_object_get(letter, "payload")), "01ff02");
			assert_string_equal(json_string_value(json_object_get(letter, "epoch")), "0x0000000000abcdef");
			assert_non_null(strstr(json_string_value(json_object_get(letter, "reason")), "uptime_s"));
		}
		assert_null(strchr(reply.body, '\x1b')); // escaped on the way out
		next = json_integer_value(json_object_get(reply.json, "next"));
		snprintf(path, sizeof path, "/api/v1/dead-letters?limit=2&before=%lld", (long long)next);
		served_done(&reply);
	} while (next);
	assert_int_equal(expected, 0);
}

// An action is found by who did it.
static void test_an_action_is_in_the_audit(void **state)
{
	struct served *served = *state;
	const char *body = "{\"key_id\": \"0102030405060708\", \"body\": \"rollback\"}";
	struct reply reply = served_ask(served, "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, body);
	assert_int_equal(reply.status, 200);
	served_done(&reply);
	reply = served_ask(served, "GET", "/api/v1/audit?limit=1", 0, 0);
	const json_t *row = json_array_get(json_object_get(reply.json, "audit"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "actor")), "alice");
	assert_string_equal(json_string_value(json_object_get(row, "target")), "edge-1");
	assert_string_equal(json_string_value(json_object_get(row, "outcome")), "ok");
	served_done(&reply);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_nothing_was_refused),
		CASE(test_pages_of_dead_letters),
		CASE(test_an_action_is_in_the_audit),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
