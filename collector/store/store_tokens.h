// SPDX-License-Identifier: Apache-2.0
// Named bearer tokens: only the SHA-256 is stored. A revoked one keeps its row, so that the audit log can be read; its name is not free again.
#ifndef COLLECTOR_STORE_STORE_TOKENS_H
#define COLLECTOR_STORE_STORE_TOKENS_H
#include "collector/store/store.h"

enum { STORE_TOKEN_NAME_BYTES = 65 }; // 64 and the end

struct store_token {
	char name[STORE_TOKEN_NAME_BYTES];
	uint64_t created_ms;
	uint64_t revoked_ms; // 0: in force
};

// -STORE_EEXIST if the name was ever used.
int store_token_add(struct store *store, const char *name, const uint8_t sha256[32], uint64_t now_ms);

// -STORE_ENOENT if no token of this name is in force.
int store_token_revoke(struct store *store, const char *name, uint64_t now_ms);

// The token in force with this hash, or -STORE_ENOENT. Sees at once what another process added or revoked.
int store_token_find(struct store *store, const uint8_t sha256[32], struct store_token *token);

typedef int store_token_each(void *context, const struct store_token *token);
int store_token_list(struct store *store, store_token_each *each, void *context);

#endif
