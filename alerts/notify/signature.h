// SPDX-License-Identifier: Apache-2.0
// How a receiver knows that a post is from us: sha256=HEX of HMAC-SHA256(secret, body), the form that GitHub's webhooks have made common.
// Pure.
#ifndef ALERTS_NOTIFY_SIGNATURE_H
#define ALERTS_NOTIFY_SIGNATURE_H
#include <stddef.h>

enum { SIGNATURE_BYTES = 7 + 64 + 1 }; // "sha256=", hex, zero byte

// 0, or -1 if the cryptography fails (text is empty then).
int signature_make(const char *secret, const void *body, size_t size, char text[SIGNATURE_BYTES]);

#endif
