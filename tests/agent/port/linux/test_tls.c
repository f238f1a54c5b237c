// SPDX-License-Identifier: Apache-2.0
// Handshakes in memory between the context under test and a server whose certificates are made here.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/tls.h"

#define DAY_S INT64_C(86400)
#define NOW_S INT64_C(1795896000) // 2026-11-28; the certificates' dates are around it, whatever this computer's clock says
#define NOW_MS (UINT64_C(1000) * NOW_S)

static char folder[] = "/tmp/muster-tls-XXXXXX";
static char ca_path[64], other_ca_path[64], certificate_path[64], key_path[64], other_key_path[64], rsa_key_path[64], locked_path[64],
	der_path[64], empty_path[64], none_path[64];
static EVP_PKEY *ca_key, *key;
static X509 *ca;

static X509 *make(EVP_PKEY *own, X509 *issuer, EVP_PKEY *issuer_key, int64_t from_s, int64_t until_s, const char *names, const char *usage)
{
	X509 *made = X509_new();
	X509V3_CTX context;
	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), from_s + until_s);
	ASN1_TIME_set(X509_getm_notBefore(made), (time_t)from_s);
	ASN1_TIME_set(X509_getm_notAfter(made), (time_t)until_s);
	X509_set_pubkey(made, own);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const unsigned char *)(issuer ? "broker" : "ca"), -1,
		-1, 0);
	X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made));
	X509V3_set_ctx(&context, issuer ? issuer : made, made, 0, 0, 0);
	const struct {
		int id;
		const char *value;
	} extensions[] = { { NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE" }, { NID_subject_alt_name, names },
		{ NID_ext_key_usage, usage } };
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
		if (extensions[i].value) {
			X509_EXTENSION *extension = X509V3_EXT_conf_nid(0, &context, extensions[i].id, extensions[i].value);
			assert_non_null(extension);
			X509_add_ext(made, extension, -1);
			X509_EXTENSION_free(extension);
		}
	assert_true(X509_sign(made, issuer_key, EVP_sha256()) > 0);
	return made;
}

static void write_pem(char path[64], const char *name, X509 *certificate, EVP_PKEY *private_key)
{
	snprintf(path, 64, "%s/%s.pem", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	if (certificate)
		PEM_write_X509(file, certificate);
	if (private_key)
		PEM_write_PrivateKey(file, private_key, 0, 0, 0, 0, 0);
	fclose(file);
}

static int make_files(void **unused)
{
	(void)unused;
	assert_non_null(mkdtemp(folder));
	ca_key = EVP_EC_gen("P-256");
	key = EVP_EC_gen("P-256");
	ca = make(ca_key, 0, ca_key, NOW_S - 3650 * DAY_S, NOW_S + 3650 * DAY_S, 0, 0);
	write_pem(ca_path, "ca", ca, 0);
	EVP_PKEY *other_key = EVP_EC_gen("P-256");
	X509 *other = make(other_key, 0, other_key, NOW_S - DAY_S, NOW_S + DAY_S, 0, 0);
	write_pem(other_ca_path, "other", other, 0);
	X509 *own = make(key, ca, ca_key, NOW_S - DAY_S, NOW_S + DAY_S, 0, "clientAuth");
	write_pem(certificate_path, "device", own, 0);
	write_pem(key_path, "device.key", 0, key);
	write_pem(other_key_path, "other.key", 0, other_key);
	EVP_PKEY *rsa_key = EVP_RSA_gen(2048);
	write_pem(rsa_key_path, "rsa.key", 0, rsa_key);
	EVP_PKEY_free(rsa_key);
	write_pem(empty_path, "empty", 0, 0);
	snprintf(locked_path, sizeof locked_path, "%s/locked.pem", folder);
	FILE *file = fopen(locked_path, "w");
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, EVP_aes_256_cbc(), "secret", 6, 0, 0), 1);
	fclose(file);
	snprintf(der_path, sizeof der_path, "%s/device.der", folder);
	file = fopen(der_path, "w");
	assert_int_equal(i2d_X509_fp(file, own), 1);
	fclose(file);
	snprintf(none_path, sizeof none_path, "%s/none", folder);
	X509_free(other);
	X509_free(own);
	EVP_PKEY_free(other_key);
	return 0;
}

static int remove_files(void **unused)
{
	(void)unused;
	const char *const paths[] = { ca_path, other_ca_path, certificate_path, key_path, other_key_path, rsa_key_path, locked_path,
		der_path, empty_path };
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		unlink(paths[i]);
	rmdir(folder);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return 0;
}

