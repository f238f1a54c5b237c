// SPDX-License-Identifier: Apache-2.0
// A whole rollback, from the command to its confirmation, with the power cut inside each of its flash operations.
//
// After every cut the device must boot, run the old or the new image, and end at the new one when the command is repeated,
// with a journal that explains it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/ota/board.h"
#include <string.h>

static const char old_version[] = "1.1.0", new_version[] = "1.0.0";

// How far an operation gets. A record of the journal has 64 bytes, an otadata entry 32, so each of their bytes is torn.
enum { TORN_BYTES = 65 };
static const uint8_t torn_bits[] = { 0x00, 0x0F, 0x55, 0xAA };
static const uint32_t torn_far[] = { 1024, 4095, 4096 }; // of an erase

static unsigned cut_points;

// Sends the command, and sees it through all restarts. MU_ERR_IO when a cut ends it.
static int roll_back(struct board *board, const struct mu_rollback_request *request)
{
	enum mu_rollback_outcome outcome = mu_rollback_request(&board->rollback, request);
	if (outcome == MU_ROLLBACK_OUTCOME_DONE)
		return 0;
	assert_int_equal(outcome, MU_ROLLBACK_OUTCOME_ACCEPTED);
	for (;;) {
		int result = board_run(board);
		if (result <= 0)
			return result;
		// The restart keeps the pending cut: it may fall into the next boot.
		const struct mu_boot_config config = { .rollback = true, .chip_id = MU_APP_IMAGE_CHIP_ANY };
		result = mu_bootloader_run(board->flash, &config, &board->boot);
		if (!result)
			result = mu_slots_init(&board->slots, &board->port);
		if (!result)
			result = mu_journal_init(&board->journal, &board->port);
		if (!result)
			result = mu_rollback_init(&board->rollback, &board->slots, &board->journal);
		if (!result)
			result = mu_boot_guard_start(&board->guard, &board->port, false);
		if (result < 0)
			return result;
	}
}

static void assert_old_or_new(const struct board *board)
{
	const char *version = board_running(board);
	if (strcmp(version, old_version) && strcmp(version, new_version))
		fail_msg("runs %s", version);
}

// No two good entries with one seq: the choice would hang on their position.
static void assert_otadata_is_sane(const struct board *board)
{
	struct mu_otadata otadata = board_otadata(board);
	if (mu_otadata_is_good(&otadata.entry[0]) && mu_otadata_is_good(&otadata.entry[1]))
		assert_int_not_equal(otadata.entry[0].seq, otadata.entry[1].seq);
}

static void assert_explained(const struct board *board, const struct mu_rollback_request *request)
{
	struct mu_journal_record record;
	assert_string_equal(board_running(board), new_version);
	assert_int_equal(mu_journal_find(&board->journal, request->command_id, &record), 0);
	assert_int_equal(record.kind, MU_JOURNAL_CONFIRMED);
	assert_int_equal(record.request.reason, MU_OTA_CAUSE_COMMAND);
	assert_memory_equal(record.request.running_sha, request->running_sha, MU_SHA_BYTES);
	assert_memory_equal(record.request.target_sha, request->target_sha, MU_SHA_BYTES);
	assert_true(board->reports >= 1);
	assert_int_equal(board->last_report.outcome, MU_ROLLBACK_OUTCOME_DONE);
	assert_memory_equal(board->last_report.request.command_id, request->command_id, MU_COMMAND_ID_SIZE);
}

// Power comes back after a cut: it boots, goes on, and the repeated command ends at the new image.
static void recover(struct board *board, const struct mu_rollback_request *request)
{
	assert_int_equal(board_boot(board, false), 0);
	assert_old_or_new(board);
	assert_otadata_is_sane(board);
	assert_int_equal(roll_back(board, request), 0);
	assert_int_equal(board_boot(board, false), 0);
	assert_otadata_is_sane(board);
	assert_int_equal(mu_rollback_request(&board->rollback, request), MU_ROLLBACK_OUTCOME_DONE);
	assert_explained(board, request);
}

// Boots, sends the command, and loses power at cut. Returns 0 if the rollback was over before.
static int lose_power(struct board *board, const struct mu_flash_image *base, const struct mu_flash_cut *cut,
	struct mu_rollback_request *request)
{
	board_open(board, base);
	assert_int_equal(board_boot(board, false), 0);
	*request = board_request(board);
	mu_flash_cut_at(board->flash, cut);
	return roll_back(board, request);
}

