// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/tls.h"
#include "agent/image/err.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

int mu_tls_refuse_passphrase(char *buffer, int size, int is_writing, void *context)
{
	bool *was_asked = context;
	(void)buffer, (void)size, (void)is_writing;
	if (was_asked)
		*was_asked = true;
	return -1;
}

__attribute__((format(printf, 2, 3))) static int complain(char *problem, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(problem, MU_TLS_PROBLEM_SIZE, format, arguments);
	va_end(arguments);
	return MU_ERR_AUTH;
}

static int take_key(SSL_CTX *context, const char *file, char *problem)
{
	bool was_asked = false;
	SSL_CTX_set_default_passwd_cb(context, mu_tls_refuse_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, &was_asked);
	bool is_taken = SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1;
	SSL_CTX_set_default_passwd_cb_userdata(context, 0);
	if (was_asked)
		return complain(problem,
			"--key %s: is locked by a passphrase, and nobody is asked for one here (`openssl pkey -in %s -out NEW` removes it)",
			file, file);
	return is_taken
		? 0
		: complain(problem, "--key %s: holds no private key in PEM (if it is DER: `openssl pkey -inform der -in %s -out NEW`)",
			  file, file);
}

// The key first: a certificate that comes to another's key drops it, a key that comes to another's certificate fails in two ways.
static int take_pair(SSL_CTX *context, const struct mu_mqtt_tls *files, char *problem)
{
	if (!files->certificate && !files->key)
		return 0;
	if (!files->certificate || !files->key)
		return complain(problem, "--cert and --key: belong together (give both or neither)");
	int err = take_key(context, files->key, problem);
	if (err < 0)
		return err;
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
		return complain(problem,
			"--cert %s: holds no certificate in PEM (if it is DER: `openssl x509 -inform der -in %s -out NEW`)",
			files->certificate, files->certificate);
	if (SSL_CTX_check_private_key(context) != 1)
		return complain(problem, "--key %s: does not belong to the certificate in %s (name the key that this was made with)",
			files->key, files->certificate);
	return 0;
}

static int take_files(SSL_CTX *context, const struct mu_mqtt_tls *files, char *problem)
{
	if (!files->ca)
		return complain(problem, "--ca: is missing (mqtts:// needs the certificates to trust)");
	if (SSL_CTX_load_verify_locations(context, files->ca, 0) != 1)
		return complain(problem, "--ca %s: holds no certificates in PEM (if it is DER: `openssl x509 -inform der -in %s -out NEW`)",
			files->ca, files->ca);
	return take_pair(context, files, problem);
}

int mu_tls_check_files(const struct mu_mqtt_tls *files, char *problem)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int err = context ? take_files(context, files, problem) : MU_ERR_NO_MEMORY;
	if (!context)
		complain(problem, "TLS: no memory");
	SSL_CTX_free(context);
	ERR_clear_error();
	return err;
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
	char problem[MU_TLS_PROBLEM_SIZE];
	*out = 0;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 || !set_verification(context, host, trusted_wall_ms)) {
		SSL_CTX_free(context);
		return MU_ERR_NO_MEMORY;
	}
	SSL_CTX_set_info_callback(context, set_server_name);
	int err = take_files(context, files, problem);
	ERR_clear_error(); // or a later call would find it
	if (err < 0) {
		SSL_CTX_free(context);
		return err;
	}
	*out = context;
	return 0;
}
