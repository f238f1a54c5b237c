// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/broker_tls.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/signing/pem_file.h"

#define SYSTEM_CERTIFICATES "/etc/ssl/certs"

struct broker_tls {
	SSL_CTX *context;
	char host[CONFIG_TEXT_BYTES];
	bool is_address; // the host
	char refusal[128];
};

// ---- what OpenSSL asks

static bool is_hosts(X509 *certificate, const struct broker_tls *tls)
{
	if (tls->is_address && X509_check_ip_asc(certificate, tls->host, 0) == 1)
		return true;
	return X509_check_host(certificate, tls->host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, 0) == 1;
}

static int judge(int is_good, X509_STORE_CTX *chain)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct broker_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (is_good && X509_STORE_CTX_get_error_depth(chain) == 0 && !is_hosts(X509_STORE_CTX_get_current_cert(chain), tls)) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
		is_good = 0;
	}
	if (!is_good)
		snprintf(tls->refusal, sizeof tls->refusal, "the broker's certificate: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
	return is_good;
}

// Just before the hello, after libmosquitto has set the address as the name.
static void set_server_name(const SSL *ssl, int where, int value)
{
	struct broker_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	(void)value;
	if (where & SSL_CB_HANDSHAKE_START) // OpenSSL hands a writable session out as const
		SSL_set_tlsext_host_name((SSL *)ssl, tls->is_address ? 0 : tls->host);
}

// ---- the files

static bool load_authorities(SSL_CTX *context, const char *file)
{
	X509_STORE *store = X509_STORE_new();
	if (!store || X509_STORE_load_locations(store, *file ? file : 0, *file ? 0 : SYSTEM_CERTIFICATES) != 1) {
		X509_STORE_free(store);
		return false;
	}
	SSL_CTX_set_cert_store(context, store);
	return true;
}

// Belongs to the certificate, of another type of key, too.
static bool load_key(SSL_CTX *context, const char *file)
{
	return SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1;
}

// 0, or the option whose file is of no use.
static const char *load(SSL_CTX *context, const struct config *config)
{
	if (!load_authorities(context, config->broker.ca_file))
		return "broker.ca_file";
	if (config->broker.cert_file[0] && SSL_CTX_use_certificate_chain_file(context, config->broker.cert_file) != 1)
		return "broker.cert_file";
	if (config->broker.key_file[0] && !load_key(context, config->broker.key_file))
		return "broker.key_file";
	return 0;
}

static const char *reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *text = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
	return text ? text : "OpenSSL gives no reason";
}

int broker_tls_load(struct broker_tls *tls, const struct config *config, char problem[BROKER_TLS_PROBLEM_BYTES])
{
	tls->refusal[0] = 0;
	ERR_clear_error();
	const char *option = load(tls->context, config);
	if (option)
		snprintf(problem, BROKER_TLS_PROBLEM_BYTES, "%s cannot be used: %s (`musterd --check-config` says more)", option, reason());
	ERR_clear_error(); // or a later call would find it
	return option ? -1 : 0;
}

const char *broker_tls_refusal(const struct broker_tls *tls)
{
	return tls->refusal[0] ? tls->refusal : 0;
}

// ---- life

static bool set_up(struct broker_tls *tls, struct mosquitto *mosquitto)
{
	tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls->context || SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1)
		return false;
	SSL_CTX_set_app_data(tls->context, tls);
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, judge);
	SSL_CTX_set_info_callback(tls->context, set_server_name);
	SSL_CTX_set_default_passwd_cb(tls->context, pem_file_refuse_passphrase); // or the loop would wait for one at the terminal
	return mosquitto_int_option(mosquitto, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == MOSQ_ERR_SUCCESS &&
		mosquitto_void_option(mosquitto, MOSQ_OPT_SSL_CTX, tls->context) == MOSQ_ERR_SUCCESS;
}

struct broker_tls *broker_tls_new(struct mosquitto *mosquitto, const struct config *config, const char *host,
	char problem[BROKER_TLS_PROBLEM_BYTES])
{
	struct broker_tls *tls = calloc(1, sizeof *tls);
	snprintf(problem, BROKER_TLS_PROBLEM_BYTES, "no memory for TLS to the broker");
	if (!tls)
		return 0;
	assert(strlen(host) < sizeof tls->host);
	snprintf(tls->host, sizeof tls->host, "%s", host);
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
	tls->is_address = address;
	ASN1_OCTET_STRING_free(address);
	if (set_up(tls, mosquitto) && broker_tls_load(tls, config, problem) == 0)
		return tls;
	broker_tls_free(tls);
	return 0;
}

void broker_tls_free(struct broker_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}
