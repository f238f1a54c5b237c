// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/collector/http/served.h"

static const struct served_row rows[] = {
	{ "GET", "/api/v1/devices/edge-1", 0, 0, 200, "\"other_sha\":\"2220020304050607\"" },
	{ "GET", "/", 0, 0, 404, "nothing at this path" },
	{ "GET", "/api/v1/devices/", 0, 0, 404, "nothing at this path" },
	{ "GET", "/../../etc/passwd", 0, 0, 404, "nothing at this path" },
	{ "POST", "/healthz", 0, "{}", 405, "GET, HEAD only" },
	{ "DELETE", "/api/v1/devices/edge-1", 0, 0, 405, "GET, HEAD only" },
	{ "GET", "/api/v1/devices/edge-1/commands", 0, 0, 405, "POST only" },
	{ "GET", "/api/v1/devices?stat=healthy", 0, 0, 400, "does not take this parameter" },
	{ "GET", "/api/v1/devices?q=%zz", 0, 0, 400, "the query has a %" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", 0, "{}", 401, "needs a token" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", "", "{}", 401, "not a bearer token" },
	{ "POST", "/api/v1/devices/edge-1/commands", "wrong", "{}", 401, "not in force" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "{", 400, "not JSON" },
	{ "POST", "/api/v1/devices/edge-1/commands/prepare", SERVED_TOKEN, "[]", 400, "must be a JSON object" },
};

static void test_rows(void **state)
{
	served_check(*state, rows, sizeof rows / sizeof *rows);
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

static void test_a_refused_token_is_told_what_to_bring(void **state)
{
	struct served *served = *state;
	struct reply reply = served_ask(served, "POST", "/api/v1/devices/edge-1/commands", "wrong", "{}");
	assert_int_equal(reply.status, 401);
	assert_non_null(strstr(reply.headers, "WWW-Authenticate: Bearer"));
	assert_int_equal(served->counters.http_unauthorized, 1);
	served_done(&reply);
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
		CASE(test_a_name_that_is_not_ours_is_refused),
		CASE(test_a_refused_token_is_told_what_to_bring),
		CASE(test_too_large_a_body),
		CASE(test_where_it_may_listen),
		CASE(test_a_busy_port_is_named),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
