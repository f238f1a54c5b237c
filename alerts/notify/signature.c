// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

int signature_make(const char *secret, const void *body, size_t size, char text[SIGNATURE_BYTES])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	text[0] = 0;
	if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), body, size, mac, &length))
		return -1;
	int at = snprintf(text, SIGNATURE_BYTES, "sha256=");
	for (unsigned i = 0; i < length; i++)
		at += snprintf(text + at, (size_t)(SIGNATURE_BYTES - at), "%02x", mac[i]);
	return 0;
}
