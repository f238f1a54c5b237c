// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/port/linux/digest.h"
#include <string.h>

// Digests of "abc" (FIPS 180-4 and RFC 1321).
static const uint8_t sha256_abc[MU_SHA256_SIZE] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};
static const uint8_t md5_abc[MU_MD5_SIZE] = {
	0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72,
};

static void assert_abc(const struct mu_hash *hash, const uint8_t *wanted)
{
	uint8_t got[MU_SHA256_SIZE];
	// Twice: the second start must not know of the first, which was left unfinished.
	assert_int_equal(hash->start(hash->context), 0);
	assert_int_equal(hash->update(hash->context, "xyz", 3), 0);
	assert_int_equal(hash->start(hash->context), 0);
	assert_int_equal(hash->update(hash->context, "a", 1), 0);
	assert_int_equal(hash->update(hash->context, "bc", 2), 0);
	assert_int_equal(hash->finish(hash->context, got), 0);
	assert_memory_equal(got, wanted, hash->digest_size);
}

static void test_sha256(void **unused)
{
	(void)unused;
	struct mu_digest digest;
	struct mu_hash hash;
	uint8_t got[MU_SHA256_SIZE];
	assert_int_equal(mu_digest_open_sha256(&digest, &hash), 0);
	assert_int_equal(hash.digest_size, MU_SHA256_SIZE);
	assert_abc(&hash, sha256_abc);
	mu_digest_close(&digest);
	mu_digest_close(&digest); // harmless
	assert_int_equal(mu_digest_sha256("abc", 3, got), 0);
	assert_memory_equal(got, sha256_abc, sizeof got);
}

static void test_md5(void **unused)
{
	(void)unused;
	struct mu_digest digest;
	struct mu_hash hash;
	assert_int_equal(mu_digest_open_md5(&digest, &hash), 0);
	assert_int_equal(hash.digest_size, MU_MD5_SIZE);
	assert_abc(&hash, md5_abc);
	mu_digest_close(&digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_md5),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