static int accept_any(int good, X509_STORE_CTX *store)
{
	(void)good, (void)store;
	return 1;
}

// Shakes hands with a server that has this certificate. Returns X509_V_OK or why it was refused; *asked_s is how many certificates the
// client showed.
static long shake_hands(SSL_CTX *client_context, X509 *certificate, int version, bool *client_showed)
{
	SSL_CTX *server_context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(server_context, certificate);
	SSL_CTX_use_PrivateKey(server_context, key);
	SSL_CTX_set_security_level(server_context, 0);
	SSL_CTX_set_max_proto_version(server_context, version);
	SSL_CTX_set_verify(server_context, SSL_VERIFY_PEER, accept_any);
	SSL *client = SSL_new(client_context), *server = SSL_new(server_context);
	BIO *one, *two;
	BIO_new_bio_pair(&one, 0, &two, 0);
	SSL_set_bio(client, one, one);
	SSL_set_bio(server, two, two);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (int i = 0; i < 20; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	X509 *shown = SSL_get1_peer_certificate(server);
	long result = SSL_get_verify_result(client);
	bool done = SSL_is_init_finished(client);
	assert_int_equal(done, result == X509_V_OK && version >= TLS1_2_VERSION);
	*client_showed = shown != 0;
	X509_free(shown);
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(server_context);
	return result;
}

// Dates in days from now.
static const struct {
	const char *what, *host;
	const char *names, *usage; // of the certificate
	int from_days, until_days;
	long with_time, without;
} rows[] = {
	{ "a good one", "broker.example", "DNS:broker.example", "serverAuth", -1, 1, X509_V_OK, X509_V_OK },
	{ "by address", "127.0.0.1", "IP:127.0.0.1", "serverAuth", -1, 1, X509_V_OK, X509_V_OK },
	{ "by IPv6 address", "::1", "IP:::1", "serverAuth", -1, 1, X509_V_OK, X509_V_OK },
	{ "run out", "broker.example", "DNS:broker.example", "serverAuth", -30, -1, X509_V_ERR_CERT_HAS_EXPIRED, X509_V_OK },
	{ "not valid yet", "broker.example", "DNS:broker.example", "serverAuth", 1, 30, X509_V_ERR_CERT_NOT_YET_VALID, X509_V_OK },
	{ "another host", "broker.example", "DNS:other.example", "serverAuth", -1, 1, X509_V_ERR_HOSTNAME_MISMATCH,
		X509_V_ERR_HOSTNAME_MISMATCH },
	{ "another address", "127.0.0.1", "IP:127.0.0.2", "serverAuth", -1, 1, X509_V_ERR_IP_ADDRESS_MISMATCH,
		X509_V_ERR_IP_ADDRESS_MISMATCH },
	{ "run out, and another host", "broker.example", "DNS:other.example", "serverAuth", -30, -1, X509_V_ERR_HOSTNAME_MISMATCH,
		X509_V_ERR_HOSTNAME_MISMATCH },
	{ "a client's", "broker.example", "DNS:broker.example", "clientAuth", -1, 1, X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_INVALID_PURPOSE },
};

static void test_what_is_judged(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
		bool timed = i % 2, showed;
		SSL_CTX *context;
		const struct mu_mqtt_tls files = { .ca = ca_path };
		X509 *certificate = make(key, ca, ca_key, NOW_S + rows[i / 2].from_days * DAY_S, NOW_S + rows[i / 2].until_days * DAY_S,
			rows[i / 2].names, rows[i / 2].usage);
		assert_int_equal(mu_tls_context(&context, &files, rows[i / 2].host, timed ? NOW_MS : 0), 0);
		long result = shake_hands(context, certificate, TLS1_3_VERSION, &showed);
		if (result != (timed ? rows[i / 2].with_time : rows[i / 2].without))
			fail_msg("%s, %s time: %s", rows[i / 2].what, timed ? "with" : "without", X509_verify_cert_error_string(result));
		SSL_CTX_free(context);
		X509_free(certificate);
	}
}

