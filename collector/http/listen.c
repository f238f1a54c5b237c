// SPDX-License-Identifier: Apache-2.0
#include "collector/http/listen.h"
#include "collector/signing/pem_file.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Splits HOST, HOST:PORT, [HOST] or [HOST]:PORT; *port becomes "" if there is none.
static int split(const char *text, char *host, size_t size, const char **port)
{
	bool is_bracketed = *text == '[';
	const char *begin = text + is_bracketed;
	size_t length = strcspn(begin, is_bracketed ? "]" : ":");
	const char *rest = begin + length;
	if (is_bracketed && *rest++ != ']')
		return -1;
	if (!length || length >= size || (*rest && *rest != ':'))
		return -1;
	memcpy(host, begin, length);
	host[length] = 0;
	*port = *rest ? rest + 1 : "";
	return 0;
}

static int parse_port(const char *text, uint16_t *port)
{
	size_t length = strspn(text, "0123456789");
	if (!length || length > 5 || text[length])
		return -1;
	unsigned long number = strtoul(text, 0, 10);
	if (number > 65535)
		return -1;
	*port = (uint16_t)number;
	return 0;
}

static bool is_loopback(const char *host, bool *is_numeric)
{
	struct in_addr v4;
	struct in6_addr v6;
	*is_numeric = true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	*is_numeric = false;
	return false;
}

int listen_parse(const char *text, struct listen_address *address)
{
	const char *port;
	bool is_numeric;
	if (split(text, address->host, sizeof address->host, &port) < 0 || parse_port(port, &address->port) < 0)
		return -1;
	if (strcasecmp(address->host, "localhost") == 0)
		snprintf(address->host, sizeof address->host, "127.0.0.1");
	address->is_loopback = is_loopback(address->host, &is_numeric);
	return is_numeric ? 0 : -1;
}

bool listen_host_is_local(const char *header)
{
	char host[64];
	const char *port;
	bool is_numeric;
	if (!header)
		return true; // HTTP/1.0
	if (split(header, host, sizeof host, &port) < 0)
		return false;
	is_loopback(host, &is_numeric);
	return is_numeric || strcasecmp(host, "localhost") == 0;
}

SSL_CTX *listen_tls(const char *cert_file, const char *key_file, char *problem, size_t size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (context)
		SSL_CTX_set_default_passwd_cb(context, pem_file_refuse_passphrase);
	if (context && SSL_CTX_use_certificate_chain_file(context, cert_file) == 1 &&
		SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1) {
		SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
		return context;
	}
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	snprintf(problem, size, "http.tls_cert_file %s and http.tls_key_file %s: %s (`musterd --check-config` tells which is wrong)",
		cert_file, key_file, reason ? reason : "no memory for TLS");
	ERR_clear_error();
	SSL_CTX_free(context);
	return 0;
}
