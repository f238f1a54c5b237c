// SPDX-License-Identifier: Apache-2.0
// Bearer tokens: who asks. The store knows only the SHA-256 of a token; what is compared is a hash, so how long it takes tells nothing
// about the token.
#ifndef COLLECTOR_HTTP_AUTH_H
#define COLLECTOR_HTTP_AUTH_H
#include <stddef.h>
#include "collector/store/store_tokens.h"

enum auth_result { AUTH_OK = 0, AUTH_MISSING = -1, AUTH_MALFORMED = -2, AUTH_UNKNOWN = -3, AUTH_STORE = -4 };

// header: the value of Authorization, or null. name has STORE_TOKEN_NAME_BYTES. Returns an enum auth_result.
int auth_check(struct store *store, const char *header, char *name);

// Whether at least one token is in force; negative: the store cannot be read.
int auth_has_token(struct store *store);

#endif