static void test_a_chain_that_nobody_vouches_for(void **unused)
{
	(void)unused;
	bool showed;
	for (int timed = 0; timed < 2; timed++) {
		SSL_CTX *context;
		const struct mu_mqtt_tls files = { .ca = other_ca_path };
		X509 *certificate = make(key, ca, ca_key, NOW_S - DAY_S, NOW_S + DAY_S, "DNS:a", "serverAuth");
		assert_int_equal(mu_tls_context(&context, &files, "a", timed ? NOW_MS : 0), 0);
		// Another one of the same name.
		assert_int_equal(shake_hands(context, certificate, TLS1_3_VERSION, &showed), X509_V_ERR_CERT_SIGNATURE_FAILURE);
		SSL_CTX_free(context);
		X509_free(certificate);
	}
}

static void test_the_device_shows_its_own_certificate_and_no_old_tls(void **unused)
{
	(void)unused;
	bool showed;
	SSL_CTX *context;
	const struct mu_mqtt_tls files = { .ca = ca_path, .certificate = certificate_path, .key = key_path };
	X509 *certificate = make(key, ca, ca_key, NOW_S - DAY_S, NOW_S + DAY_S, "DNS:a", "serverAuth");
	assert_int_equal(mu_tls_context(&context, &files, "a", NOW_MS), 0);
	assert_int_equal(shake_hands(context, certificate, TLS1_2_VERSION, &showed), X509_V_OK);
	assert_true(showed);
	shake_hands(context, certificate, TLS1_1_VERSION, &showed); // asserts that it does not come about
	SSL_CTX_free(context);
	X509_free(certificate);
}

static void test_files_that_cannot_be_used(void **unused)
{
	(void)unused;
	static const char no_certificates[] = ": holds no certificates in PEM (if it is DER: `openssl x509 -inform der -in ",
			  no_key[] = ": holds no private key in PEM (if it is DER: `openssl pkey -inform der -in ",
			  not_its_own[] = ": does not belong to the certificate in ";
	const struct {
		struct mu_mqtt_tls files;
		const char *option, *file, *said;
	} bad[] = {
		{ { 0 }, "--ca", "", ": is missing" },
		{ { .ca = none_path }, "--ca", none_path, no_certificates },
		{ { .ca = empty_path }, "--ca", empty_path, no_certificates },
		{ { .ca = der_path }, "--ca", der_path, no_certificates },
		{ { .ca = key_path }, "--ca", key_path, no_certificates },
		{ { ca_path, none_path, key_path }, "--cert", none_path, ": holds no certificate in PEM" },
		{ { ca_path, key_path, key_path }, "--cert", key_path, ": holds no certificate in PEM" },
		{ { ca_path, der_path, key_path }, "--cert", der_path, ": holds no certificate in PEM" },
		{ { ca_path, certificate_path, none_path }, "--key", none_path, no_key },
		{ { ca_path, certificate_path, certificate_path }, "--key", certificate_path, no_key },
		{ { ca_path, certificate_path, empty_path }, "--key", empty_path, no_key },
		{ { ca_path, certificate_path, locked_path }, "--key", locked_path, ": is locked by a passphrase, and nobody is asked" },
		{ { ca_path, certificate_path, other_key_path }, "--key", other_key_path, not_its_own },
		{ { ca_path, certificate_path, rsa_key_path }, "--key", rsa_key_path, not_its_own },
		{ { ca_path, certificate_path, 0 }, "--cert and --key", "", ": belong together (give both or neither)" },
		{ { ca_path, 0, key_path }, "--cert and --key", "", ": belong together (give both or neither)" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		SSL_CTX *context;
		char problem[MU_TLS_PROBLEM_SIZE], said[200];
		assert_int_equal(mu_tls_context(&context, &bad[i].files, "a", 0), MU_ERR_AUTH);
		assert_null(context);
		assert_int_equal(mu_tls_check_files(&bad[i].files, problem), MU_ERR_AUTH);
		snprintf(said, sizeof said, "%s%s%s%s", bad[i].option, *bad[i].file ? " " : "", bad[i].file, bad[i].said);
		if (strncmp(problem, said, strlen(said)) != 0)
			fail_msg("row %zu: %s", i, problem);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void test_good_files(void **unused)
{
	(void)unused;
	char problem[MU_TLS_PROBLEM_SIZE] = "";
	const struct mu_mqtt_tls good[] = { { .ca = ca_path }, { ca_path, certificate_path, key_path } };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (mu_tls_check_files(&good[i], problem) != 0)
			fail_msg("%s", problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_judged),
		cmocka_unit_test(test_a_chain_that_nobody_vouches_for),
		cmocka_unit_test(test_the_device_shows_its_own_certificate_and_no_old_tls),
		cmocka_unit_test(test_files_that_cannot_be_used),
		cmocka_unit_test(test_good_files),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
