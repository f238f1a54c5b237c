// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/config_pem.h"
#include "tests/collector/signing/pem_folder.h"

static struct config config;

static void name(config_text option, const char *file)
{
	snprintf(option, sizeof(config_text), "%s", file ? pem_folder_path(file) : "");
}

static void name_all(const char *uri, const char *ca, const char *cert, const char *key)
{
	config_defaults(&config);
	snprintf(config.broker.uri, sizeof config.broker.uri, "%s", uri);
	name(config.broker.ca_file, ca);
	name(config.broker.cert_file, cert);
	name(config.broker.key_file, key);
	name(config.http.tls_cert_file, cert);
	name(config.http.tls_key_file, key);
}

// How many faults are told; *said is to be freed.
static unsigned check(char **said)
{
	size_t size;
	FILE *errors = open_memstream(said, &size);
	unsigned faults = config_pem_check(&config, errors);
	fclose(errors);
	unsigned lines = 0;
	for (const char *at = *said; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, faults);
	return faults;
}

static void test_good_files_and_none(void **unused)
{
	(void)unused;
	static const struct {
		const char *uri, *ca, *cert, *key;
	} rows[] = {
		{ "mqtt://h", 0, 0, 0 },
		{ "mqtts://h", 0, 0, 0 },
		{ "mqtts://h", "all.pem", "cert.pem", "key.pem" },
		{ "mqtt://h", "empty.pem", 0, 0 }, // is not used
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *said;
		name_all(rows[i].uri, rows[i].ca, rows[i].cert, rows[i].key);
		if (check(&said))
			fail_msg("row %zu: %s", i, said);
		free(said);
	}
}

static void demand_line(const char *said, const char *option, const char *file, const char *fault)
{
	char line[300];
	snprintf(line, sizeof line, "%s: %s: %s", option, pem_folder_path(file), fault);
	if (!strstr(said, line))
		fail_msg("no \"%s\" in: %s", line, said);
}

// All of them in one run, each with the option that names it.
static void test_every_file_is_looked_at(void **unused)
{
	(void)unused;
	char *said;
	name_all("mqtts://h", "empty.pem", "cert.der", "locked.pem");
	name(config.fleet.command_key_file, "absent.pem");
	assert_int_equal(check(&said), 6);
	demand_line(said, "broker.ca_file", "empty.pem", "is empty");
	demand_line(said, "broker.cert_file", "cert.der", "is a certificate in DER");
	demand_line(said, "broker.key_file", "locked.pem", "is locked by a passphrase");
	demand_line(said, "http.tls_cert_file", "cert.der", "is a certificate in DER");
	demand_line(said, "http.tls_key_file", "locked.pem", "is locked by a passphrase");
	assert_non_null(strstr(said, "fleet.command_key_file /")); // own_key.h
	free(said);
	name_all("mqtts://h", 0, "cert.der", "key.pem"); // the certificate is not told again with its key
	assert_int_equal(check(&said), 2);
	free(said);
}

static void test_a_key_of_another_certificate(void **unused)
{
	(void)unused;
	char *said;
	name_all("mqtts://h", 0, "cert.pem", "key2.pem");
	assert_int_equal(check(&said), 2);
	demand_line(said, "broker.key_file", "key2.pem", "does not belong to the certificate in ");
	demand_line(said, "http.tls_key_file", "key2.pem", "does not belong to the certificate in ");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files_and_none),
		cmocka_unit_test(test_every_file_is_looked_at),
		cmocka_unit_test(test_a_key_of_another_certificate),
	};
	return cmocka_run_group_tests(tests, pem_folder_make, pem_folder_remove);
}