static void cut_once(const struct mu_flash_image *base, uint64_t operation, uint32_t bytes_done, uint8_t bits)
{
	const struct mu_flash_cut cut = { .at_operation = operation, .bytes_done = bytes_done, .bits = bits };
	struct mu_rollback_request request;
	struct board board;
	assert_int_equal(lose_power(&board, base, &cut, &request), MU_ERR_IO);
	recover(&board, &request);
	board_close(&board);
	cut_points++;
}

// Flash operations of a rollback that nothing disturbs.
static unsigned count_operations(const struct mu_flash_image *base)
{
	struct mu_rollback_request request;
	struct board board;
	board_open(&board, base);
	assert_int_equal(board_boot(&board, false), 0);
	request = board_request(&board);
	assert_string_equal(board_running(&board), old_version);
	uint64_t before = mu_flash_statistics(board.flash).operations;
	assert_int_equal(roll_back(&board, &request), 0);
	uint64_t operations = mu_flash_statistics(board.flash).operations - before;
	assert_int_equal(mu_flash_statistics(board.flash).bit_violations, 0);
	assert_int_equal(board.announced, 1);
	assert_int_equal(board.reports, 1);
	assert_explained(&board, &request);
	board_close(&board);
	return (unsigned)operations;
}

static void cut_everywhere(const struct mu_flash_image *base, unsigned operations_wanted)
{
	unsigned operations = count_operations(base);
	assert_int_equal(operations, operations_wanted);
	for (unsigned operation = 1; operation <= operations; operation++) {
		for (unsigned i = 0; i < sizeof torn_bits; i++)
			for (uint32_t bytes = 0; bytes < TORN_BYTES; bytes++)
				cut_once(base, operation, bytes, torn_bits[i]);
		for (unsigned i = 0; i < sizeof torn_far / sizeof *torn_far; i++)
			cut_once(base, operation, torn_far[i], 0);
	}
}

static void say_cut_points(const char *what)
{
	print_message("%u cut points: %s\n", cut_points, what);
	cut_points = 0;
}

// Journal erase, header, planned; otadata erase and entry; switched; start bit and neutral bit; confirmed.
static void test_cut_in_first_rollback(void **unused)
{
	(void)unused;
	struct mu_flash_image *base = board_make_flash();
	cut_everywhere(base, 9);
	mu_flash_close(base);
	say_cut_points("a first rollback");
}

// As above but the journal is full but for `room` records, so it turns over in the middle.
static struct mu_flash_image *make_full_journal(unsigned room)
{
	struct board board;
	board_open(&board, 0);
	assert_int_equal(board_boot(&board, false), 0);
	struct mu_journal_record record = { .kind = MU_JOURNAL_CONFIRMED, .request.reason = MU_OTA_CAUSE_COMMAND };
	while (board.journal.used != MU_JOURNAL_RECORDS - room || !board.journal.open) {
		memset(record.request.command_id, (int)board.journal.used, sizeof record.request.command_id);
		assert_int_equal(mu_journal_append(&board.journal, &record), 0);
	}
	return board.flash;
}

static void test_cut_while_the_journal_turns_over(void **unused)
{
	(void)unused;
	for (unsigned room = 0; room < 3; room++) {
		struct mu_flash_image *base = make_full_journal(room);
		cut_everywhere(base, 9);
		mu_flash_close(base);
	}
	say_cut_points("the journal turns over at the first, second, third record");
}

// A second cut while the first is being recovered from, in each operation of that.
static void cut_twice(const struct mu_flash_image *base, uint64_t first, uint32_t bytes_done)
{
	const struct mu_flash_cut first_cut = { .at_operation = first, .bytes_done = bytes_done, .bits = 0x0F };
	for (uint64_t second = 1;; second++) {
		const struct mu_flash_cut cut = { .at_operation = second, .bytes_done = bytes_done, .bits = 0xF0 };
		struct mu_rollback_request request;
		struct board board;
		assert_int_equal(lose_power(&board, base, &first_cut, &request), MU_ERR_IO);
		int result = board_boot_with_cut(&board, false, &cut);
		if (!result)
			result = roll_back(&board, &request);
		bool was_cut = result == MU_ERR_IO;
		recover(&board, &request);
		board_close(&board);
		if (!was_cut)
			return;
		cut_points++;
	}
}

