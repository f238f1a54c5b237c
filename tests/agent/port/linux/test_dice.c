// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/port/linux/dice.h"

// The first numbers of splitmix64 with seed 1234567, as its author published them: a seed means the same for ever.
static void test_known_sequence(void **unused)
{
	(void)unused;
	static const uint64_t wanted[] = { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u };
	struct mu_dice dice;
	mu_dice_init(&dice, 1234567);
	for (unsigned i = 0; i < 3; i++)
		assert_true(mu_dice_u64(&dice) == wanted[i]);
}

static void test_both_ends_are_reached(void **unused)
{
	(void)unused;
	struct mu_dice dice;
	unsigned low = 0, high = 0;
	mu_dice_init(&dice, 1);
	for (unsigned i = 0; i < 1000; i++) {
		int32_t value = mu_dice_between(&dice, -2, 3);
		assert_in_range(value + 2, 0, 5);
		low += value == -2;
		high += value == 3;
	}
	assert_true(low > 100 && high > 100);
	mu_dice_between(&dice, INT32_MIN, INT32_MAX); // the widest span does not overflow
}

// A walk stays inside, moves by one a second at most, and stands still within a second.
static void test_walk_is_slow_and_bounded(void **unused)
{
	(void)unused;
	struct mu_dice dice;
	struct mu_walk walk;
	mu_dice_init(&dice, 2);
	mu_walk_init(&walk, &dice, -90, -82, 0);
	int32_t last = walk.value;
	unsigned moves = 0;
	for (uint64_t now_ms = 0; now_ms < 600000; now_ms += 500) {
		int32_t value = mu_walk_value(&walk, &dice, now_ms);
		assert_true(value >= -90 && value <= -82);
		assert_true(value - last <= 1 && last - value <= 1);
		moves += value != last;
		last = value;
	}
	assert_in_range(moves, 200, 600);
	mu_walk_value(&walk, &dice, UINT64_MAX / 2); // a long pause takes no long time
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_sequence),
		cmocka_unit_test(test_both_ends_are_reached),
		cmocka_unit_test(test_walk_is_slow_and_bounded),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
