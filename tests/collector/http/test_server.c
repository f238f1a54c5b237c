// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/store/store_audit.h"
#include "tests/collector/fleet/sample.h"
#include "tests/collector/http/served.h"

static const char *what_of(const struct reply *reply)
{
	const char *what = 0, *where = 0, *remedy = 0;
	json_unpack(reply->json, "{s:{s:s,s:s,s:s}}", "error", "what", &what, "where", &where, "remedy", &remedy);
	return what && where && remedy && *remedy ? what : "";
}

// Each request, its status, and a piece of the answer: of the body, or of what the error says.
static const struct {
	const char *method, *path, *token, *body;
	long status;
	const char *piece;
} rows[] = {
	{ "GET", "/healthz", 0, 0, 200, "ok" },
	{ "GET", "/readyz", 0, 0, 200, "ready" },
	{ "GET", "/api/v1/version", 0, 0, 200, "\"program\":\"musterd\"" },
	{ "GET", "/api/v1/devices", 0, 0, 200, "\"total\":3" },
	{ "GET", "/api/v1/devices?limit=1", 0, 0, 200, "\"next\":\"edge-1\"" },
	{ "GET", "/api/v1/devices?limit=1&after=edge-1", 0, 0, 200, "\"id\":\"edge-2\"" },
	{ "GET", "/api/v1/devices?limit=1&after=edge-2", 0, 0, 200, "\"next\":null" },
	{ "GET", "/api/v1/devices?state=crash_loop", 0, 0, 200, "\"total\":1" },
	{ "GET", "/api/v1/devices?state=crash_loop", 0, 0, 200, "crashed 4 times in 10 min" },
	{ "GET", "/api/v1/devices?order=worst&limit=1", 0, 0, 200, "\"next\":\"crash_loop:edge-2\"" },
	{ "GET", "/api/v1/devices?order=worst&limit=1&after=crash_loop:edge-2", 0, 0, 200, "\"id\":\"edge-3\"" },
	{ "GET", "/api/v1/devices?order=best", 0, 0, 400, "not an order" },
	{ "GET", "/api/v1/devices?firmware=1.1.0", 0, 0, 200, "\"total\":1" },
	{ "GET", "/api/v1/devices?q=dge-3", 0, 0, 200, "\"state\":\"new\"" },
	{ "GET", "/api/v1/devices/edge-1", 0, 0, 200, "\"other_sha\":\"2220020304050607\"" },
	{ "GET", "/api/v1/devices/edge-1", 0, 0, 200, "\"ota_state\":{\"value\":0,\"unit\":\"state\",\"age_s\":1,\"text\":\"OTA_IDLE\"}" },
	{ "GET", "/api/v1/devices/edge-2", 0, 0, 200, "\"firmware\":\"\\u001B[2J?\"" }, // hostile text stays text
	{ "GET", "/api/v1/devices/edge-1/records", 0, 0, 200, "\"kind\":\"heartbeat\"" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=boot_report", 0, 0, 200, "RESET_POWER_ON" },
	{ "GET", "/api/v1/devices/edge-3/records", 0, 0, 200, "{\"records\":[],\"next\":null}" },
	{ "GET", "/api/v1/ledger", 0, 0, 200, "\"totals\":{\"accepted\":8" },
	{ "GET", "/api/v1/commands", 0, 0, 200, "{\"commands\":[],\"next\":null}" },
	// what is wrong with a request
	{ "GET", "/", 0, 0, 404, "nothing at this path" },
	{ "GET", "/api/v1/devices/", 0, 0, 404, "nothing at this path" },
	{ "GET", "/../../etc/passwd", 0, 0, 404, "nothing at this path" },
	{ "GET", "/api/v1/devices/nobody", 0, 0, 404, "no device with this id" },
	{ "GET", "/api/v1/devices/nobody/records", 0, 0, 404, "no device with this id" },
	{ "POST", "/healthz", 0, "{}", 405, "GET, HEAD only" },
	{ "DELETE", "/api/v1/devices/edge-1", 0, 0, 405, "GET, HEAD only" },
	{ "GET", "/api/v1/devices/edge-1/commands", 0, 0, 405, "POST only" },
	{ "GET", "/api/v1/devices?limit=0", 0, 0, 400, "limit must be a number from 1 to 1000" },
	{ "GET", "/api/v1/devices?limit=1001", 0, 0, 400, "limit must be" },
	{ "GET", "/api/v1/devices?limit=ten", 0, 0, 400, "limit must be" },
	{ "GET", "/api/v1/devices?after=nobody", 0, 0, 400, "after is no place in this list" },
	{ "GET", "/api/v1/devices?state=ill", 0, 0, 400, "not a state" },
	{ "GET", "/api/v1/devices?stat=healthy", 0, 0, 400, "does not take this parameter" },
	{ "GET", "/api/v1/devices?q=%zz", 0, 0, 400, "the query has a %" },
	{ "GET", "/api/v1/devices/edge-1/records?kind=soup", 0, 0, 400, "not a kind" },
	{ "GET", "/api/v1/devices/edge-1/records?before=5", 0, 0, 400, "record of this device" }, // it is edge-2's
	{ "GET", "/api/v1/commands/xyz", 0, 0, 400, "32 hex digits" },
	{ "GET", "/api/v1/commands/00000000000000000000000000000001", 0, 0, 404, "no command with this id" },
	{ "GET", "/api/v1/commands?device=nobody", 0, 0, 404, "no device" },
	// who may act
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", 0, "{}", 401, "needs a token" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", "", "{}", 401, "not a bearer token" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", "wrong", "{}", 403, "not in force" },
	{ "POST", "/api/v1/devices/edge-1/commands", 0, "{}", 401, "needs a token" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "{", 400, "not JSON" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "[]", 400, "must be a JSON object" },
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
	struct served *served = *state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply reply = served_ask(served, rows[i].method, rows[i].path, rows[i].token, rows[i].body);
		const char *text = reply.status >= 400 ? what_of(&reply) : reply.body ? reply.body : "";
		if (reply.status != rows[i].status || !strstr(text, rows[i].piece))
			fail_msg("%s %s: %ld %s", rows[i].method, rows[i].path, reply.status, reply.body ? reply.body : "");
		served_done(&reply);
	}
	assert_int_equal(served->published, 0);
}

