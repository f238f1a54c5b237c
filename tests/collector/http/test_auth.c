// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include "collector/http/auth.h"
#include "tests/collector/store/scratch.h"

static void add(struct store *store, const char *name, const char *token)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)token, strlen(token), hash);
	assert_int_equal(store_token_add(store, name, hash, 1), 0);
}

// What stands in Authorization, and what it is worth. "secret" is alice's, "old" was bob's and is revoked.
static const struct {
	const char *header;
	int result;
} rows[] = {
	{ 0, AUTH_MISSING },
	{ "", AUTH_MALFORMED },
	{ "Bearer", AUTH_MALFORMED },
	{ "Bearer ", AUTH_MALFORMED },
	{ "Bearer    ", AUTH_MALFORMED },
	{ "Basic c2VjcmV0", AUTH_MALFORMED },
	{ "secret", AUTH_MALFORMED },
	{ "Bearersecret", AUTH_MALFORMED },
	{ "Bearer wrong", AUTH_UNKNOWN },
	{ "Bearer secre", AUTH_UNKNOWN },
	{ "Bearer secret ", AUTH_UNKNOWN },
	{ "Bearer SECRET", AUTH_UNKNOWN },
	{ "Bearer alice", AUTH_UNKNOWN },
	{ "Bearer old", AUTH_UNKNOWN },
	{ "Bearer secret", AUTH_OK },
	{ "bearer  secret", AUTH_OK }, // the scheme is told apart by no case (RFC 9110, 11.1)
};

static void test_who_asks(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	add(store, "alice", "secret");
	add(store, "bob", "old");
	assert_int_equal(store_token_revoke(store, "bob", 2), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char name[STORE_TOKEN_NAME_BYTES] = "nobody";
		int result = auth_check(store, rows[i].header, name);
		if (result != rows[i].result)
			fail_msg("%s: %d", rows[i].header, result);
		assert_string_equal(name, result == AUTH_OK ? "alice" : "nobody");
	}
}

static void test_the_longest_token(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	char token[258], header[300], name[STORE_TOKEN_NAME_BYTES];
	memset(token, 'x', sizeof token);
	token[256] = 0;
	add(store, "long", token);
	snprintf(header, sizeof header, "Bearer %s", token);
	assert_int_equal(auth_check(store, header, name), AUTH_OK);
	memset(header + strlen(header), 0, 2);
	header[strlen(header)] = 'x';
	assert_int_equal(auth_check(store, header, name), AUTH_MALFORMED);
}

static void test_whether_there_is_any(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(auth_has_token(store), 0);
	add(store, "alice", "secret");
	assert_int_equal(auth_has_token(store), 1);
	assert_int_equal(store_token_revoke(store, "alice", 2), 0);
	assert_int_equal(auth_has_token(store), 0);
	add(store, "bob", "other");
	assert_int_equal(auth_has_token(store), 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_who_asks), CASE(test_the_longest_token), CASE(test_whether_there_is_any) };
	return cmocka_run_group_tests(tests, 0, 0);
}
