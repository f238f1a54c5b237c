// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/store_tokens.h"
#include "tests/collector/store/scratch.h"

static const uint8_t sha_a[32] = { 1, 0, 0xff }, sha_b[32] = { 1, 0, 0xfe }, sha_none[32];

struct listed {
	unsigned count;
	struct store_token rows[8];
};

static int list(void *context, const struct store_token *token)
{
	struct listed *listed = context;
	assert_true(listed->count < 8);
	listed->rows[listed->count++] = *token;
	return 0;
}

static void test_found_by_its_hash(void **state)
{
	struct scratch *scratch = *state;
	struct store_token token = { .name = "untouched" };
	assert_int_equal(store_token_find(scratch->store, sha_a, &token), -STORE_ENOENT); // none at all yet
	assert_int_equal(store_token_add(scratch->store, "anna", sha_a, 1000), 0);
	assert_int_equal(store_token_add(scratch->store, "ben", sha_b, 2000), 0);
	assert_int_equal(store_token_find(scratch->store, sha_none, &token), -STORE_ENOENT);
	assert_string_equal(token.name, "untouched");
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_token_find(scratch->store, sha_b, &token), 0);
	assert_string_equal(token.name, "ben");
	assert_int_equal(token.created_ms, 2000);
	assert_int_equal(token.revoked_ms, 0);
}

static void test_a_revoked_one_opens_nothing(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct store_token token;
	struct listed listed = { 0 };
	assert_int_equal(store_token_add(store, "anna", sha_a, 1000), 0);
	assert_int_equal(store_token_revoke(store, "ben", 1500), -STORE_ENOENT);
	assert_int_equal(store_token_revoke(store, "anna", 2000), 0);
	assert_int_equal(store_token_revoke(store, "anna", 3000), -STORE_ENOENT); // not in force any more; its time stays
	assert_int_equal(store_token_find(store, sha_a, &token), -STORE_ENOENT);
	assert_int_equal(store_token_list(store, list, &listed), 1);
	assert_string_equal(listed.rows[0].name, "anna");
	assert_int_equal(listed.rows[0].revoked_ms, 2000);
}

// The audit log names tokens: a name must stand for one for ever.
static void test_a_name_is_given_once(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	assert_int_equal(store_token_add(store, "anna", sha_a, 1000), 0);
	assert_int_equal(store_token_add(store, "anna", sha_b, 2000), -STORE_EEXIST);
	assert_int_equal(store_token_revoke(store, "anna", 3000), 0);
	assert_int_equal(store_token_add(store, "anna", sha_b, 4000), -STORE_EEXIST);
	assert_true(store_fault(store)->remedy[0] != 0);
	assert_int_equal(store_token_add(store, "ben", sha_a, 5000), -STORE_EEXIST); // nor is a hash
}

static void test_the_longest_name(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	char name[STORE_TOKEN_NAME_BYTES];
	struct store_token token;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	assert_int_equal(store_token_add(store, name, sha_a, 1000), 0);
	assert_int_equal(store_token_find(store, sha_a, &token), 0);
	assert_string_equal(token.name, name);
	assert_int_equal(store_token_revoke(store, name, 2000), 0);
}

// `musterd token add` and `revoke` run beside the daemon and work at once.
static void test_another_process_is_seen_at_once(void **state)
{
	struct scratch *scratch = *state;
	struct store *guest;
	struct store_fault fault;
	struct store_token token;
	assert_int_equal(store_open(&guest, scratch->path, STORE_GUEST, &fault), 0);
	assert_int_equal(store_token_find(scratch->store, sha_a, &token), -STORE_ENOENT);
	assert_int_equal(store_token_add(guest, "anna", sha_a, 1000), 0);
	assert_int_equal(store_token_find(scratch->store, sha_a, &token), 0);
	assert_int_equal(store_token_revoke(guest, "anna", 2000), 0);
	assert_int_equal(store_token_find(scratch->store, sha_a, &token), -STORE_ENOENT);
	store_close(guest);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_found_by_its_hash),
		ROW(test_a_revoked_one_opens_nothing),
		ROW(test_a_name_is_given_once),
		ROW(test_the_longest_name),
		ROW(test_another_process_is_seen_at_once),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
