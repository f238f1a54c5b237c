// SPDX-License-Identifier: Apache-2.0
// TLS of one connection to the broker: an OpenSSL context that checks the broker's certificate by the host that broker.uri names, and tells the
// broker that name (SNI). libmosquitto would take for both what it connects to, and that is an address.
//
// Verified are chain, dates, and that the certificate is the host's: in subjectAltName, or as common name where that has none of its kind (an
// address as common name counts, too). `*.example.com` stands for one label; `*.lan` for nothing. TLS 1.2 at least.
// Thread: the loop's.
#ifndef COLLECTOR_INGEST_BROKER_TLS_H
#define COLLECTOR_INGEST_BROKER_TLS_H
#include <mosquitto.h>
#include "collector/config.h"

enum { BROKER_TLS_PROBLEM_BYTES = 256 };

struct broker_tls;

// Gives mosquitto the context, and loads it. host: less than CONFIG_TEXT_BYTES. Returns 0 and says why in *problem.
struct broker_tls *broker_tls_new(struct mosquitto *mosquitto, const struct config *config, const char *host,
	char problem[BROKER_TLS_PROBLEM_BYTES]);
void broker_tls_free(struct broker_tls *tls); // after mosquitto_destroy(); 0 is allowed

// Reads broker.ca_file (empty: the system's), broker.cert_file and broker.key_file for the next connect; called before each, files that were
// replaced count. Nobody is asked for a passphrase. Returns 0, or -1: *problem names the option and says why; what was loaded is then of no use
// until the next call.
int broker_tls_load(struct broker_tls *tls, const struct config *config, char problem[BROKER_TLS_PROBLEM_BYTES]);

// Why the broker's certificate was refused since the last load; 0: it was not.
const char *broker_tls_refusal(const struct broker_tls *tls);

#endif
