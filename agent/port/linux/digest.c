// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/digest.h"
#include "agent/image/err.h"
#include <openssl/evp.h>

static int start(void *context)
{
	struct mu_digest *digest = context;
	return EVP_DigestInit_ex(digest->state, digest->kind, 0) == 1 ? 0 : MU_ERR_NO_MEMORY;
}

static int update(void *context, const void *data, size_t size)
{
	struct mu_digest *digest = context;
	return EVP_DigestUpdate(digest->state, data, size) == 1 ? 0 : MU_ERR_STATE;
}

static int finish(void *context, uint8_t *bytes)
{
	struct mu_digest *digest = context;
	return EVP_DigestFinal_ex(digest->state, bytes, 0) == 1 ? 0 : MU_ERR_STATE;
}

static int open_kind(struct mu_digest *digest, struct mu_hash *hash, const EVP_MD *kind, size_t digest_size)
{
	*hash = (struct mu_hash){ digest, start, update, finish, digest_size };
	digest->kind = kind;
	digest->state = EVP_MD_CTX_new();
	return digest->state ? 0 : MU_ERR_NO_MEMORY;
}

int mu_digest_open_sha256(struct mu_digest *digest, struct mu_hash *hash)
{
	return open_kind(digest, hash, EVP_sha256(), MU_SHA256_SIZE);
}

int mu_digest_open_md5(struct mu_digest *digest, struct mu_hash *hash)
{
	return open_kind(digest, hash, EVP_md5(), MU_MD5_SIZE);
}

void mu_digest_close(struct mu_digest *digest)
{
	EVP_MD_CTX_free(digest->state);
	digest->state = 0;
}

int mu_digest_sha256(const void *data, size_t size, uint8_t digest[MU_SHA256_SIZE])
{
	return EVP_Digest(data, size, digest, 0, EVP_sha256(), 0) == 1 ? 0 : MU_ERR_NO_MEMORY;
}
