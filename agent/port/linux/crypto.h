// SPDX-License-Identifier: Apache-2.0
// SHA-256 and ECDSA P-256 of OpenSSL as the port's crypto table, and each by itself for a port that wants only some of it.
//
// The context is not looked at. A stream's state lies in the caller's MU_HASH_STATE_BYTES, so one that is abandoned leaks nothing. Any
// thread, one at a time for a state. Returns 0 or negative enum mu_err as struct mu_crypto_port says.
#ifndef MU_PORT_LINUX_CRYPTO_H
#define MU_PORT_LINUX_CRYPTO_H
#include "agent/port/port.h"
#include <stddef.h>
#include <stdint.h>

int mu_crypto_sha256_start(void *context, void *state);
int mu_crypto_sha256_update(void *context, void *state, const void *data, size_t size);
int mu_crypto_sha256_finish(void *context, void *state, uint8_t digest[MU_SHA256_BYTES]);

// MU_ERR_AUTH: the signature is not of this key and digest, or is no signature; MU_ERR_INVALID: the point is not on the curve.
int mu_crypto_verify_p256(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature,
	size_t signature_size);

extern const struct mu_crypto_port mu_crypto_openssl; // the four of them

int mu_crypto_random(void *out, size_t size); // of the operating system; 0 or MU_ERR_IO

#endif
