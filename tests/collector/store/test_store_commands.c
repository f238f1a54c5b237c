// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/store/store_commands.h"
#include "tests/collector/store/fixture.h"

static struct store_command make(uint8_t id, uint32_t dev, uint32_t state)
{
	struct store_command command = { .dev = dev, .kind = 5, .counter = 3, .created_ms = 100, .not_after_ms = 200, .command = { "cmd", 3 },
		.signature = { "sig", 3 }, .actor = "ann", .state = state, .detail = "" };
	memset(command.id, id, sizeof command.id);
	memset(command.key_id, 9, sizeof command.key_id);
	return command;
}

static struct store_command last;


static int keep(void *context, const struct store_command *command)
{
	(void)context;
	last = *command;

	assert_int_equal(command->command.size, 3);
	assert_memory_equal(command->command.bytes, "cmd", 3);
	assert_memory_equal(command->signature.bytes, "sig", 3);
	assert_string_equal(command->actor, "ann");
	return 0;
}

static void test_counter_is_given_out_once(void **unused)
{
	(void)unused;
	uint64_t counter;
	const uint8_t one[8] = { 1 }, other[8] = { 2 };
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(store_command_counter(fixture_store, 0, one, &counter), 0);
		assert_int_equal(counter, i);
		fixture_reopen();
	}
	assert_int_equal(store_command_counter(fixture_store, 0, other, &counter), 0);
	assert_int_equal(counter, 1); // per key
	assert_int_equal(store_command_counter(fixture_store, 1, one, &counter), 0);
	assert_int_equal(counter, 1); // and device
}

static void test_commands_are_kept_and_updated(void **unused)
{
	(void)unused;
	uint64_t n;
	struct store_command command = make(1, 4, 0);
	assert_int_equal(store_command_add(fixture_store, &command, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_command_add(fixture_store, &command, &n), -STORE_EEXIST);
	command.state = 3;
	command.outcome = 2;
	command.detail = "done";
	command.publishes = 7;
	command.published_ms = 11;
	command.accepted_ms = 12;
	command.finished_ms = 13;
	assert_int_equal(store_command_update(fixture_store, &command), 0);
	assert_int_equal(store_command_read(fixture_store, command.id, keep, 0), 0);
	assert_memory_equal(last.id, command.id, 16);
	assert_memory_equal(last.key_id, command.key_id, 8);
	assert_int_equal(last.dev, 4);
	assert_int_equal(last.state, 3);
	assert_int_equal(last.outcome, 2);
	assert_int_equal(last.publishes, 7);
	assert_int_equal(last.published_ms, 11);
	assert_int_equal(last.accepted_ms, 12);
	assert_int_equal(last.finished_ms, 13);
	assert_int_equal(last.not_after_ms, 200);
	struct store_command unknown = make(99, 4, 0);
	assert_int_equal(store_command_update(fixture_store, &unknown), -STORE_ENOENT);
	assert_int_equal(store_command_read(fixture_store, unknown.id, keep, 0), -STORE_ENOENT);
}

static void test_lists(void **unused)
{
	(void)unused;
	uint64_t n;
	for (uint8_t i = 0; i < 10; i++) {
		struct store_command command = make(i, i % 2, i % 5);
		assert_int_equal(store_command_add(fixture_store, &command, &n), 0);
	}
	assert_int_equal(store_command_list(fixture_store, 0, STORE_ANY_DEVICE, 4, keep, 0), 4);
	assert_int_equal(last.n, 7);
	assert_int_equal(store_command_list(fixture_store, 7, STORE_ANY_DEVICE, 100, keep, 0), 6);
	assert_int_equal(last.n, 1);
	assert_int_equal(store_command_list(fixture_store, 0, 1, 100, keep, 0), 5);
	assert_int_equal(store_command_open(fixture_store, 1, keep, 0), 4); // states 0 and 1
	assert_int_equal(last.n, 7); // oldest first
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counter_is_given_out_once, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_commands_are_kept_and_updated, fixture_make, fixture_clean),
		cmocka_unit_test_setup_teardown(test_lists, fixture_make, fixture_clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
