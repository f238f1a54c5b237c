// SPDX-License-Identifier: Apache-2.0
// Whose certificates are good for a host, when libmosquitto itself knows of an address only; and files that are replaced.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <mosquitto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/ingest/broker_tls.h"

enum { TURNS_MAX = 5000, DAY_S = 86400 };

static char folder[] = "/tmp/muster-broker-tls-XXXXXX";
static struct config config;
static char problem[BROKER_TLS_PROBLEM_BYTES];
static struct event_base *base;

// ---- keys and certificates

// passphrase: of the file; null: none.
static void write_key(EVP_PKEY *key, const char *path, const char *passphrase)
{
	FILE *file = fopen(path, "w");
	int length = passphrase ? (int)strlen(passphrase) : 0;
	assert_int_equal(PEM_write_PrivateKey(file, key, passphrase ? EVP_aes_256_cbc() : 0, (const unsigned char *)passphrase, length, 0,
				 0),
		1);
	fclose(file);
}

// It vouches for itself. names: as in subjectAltName; empty: it has none.
static X509 *make_certificate(EVP_PKEY *key, const char *common_name, const char *names, long valid_s, const char *path)
{
	X509 *certificate = X509_new();
	X509_set_version(certificate, 2);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), valid_s);
	X509_set_pubkey(certificate, key);
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	if (*names) {
		X509_EXTENSION *extension = X509V3_EXT_conf_nid(0, 0, NID_subject_alt_name, names);
		X509_add_ext(certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	FILE *file = fopen(path, "w");
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	return certificate;
}

// ---- a broker that does TLS and nothing more

static struct server {
	SSL_CTX *tls;
	struct evconnlistener *listener;
	struct bufferevent *stream;
	int port;
	bool is_met; // the client is content
	char server_name[64];
} server;

static void on_event(struct bufferevent *stream, short what, void *context)
{
	(void)stream, (void)context;
	if (what & BEV_EVENT_CONNECTED)
		server.is_met = true;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size, void *context)
{
	(void)listener, (void)address, (void)size, (void)context;
	if (server.stream)
		bufferevent_free(server.stream);
	server.stream = bufferevent_openssl_socket_new(base, fd, SSL_new(server.tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(server.stream, 0, 0, on_event, 0);
	bufferevent_enable(server.stream, EV_READ | EV_WRITE);
}

static int on_hello(SSL *session, int *alert, void *context)
{
	const char *name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
	(void)alert, (void)context;
	snprintf(server.server_name, sizeof server.server_name, "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

// With a certificate of its own, which is written to broker.ca_file.
static void serve(const char *common_name, const char *names, long valid_s)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, common_name, names, valid_s, config.broker.ca_file);
	server = (struct server){ .tls = SSL_CTX_new(TLS_server_method()) };
	assert_int_equal(SSL_CTX_use_certificate(server.tls, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server.tls, key), 1);
	SSL_CTX_set_tlsext_servername_callback(server.tls, on_hello);
	server.listener =
		evconnlistener_new_bind(base, on_accept, 0, LEV_OPT_CLOSE_ON_FREE, 4, (struct sockaddr *)&address, sizeof address);
	assert_non_null(server.listener);
	getsockname(evconnlistener_get_fd(server.listener), (struct sockaddr *)&address, &size);
	server.port = ntohs(address.sin_port);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void stop_serving(void)
{
	if (server.stream)
		bufferevent_free(server.stream);
	evconnlistener_free(server.listener);
	SSL_CTX_free(server.tls);
}

// ---- a client

static struct client {
	struct mosquitto *mosquitto;
	struct broker_tls *tls;
} client;

static bool open_client(const char *host)
{
	client.mosquitto = mosquitto_new("test", true, 0);
	mosquitto_threaded_set(client.mosquitto, true);
	client.tls = broker_tls_new(client.mosquitto, &config, host, problem);
	return client.tls;
}

static void close_client(void)
{
	mosquitto_destroy(client.mosquitto);
	broker_tls_free(client.tls);
}

// Connects to digits, whatever its host is. Empty: the broker was content, and so was the client; else why not.
static const char *meet(void)
{
	int rc = mosquitto_connect(client.mosquitto, "127.0.0.1", server.port, 60);
	for (unsigned turn = 0; rc == MOSQ_ERR_SUCCESS && !server.is_met; turn++) {
		assert_true(turn < TURNS_MAX);
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(1000);
		rc = mosquitto_loop_read(client.mosquitto, 1);
	}
	const char *refusal = broker_tls_refusal(client.tls);
	assert_int_equal(rc, refusal ? MOSQ_ERR_TLS : MOSQ_ERR_SUCCESS);
	return refusal ? refusal : "";
}

// ---- tests

static int make(void **state)
{
	(void)state;
	base = event_base_new();
	memset(&config, 0, sizeof config);
	snprintf(config.broker.ca_file, sizeof config.broker.ca_file, "%s/ca.pem", folder);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

#define MISMATCH "the broker's certificate: hostname mismatch"

// Each row: what the certificate says, the host of broker.uri, what becomes of it, and the name that the broker is told.
static const struct {
	const char *common_name, *names, *host, *refusal, *server_name;
} rows[] = {
	{ "x", "DNS:broker.test", "broker.test", "", "broker.test" },
	{ "x", "DNS:other.test,DNS:Broker.Test", "broker.test", "", "broker.test" },
	{ "x", "DNS:*.site.test", "broker.site.test", "", "broker.site.test" },
	{ "broker.test", "", "broker.test", "", "broker.test" },
	{ "broker.test", "IP:127.0.0.9", "broker.test", "", "broker.test" }, // no name among the names
	{ "x", "IP:127.0.0.1", "127.0.0.1", "", "" },
	{ "127.0.0.1", "", "127.0.0.1", "", "" }, // as in many a tutorial
	{ "x", "IP:::1", "::1", "", "" },
	{ "x", "DNS:other.test", "broker.test", MISMATCH, "broker.test" },
	{ "x", "IP:127.0.0.1", "broker.test", MISMATCH, "broker.test" }, // what libmosquitto connects to is not who it is
	{ "127.0.0.1", "", "broker.test", MISMATCH, "broker.test" },
	{ "broker.test", "DNS:other.test", "broker.test", MISMATCH, "broker.test" },
	{ "x", "DNS:*.site.test", "site.test", MISMATCH, "site.test" },
	{ "x", "DNS:*.test", "broker.site.test", MISMATCH, "broker.site.test" },
	{ "x", "DNS:*.test", "broker.test", MISMATCH, "broker.test" },
	{ "x", "DNS:b*.site.test", "broker.site.test", MISMATCH, "broker.site.test" },
	{ "x", "IP:127.0.0.9", "127.0.0.1", MISMATCH, "" },
	{ "x", "DNS:broker.test", "127.0.0.1", MISMATCH, "" },
};

static void test_every_certificate(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		serve(rows[i].common_name, rows[i].names, DAY_S);
		assert_true(open_client(rows[i].host));
		assert_string_equal(meet(), rows[i].refusal);
		assert_string_equal(server.server_name, rows[i].server_name);
		close_client();
		stop_serving();
	}
}

static void test_right_name_is_not_enough(void **unused)
{
	(void)unused;
	serve("x", "DNS:broker.test", -1);
	assert_true(open_client("broker.test"));
	assert_string_equal(meet(), "the broker's certificate: certificate has expired");
	close_client();
	stop_serving();
}

// name: of files in the folder, .key and .pem, and NAME.locked.key.
static void make_files(const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "%s/%s.locked.key", folder, name);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	write_key(key, path, "secret");
	snprintf(path, sizeof path, "%s/%s.key", folder, name);
	write_key(key, path, 0);
	snprintf(path, sizeof path, "%s/%s.pem", folder, name);
	X509_free(make_certificate(key, name, "DNS:broker.test", DAY_S, path));
	EVP_PKEY_free(key);
}

static void make_rsa_key(const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	EVP_PKEY *key = EVP_RSA_gen(2048);
	write_key(key, path, 0);
	EVP_PKEY_free(key);
}

static void set_path(char *option, const char *name)
{
	snprintf(option, CONFIG_TEXT_BYTES, "%s%s%s", *name ? folder : "", *name ? "/" : "", name);
}

static const char *meet_trusting(const char *name)
{
	set_path(config.broker.ca_file, name);
	assert_int_equal(broker_tls_load(client.tls, &config, problem), 0);
	server.is_met = false;
	return meet();
}

// What was trusted before is not trusted any more.
static void test_files_are_read_anew(void **unused)
{
	(void)unused;
	serve("x", "DNS:broker.test", DAY_S);
	make_files("stranger");
	assert_true(open_client("broker.test"));
	assert_string_equal(meet(), "");
	assert_string_equal(meet_trusting("stranger.pem"), "the broker's certificate: self-signed certificate");
	assert_string_equal(meet_trusting("ca.pem"), "");
	close_client();
	stop_serving();
}

// Each row: what broker.cert_file and broker.key_file are, and what is said of them.
static const struct {
	const char *ca, *certificate, *key, *problem;
} files[] = {
	{ "good.pem", "", "", "" },
	{ "", "", "", "" }, // those of the system
	{ "good.pem", "good.pem", "good.key", "" },
	{ "none.pem", "", "", "broker.ca_file cannot be used: No such file or directory (`musterd --check-config`" },
	{ "good.key", "", "", "broker.ca_file cannot be used: no certificate or crl found" },
	{ "good.pem", "none.pem", "good.key", "broker.cert_file cannot be used: No such file or directory" },
	{ "good.pem", "good.key", "good.key", "broker.cert_file cannot be used: no start line" },
	{ "good.pem", "good.pem", "good.pem", "broker.key_file cannot be used: " },
	{ "good.pem", "good.pem", "good.locked.key", "broker.key_file cannot be used: interrupted or cancelled" }, // at a terminal, too
	{ "good.pem", "good.pem", "other.key", "broker.key_file cannot be used: key values mismatch" },
	{ "good.pem", "good.pem", "rsa.key", "broker.key_file cannot be used: " },
};

static void test_every_file(void **unused)
{
	(void)unused;
	make_files("good");
	make_files("other");
	make_rsa_key("rsa.key");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		set_path(config.broker.ca_file, files[i].ca);
		set_path(config.broker.cert_file, files[i].certificate);
		set_path(config.broker.key_file, files[i].key);
		bool is_open = open_client("broker.test");
		assert_int_equal(is_open, !files[i].problem[0]);
		if (!is_open)
			assert_non_null(strstr(problem, files[i].problem));
		close_client();
	}
}

static int remove_folder(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_certificate, make, clean),
		cmocka_unit_test_setup_teardown(test_right_name_is_not_enough, make, clean),
		cmocka_unit_test_setup_teardown(test_files_are_read_anew, make, clean),
		cmocka_unit_test_setup_teardown(test_every_file, make, clean),
	};
	mosquitto_lib_init();
	int failed = mkdtemp(folder) ? cmocka_run_group_tests(tests, 0, remove_folder) : 1;
	mosquitto_lib_cleanup();
	return failed;
}
