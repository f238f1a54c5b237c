// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/tls_files.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "collector/signing/pem_file.h"

typedef char value_text[PATH_MAX];

// "" if the property has no value.
static void get(const rd_kafka_conf_t *conf, const char *name, value_text value)
{
	size_t size = sizeof(value_text);
	if (rd_kafka_conf_get(conf, name, value, &size) != RD_KAFKA_CONF_OK)
		*value = 0;
}

static bool asks_for_tls(const rd_kafka_conf_t *conf)
{
	value_text protocol;
	get(conf, "security.protocol", protocol);
	return strcmp(protocol, "ssl") == 0 || strcmp(protocol, "sasl_ssl") == 0;
}

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void tell(int err, const char *properties_file, const char *name, const char *problem, struct config_errors *errors)
{
	if (err < 0 && errors->count < CONFIG_ERRORS_MAX)
		snprintf(errors->text[errors->count], CONFIG_ERROR_BYTES, "%.120s: %.32s: %.450s", properties_file, name, problem);
	errors->count += err < 0;
}

void tls_files_check(const rd_kafka_conf_t *conf, const char *properties_file, struct config_errors *errors)
{
	value_text ca, certificate, key, passphrase;
	char problem[PEM_FILE_PROBLEM_BYTES];
	int err = 0;
	if (!asks_for_tls(conf))
		return;
	get(conf, "ssl.ca.location", ca);
	get(conf, "ssl.certificate.location", certificate);
	get(conf, "ssl.key.location", key);
	get(conf, "ssl.key.password", passphrase);
	if (*ca && strcmp(ca, "probe") != 0 && !is_folder(ca))
		err = pem_file_check_certificates(ca, problem, sizeof problem);
	tell(err, properties_file, "ssl.ca.location", problem, errors);
	err = *certificate ? pem_file_check_certificates(certificate, problem, sizeof problem) : 0;
	tell(err, properties_file, "ssl.certificate.location", problem, errors);
	const char *owner = *certificate && !err ? certificate : 0;
	err = *key ? pem_file_check_key(key, owner, *passphrase ? passphrase : 0, problem, sizeof problem) : 0;
	tell(err, properties_file, "ssl.key.location", problem, errors);
	OPENSSL_cleanse(passphrase, sizeof passphrase);
}