static void test_not_ready_says_why(void **state)
{
	struct served *served = *state;
	served->not_ready = "the disk is full";
	struct reply reply = served_ask(served, "GET", "/readyz", 0, 0);
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(what_of(&reply), "the disk is full"));
	served_done(&reply);
}

static void test_a_name_that_is_not_ours_is_refused(void **state)
{
	struct served *served = *state;
	struct reply reply = served_ask_host(served, "/api/v1/devices", "Host: evil.example");
	assert_int_equal(reply.status, 403);
	served_done(&reply);
	reply = served_ask_host(served, "/api/v1/devices", "Host: localhost:8970");
	assert_int_equal(reply.status, 200);
	served_done(&reply);
}

// All records of edge-1, two a page: newest first, each once.
static void test_pages_of_records(void **state)
{
	struct served *served = *state;
	json_int_t next = 0, before = INT64_MAX;
	int seen = 0;
	do {
		char path[100];
		snprintf(path, sizeof path, "/api/v1/devices/edge-1/records?limit=2");
		if (next)
			snprintf(path + strlen(path), 40, "&before=%lld", (long long)next);
		struct reply reply = served_ask(served, "GET", path, 0, 0);
		json_t *record;
		size_t i;
		json_array_foreach(json_object_get(reply.json, "records"), i, record) {
			assert_true(json_integer_value(json_object_get(record, "n")) < before);
			before = json_integer_value(json_object_get(record, "n"));
			seen++;
		}
		next = json_integer_value(json_object_get(reply.json, "next"));
		served_done(&reply);
	} while (next);
	assert_int_equal(seen, 4);
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

static void test_too_large_a_body(void **state)
{
	struct served *served = *state;
	char *body = malloc(100001);
	memset(body, ' ', 100000);
	body[100000] = 0;
	struct reply reply = served_ask(served, "POST", "/api/v1/devices/edge-1/commands", SERVED_TOKEN, body);
	assert_int_equal(reply.status, 413);
	served_done(&reply);
	free(body);
}

// Every sample comes after the TYPE of its own metric.
static void check_metric_lines(const char *text)
{
	char name[100] = "", type[100] = "";
	int samples = 0;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (sscanf(line, "# TYPE %99s", type) == 1 || *line == '#')
			continue;
		assert_int_equal(sscanf(line, "%99[a-z0-9_]", name), 1);
		assert_string_equal(name, type);
		samples++;
	}
	assert_true(samples > 50);
}

static void test_metrics(void **state)
{
	struct served *served = *state;
	struct reply reply = served_ask(served, "GET", "/metrics", 0, 0);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(reply.headers, "text/plain; version=0.0.4"));
	assert_non_null(strstr(reply.body, "muster_devices_by_condition{condition=\"crash_loop\"} 1\n"));
	assert_non_null(strstr(reply.body, "muster_devices_by_condition{condition=\"healthy\"} 1\n"));
	assert_non_null(strstr(reply.body, "muster_ready 1\n"));
	check_metric_lines(reply.body);
	served_done(&reply);
}

static void test_where_it_may_listen(void **state)
{
	struct served *served = *state;
	static const struct {
		const char *listen, *cert, *key, *piece;
	} cases[] = {
		{ "0.0.0.0:0", 0, 0, "not loopback" },
		{ "[::]:0", 0, 0, "not loopback" },
		{ "nowhere", 0, 0, "not an address" },
		{ "127.0.0.1:0", "/nowhere/cert.pem", 0, "together" },
		{ "127.0.0.1:0", "/nowhere/cert.pem", "/nowhere/key.pem", "/nowhere/cert.pem" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct http_settings settings = { .listen = cases[i].listen,
			.tls_cert_file = cases[i].cert,
			.tls_key_file = cases[i].key };
		const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0 };
		char problem[256] = "";
		assert_null(http_start(served->base, &settings, &sources, problem, sizeof problem));
		if (!strstr(problem, cases[i].piece))
			fail_msg("%s: %s", cases[i].listen, problem);
	}
}

static void test_a_busy_port_is_named(void **state)
{
	struct served *served = *state;
	char listen[40], problem[256] = "";
	snprintf(listen, sizeof listen, "127.0.0.1:%u", http_port(served->server));
	const struct http_settings settings = { .listen = listen };
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0 };
	assert_null(http_start(served->base, &settings, &sources, problem, sizeof problem));
	assert_non_null(strstr(problem, listen));
	assert_non_null(strstr(problem, "another program has the port"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows),
		CASE(test_not_ready_says_why),
		CASE(test_a_name_that_is_not_ours_is_refused),
		CASE(test_pages_of_records),
		CASE(test_prepare_and_submit),
		CASE(test_too_large_a_body),
		CASE(test_metrics),
		CASE(test_where_it_may_listen),
		CASE(test_a_busy_port_is_named),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
