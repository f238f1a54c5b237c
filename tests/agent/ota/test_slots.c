// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "muster.pb-c.h"
#include "tests/agent/ota/board.h"
#include <string.h>

static struct board board;

static int set_up(void **unused)
{
	(void)unused;
	board_open(&board, 0);
	return board_boot(&board, false);
}

static int tear_down(void **unused)
{
	(void)unused;
	board_close(&board);
	return 0;
}

static void check_other(void)
{
	assert_int_equal(mu_slots_init(&board.slots, &board.port), 0);
	while (!mu_slots_step(&board.slots, MU_SLOTS_STEP_BYTES))
		;
}

static void test_numbers_are_those_of_the_schema(void **unused)
{
	(void)unused;
	static const int pairs[][2] = {
		{ MU_SLOT_STATE_NEW, MU__SLOT_STATE__SLOT_NEW }, { MU_SLOT_STATE_PENDING, MU__SLOT_STATE__SLOT_PENDING },
		{ MU_SLOT_STATE_VALID, MU__SLOT_STATE__SLOT_VALID }, { MU_SLOT_STATE_INVALID, MU__SLOT_STATE__SLOT_INVALID },
		{ MU_SLOT_STATE_ABORTED, MU__SLOT_STATE__SLOT_ABORTED },
		{ MU_SLOT_STATE_UNDEFINED, MU__SLOT_STATE__SLOT_UNDEFINED },
		{ MU_SLOT_STATE_EMPTY, MU__SLOT_STATE__SLOT_EMPTY }, { MU_SLOT_STATE_DAMAGED, MU__SLOT_STATE__SLOT_DAMAGED },
		{ MU_ROLLBACK_READY, MU__ROLLBACK_BLOCK__ROLLBACK_READY },
		{ MU_ROLLBACK_NO_IMAGE, MU__ROLLBACK_BLOCK__ROLLBACK_NO_IMAGE },
		{ MU_ROLLBACK_DAMAGED, MU__ROLLBACK_BLOCK__ROLLBACK_DAMAGED },
		{ MU_ROLLBACK_SLOT_INVALID, MU__ROLLBACK_BLOCK__ROLLBACK_SLOT_INVALID },
		{ MU_ROLLBACK_QUARANTINED, MU__ROLLBACK_BLOCK__ROLLBACK_QUARANTINED },
		{ MU_ROLLBACK_SECURITY_FLOOR, MU__ROLLBACK_BLOCK__ROLLBACK_SECURITY_FLOOR },
		{ MU_ROLLBACK_BUSY, MU__ROLLBACK_BLOCK__ROLLBACK_BUSY },
		{ MU_ROLLBACK_UNCHECKED, MU__ROLLBACK_BLOCK__ROLLBACK_UNCHECKED },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_int_equal(pairs[i][0], pairs[i][1]);
}

static void test_what_the_slots_hold(void **unused)
{
	(void)unused;
	assert_int_equal(board.slots.running, 1);
	assert_string_equal(mu_slots_running(&board.slots)->version, "1.1.0");
	assert_string_equal(mu_slots_other(&board.slots)->version, "1.0.0");
	assert_int_equal(mu_slots_running(&board.slots)->state, MU_SLOT_STATE_VALID);
	assert_int_equal(mu_slots_other(&board.slots)->state, MU_SLOT_STATE_VALID);
	assert_memory_not_equal(mu_slots_running(&board.slots)->elf_sha, mu_slots_other(&board.slots)->elf_sha, MU_SHA_BYTES);
	assert_false(board.slots.rescue);
	assert_int_equal(mu_slots_rollback_block(&board.slots), MU_ROLLBACK_UNCHECKED);
	check_other();
	assert_int_equal(mu_slots_rollback_block(&board.slots), MU_ROLLBACK_READY);
}

static void set_entry(unsigned sector, uint32_t seq, uint32_t state)
{
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
	struct mu_otadata_entry entry = mu_otadata_make(seq, state);
	mu_otadata_encode(&entry, bytes);
	assert_int_equal(board.port.flash->erase(&board, MU_PART_OTADATA, sector * 0x1000, 0x1000), 0);
	assert_int_equal(board.port.flash->program(&board, MU_PART_OTADATA, sector * 0x1000, bytes, sizeof bytes), 0);
}

// State in otadata of the other slot (entry 0, seq 1) -> what is reported, and whether a rollback may go there.
static void test_states(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t state;
		enum mu_slot_state reported;
		enum mu_rollback_block block;
	} rows[] = {
		{ MU_OTADATA_VALID, MU_SLOT_STATE_VALID, MU_ROLLBACK_READY },
		{ MU_OTADATA_UNDEFINED, MU_SLOT_STATE_UNDEFINED, MU_ROLLBACK_READY },
		{ 0x12345678, MU_SLOT_STATE_UNDEFINED, MU_ROLLBACK_READY }, // unknown, boots like undefined
		{ MU_OTADATA_NEW, MU_SLOT_STATE_NEW, MU_ROLLBACK_READY },
		{ MU_OTADATA_INVALID, MU_SLOT_STATE_INVALID, MU_ROLLBACK_SLOT_INVALID },
		{ MU_OTADATA_ABORTED, MU_SLOT_STATE_ABORTED, MU_ROLLBACK_SLOT_INVALID },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		set_entry(0, 1, rows[i].state);
		check_other();
		assert_int_equal(mu_slots_other(&board.slots)->state, rows[i].reported);
		assert_int_equal(mu_slots_rollback_block(&board.slots), rows[i].block);
	}
}

