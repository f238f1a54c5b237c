// SPDX-License-Identifier: Apache-2.0
// The plain SHA256_* calls are deprecated in OpenSSL 3, but only they work in memory that the caller owns.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "agent/port/linux/crypto.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <sys/random.h>

_Static_assert(sizeof(SHA256_CTX) <= MU_HASH_STATE_BYTES, "OpenSSL's state does not fit the caller's");

int mu_crypto_sha256_start(void *context, void *state)
{
	(void)context;
	return SHA256_Init(state) ? 0 : MU_ERR_IO;
}

int mu_crypto_sha256_update(void *context, void *state, const void *data, size_t size)
{
	(void)context;
	return SHA256_Update(state, data, size) ? 0 : MU_ERR_IO;
}

int mu_crypto_sha256_finish(void *context, void *state, uint8_t digest[MU_SHA256_BYTES])
{
	(void)context;
	return SHA256_Final(digest, state) ? 0 : MU_ERR_IO;
}

static EVP_PKEY *make_key(const uint8_t point[65])
{
	EVP_PKEY *key = 0;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, 65),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(0, "EC", 0);
	if (!context || EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		key = 0;
	EVP_PKEY_CTX_free(context);
	return key;
}

int mu_crypto_verify_p256(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature,
	size_t signature_size)
{
	(void)context;
	EVP_PKEY *key = make_key(point);
	if (!key)
		return MU_ERR_INVALID;
	EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(key, 0);
	int good = check && EVP_PKEY_verify_init(check) == 1 &&
		EVP_PKEY_verify(check, signature, signature_size, digest, MU_SHA256_BYTES) == 1;
	EVP_PKEY_CTX_free(check);
	EVP_PKEY_free(key);
	return good ? 0 : MU_ERR_AUTH;
}

const struct mu_crypto_port mu_crypto_openssl = {
	.sha256_start = mu_crypto_sha256_start,
	.sha256_update = mu_crypto_sha256_update,
	.sha256_finish = mu_crypto_sha256_finish,
	.verify_p256 = mu_crypto_verify_p256,
};

int mu_crypto_random(void *out, size_t size)
{
	uint8_t *bytes = out;
	while (size) {
		ssize_t got = getrandom(bytes, size, 0);
		if (got < 0)
			return MU_ERR_IO;
		bytes += got;
		size -= (size_t)got;
	}
	return 0;
}
