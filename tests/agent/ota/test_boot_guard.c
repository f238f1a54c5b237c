// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/ota/board.h"
#include <string.h>

static struct board board;
static struct mu_boot_guard guard;

static int set_up(void **unused)
{
	(void)unused;
	board_open(&board, 0);
	// The guard alone: no boots but those of the test.
	return mu_flash_partitions_open(&board.parts, board.flash);
}

static int tear_down(void **unused)
{
	(void)unused;
	board_close(&board);
	return 0;
}

static int start(bool crashed)
{
	return mu_boot_guard_start(&guard, &board.port, crashed);
}

// One letter a boot, in order. How it began: p power on (or any wanted reset), c crash or hang. Upper case: it became good.
// *: the guard acted on it. Answer of the last one, and the row that it counts.
static const struct {
	const char *boots;
	int answer;
	unsigned count;
} rows[] = {
	{ "p", 0, 0 },
	{ "pc", 0, 1 },
	{ "pcccc", 0, 4 },
	{ "pccccc", 1, 5 },          // the boot after the fifth crash
	{ "pcccccc", 0, 6 },         // not on each boot: the other slot is not verified for ever
	{ "pcccccccccc", 1, 10 },
	{ "pcccpcc", 1, 5 },         // a power cycle does not count, and hides nothing
	{ "ppppppp", 0, 0 },         // someone plays with the plug
	{ "pccPcccccc", 1, 5 },      // a good boot ends the row, and does not count though a crash ended it, too
	{ "pccPccccc", 0, 4 },
	{ "PCCCCCC", 0, 0 },         // crashes each time, but never within the first minute
	{ "pccccc*c", 0, 0 },        // after a rollback it starts anew
	{ "pccccc*pccccc", 1, 5 },
};

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int answer = 0;
		set_up(0);
		for (const char *boot = rows[i].boots; *boot; boot++) {
			if (*boot == '*') {
				assert_int_equal(mu_boot_guard_acted(&guard), 0);
				continue;
			}
			answer = start(*boot == 'c' || *boot == 'C');
			if (*boot == 'P' || *boot == 'C')
				assert_int_equal(mu_boot_guard_step(&guard, MU_BOOT_GUARD_GOOD_MS), 0);
		}
		if (answer != rows[i].answer || guard.count != rows[i].count)
			fail_msg("%s: %d with %u", rows[i].boots, answer, guard.count);
		assert_int_equal(mu_flash_statistics(board.flash).bit_violations, 0);
		tear_down(0);
	}
}

static void test_good_after_a_minute_and_once(void **unused)
{
	(void)unused;
	assert_int_equal(start(false), 0);
	uint64_t before = mu_flash_statistics(board.flash).operations;
	assert_int_equal(mu_boot_guard_step(&guard, 59999), 0);
	assert_int_equal(mu_flash_statistics(board.flash).operations, before);
	assert_int_equal(mu_boot_guard_step(&guard, 60000), 0);
	assert_int_equal(mu_boot_guard_step(&guard, 60001), 0);
	assert_int_equal(mu_flash_statistics(board.flash).operations, before + 1);
}

static int failing_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	(void)context, (void)part, (void)offset, (void)data, (void)size;
	return MU_ERR_IO;
}

// The flash refuses just when the minute is over: the boot is marked a second later, or the next crash, days on, would be in the old row.
static void test_a_mark_that_fails_is_made_later(void **unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++)
		assert_int_equal(start(i > 0), 0);
	assert_int_equal(guard.count, 4);
	const struct mu_flash_port *sound = board.port.flash;
	struct mu_flash_port faulty = *sound;
	faulty.program = failing_program;
	board.port.flash = &faulty;
	assert_int_equal(mu_boot_guard_step(&guard, 60000), MU_ERR_IO);
	board.port.flash = sound;
	assert_int_equal(mu_boot_guard_step(&guard, 61000), 0);
	assert_int_equal(start(true), 0);
	assert_int_equal(guard.count, 0);
}

// Boots for two sectors and a bit: erased three times only, and the count goes along.
static void test_sectors_take_turns(void **unused)
{
	(void)unused;
	const unsigned boots = 2 * MU_BOOT_GUARD_BOOTS + 3;
	assert_int_equal(start(false), 0);
	uint64_t erases = mu_flash_statistics(board.flash).erases;
	for (unsigned i = 1; i < boots; i++) {
		// Good boots, but for the three around each turn-over.
		bool near_turn = i % MU_BOOT_GUARD_BOOTS < 2 || i % MU_BOOT_GUARD_BOOTS > MU_BOOT_GUARD_BOOTS - 3;
		start(near_turn);
		if (i % MU_BOOT_GUARD_BOOTS == 1 && i > 1)
			assert_int_equal(guard.count, 3);
		if (!near_turn || i == 1)
			assert_int_equal(mu_boot_guard_step(&guard, MU_BOOT_GUARD_GOOD_MS), 0);
	}
	assert_int_equal(mu_flash_statistics(board.flash).erases - erases, 2);
	assert_int_equal(mu_flash_statistics(board.flash).bit_violations, 0);
}

// Whatever operation of a turn-over fails, the row is not forgotten, and nothing is made up.
static void test_cut_in_turn_over(void **unused)
{
	(void)unused;
	static const uint32_t bytes_done[] = { 0, 1, 4, 12, 28, 31, 32, 4096 };
	assert_int_equal(start(false), 0);
	for (unsigned i = 1; i < MU_BOOT_GUARD_BOOTS; i++) {
		start(i >= MU_BOOT_GUARD_BOOTS - 3);
		if (i < MU_BOOT_GUARD_BOOTS - 4)
			mu_boot_guard_step(&guard, MU_BOOT_GUARD_GOOD_MS);
	}
	assert_int_equal(guard.count, 3);
	for (uint64_t operation = 1; operation <= 3; operation++)
		for (size_t i = 0; i < sizeof bytes_done / sizeof *bytes_done; i++) {
			const struct mu_flash_options options = { .base = board.flash };
			const struct mu_flash_cut cut = { .at_operation = operation, .bytes_done = bytes_done[i], .bits = 0x03 };
			struct mu_flash_image *flash, *base = board.flash;
			assert_int_equal(mu_flash_open(&flash, &options), 0);
			board.parts.flash = flash;
			mu_flash_cut_at(flash, &cut);
			assert_int_equal(start(true), MU_ERR_IO);
			assert_false(guard.usable);
			mu_flash_power_on(flash);
			// The boot that lost power either left a mark, and its crash counts, or it did not.
			assert_true(start(true) >= 0);
			assert_true(guard.count == 4 || guard.count == 5);
			mu_flash_close(flash);
			board.parts.flash = base;
		}
}

static void test_dead_flash_does_no_harm(void **unused)
{
	(void)unused;
	const struct mu_flash_cut cut = { .at_operation = 1 };
	mu_flash_cut_at(board.flash, &cut);
	assert_int_equal(start(true), MU_ERR_IO);
	assert_int_equal(mu_boot_guard_step(&guard, MU_BOOT_GUARD_GOOD_MS), 0);
	assert_int_equal(mu_boot_guard_acted(&guard), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test_setup_teardown(test_good_after_a_minute_and_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_mark_that_fails_is_made_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sectors_take_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_in_turn_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dead_flash_does_no_harm, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
