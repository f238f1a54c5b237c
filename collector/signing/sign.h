// SPDX-License-Identifier: Apache-2.0
// Signs a Command: ECDSA P-256 over SHA-256 of its packed bytes, DER. Memory: the caller's buffers.
#ifndef COLLECTOR_SIGNING_SIGN_H
#define COLLECTOR_SIGNING_SIGN_H
#include <jansson.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>
#include "muster.pb-c.h"

enum { SIGN_COMMAND_MAX = 1536, SIGN_SIGNATURE_MAX = 72 };

struct signed_command {
	uint8_t command[SIGN_COMMAND_MAX];
	size_t command_size;
	uint8_t signature[SIGN_SIGNATURE_MAX];
	size_t signature_size;
	uint8_t key_id[8];
};

// 0, or -1: the command is too large, or OpenSSL refused.
int sign_command(const Mu__Command *command, EVP_PKEY *key, const uint8_t key_id[8], struct signed_command *out);

// A rollback as a person saw it. Texts and ids are the caller's.
struct rollback_order {
	const char *device;
	const uint8_t *id;                      // MU_COMMAND_ID_BYTES
	uint64_t counter, not_after_ms;
	const uint8_t *running_sha, *target_sha; // MU_IMAGE_SHA_BYTES each
};
int sign_rollback(const struct rollback_order *order, EVP_PKEY *key, const uint8_t key_id[8], struct signed_command *out);

// The body of a POST to .../commands. Null: no memory.
json_t *sign_body(const struct signed_command *sign);

#endif
