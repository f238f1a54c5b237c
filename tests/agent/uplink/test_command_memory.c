// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/uplink/command_memory.h"
#include "muster.pb-c.h"
#include "tests/agent/fake_port.h"

enum { ACCEPTED = MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED, DONE = MU__COMMAND_OUTCOME__OUTCOME_DONE };

static struct fake_port fake;
static struct mu_command_memory memory;
static uint8_t key_bytes[MU_KEYSET_SIZE_MAX];
static struct mu_source keys;

static struct mu_command_entry entry_of(uint8_t id, uint8_t key, uint64_t counter)
{
	return (struct mu_command_entry){ .id = { id },
		.digest = { id },
		.key_id = { key },
		.counter = counter,
		.outcome = ACCEPTED,
		.kind = 3 };
}

static int add(uint8_t id, uint8_t key, uint64_t counter)
{
	struct mu_command_entry entry = entry_of(id, key, counter);
	return mu_command_memory_add(&memory, &keys, &entry);
}

static uint64_t counter_of(uint8_t key)
{
	return mu_command_memory_counter(&memory, (const uint8_t[MU_KEY_ID_BYTES]){ key });
}

static const struct mu_command_entry *find(uint8_t id)
{
	return mu_command_memory_find(&memory, (const uint8_t[MU_COMMAND_ID_BYTES]){ id });
}

static int finish(uint8_t id, uint8_t outcome)
{
	return mu_command_memory_finish(&memory, (const uint8_t[MU_COMMAND_ID_BYTES]){ id }, outcome);
}

static int load(void)
{
	memory = (struct mu_command_memory){ .port = &fake.port };
	return mu_command_memory_load(&memory, &keys, false);
}

static int load_old(void) // on a device that has lived
{
	memory = (struct mu_command_memory){ .port = &fake.port };
	return mu_command_memory_load(&memory, &keys, true);
}

static void trust(uint8_t one, uint8_t other)
{
	struct mu_keyset set = { .count = 2 };
	for (unsigned i = 0; i < set.count; i++)
		set.keys[i] = (struct mu_key){ .id = { i ? other : one }, .role = MU_KEY_OPERATOR, .point = { 4 }, .name = "ana" };
	assert_true(mu_keyset_write(&set, key_bytes, sizeof key_bytes) > 0);
	keys = mu_source_memory(key_bytes, sizeof key_bytes);
}

static int setup(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	trust(1, 2);
	int err = load();
	memset(fake.calls, 0, sizeof fake.calls); // the first boot has written its empty "cmd.ctr"
	return err;
}

static int teardown(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static void test_all_of_it_survives(void **unused)
{
	(void)unused;
	for (uint8_t i = 1; i <= 8; i++)
		assert_int_equal(add(i, 1 + i % 2, UINT64_MAX - 8 + i), 0);
	assert_int_equal(finish(3, DONE), 0);
	struct mu_command_memory before = memory;
	assert_int_equal(load(), 0);
	assert_int_equal(memory.entry_count, 8);
	for (uint32_t i = 0; i < 8; i++) {
		assert_memory_equal(memory.entry[i].id, before.entry[i].id, sizeof before.entry[i].id);
		assert_memory_equal(memory.entry[i].digest, before.entry[i].digest, sizeof before.entry[i].digest);
		assert_true(memory.entry[i].counter == before.entry[i].counter);
		assert_int_equal(memory.entry[i].outcome, before.entry[i].outcome);
		assert_int_equal(memory.entry[i].kind, 3);
	}
	assert_true(counter_of(1) == UINT64_MAX);
	assert_true(counter_of(2) == UINT64_MAX - 1);
	assert_true(counter_of(3) == 0);
}

// The ninth takes the place of the oldest that is finished; one that is not is kept as long as there is a choice.
static void test_who_makes_room(void **unused)
{
	(void)unused;
	for (uint8_t i = 1; i <= 8; i++)
		add(i, 1, i);
	finish(3, DONE);
	finish(5, DONE);
	add(9, 1, 9);
	assert_null(find(3));
	add(10, 1, 10);
	assert_null(find(5));
	assert_non_null(find(1));
	add(11, 1, 11); // nothing is finished: the oldest
	assert_null(find(1));
	assert_int_equal(memory.entry_count, 8);
	assert_int_equal(memory.entry[7].id[0], 11);
	assert_int_equal(load(), 0);
	assert_non_null(find(11));
	assert_null(find(5));
}

static void test_finish(void **unused)
{
	(void)unused;
	add(1, 1, 1);
	uint64_t stores = fake.calls[FAKE_CALL_SET];
	assert_int_equal(finish(2, DONE), MU_ERR_NOT_FOUND);
	assert_int_equal(finish(1, ACCEPTED), 0); // no news, no write
	assert_int_equal(fake.calls[FAKE_CALL_SET], stores);
	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1);
	assert_int_equal(finish(1, DONE), MU_ERR_IO);
	assert_int_equal(find(1)->outcome, DONE);
	assert_int_equal(memory.store_faults, 1);
	load();
	assert_int_equal(find(1)->outcome, ACCEPTED); // it was not durable, and said so
}

