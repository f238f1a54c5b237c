// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>
#include "agent/port/linux/crypto.h"

// FIPS 180-4: SHA-256("abc").
static const uint8_t abc[32] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
	0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };

static void test_sha256_in_the_callers_memory(void **unused)
{
	(void)unused;
	_Alignas(max_align_t) uint8_t state[MU_HASH_STATE_BYTES], abandoned[MU_HASH_STATE_BYTES];
	uint8_t digest[32];
	assert_int_equal(mu_crypto_openssl.sha256_start(0, abandoned), 0); // never finished: the leak checker watches
	assert_int_equal(mu_crypto_openssl.sha256_start(0, state), 0);
	assert_int_equal(mu_crypto_openssl.sha256_update(0, state, "a", 1), 0);
	assert_int_equal(mu_crypto_openssl.sha256_update(0, state, "bc", 2), 0);
	assert_int_equal(mu_crypto_openssl.sha256_finish(0, state, digest), 0);
	assert_memory_equal(digest, abc, 32);
}

static size_t sign(uint8_t point[65], uint8_t *signature, size_t size)
{
	size_t point_size;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &point_size), 1);
	assert_int_equal(point_size, 65);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, 0);
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_sign(context, signature, &size, abc, 32), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	return size;
}

static void test_signatures(void **unused)
{
	(void)unused;
	uint8_t point[65], other[65], signature[80], ignored[80], digest[32];
	size_t size = sign(point, signature, sizeof signature);
	sign(other, ignored, sizeof ignored);
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, abc, signature, size), 0);
	assert_int_equal(mu_crypto_openssl.verify_p256(0, other, abc, signature, size), MU_ERR_AUTH); // another key
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, abc, signature, size - 1), MU_ERR_AUTH); // cut short
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, abc, signature, 0), MU_ERR_AUTH);
	memcpy(digest, abc, 32);
	digest[31] ^= 1; // one bit of what was signed
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, digest, signature, size), MU_ERR_AUTH);
	signature[size - 1] ^= 1;
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, abc, signature, size), MU_ERR_AUTH);
	point[64] ^= 1; // not on the curve
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, abc, signature, size), MU_ERR_INVALID);
	memset(point, 0, sizeof point);
	assert_int_equal(mu_crypto_openssl.verify_p256(0, point, abc, signature, size), MU_ERR_INVALID);
}

static void test_random_differs(void **unused)
{
	(void)unused;
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	assert_int_equal(mu_crypto_random(a, sizeof a), 0);
	assert_int_equal(mu_crypto_random(b, sizeof b), 0);
	assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_in_the_callers_memory),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_random_differs),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
