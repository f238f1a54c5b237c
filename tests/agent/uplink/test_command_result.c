// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/uplink/command_result.h"

static void test_fields_survive_packing(void **unused)
{
	(void)unused;
	struct mu_command_result result;
	uint8_t packed[256], id[MU_COMMAND_ID_BYTES] = { 7 }, key[MU_KEY_ID_BYTES] = { 8 }, digest[32] = { 1, 2, 3, 4, 5 };
	mu_command_result_init(&result, MU__COMMAND_OUTCOME__OUTCOME_BUSY, "an update is being written");
	mu_command_result_id(&result, id);
	mu_command_result_key(&result, key);
	mu_command_result_digest(&result, digest);
	mu_command_result_counter(&result, 12);
	size_t size = mu__command_result__get_packed_size(&result.message);
	assert_true(size <= sizeof packed);
	mu__command_result__pack(&result.message, packed);
	Mu__CommandResult *read = mu__command_result__unpack(NULL, size, packed);
	assert_non_null(read);
	assert_int_equal(read->outcome, MU__COMMAND_OUTCOME__OUTCOME_BUSY);
	assert_string_equal(read->detail, "an update is being written");
	assert_int_equal(read->id.len, sizeof id);
	assert_memory_equal(read->id.data, id, sizeof id);
	assert_memory_equal(read->key_id.data, key, sizeof key);
	assert_int_equal(read->digest.len, 4);
	assert_memory_equal(read->digest.data, digest, 4);
	assert_int_equal(read->counter, 12);
	mu__command_result__free_unpacked(read, NULL);
}

static void test_only_an_outcome(void **unused)
{
	(void)unused;
	struct mu_command_result result;
	mu_command_result_init(&result, MU__COMMAND_OUTCOME__OUTCOME_DONE, "");
	assert_null(result.message.detail);
	assert_false(result.message.has_key_id || result.message.has_digest || result.message.has_counter);
	assert_int_equal(result.message.id.len, 0);
}

static void test_a_long_detail_is_cut(void **unused)
{
	(void)unused;
	struct mu_command_result result;
	char text[200];
	memset(text, 'x', sizeof text);
	text[199] = 0;
	mu_command_result_init(&result, MU__COMMAND_OUTCOME__OUTCOME_FAILED, text);
	assert_int_equal(strlen(result.message.detail), MU_COMMAND_DETAIL_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_survive_packing),
		cmocka_unit_test(test_only_an_outcome),
		cmocka_unit_test(test_a_long_detail_is_cut),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