// No entry, but the counter is used up: what was refused is not done later, in this boot nor, if it could be written, in another.
static void test_a_failed_store_uses_up_the_counter(void **unused)
{
	(void)unused;
	for (uint8_t i = 1; i <= 8; i++)
		add(i, 1, i);
	for (uint64_t failures = 1; failures <= 2; failures++) { // of "cmd.res" alone, and of both
		uint64_t counter = 8 + failures;
		fake_port_fail(&fake, FAKE_CALL_SET, 1, failures);
		assert_int_equal(add(9, 1, counter), MU_ERR_IO);
		assert_null(find(9));
		assert_non_null(find(1));
		assert_int_equal(memory.entry_count, 8);
		assert_true(counter_of(1) == counter);
		assert_int_equal(memory.store_faults, failures);
		assert_int_equal(load(), 0);
		assert_true(counter_of(1) == 9);
		assert_int_equal(memory.entry_count, 8);
	}
}

static void test_a_cut_between_the_two_is_repaired(void **unused)
{
	(void)unused;
	add(1, 1, 5);
	fake_port_cut(&fake, 2, FAKE_TEAR_NOTHING);
	assert_true(add(2, 1, 6) < 0);
	fake_port_power_on(&fake);
	assert_int_equal(load(), 0);
	assert_non_null(find(2));
	assert_true(counter_of(1) == 6);
}

// Sixteen keys have counters; one that the device no longer trusts makes room for a new one.
static void test_counters_of_old_keys_make_room(void **unused)
{
	(void)unused;
	for (uint8_t key = 1; key <= 16; key++)
		assert_int_equal(add(key, key, 10), 0);
	key_bytes[0] = 0; // while it is not known who is trusted, nobody's counter is given up
	assert_int_equal(add(17, 40, 3), MU_ERR_FULL);
	trust(40, 2); // of the sixteen only key 2 is still trusted
	assert_int_equal(add(17, 40, 3), 0);
	assert_true(counter_of(40) == 3);
	assert_true(counter_of(1) == 0);
	assert_true(counter_of(2) == 10);
	assert_int_equal(load(), 0);
	assert_true(counter_of(40) == 3);
}

static const struct {
	const char *key;
	uint8_t value[4];
	size_t size;
	int err;
	bool counters_lost;
} damaged[] = {
	{ "cmd.res", { 1 }, 1, MU_ERR_SIZE, false },
	{ "cmd.res", { 1, 1, 9 }, 3, MU_ERR_SIZE, false },
	{ "cmd.res", { 2, 0 }, 2, MU_ERR_VERSION, false },
	{ "cmd.ctr", { 1, 0 }, 2, MU_ERR_SIZE, true },
	{ "cmd.ctr", { 1, 255, 0 }, 3, MU_ERR_SIZE, true },
	{ "cmd.ctr", { 9, 0, 0 }, 3, MU_ERR_VERSION, true },
	{ "cmd.ctr", { 1, 0, 1 }, 3, 0, true }, // lost before, and kept in mind
	{ "cmd.ctr", { 1, 0, 0 }, 3, 0, false },
};

