// SPDX-License-Identifier: Apache-2.0
#include "collector/http/auth.h"
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_MAX = 256 };

int auth_check(struct store *store, const char *header, char *name)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct store_token token;
	if (!header)
		return AUTH_MISSING;
	if (strncasecmp(header, "Bearer ", 7) != 0)
		return AUTH_MALFORMED;
	const char *text = header + 7 + strspn(header + 7, " ");
	size_t length = strlen(text);
	if (!length || length > TOKEN_MAX)
		return AUTH_MALFORMED;
	SHA256((const uint8_t *)text, length, hash);
	int err = store_token_find(store, hash, &token);
	if (err == -STORE_ENOENT)
		return AUTH_UNKNOWN;
	if (err < 0)
		return AUTH_STORE;
	memcpy(name, token.name, STORE_TOKEN_NAME_BYTES);
	return AUTH_OK;
}

static int in_force(void *context, const struct store_token *token)
{
	int *found = context;
	*found |= token->revoked_ms == 0;
	return 0;
}

int auth_has_token(struct store *store)
{
	int found = 0;
	int err = store_token_list(store, in_force, &found);
	return err < 0 ? err : found;
}
