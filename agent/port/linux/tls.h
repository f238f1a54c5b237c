// SPDX-License-Identifier: Apache-2.0
// The TLS side of one session: an OpenSSL context that trusts the given certificates and no other, TLS 1.2 at least.
//
// Chain, purpose (a server's) and host name are always verified. The dates of the certificates are judged by the given time, never by this
// computer's clock; without one (0) they are not judged, and nothing else is let off (agent/network/session.h says what follows from that).
// The server is told the host name that it is checked by (SNI), whatever SSL_set_tlsext_host_name() was called with; of an address nothing.
// Memory: the caller ends it with SSL_CTX_free(). Thread: one at a time. Reads the files in the call.
#ifndef MU_PORT_LINUX_TLS_H
#define MU_PORT_LINUX_TLS_H
#include <stdint.h>

struct ssl_ctx_st; // SSL_CTX

enum { MU_TLS_PROBLEM_SIZE = 1024 };

// Files in PEM, the key without a passphrase: nobody is asked for one. All null: mqtts:// is refused. The strings are kept by reference.
struct mu_mqtt_tls {
	const char *ca, *certificate, *key;
};

// host: a name, or an address, that the server's certificate must have. 0; MU_ERR_AUTH: a file cannot be used, or certificate and key do not
// belong together; MU_ERR_NO_MEMORY. *out is null after an error.
int mu_tls_context(struct ssl_ctx_st **out, const struct mu_mqtt_tls *files, const char *host, uint64_t trusted_wall_ms);

// Whether these files can be used. 0, or an error as above; problem (MU_TLS_PROBLEM_SIZE bytes, cut if too long) then names the option of the
// command line (--ca, --cert, --key) and the file, says what is wrong and what to do.
int mu_tls_check_files(const struct mu_mqtt_tls *files, char *problem);

// For OpenSSL: answers that there is no passphrase. context: null, or a bool that becomes true.
int mu_tls_refuse_passphrase(char *buffer, int size, int is_writing, void *context);

#endif
