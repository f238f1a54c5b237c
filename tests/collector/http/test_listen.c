// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/http/listen.h"
#include "tests/collector/signing/pem_folder.h"

static void test_addresses(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		int err;
		const char *host;
		uint16_t port;
		bool is_loopback;
	} rows[] = {
		{ "127.0.0.1:8970", 0, "127.0.0.1", 8970, true },
		{ "127.9.9.9:1", 0, "127.9.9.9", 1, true },
		{ "[::1]:8970", 0, "::1", 8970, true },
		{ "localhost:0", 0, "127.0.0.1", 0, true },
		{ "0.0.0.0:80", 0, "0.0.0.0", 80, false },
		{ "[::]:80", 0, "::", 80, false },
		{ "192.168.1.5:80", 0, "192.168.1.5", 80, false },
		{ "", -1, 0, 0, 0 },
		{ ":80", -1, 0, 0, 0 },
		{ "127.0.0.1", -1, 0, 0, 0 },
		{ "127.0.0.1:", -1, 0, 0, 0 },
		{ "127.0.0.1:65536", -1, 0, 0, 0 },
		{ "127.0.0.1:80x", -1, 0, 0, 0 },
		{ "::1:80", -1, 0, 0, 0 },
		{ "[::1:80", -1, 0, 0, 0 },
		{ "[::1]80", -1, 0, 0, 0 },
		{ "example.org:80", -1, 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct listen_address address;
		if (listen_parse(rows[i].text, &address) != rows[i].err)
			fail_msg("%s", rows[i].text);
		if (rows[i].err)
			continue;
		assert_string_equal(address.host, rows[i].host);
		assert_int_equal(address.port, rows[i].port);
		assert_int_equal(address.is_loopback, rows[i].is_loopback);
	}
}

// A page of somebody else's can make a browser ask us by a name of its own; it cannot make it leave the name out.
static void test_hosts(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		bool is_local;
	} rows[] = {
		{ "127.0.0.1:8970", true }, { "localhost:8970", true }, { "LOCALHOST", true }, { "[::1]:8970", true }, { "127.0.0.1", true },
		{ 0, true },                { "evil.example", false },  { "evil.example:8970", false }, { "localhost.evil.example", false }, { "", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(listen_host_is_local(rows[i].text), rows[i].is_local);
}

static void test_tls_files(void **unused)
{
	(void)unused;
	char problem[512] = "";
	SSL_CTX *context = listen_tls(pem_folder_path("cert.pem"), pem_folder_path("key.pem"), problem, sizeof problem);
	assert_non_null(context);
	SSL_CTX_free(context);
	static const char *const others[] = { "locked.pem", "key2.pem", "rsa-key.pem" }; // and nobody is asked for a passphrase
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_null(listen_tls(pem_folder_path("cert.pem"), pem_folder_path(others[i]), problem, sizeof problem));
		assert_non_null(strstr(problem, pem_folder_path(others[i])));
	}
	assert_null(listen_tls("/nowhere/cert.pem", "/nowhere/key.pem", problem, sizeof problem));
	assert_non_null(strstr(problem, "/nowhere/cert.pem"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_tls_files),
	};
	return cmocka_run_group_tests(tests, pem_folder_make, pem_folder_remove);
}