static void test_damaged_values(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		teardown(NULL);
		setup(NULL);
		fake.port.keyvalue->set(&fake, damaged[i].key, damaged[i].value, damaged[i].size);
		assert_int_equal(load(), damaged[i].err);
		assert_int_equal(memory.counters_lost, damaged[i].counters_lost);
		assert_int_equal(memory.entry_count, 0);
		assert_int_equal(memory.counter_count, 0);
	}
}

// Each of the two values, and both, cannot be read: nothing is written over them, and once they can be read all of it is there.
static void test_a_store_that_cannot_be_read(void **unused)
{
	(void)unused;
	add(1, 1, 50);
	add(2, 2, 60);
	for (uint64_t first = 1; first <= 2; first++)
		for (uint64_t count = 1; count <= 3 - first; count++) {
			fake_port_fail(&fake, FAKE_CALL_GET, first, count);
			memory = (struct mu_command_memory){ .port = &fake.port, .store_faults = 7 };
			assert_int_equal(mu_command_memory_load(&memory, &keys, true), MU_ERR_IO);
			assert_true(memory.unread);
			uint64_t sets = fake.calls[FAKE_CALL_SET];
			assert_int_equal(add(3, 1, 70), MU_ERR_IO);
			assert_true(counter_of(1) == 70); // in this boot it is not tried a second time
			assert_int_equal(fake.calls[FAKE_CALL_SET], sets);
			fake.fail_at[FAKE_CALL_GET] = 0;
			assert_int_equal(mu_command_memory_load(&memory, &keys, true), 0);
			assert_false(memory.unread || memory.counters_lost);
			assert_int_equal(memory.entry_count, 2);
			assert_true(counter_of(1) == 50 && counter_of(2) == 60);
			assert_int_equal(memory.store_faults, 7);
		}
}

// The first boot leaves a mark, so that a later one can tell that the store was emptied: no old counter is new then.
static void test_an_emptied_store(void **unused)
{
	(void)unused;
	assert_int_equal(load_old(), 0);
	assert_false(memory.counters_lost); // lived, and never had a command
	add(1, 1, 50);
	fake_port_free(&fake);
	fake_port_init(&fake, 1);
	assert_int_equal(load_old(), 0);
	assert_true(memory.counters_lost);
	assert_true(counter_of(1) == 0);
	assert_int_equal(fake.calls[FAKE_CALL_SET], 0);
	assert_int_equal(load_old(), 0);
	assert_true(memory.counters_lost); // and so on, until a key proves itself
	add(1, 1, 51);
	assert_int_equal(load_old(), 0);
	assert_true(memory.counters_lost && counter_of(1) == 51); // for the other keys
}

// Power fails while the mark is written, or the store refuses it: the next of the first boots writes it.
static void test_the_mark_is_tried_again(void **unused)
{
	(void)unused;
	for (int tear = 0; tear <= FAKE_TEAR_COUNT; tear++) {
		fake_port_free(&fake);
		fake_port_init(&fake, 1);
		if (tear < FAKE_TEAR_COUNT)
			fake_port_cut(&fake, 1, (enum fake_tear)tear);
		else
			fake_port_fail(&fake, FAKE_CALL_SET, 1, 1);
		load();
		assert_false(memory.counters_lost);
		fake_port_power_on(&fake);
		assert_int_equal(load(), 0);
		assert_int_equal(load_old(), 0);
		assert_false(memory.counters_lost);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all_of_it_survives),
		CASE(test_who_makes_room),
		CASE(test_finish),
		CASE(test_a_failed_store_uses_up_the_counter),
		CASE(test_a_cut_between_the_two_is_repaired),
		CASE(test_counters_of_old_keys_make_room),
		CASE(test_damaged_values),
		CASE(test_a_store_that_cannot_be_read),
		CASE(test_an_emptied_store),
		CASE(test_the_mark_is_tried_again),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
