// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/store_tokens.h"
#include "tests/collector/store/fixture.h"

static const uint8_t hash[32] = { 1, 2, 3 }, other_hash[32] = { 4 };

static int count_token(void *context, const struct store_token *token)
{
	(void)token;
	++*(unsigned *)context;
	return 0;
}

static void test_life_of_a_token(void **unused)
{
	(void)unused;
	struct store_token token;
	unsigned count = 0;
	assert_int_equal(store_token_find(fixture_store, hash, &token), -STORE_ENOENT);
	assert_int_equal(store_token_add(fixture_store, "ann", hash, 100), 0);
	assert_int_equal(store_token_find(fixture_store, hash, &token), 0);
	assert_string_equal(token.name, "ann");
	assert_int_equal(token.created_ms, 100);
	assert_int_equal(store_token_revoke(fixture_store, "ann", 200), 0);
	assert_int_equal(store_token_find(fixture_store, hash, &token), -STORE_ENOENT); // at once
	assert_int_equal(store_token_revoke(fixture_store, "ann", 300), -STORE_ENOENT);
	assert_int_equal(store_token_list(fixture_store, count_token, &count), 1); // its row stays
	assert_int_equal(count, 1);
}

static void test_names_are_used_once(void **unused)
{
	(void)unused;
	assert_int_equal(store_token_add(fixture_store, "ann", hash, 100), 0);
	assert_int_equal(store_token_add(fixture_store, "ann", other_hash, 100), -STORE_EEXIST);
	assert_int_equal(store_token_revoke(fixture_store, "ann", 200), 0);
	assert_int_equal(store_token_add(fixture_store, "ann", other_hash, 300), -STORE_EEXIST);
	assert_int_equal(store_token_revoke(fixture_store, "bob", 200), -STORE_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life_of_a_token, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_names_are_used_once, fixture_make, fixture_clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