static void test_busy(void **unused)
{
	(void)unused;
	check_other();
	board.slots.busy = true;
	assert_int_equal(mu_slots_rollback_block(&board.slots), MU_ROLLBACK_BUSY);
	assert_string_equal(mu_rollback_block_name(MU_ROLLBACK_BUSY), "an update is being written");
	assert_string_equal(mu_rollback_block_name((enum mu_rollback_block)99), "unknown");
}

static void test_empty_other_slot(void **unused)
{
	(void)unused;
	assert_int_equal(board.port.flash->erase(&board, MU_PART_SLOT0, 0, 0x2000), 0);
	check_other();
	assert_int_equal(mu_slots_other(&board.slots)->state, MU_SLOT_STATE_EMPTY);
	assert_false(mu_slots_other(&board.slots)->has_image);
	assert_int_equal(mu_slots_rollback_block(&board.slots), MU_ROLLBACK_NO_IMAGE);
	assert_int_equal(mu_slots_switch(&board.slots, MU_OTADATA_VALID), MU_ERR_STATE);
}

// Damage in the header, in the magic of the description, in its version, in the payload: seen, named, and never switched to.
static void test_damaged_other_slot(void **unused)
{
	(void)unused;
	static const uint32_t offsets[] = { 0, 0x20, 0x30, 0x12A };
	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		const uint8_t zero = 0;
		tear_down(0);
		set_up(0);
		assert_int_equal(board.port.flash->program(&board, MU_PART_SLOT0, offsets[i], &zero, 1), 0);
		struct mu_otadata before = board_otadata(&board);
		check_other();
		assert_int_equal(mu_slots_other(&board.slots)->state, MU_SLOT_STATE_DAMAGED);
		assert_int_equal(mu_slots_rollback_block(&board.slots), MU_ROLLBACK_DAMAGED);
		assert_true(board.slots.check_error < 0);
		assert_int_equal(mu_slots_switch(&board.slots, MU_OTADATA_VALID), MU_ERR_STATE);
		struct mu_otadata after = board_otadata(&board);
		assert_memory_equal(&before, &after, sizeof before);
	}
}

// A version is shown and recorded; one flipped bit in it may not make records that are refused for it.
static void test_a_version_that_is_no_text(void **unused)
{
	(void)unused;
	static const uint8_t control = '1' & 0x0F;
	assert_int_equal(board.port.flash->program(&board, MU_PART_SLOT0, 0x30, &control, 1), 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_true(mu_slots_other(&board.slots)->has_image);
	assert_string_equal(mu_slots_other(&board.slots)->version, "?.0.0");
}

static unsigned reads_left; // until one fails

static int read_or_fail(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	if (--reads_left == 0)
		return MU_ERR_IO;
	return mu_flash_partitions_read(&((struct board *)context)->parts, part, offset, out, size);
}

static void verify(void)
{
	while (!mu_slots_step(&board.slots, 4096))
		;
}

// True if the n-th read was reached, and failed.
static bool fail_read(unsigned n)
{
	reads_left = n;
	int err = mu_slots_init(&board.slots, &board.port);
	if (err >= 0)
		verify();
	bool reached = reads_left == 0 || reads_left > n;
	assert_int_equal(reached, err == MU_ERR_IO || board.slots.unread);
	reads_left = 0;
	if (reached)
		assert_int_equal(err < 0 ? mu_slots_init(&board.slots, &board.port) : mu_slots_refresh(&board.slots), 0);
	verify();
	return reached;
}

// Flash that fails once says nothing about an image: what was held against it is to be looked at again. Each read in turn.
static void test_a_read_that_fails_is_no_damage(void **unused)
{
	(void)unused;
	struct mu_flash_port flash = *board.port.flash;
	flash.read = read_or_fail;
	board.port.flash = &flash;
	unsigned n = 1;
	for (; fail_read(n); n++) {
		assert_false(board.slots.unread);
		assert_int_equal(mu_slots_rollback_block(&board.slots), MU_ROLLBACK_READY);
	}
	assert_in_range(n, 8, 90);
}

static void test_verification_is_bounded(void **unused)
{
	(void)unused;
	int steps = 1;
	assert_int_equal(mu_slots_init(&board.slots, &board.port), 0);
	while (!mu_slots_step(&board.slots, 1)) // at least one piece of 256 bytes each
		assert_true(++steps < 20);
	assert_true(steps > 3);
	assert_int_equal(board.slots.check, MU_SLOTS_CHECK_GOOD);
}

static void test_switch_there_and_back(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 6; i++) {
		check_other();
		uint64_t before = mu_flash_statistics(board.flash).operations;
		assert_int_equal(mu_slots_switch(&board.slots, MU_OTADATA_VALID), 0);
		assert_int_equal(mu_flash_statistics(board.flash).operations - before, 2);
		struct mu_otadata otadata = board_otadata(&board);
		int active = mu_otadata_select(&otadata);
		assert_int_equal(otadata.entry[active].seq, 3 + i);
		assert_int_equal(otadata.entry[1 - active].seq, 2 + i); // the way back stays open
		assert_int_equal(board_boot(&board, false), 0);
		assert_int_equal(board.slots.running, i % 2);
		assert_false(board.boot.rescue);
	}
}

