// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/tls.h"
#include "agent/image/err.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

static int take_files(SSL_CTX *context, const struct mu_mqtt_tls *files)
{
	if (!files->ca || SSL_CTX_load_verify_locations(context, files->ca, 0) != 1)
		return MU_ERR_AUTH;
	if (files->certificate && SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
		return MU_ERR_AUTH;
	// Checks that it belongs to the certificate, too.
	if (files->key && SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
		return MU_ERR_AUTH;
	return !files->certificate == !files->key ? 0 : MU_ERR_AUTH;
}

static bool set_verification(SSL_CTX *context, const char *host, uint64_t trusted_wall_ms)
{
	X509_VERIFY_PARAM *how = SSL_CTX_get0_param(context);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, 0);
	if (trusted_wall_ms)
		X509_VERIFY_PARAM_set_time(how, (time_t)(trusted_wall_ms / 1000));
	else if (X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_NO_CHECK_TIME) != 1)
		return false;
	X509_VERIFY_PARAM_set_hostflags(how, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_ip_asc(how, host) == 1 || X509_VERIFY_PARAM_set1_host(how, host, 0) == 1;
}

// Just before the hello: whoever connects may have set the address as the name, because that is what it connects to.
static void set_server_name(const SSL *ssl, int where, int value)
{
	(void)value;
	if (where & SSL_CB_HANDSHAKE_START) // the library hands a writable session out as const
		SSL_set_tlsext_host_name((SSL *)ssl, X509_VERIFY_PARAM_get0_host(SSL_get0_param((SSL *)ssl), 0));
}

int mu_tls_context(SSL_CTX **out, const struct mu_mqtt_tls *files, const char *host, uint64_t trusted_wall_ms)
{
	*out = 0;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 || !set_verification(context, host, trusted_wall_ms)) {
		SSL_CTX_free(context);
		return MU_ERR_NO_MEMORY;
	}
	SSL_CTX_set_info_callback(context, set_server_name);
	int err = take_files(context, files);
	ERR_clear_error(); // or a later call would find it
	if (err < 0) {
		SSL_CTX_free(context);
		return err;
	}
	*out = context;
	return 0;
}
