// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/kafka/tls_files.h"
#include "tests/collector/signing/pem_folder.h"

static struct config_errors errors;

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char problem[200];
	if (rd_kafka_conf_set(conf, name, value, problem, sizeof problem) != RD_KAFKA_CONF_OK)
		fail_msg("%s", problem);
}

// File names are those of pem_folder.h; "." stands for its folder. piece: of the one error; null: none.
static const struct {
	const char *protocol, *ca, *cert, *key, *password, *piece;
} rows[] = {
	{ "ssl", 0, 0, 0, 0, 0 },
	{ "ssl", "cert.pem", "cert.pem", "key.pem", 0, 0 },
	{ "sasl_ssl", ".", "cert.pem", "locked.pem", "secret", 0 },
	{ "ssl", "probe", "all.pem", "key.pem", 0, 0 },
	{ "plaintext", "empty.pem", "key.pem", "cert.der", 0, 0 }, // not used
	{ "sasl_plaintext", "empty.pem", 0, 0, 0, 0 },
	{ "ssl", "empty.pem", 0, 0, 0, "kafka.properties: ssl.ca.location: ~/empty.pem: is empty" },
	{ "sasl_ssl", 0, "cert.der", "key.pem", 0, "kafka.properties: ssl.certificate.location: ~/cert.der: is a certificate in DER" },
	{ "ssl", 0, "cert.pem", "locked.pem", 0, "kafka.properties: ssl.key.location: ~/locked.pem: is locked by a passphrase" },
	{ "ssl", 0, "cert.pem", "locked.pem", "hunter2", "ssl.key.location: ~/locked.pem: cannot be opened: " },
	{ "ssl", 0, "cert.pem", "key2.pem", 0, "ssl.key.location: ~/key2.pem: does not belong to the certificate in ~/cert.pem" },
	{ "ssl", 0, 0, "cert.pem", 0, "ssl.key.location: ~/cert.pem: holds a certificate, where a private key belongs" },
};

static void set_file(rd_kafka_conf_t *conf, const char *name, const char *file)
{
	if (file)
		set(conf, name, strcmp(file, "probe") == 0 ? file : pem_folder_path(file));
}

static void check(size_t i)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "security.protocol", rows[i].protocol);
	set_file(conf, "ssl.ca.location", rows[i].ca);
	set_file(conf, "ssl.certificate.location", rows[i].cert);
	set_file(conf, "ssl.key.location", rows[i].key);
	if (rows[i].password)
		set(conf, "ssl.key.password", rows[i].password);
	errors.count = 0;
	tls_files_check(conf, "kafka.properties", &errors);
	rd_kafka_conf_destroy(conf);
}

// Whether the text holds the piece, where ~ is the folder.
static int holds(const char *text, const char *piece)
{
	char wanted[300];
	size_t used = 0;
	for (; *piece && used < sizeof wanted - 100; piece++)
		used += (size_t)(*piece == '~'
				? snprintf(wanted + used, 100, "%.*s", (int)strlen(pem_folder_path("")) - 1, pem_folder_path(""))
				: snprintf(wanted + used, 2, "%c", *piece));
	return strstr(text, wanted) != 0;
}

static void test_every_row(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check(i);
		if (errors.count != (rows[i].piece != 0) || (errors.count && !holds(errors.text[0], rows[i].piece)))
			fail_msg("row %zu: %u, %s", i, errors.count, errors.text[0]);
		assert_null(strstr(errors.text[0], "hunter2"));
	}
}

static void test_more_errors_than_there_is_room_for(void **unused)
{
	(void)unused;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "security.protocol", "ssl");
	set_file(conf, "ssl.key.location", "empty.pem");
	errors.count = CONFIG_ERRORS_MAX;
	tls_files_check(conf, "kafka.properties", &errors);
	assert_int_equal(errors.count, CONFIG_ERRORS_MAX + 1); // counted
	rd_kafka_conf_destroy(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_more_errors_than_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, pem_folder_make, pem_folder_remove);
}