// A trial ends with a commit, or at the next boot without it.
static void test_trial_and_commit(void **unused)
{
	(void)unused;
	check_other();
	assert_int_equal(mu_slots_switch(&board.slots, MU_OTADATA_NEW), 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(mu_slots_running(&board.slots)->state, MU_SLOT_STATE_PENDING);
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.1.0");
	assert_int_equal(mu_slots_other(&board.slots)->state, MU_SLOT_STATE_ABORTED);
	set_entry(0, 3, MU_OTADATA_NEW);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(mu_slots_commit(&board.slots), 0);
	assert_int_equal(mu_slots_running(&board.slots)->state, MU_SLOT_STATE_VALID);
	uint64_t before = mu_flash_statistics(board.flash).operations;
	assert_int_equal(mu_slots_commit(&board.slots), 0);
	assert_int_equal(mu_flash_statistics(board.flash).operations, before);
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.0.0");
}

// otadata asks for slot 1, whose image is damaged: slot 0 runs, says so, must not commit the other's entry, and repairs.
static void test_rescue_boot(void **unused)
{
	(void)unused;
	const uint8_t zero = 0;
	set_entry(1, 2, MU_OTADATA_NEW);
	assert_int_equal(board.port.flash->program(&board, MU_PART_SLOT1, 0x30, &zero, 1), 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(board.slots.running, 0);
	assert_true(board.slots.rescue);
	assert_int_equal(mu_slots_commit(&board.slots), MU_ERR_STATE);
	assert_int_equal(mu_slots_repair(&board.slots), 0);
	assert_false(board.slots.rescue);
	assert_int_equal(mu_slots_repair(&board.slots), 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(board.slots.running, 0);
	assert_int_equal(board.boot.rejected_count, 0);
}

static int program_nothing(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	(void)context;
	(void)part;
	(void)offset;
	(void)data;
	(void)size;
	return 0;
}

// A worn-out sector: the entry does not read back. That is seen, and the old slot still boots.
static void test_entry_is_read_back(void **unused)
{
	(void)unused;
	struct mu_flash_port worn = *board.port.flash;
	const struct mu_flash_port *sound = board.port.flash;
	check_other();
	worn.program = program_nothing;
	board.port.flash = &worn;
	assert_int_equal(mu_slots_switch(&board.slots, MU_OTADATA_VALID), MU_ERR_CRC);
	board.port.flash = sound;
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.1.0");
}

static int slot_two(void *context)
{
	(void)context;
	return 2;
}

static void test_unknown_running_slot(void **unused)
{
	(void)unused;
	struct mu_flash_port flash = *board.port.flash;
	flash.running_slot = slot_two;
	board.port.flash = &flash;
	assert_int_equal(mu_slots_init(&board.slots, &board.port), MU_ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_those_of_the_schema),
		cmocka_unit_test_setup_teardown(test_what_the_slots_hold, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_states, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_other_slot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_other_slot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_version_that_is_no_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_read_that_fails_is_no_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_verification_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switch_there_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trial_and_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rescue_boot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_entry_is_read_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_running_slot, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
