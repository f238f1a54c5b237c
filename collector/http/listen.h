// SPDX-License-Identifier: Apache-2.0
// Where the server may listen, and its TLS. Inside collector/http only.
#ifndef COLLECTOR_HTTP_LISTEN_H
#define COLLECTOR_HTTP_LISTEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <openssl/ssl.h>

struct listen_address {
	char host[64]; // numeric
	uint16_t port;
	bool is_loopback;
};

// "127.0.0.1:8970", "[::1]:8970", "localhost:0". 0, or -1: not such an address (names other than localhost are not looked up).
int listen_parse(const char *text, struct listen_address *address);

// TLS 1.2 or later with this certificate chain and key (PEM); a key with a passphrase is refused. Null: *problem names the files and gives
// OpenSSL's reason; what is wrong in words is told before, by collector/config_pem.h.
SSL_CTX *listen_tls(const char *cert_file, const char *key_file, char *problem, size_t size);

// Whether a Host header names this machine itself: a numeric address or localhost. What a browser was lured to by a name is refused.
bool listen_host_is_local(const char *header);

#endif
