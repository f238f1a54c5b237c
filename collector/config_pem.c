// SPDX-License-Identifier: Apache-2.0
#include "collector/config_pem.h"
#include <stdbool.h>
#include "collector/signing/own_key.h"
#include "collector/signing/pem_file.h"

static unsigned tell(int err, const char *option, const char *problem, FILE *errors)
{
	if (err < 0)
		fprintf(errors, "%s: %s\n", option, problem);
	return err < 0;
}

static unsigned check_pair(const char *cert_option, const char *cert_file, const char *key_option, const char *key_file, FILE *errors)
{
	char problem[PEM_FILE_PROBLEM_BYTES];
	if (!*cert_file || !*key_file)
		return 0;
	int err = pem_file_check_certificates(cert_file, problem, sizeof problem);
	unsigned faults = tell(err, cert_option, problem, errors);
	err = pem_file_check_key(key_file, faults ? 0 : cert_file, 0, problem, sizeof problem);
	return faults + tell(err, key_option, problem, errors);
}

static unsigned check_broker(const struct config *config, FILE *errors)
{
	char host[CONFIG_TEXT_BYTES], problem[PEM_FILE_PROBLEM_BYTES];
	uint16_t port;
	int tls = 0, err = 0;
	if (config_broker_address(config->broker.uri, host, sizeof host, &port, &tls) < 0 || !tls)
		return 0;
	if (config->broker.ca_file[0])
		err = pem_file_check_certificates(config->broker.ca_file, problem, sizeof problem);
	return tell(err, "broker.ca_file", problem, errors) +
		check_pair("broker.cert_file", config->broker.cert_file, "broker.key_file", config->broker.key_file, errors);
}

static unsigned check_own_key(const char *path, FILE *errors)
{
	char problem[PEM_FILE_PROBLEM_BYTES];
	struct own_key *key = *path ? own_key_load(path, problem, sizeof problem) : 0;
	bool is_bad = *path && !key;
	if (is_bad)
		fprintf(errors, "%s\n", problem);
	own_key_free(key);
	return is_bad;
}

unsigned config_pem_check(const struct config *config, FILE *errors)
{
	return check_broker(config, errors) +
		check_pair("http.tls_cert_file", config->http.tls_cert_file, "http.tls_key_file", config->http.tls_key_file, errors) +
		check_own_key(config->fleet.command_key_file, errors);
}
