// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/store/store_tokens.h"
#include "tests/collector/http/served.h"

static const struct served_row rows[] = {
	{ "GET", "/api/v1/devices/edge-1", 0, 0, 200, "\"other_sha\":\"2220020304050607\"" },
	{ "GET", "/", 0, 0, 200, "<!doctype html>" },
	{ "GET", "/page/..", 0, 0, 404, "nothing at this path" },
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
		const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0, 0 };
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
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0, 0 };
	assert_null(http_start(served->base, &settings, &sources, problem, sizeof problem));
	assert_non_null(strstr(problem, listen));
	assert_non_null(strstr(problem, "another program has the port"));
}

// A key and a certificate of its own for "localhost", as PEM files in the folder of the test.
static void make_certificate(const char *cert_file, const char *key_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	assert_int_not_equal(X509_sign(cert, key, EVP_sha256()), 0);
	FILE *file = fopen(cert_file, "w");
	PEM_write_X509(file, cert);
	fclose(file);
	file = fopen(key_file, "w");
	PEM_write_PrivateKey(file, key, 0, 0, 0, 0, 0);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

// With TLS it may listen everywhere, as long as a token is in force, and answers to any name, but not without TLS.
static void test_tls(void **state)
{
	struct served *served = *state;
	char cert[100], key[100], url[100], problem[256] = "";
	snprintf(cert, sizeof cert, "%s/cert.pem", served->folder);
	snprintf(key, sizeof key, "%s/key.pem", served->folder);
	make_certificate(cert, key);
	const struct http_settings settings = { .listen = "0.0.0.0:0",
		.tls_cert_file = cert,
		.tls_key_file = key,
		.silent_after_ms = 180000 };
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, 0, 0 };
	struct http_server *server = http_start(served->base, &settings, &sources, problem, sizeof problem);
	if (!server)
		fail_msg("%s", problem);
	static const struct {
		const char *scheme;
		long status;
	} schemes[] = { { "https", 200 }, { "http", 0 } };
	for (size_t i = 0; i < 2; i++) {
		snprintf(url, sizeof url, "%s://127.0.0.1:%u/api/v1/devices", schemes[i].scheme, http_port(server));
		struct reply reply = served_ask_url(served, url);
		assert_int_equal(reply.status, schemes[i].status);
		served_done(&reply);
	}
	http_stop(server);
	assert_int_equal(store_token_revoke(served->store, "alice", 2), 0);
	assert_null(http_start(served->base, &settings, &sources, problem, sizeof problem));
	assert_non_null(strstr(problem, "no token is in force"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

// The end of a large answer must not wait 40 ms for the client's delayed ACK. Connections inherit it from the socket that listens.
static void test_answers_are_not_held_back(void **state)
{
	struct served *served = *state;
	int found = 0;
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in address;
		socklen_t size = sizeof address, length = sizeof(int);
		int is_listening = 0, is_on = 0;
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) < 0 || !is_listening ||
			getsockname(fd, (struct sockaddr *)&address, &size) < 0 || ntohs(address.sin_port) != http_port(served->server))
			continue;
		found++;
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &is_on, &length), 0);
		assert_int_equal(is_on, 1);
	}
	assert_int_equal(found, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows),
		CASE(test_a_name_that_is_not_ours_is_refused),
		CASE(test_a_refused_token_is_told_what_to_bring),
		CASE(test_answers_are_not_held_back),
		CASE(test_too_large_a_body),
		CASE(test_where_it_may_listen),
		CASE(test_a_busy_port_is_named),
		CASE(test_tls),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