static void test_cut_twice(void **unused)
{
	(void)unused;
	static const uint32_t bytes_done[] = { 0, 3, 16, 29, 31, 40, 4096 };
	struct mu_flash_image *base = make_full_journal(1);
	unsigned operations = count_operations(base);
	for (uint64_t first = 1; first <= operations; first++)
		for (unsigned i = 0; i < sizeof bytes_done / sizeof *bytes_done; i++)
			cut_twice(base, first, bytes_done[i]);
	mu_flash_close(base);
	say_cut_points("a second cut during recovery from the first");
}

// ---- the same for the boot guard's own way out

// Five boots have crashed; the next one acts.
static struct mu_flash_image *make_looping(void)
{
	struct board board;
	board_open(&board, 0);
	for (int i = 0; i < MU_BOOT_GUARD_LIMIT; i++) {
		assert_int_equal(board_boot(&board, i > 0), 0);
		assert_int_equal(board.guard_said, 0);
	}
	return board.flash;
}

// One boot of a device that dies within seconds, unless it gets away. 1: it got away, and confirmed where it is.
static int loop_once(struct board *board, bool crashed, const struct mu_flash_cut *cut)
{
	int result = board_boot_with_cut(board, crashed, cut);
	if (result < 0)
		return result;
	if (!strcmp(board_running(board), new_version))
		return board_run(board) == 0 ? 1 : MU_ERR_IO;
	if (board->guard_said == 1 && mu_rollback_boot_loop(&board->rollback) == 1)
		mu_boot_guard_acted(&board->guard);
	else if (board->rollback.state == MU_ROLLBACK_VERIFYING)
		board_run(board); // an unfinished one goes on by itself, as long as the device lives
	return mu_flash_has_power(board->flash) ? 0 : MU_ERR_IO;
}

// Returns false if the way out takes fewer operations.
static bool cut_escape(const struct mu_flash_image *base, uint64_t operation, uint32_t bytes_done, uint8_t bits)
{
	struct mu_flash_cut cut = { .at_operation = operation, .bytes_done = bytes_done, .bits = bits };
	struct mu_journal_record record;
	struct board board;
	int result = 0;
	board_open(&board, base);
	for (int boots = 0; !result; boots++) {
		uint64_t before = mu_flash_statistics(board.flash).operations;
		result = loop_once(&board, boots == 0, cut.at_operation ? &cut : 0);
		uint64_t done = mu_flash_statistics(board.flash).operations - before;
		cut.at_operation = done < cut.at_operation ? cut.at_operation - done : 0;
		assert_true(boots < 3);
	}
	bool was_cut = result < 0;
	for (int boots = 0; result != 1; boots++) {
		result = loop_once(&board, boots > 0, 0);
		assert_old_or_new(&board);
		assert_otadata_is_sane(&board);
		assert_true(result >= 0 && boots < 12);
	}
	assert_string_equal(board_running(&board), new_version);
	assert_int_equal(mu_journal_last(&board.journal, &record), 0);
	assert_int_equal(record.kind, MU_JOURNAL_CONFIRMED);
	assert_int_equal(record.request.reason, MU_OTA_CAUSE_BOOT_LOOP);
	board_close(&board);
	return was_cut;
}

static void test_cut_in_the_way_out_of_a_loop(void **unused)
{
	(void)unused;
	static const uint32_t bytes_done[] = { 0, 1, 3, 4, 11, 24, 28, 31, 40, 63, 1024, 4096 };
	struct mu_flash_image *base = make_looping();
	uint64_t operation = 0;
	for (bool was_cut = true; was_cut;) {
		operation++;
		for (unsigned i = 0; i < sizeof bytes_done / sizeof *bytes_done; i++)
			for (unsigned j = 0; j < sizeof torn_bits; j++) {
				was_cut = cut_escape(base, operation, bytes_done[i], torn_bits[j]);
				cut_points += was_cut;
			}
	}
	assert_int_equal(operation - 1, 11);
	mu_flash_close(base);
	say_cut_points("the boot guard's way out of a loop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_in_first_rollback),
		cmocka_unit_test(test_cut_while_the_journal_turns_over),
		cmocka_unit_test(test_cut_twice),
		cmocka_unit_test(test_cut_in_the_way_out_of_a_loop),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
