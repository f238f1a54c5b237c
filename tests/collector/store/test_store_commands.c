// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/store_commands.h"
#include "tests/collector/store/scratch.h"

static const uint8_t key_a[8] = { 1, 0, 3 }, key_b[8] = { 1, 0, 4 };

enum { SHOWN_MAX = 8 };

struct shown {
	unsigned count, stop_at;
	struct store_command rows[SHOWN_MAX];
	uint8_t command[SHOWN_MAX][8], signature[SHOWN_MAX][8];
	char actor[SHOWN_MAX][80], detail[SHOWN_MAX][600];
};

static int show(void *context, const struct store_command *command)
{
	struct shown *shown = context;
	unsigned at = shown->count++;
	assert_true(at < SHOWN_MAX);
	memcpy(shown->command[at], command->command.bytes, command->command.size < 8 ? command->command.size : 8);
	memcpy(shown->signature[at], command->signature.bytes, command->signature.size < 8 ? command->signature.size : 8);
	snprintf(shown->actor[at], sizeof shown->actor[0], "%s", command->actor);
	snprintf(shown->detail[at], sizeof shown->detail[0], "%s", command->detail);
	shown->rows[at] = *command;
	return shown->count == shown->stop_at ? 77 : 0;
}

static struct store_command command_of(uint8_t id, uint32_t dev, uint32_t state)
{
	struct store_command command = {
		.id = { id, 0, 0xff },
		.key_id = { 1, 0, 3 },
		.dev = dev,
		.kind = 10,
		.counter = 7,
		.created_ms = UINT64_C(1790000000000),
		.not_after_ms = UINT64_C(1790000600000),
		.command = { "a\0b", 3 },
		.signature = { "s\0", 2 },
		.actor = "anna",
		.state = state,
		.detail = "",
	};
	return command;
}

static uint64_t add(struct store *store, uint8_t id, uint32_t dev, uint32_t state)
{
	uint64_t n = 0;
	struct store_command command = command_of(id, dev, state);
	assert_int_equal(store_command_add(store, &command, &n), 0);
	return n;
}

static void test_counters_rise_by_device_and_key(void **state)
{
	struct scratch *scratch = *state;
	static const struct {
		uint32_t dev;
		const uint8_t *key;
		uint64_t counter;
	} rows[] = {
		{ 0, key_a, 1 }, // from 1: a device that never had a command accepts above 0
		{ 0, key_a, 2 },
		{ 1, key_a, 1 }, // another device
		{ 0, key_b, 1 }, // another key, different in one byte behind a zero
		{ 0, key_a, 3 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t counter = 0;
		assert_int_equal(store_command_counter(scratch->store, rows[i].dev, rows[i].key, &counter), 0);
		assert_int_equal(counter, rows[i].counter);
	}
	scratch_close(scratch);
	scratch_open(scratch);
	uint64_t counter = 0;
	assert_int_equal(store_command_counter(scratch->store, 0, key_a, &counter), 0);
	assert_int_equal(counter, 4); // never given out twice
}

static void take_counter(void *context)
{
	uint64_t counter;
	struct scratch *scratch = context;
	scratch_open(scratch);
	assert_int_equal(store_command_counter(scratch->store, 0, key_a, &counter), 0);
	assert_int_equal(counter, 1);
}

static void test_a_counter_survives_a_kill(void **state)
{
	struct scratch *scratch = *state;
	uint64_t counter = 0;
	scratch_kill(scratch_child(take_counter, scratch));
	scratch_open(scratch);
	assert_int_equal(store_command_counter(scratch->store, 0, key_a, &counter), 0);
	assert_int_equal(counter, 2);
}

// What is published again in a year must be the same bytes, or the signature does not hold.
static void test_a_command_comes_back_as_it_was(void **state)
{
	struct scratch *scratch = *state;
	struct shown shown = { 0 };
	struct store_command command = command_of(9, 3, 1);
	assert_int_equal(add(scratch->store, 9, 3, 1), 1);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_command_read(scratch->store, command.id, show, &shown), 0);
	assert_int_equal(shown.count, 1);
	assert_memory_equal(shown.rows[0].id, command.id, 16);
	assert_memory_equal(shown.rows[0].key_id, command.key_id, 8);
	assert_int_equal(shown.rows[0].dev, 3);
	assert_int_equal(shown.rows[0].kind, 10);
	assert_int_equal(shown.rows[0].counter, 7);
	assert_true(shown.rows[0].created_ms == command.created_ms);
	assert_true(shown.rows[0].not_after_ms == command.not_after_ms);
	assert_int_equal(shown.rows[0].command.size, 3);
	assert_memory_equal(shown.command[0], "a\0b", 3);
	assert_int_equal(shown.rows[0].signature.size, 2);
	assert_memory_equal(shown.signature[0], "s\0", 2);
	assert_string_equal(shown.actor[0], "anna");
	assert_int_equal(shown.rows[0].state, 1);
}

