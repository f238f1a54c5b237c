// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/key_folder.h"

static char folder[64];

static int set_up(void **unused)
{
	(void)unused;
	snprintf(folder, sizeof folder, "/tmp/test-keys-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **unused)
{
	(void)unused;
	char command[96];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static FILE *open_in_folder(const char *name)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	return out;
}

static void write_key(const char *name, const char *curve, const char *form)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	if (form)
		assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form), 1);
	FILE *out = open_in_folder(name);
	assert_int_equal(PEM_write_PUBKEY(out, key), 1);
	fclose(out);
	EVP_PKEY_free(key);
}

static void test_keys_with_roles(void **unused)
{
	(void)unused;
	struct mu_keyset keys;
	char problem[MU_KEY_FOLDER_PROBLEM_SIZE];
	uint8_t digest[32];
	write_key("operator-ann.pub.pem", "P-256", 0);
	write_key("collector-main.pub.pem", "P-256", "compressed"); // a PEM may hold the short form of the point
	write_key("release-2026-q1.pub.pem", "P-256", 0);
	fclose(open_in_folder("operator-ann.key.pem")); // the private half is not ours to read
	fclose(open_in_folder("README"));
	assert_int_equal(mu_key_folder_read(&keys, folder, problem), 3);
	static const struct {
		const char *name;
		enum mu_key_role role;
	} wanted[] = { { "main", MU_KEY_COLLECTOR }, { "ann", MU_KEY_OPERATOR }, { "2026-q1", MU_KEY_RELEASE } };
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(keys.keys[i].name, wanted[i].name);
		assert_int_equal(keys.keys[i].role, wanted[i].role);
		assert_int_equal(keys.keys[i].point[0], 4);
		SHA256(keys.keys[i].point, 65, digest);
		assert_memory_equal(keys.keys[i].id, digest, MU_KEY_ID_SIZE);
	}
	uint8_t sector[MU_KEYSET_SIZE_MAX]; // the flash format takes what was read
	assert_true(mu_keyset_write(&keys, sector, sizeof sector) > 0);
}

static void expect_problem(int err, const char *piece)
{
	struct mu_keyset keys;
	char problem[MU_KEY_FOLDER_PROBLEM_SIZE] = "";
	assert_int_equal(mu_key_folder_read(&keys, folder, problem), err);
	assert_non_null(strstr(problem, piece));
}

static void test_other_curves_are_refused(void **unused)
{
	(void)unused;
	write_key("operator-ann.pub.pem", "P-384", 0);
	expect_problem(MU_ERR_INVALID, "operator-ann.pub.pem: is not the PEM of a P-256 public key");
}

static void test_files_without_a_key_are_refused(void **unused)
{
	(void)unused;
	fclose(open_in_folder("release-a.pub.pem"));
	expect_problem(MU_ERR_INVALID, "release-a.pub.pem: is not the PEM");
}

// The wrong half of a pair; locked or not. tests/e2e/config shows that nobody is asked for a passphrase.
static void test_private_keys_are_refused(void **unused)
{
	(void)unused;
	static const struct {
		const EVP_CIPHER *(*cipher)(void);
	} rows[] = { { 0 }, { EVP_aes_256_cbc } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		FILE *out = open_in_folder("operator-ann.pub.pem");
		const EVP_CIPHER *cipher = rows[i].cipher ? rows[i].cipher() : 0;
		assert_int_equal(PEM_write_PKCS8PrivateKey(out, key, cipher, cipher ? "secret" : 0, cipher ? 6 : 0, 0, 0), 1);
		fclose(out);
		EVP_PKEY_free(key);
		expect_problem(MU_ERR_INVALID,
			"is not the PEM of a P-256 public key (`openssl pkey -in PRIVATE-KEY -pubout -out FILE` makes it");
	}
}

static void test_names_without_a_role_are_refused(void **unused)
{
	(void)unused;
	write_key("boss-ann.pub.pem", "P-256", 0);
	expect_problem(MU_ERR_INVALID, "boss-ann.pub.pem: the role");
}

static void test_long_names_are_refused(void **unused)
{
	(void)unused;
	write_key("operator-0123456789012345678901234567890-.pub.pem", "P-256", 0);
	expect_problem(MU_ERR_INVALID, "1 to 31 characters");
}

static void test_more_than_fit_are_refused(void **unused)
{
	(void)unused;
	for (int i = 0; i <= MU_KEYSET_MAX; i++) {
		char name[40];
		snprintf(name, sizeof name, "operator-%02d.pub.pem", i);
		write_key(name, "P-256", 0);
	}
	expect_problem(MU_ERR_FULL, "more than 16");
}

static void test_a_missing_folder_is_named(void **unused)
{
	(void)unused;
	rmdir(folder);
	expect_problem(MU_ERR_NOT_FOUND, folder);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keys_with_roles),
		TEST(test_other_curves_are_refused),
		TEST(test_files_without_a_key_are_refused),
		TEST(test_private_keys_are_refused),
		TEST(test_names_without_a_role_are_refused),
		TEST(test_long_names_are_refused),
		TEST(test_more_than_fit_are_refused),
		TEST(test_a_missing_folder_is_named),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
