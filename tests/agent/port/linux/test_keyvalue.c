// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "agent/port/linux/dice.h"
#include "agent/port/linux/keyvalue.h"

enum { PART_OFFSET = 0x2000, PART_SIZE = 0x4000, FLASH_SIZE = 0x8000, KEYS = 5 };

static struct mu_flash_image *blank_flash(void)
{
	struct mu_flash_image *flash;
	struct mu_flash_options options = { .size_bytes = FLASH_SIZE };
	assert_int_equal(mu_flash_open(&flash, &options), 0);
	return flash;
}

static void expect(const struct mu_keyvalue *store, const char *key, const char *value)
{
	char out[MU_KV_VALUE_MAX];
	assert_int_equal(mu_keyvalue_get(store, key, out, sizeof out), strlen(value));
	assert_memory_equal(out, value, strlen(value));
}

static void test_values_outlive_a_reopen(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash = blank_flash();
	struct mu_keyvalue store;
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	assert_int_equal(mu_keyvalue_get(&store, "boot", 0, 0), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_keyvalue_set(&store, "boot", "first", 5), 0);
	assert_int_equal(mu_keyvalue_set(&store, "cmd.ctr", "", 0), 0); // an empty value is a value
	assert_int_equal(mu_keyvalue_set(&store, "boot", "second", 6), 0);
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	expect(&store, "boot", "second");
	expect(&store, "cmd.ctr", "");
	mu_flash_close(flash);
}

static void test_bad_arguments_change_nothing(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash = blank_flash();
	struct mu_keyvalue store;
	char large[MU_KV_VALUE_MAX + 1] = { 0 };
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, 0x3000), MU_ERR_SIZE); // halves would share a sector
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	assert_int_equal(mu_keyvalue_set(&store, "key", "value", 5), 0);
	assert_int_equal(mu_keyvalue_set(&store, "", "x", 1), MU_ERR_INVALID);
	assert_int_equal(mu_keyvalue_set(&store, "sixteen_letters_", "x", 1), MU_ERR_INVALID);
	assert_int_equal(mu_keyvalue_set(&store, "key", large, sizeof large), MU_ERR_SIZE);
	assert_int_equal(mu_keyvalue_get(&store, "key", large, 4), MU_ERR_SIZE);
	expect(&store, "key", "value");
	mu_flash_close(flash);
}

// Live values that fill a half are refused, and those that are there stay.
static void test_full_store_refuses(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash = blank_flash();
	struct mu_keyvalue store;
	char large[MU_KV_VALUE_MAX], key[16];
	memset(large, 'x', sizeof large);
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	int err = 0, stored = 0;
	for (; !err && stored < 100; stored++) {
		snprintf(key, sizeof key, "key%d", stored);
		err = mu_keyvalue_set(&store, key, large, sizeof large);
	}
	assert_int_equal(err, MU_ERR_FULL);
	assert_in_range(stored, 14, 16); // 8 KiB in entries of 524 bytes
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	assert_int_equal(mu_keyvalue_get(&store, "key0", large, sizeof large), sizeof large);
	mu_flash_close(flash);
}

static void test_foreign_bytes_are_an_empty_store(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash = blank_flash();
	struct mu_keyvalue store;
	assert_int_equal(mu_flash_program(flash, PART_OFFSET, "MUKV and then nonsense", 22), 0);
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	assert_int_equal(mu_keyvalue_set(&store, "key", "value", 5), 0);
	assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
	expect(&store, "key", "value");
	mu_flash_close(flash);
}

// What a device does with it: values of many sizes, often enough that the halves change several times.
static size_t make_value(unsigned step, char *value)
{
	size_t size = 40 + step * 37 % 400;
	memset(value, 'a' + (int)(step % 26), size);
	memcpy(value, &step, sizeof step);
	return size;
}

enum { STEPS = 120 };

// Runs the sets until the power goes. Returns the number of the set that failed, or STEPS.
static unsigned run(struct mu_keyvalue *store)
{
	char value[MU_KV_VALUE_MAX], key[16];
	for (unsigned step = 0; step < STEPS; step++) {
		snprintf(key, sizeof key, "k%u", step % KEYS);
		if (mu_keyvalue_set(store, key, value, make_value(step, value)) < 0)
			return step;
	}
	return STEPS;
}

// The last step before `failed` that set key k, or STEPS if there was none.
static unsigned last_set(unsigned k, unsigned failed)
{
	while (failed > 0)
		if (--failed % KEYS == k)
			return failed;
	return STEPS;
}

static bool holds_value(const struct mu_keyvalue *store, unsigned k, unsigned step)
{
	char value[MU_KV_VALUE_MAX], wanted[MU_KV_VALUE_MAX], key[16];
	snprintf(key, sizeof key, "k%u", k);
	int size = mu_keyvalue_get(store, key, value, sizeof value);
	if (step == STEPS)
		return size == MU_ERR_NOT_FOUND;
	return size == (int)make_value(step, wanted) && !memcmp(value, wanted, (size_t)size);
}

// Each key holds its last value before `failed`; the one that was being set may hold either.
static void check(const struct mu_keyvalue *store, unsigned failed)
{
	for (unsigned k = 0; k < KEYS; k++) {
		bool in_doubt = failed < STEPS && failed % KEYS == k;
		assert_true(holds_value(store, k, last_set(k, failed)) || (in_doubt && holds_value(store, k, failed)));
	}
}

// The power goes in each operation in turn, torn in several ways; after it every key is whole and the store goes on.
static void test_power_cut_in_every_operation(void **unused)
{
	(void)unused;
	struct mu_dice dice;
	mu_dice_init(&dice, 7);
	unsigned cuts = 0;
	for (uint64_t operation = 1;; operation++) {
		bool done = false;
		for (unsigned way = 0; way < 4; way++) {
			struct mu_flash_image *flash = blank_flash();
			struct mu_keyvalue store;
			struct mu_flash_cut cut = { .at_operation = operation, .bits = (uint8_t)mu_dice_u64(&dice) };
			cut.bytes_done = way == 3 ? UINT32_MAX : (uint32_t)mu_dice_between(&dice, 0, way == 0 ? 12 : 600);
			mu_flash_cut_at(flash, &cut);
			assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
			unsigned failed = run(&store);
			done = mu_flash_has_power(flash);
			mu_flash_power_on(flash);
			assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
			check(&store, failed);
			assert_int_equal(mu_keyvalue_set(&store, "after", "alive", 5), 0);
			assert_int_equal(mu_keyvalue_open(&store, flash, PART_OFFSET, PART_SIZE), 0);
			check(&store, failed);
			expect(&store, "after", "alive");
			assert_int_equal(mu_flash_statistics(flash).bit_violations, 0);
			mu_flash_close(flash);
			cuts++;
		}
		if (done)
			break;
	}
	assert_true(cuts > 4 * STEPS); // each set was cut, and the copies between halves too
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_outlive_a_reopen),
		cmocka_unit_test(test_bad_arguments_change_nothing),
		cmocka_unit_test(test_full_store_refuses),
		cmocka_unit_test(test_foreign_bytes_are_an_empty_store),
		cmocka_unit_test(test_power_cut_in_every_operation),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