static void test_an_id_is_known_once(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct store_command command = command_of(9, 4, 0);
	struct shown shown = { 0 };
	uint64_t n = 55;
	add(store, 9, 3, 1);
	assert_int_equal(store_command_add(store, &command, &n), -STORE_EEXIST);
	assert_int_equal(n, 55);
	assert_int_equal(store_command_read(store, command.id, show, &shown), 0);
	assert_int_equal(shown.rows[0].dev, 3); // the first one stays
	command.id[15] = 1;
	assert_int_equal(store_command_read(store, command.id, show, &shown), -STORE_ENOENT); // all 16 bytes count
}

static void test_too_many_bytes(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	static const uint8_t bytes[STORE_COMMAND_BYTES_MAX + 1];
	struct store_command command = command_of(1, 0, 0);
	uint64_t n;
	command.command = (struct store_blob){ bytes, STORE_COMMAND_BYTES_MAX };
	assert_int_equal(store_command_add(store, &command, &n), 0);
	command = command_of(2, 0, 0);
	command.command = (struct store_blob){ bytes, STORE_COMMAND_BYTES_MAX + 1 };
	assert_int_equal(store_command_add(store, &command, &n), -STORE_ELIMIT);
	assert_int_equal(store_fault(store)->err, -STORE_ELIMIT);
	command = command_of(3, 0, 0);
	command.signature = (struct store_blob){ bytes, STORE_COMMAND_BYTES_MAX + 1 };
	assert_int_equal(store_command_add(store, &command, &n), -STORE_ELIMIT);
}

static void test_update_writes_what_became_of_it_only(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct store_command command = command_of(9, 99, 4);
	struct shown shown = { 0 };
	add(store, 9, 3, 1);
	add(store, 8, 3, 1);
	command.counter = 1234;
	command.actor = "mallory";
	command.outcome = 2;
	command.detail = "rolled back";
	command.publishes = 5;
	command.published_ms = 11;
	command.accepted_ms = 12;
	command.finished_ms = 13;
	assert_int_equal(store_command_update(store, &command), 0);
	assert_int_equal(store_command_list(store, 0, STORE_ANY_DEVICE, 10, show, &shown), 2);
	assert_int_equal(shown.rows[1].state, 4);
	assert_int_equal(shown.rows[1].outcome, 2);
	assert_string_equal(shown.detail[1], "rolled back");
	assert_int_equal(shown.rows[1].publishes, 5);
	assert_int_equal(shown.rows[1].published_ms, 11);
	assert_int_equal(shown.rows[1].accepted_ms, 12);
	assert_int_equal(shown.rows[1].finished_ms, 13);
	assert_int_equal(shown.rows[1].dev, 3); // who, what and by whom stay as submitted
	assert_int_equal(shown.rows[1].counter, 7);
	assert_string_equal(shown.actor[1], "anna");
	assert_int_equal(shown.rows[0].state, 1); // the other one is untouched
	command.id[0] = 77;
	assert_int_equal(store_command_update(store, &command), -STORE_ENOENT);
}

static void test_lists(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	for (uint8_t i = 1; i <= 6; i++)
		assert_int_equal(add(store, i, i % 2, i), i); // n rises; odd ones are of device 1
	assert_int_equal(store_command_list(store, 0, STORE_ANY_DEVICE, 2, show, &shown), 2);
	assert_int_equal(shown.rows[0].n, 6); // newest first
	assert_int_equal(shown.rows[1].n, 5);
	shown.count = 0;
	assert_int_equal(store_command_list(store, 5, 1, 10, show, &shown), 2); // below 5, of device 1
	assert_int_equal(shown.rows[0].n, 3);
	assert_int_equal(shown.rows[1].n, 1);
	shown.count = 0;
	assert_int_equal(store_command_list(store, 0, 7, 10, show, &shown), 0); // a device without commands
	assert_int_equal(store_command_open(store, 3, show, &shown), 3);
	assert_int_equal(shown.rows[0].n, 1); // oldest first: they are published again in the order of submission
	assert_int_equal(shown.rows[2].n, 3);
	shown = (struct shown){ .stop_at = 1 };
	assert_int_equal(store_command_open(store, 3, show, &shown), 77);
	assert_int_equal(store_command_open(store, 0, show, &shown), 0);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_counters_rise_by_device_and_key),
		cmocka_unit_test_setup_teardown(test_a_counter_survives_a_kill, scratch_setup_folder, scratch_teardown),
		ROW(test_a_command_comes_back_as_it_was),
		ROW(test_an_id_is_known_once),
		ROW(test_too_many_bytes),
		ROW(test_update_writes_what_became_of_it_only),
		ROW(test_lists),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
