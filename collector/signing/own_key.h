// SPDX-License-Identifier: Apache-2.0
// The key of musterd itself (role collector), with which it signs what a person with a token asks for on the page.
//
// Read once at start. Refused: a file that is not a P-256 private key, that others than its owner can read, or that is named as an operator's key
// (operator-*.pem): that one is a person's, and devices let it do more. Thread: any one at a time. Memory: the heap.
#ifndef COLLECTOR_SIGNING_OWN_KEY_H
#define COLLECTOR_SIGNING_OWN_KEY_H
#include "collector/signing/sign.h"

struct own_key;

// Null: *problem says what is wrong with which file, and what to do.
struct own_key *own_key_load(const char *path, char *problem, size_t size);
void own_key_free(struct own_key *key); // 0 is allowed

const uint8_t *own_key_id(const struct own_key *key); // 8 bytes

// 0, or -1: OpenSSL refused.
int own_key_sign_rollback(const struct own_key *key, const struct rollback_order *order, struct signed_command *out);

#endif
