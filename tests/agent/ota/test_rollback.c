// SPDX-License-Identifier: Apache-2.0
// What a rollback answers, announces, reports and refuses. The power cuts are in test_rollback_power_cuts.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "muster.pb-c.h"
#include "tests/agent/ota/board.h"
#include <string.h>

enum { IN_TRAITS = 0x12A }; // a letter of the image's second segment

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

// Cell by cell: what is not listed must change nothing.
static void test_table(void **unused)
{
	(void)unused;
	static const int wanted[MU_ROLLBACK_STATE_COUNT][MU_ROLLBACK_EVENT_COUNT] = {
		//                       request verified refused announced delivered switched resume arrived heartbeat
		[MU_ROLLBACK_IDLE]       = { 1, -1, -1, -1, -1, -1, 1, 6, -1 },
		[MU_ROLLBACK_VERIFYING]  = { -1, 2, 0, -1, -1, -1, -1, -1, -1 },
		[MU_ROLLBACK_PLANNED]    = { -1, -1, -1, 3, 4, -1, -1, -1, -1 },
		[MU_ROLLBACK_ANNOUNCED]  = { -1, -1, -1, -1, 4, -1, -1, -1, -1 },
		[MU_ROLLBACK_SWITCHING]  = { -1, -1, 0, -1, -1, 5, -1, -1, -1 },
		[MU_ROLLBACK_RESTARTING] = { -1, -1, -1, -1, -1, -1, -1, -1, -1 },
		[MU_ROLLBACK_CONFIRMING] = { -1, -1, 0, -1, -1, -1, -1, -1, 0 },
	};
	for (int state = 0; state < MU_ROLLBACK_STATE_COUNT; state++)
		for (int event = 0; event < MU_ROLLBACK_EVENT_COUNT; event++)
			assert_int_equal(mu_rollback_next((enum mu_rollback_state)state, (enum mu_rollback_event)event),
				wanted[state][event]);
	assert_string_equal(mu_rollback_state_name(MU_ROLLBACK_CONFIRMING), "confirming");
	assert_string_equal(mu_rollback_state_name(MU_ROLLBACK_STATE_COUNT), "unknown");
}

static void test_outcomes_are_those_of_the_schema(void **unused)
{
	(void)unused;
	assert_int_equal(MU_ROLLBACK_OUTCOME_ACCEPTED, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
	assert_int_equal(MU_ROLLBACK_OUTCOME_DONE, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	assert_int_equal(MU_ROLLBACK_OUTCOME_RUNNING_MISMATCH, MU__COMMAND_OUTCOME__OUTCOME_RUNNING_MISMATCH);
	assert_int_equal(MU_ROLLBACK_OUTCOME_TARGET_MISMATCH, MU__COMMAND_OUTCOME__OUTCOME_TARGET_MISMATCH);
	assert_int_equal(MU_ROLLBACK_OUTCOME_NOT_READY, MU__COMMAND_OUTCOME__OUTCOME_NOT_READY);
	assert_int_equal(MU_ROLLBACK_OUTCOME_BUSY, MU__COMMAND_OUTCOME__OUTCOME_BUSY);
	assert_int_equal(MU_ROLLBACK_OUTCOME_FAILED, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
}

// In order: verified, written down, announced, and only after the delivery switched.
static void test_announced_before_the_switch(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	struct mu_rollback *rollback = &board.rollback;
	struct mu_otadata before = board_otadata(&board), after;
	assert_int_equal(mu_rollback_request(rollback, &request), MU_ROLLBACK_OUTCOME_ACCEPTED);
	assert_int_equal(mu_rollback_step(rollback, 1000), MU_ROLLBACK_DO_NOTHING);
	assert_int_equal(rollback->state, MU_ROLLBACK_PLANNED);
	assert_int_equal(board.journal.last.kind, MU_JOURNAL_PLANNED);
	assert_int_equal(mu_rollback_step(rollback, 1000), MU_ROLLBACK_DO_ANNOUNCE);
	for (uint64_t now_ms = 1000; now_ms < 1000 + MU_ROLLBACK_ANNOUNCE_MS; now_ms += 500)
		assert_int_equal(mu_rollback_step(rollback, now_ms), MU_ROLLBACK_DO_NOTHING);
	assert_false(mu_rollback_is_urgent(rollback));
	after = board_otadata(&board);
	assert_memory_equal(&before, &after, sizeof before);
	mu_rollback_delivered(rollback);
	assert_int_equal(mu_rollback_step(rollback, 5500), MU_ROLLBACK_DO_RESTART);
	assert_int_equal(board.journal.last.kind, MU_JOURNAL_SWITCHED);
	assert_int_equal(mu_rollback_step(rollback, 5501), MU_ROLLBACK_DO_RESTART); // until the caller does it
}

static void test_switched_after_five_seconds_without_delivery(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	mu_rollback_request(&board.rollback, &request);
	mu_rollback_step(&board.rollback, 1000);
	assert_int_equal(mu_rollback_step(&board.rollback, 1000), MU_ROLLBACK_DO_ANNOUNCE);
	assert_int_equal(mu_rollback_step(&board.rollback, 6000), MU_ROLLBACK_DO_NOTHING);
	assert_int_equal(mu_rollback_step(&board.rollback, 6000), MU_ROLLBACK_DO_RESTART);
}

// A report is taken before the journal is closed.
static void test_confirmed_by_the_heartbeat(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	struct mu_rollback_report report;
	mu_rollback_request(&board.rollback, &request);
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(board.rollback.state, MU_ROLLBACK_CONFIRMING);
	assert_int_equal(mu_rollback_step(&board.rollback, 0), MU_ROLLBACK_DO_NOTHING);
	assert_int_equal(mu_rollback_report(&board.rollback, &report), MU_ERR_NOT_FOUND);
	mu_rollback_heartbeat(&board.rollback);
	assert_int_equal(mu_rollback_step(&board.rollback, 0), MU_ROLLBACK_DO_REPORT);
	assert_int_equal(mu_rollback_report(&board.rollback, &report), 0);
	assert_int_equal(report.outcome, MU_ROLLBACK_OUTCOME_DONE);
	assert_false(report.resumed);
	assert_true(mu_journal_is_open(&board.journal));
	assert_int_equal(mu_rollback_step(&board.rollback, 0), MU_ROLLBACK_DO_NOTHING);
	assert_int_equal(board.journal.last.kind, MU_JOURNAL_CONFIRMED);
	assert_false(mu_rollback_is_urgent(&board.rollback));
	mu_rollback_heartbeat(&board.rollback); // later ones mean nothing
	assert_int_equal(mu_rollback_step(&board.rollback, 0), MU_ROLLBACK_DO_NOTHING);
}

static void test_done_once(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	mu_rollback_request(&board.rollback, &request);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_ACCEPTED); // twice in a row
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_ACCEPTED); // still under way
	assert_int_equal(board_run(&board), 0);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_DONE);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_DONE);
	assert_string_equal(board_running(&board), "1.0.0");
	assert_int_equal(board.reports, 1);
}

static void test_refusals(void **unused)
{
	(void)unused;
	struct mu_rollback_request good = board_request(&board), request = good;
	request.running_sha[0] ^= 1;
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_RUNNING_MISMATCH);
	request = good;
	request.target_sha[7] ^= 1;
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_TARGET_MISMATCH);
	board.slots.busy = true;
	assert_int_equal(mu_rollback_request(&board.rollback, &good), MU_ROLLBACK_OUTCOME_NOT_READY);
	board.slots.busy = false;
	assert_int_equal(mu_rollback_request(&board.rollback, &good), MU_ROLLBACK_OUTCOME_ACCEPTED);
	request = good;
	request.command_id[0]++;
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_BUSY);
	assert_int_equal(mu_flash_statistics(board.flash).bit_violations, 0);
}

static void test_empty_slot_is_refused(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	assert_int_equal(board.port.flash->erase(&board, MU_PART_SLOT0, 0, 0x2000), 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_NOT_READY);
}

// Accepted before the verification was through: the damage is found, reported, remembered, and nothing was switched.
static void test_damaged_target_fails(void **unused)
{
	(void)unused;
	const uint8_t zero = 0;
	struct mu_rollback_request request = board_request(&board);
	struct mu_otadata before = board_otadata(&board), after;
	assert_int_equal(board.port.flash->program(&board, MU_PART_SLOT0, IN_TRAITS, &zero, 1), 0);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_ACCEPTED);
	assert_int_equal(board_run(&board), 0);
	assert_int_equal(board.announced, 0);
	assert_int_equal(board.reports, 1);
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_FAILED);
	assert_int_equal(board.last_report.failure, MU_OTA_CAUSE_IMAGE_DAMAGED);
	after = board_otadata(&board);
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_FAILED);
}

static struct mu_rollback_request plan(unsigned resumes)
{
	struct mu_rollback_request request = board_request(&board);
	struct mu_journal_record record = { .kind = MU_JOURNAL_PLANNED, .request.reason = MU_OTA_CAUSE_COMMAND };
	memcpy(record.request.command_id, request.command_id, sizeof record.request.command_id);
	memcpy(record.request.running_sha, request.running_sha, sizeof record.request.running_sha);
	memcpy(record.request.target_sha, request.target_sha, sizeof record.request.target_sha);
	assert_int_equal(mu_journal_append(&board.journal, &record), 0);
	record.kind = MU_JOURNAL_RESUMED;
	for (unsigned i = 0; i < resumes; i++)
		assert_int_equal(mu_journal_append(&board.journal, &record), 0);
	return request;
}

static void test_reset_after_the_plan_goes_on_without_asking(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = plan(2);
	assert_int_equal(board_boot(&board, true), 0);
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board.announced, 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(board_run(&board), 0);
	assert_string_equal(board_running(&board), "1.0.0");
	assert_memory_equal(board.last_report.request.command_id, request.command_id, MU_COMMAND_ID_SIZE);
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_DONE);
}

static void test_gives_up_after_three_resumes(void **unused)
{
	(void)unused;
	plan(3);
	assert_int_equal(board_boot(&board, true), 0);
	assert_int_equal(board_run(&board), 0);
	assert_string_equal(board_running(&board), "1.1.0");
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_FAILED);
	assert_int_equal(board.last_report.failure, MU_OTA_CAUSE_POWER_LOSS);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(board.rollback.state, MU_ROLLBACK_IDLE);
}

// The target was switched to, but the bootloader found it damaged and ran the old one.
static void test_target_that_does_not_boot(void **unused)
{
	(void)unused;
	const uint8_t zero = 0;
	struct mu_rollback_request request = board_request(&board);
	mu_rollback_request(&board.rollback, &request);
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board.port.flash->program(&board, MU_PART_SLOT0, IN_TRAITS, &zero, 1), 0);
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.1.0");
	assert_true(board.slots.rescue);
	assert_int_equal(board_run(&board), 0);
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_FAILED);
	assert_int_equal(board.last_report.failure, MU_OTA_CAUSE_IMAGE_DAMAGED);
}

// Boots crashing until the guard acts; at most `limit` times. Returns how many boots it took, or 0.
static unsigned crash_until_the_guard_acts(unsigned limit)
{
	for (unsigned boots = 1; boots <= limit; boots++) {
		assert_int_equal(board_boot(&board, true), 0);
		if (board.guard_said == 1 && mu_rollback_boot_loop(&board.rollback) == 1) {
			assert_int_equal(mu_boot_guard_acted(&board.guard), 0);
			assert_int_equal(board_boot(&board, false), 0);
			return boots;
		}
	}
	return 0;
}

static void test_boot_loop_goes_back(void **unused)
{
	(void)unused;
	assert_int_equal(crash_until_the_guard_acts(20), 5);
	assert_string_equal(board_running(&board), "1.0.0");
	assert_int_equal(board_run(&board), 0);
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_DONE);
	assert_int_equal(board.last_report.request.reason, MU_OTA_CAUSE_BOOT_LOOP);
	assert_int_equal(board.journal.last.kind, MU_JOURNAL_CONFIRMED);
}

// Both loop: it goes over once and stays, instead of swapping for ever.
static void test_two_looping_images_do_not_take_turns(void **unused)
{
	(void)unused;
	assert_int_equal(crash_until_the_guard_acts(20), 5);
	assert_int_equal(crash_until_the_guard_acts(40), 0);
	assert_string_equal(board_running(&board), "1.0.0");
	board_run(&board);
	assert_int_equal(crash_until_the_guard_acts(40), 0); // also once it is confirmed
	assert_string_equal(board_running(&board), "1.0.0");
}

static void test_boot_loop_without_a_way_out(void **unused)
{
	(void)unused;
	const uint8_t zero = 0;
	assert_int_equal(board.port.flash->program(&board, MU_PART_SLOT0, IN_TRAITS, &zero, 1), 0);
	assert_int_equal(crash_until_the_guard_acts(5), 0);
	assert_string_equal(board_running(&board), "1.1.0");
	assert_int_equal(board_run(&board), 0);
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_FAILED);
	assert_int_equal(board.last_report.failure, MU_OTA_CAUSE_IMAGE_DAMAGED);
}

// The commanded target loops before its first heartbeat: back to where it came from, and the operator hears that it failed.
static void test_looping_target_is_undone(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	mu_rollback_request(&board.rollback, &request);
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.0.0");
	assert_int_equal(crash_until_the_guard_acts(20), 5);
	assert_string_equal(board_running(&board), "1.1.0");
	assert_int_equal(board_run(&board), 0);
	assert_memory_equal(board.last_report.request.command_id, request.command_id, MU_COMMAND_ID_SIZE);
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_FAILED);
	assert_int_equal(board.last_report.failure, MU_OTA_CAUSE_BOOT_LOOP);
	assert_int_equal(mu_rollback_request(&board.rollback, &request), MU_ROLLBACK_OUTCOME_FAILED);
}

// A device that dies every few seconds: the command is planned in one life and switched in the next.
static void test_command_reaches_a_looping_device(void **unused)
{
	(void)unused;
	struct mu_rollback_request request = board_request(&board);
	assert_int_equal(board_boot(&board, true), 0);
	mu_rollback_request(&board.rollback, &request);
	mu_rollback_step(&board.rollback, 0);
	assert_int_equal(mu_rollback_step(&board.rollback, 0), MU_ROLLBACK_DO_ANNOUNCE);
	assert_int_equal(board_boot(&board, true), 0); // it panics while the announcement is under way
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.0.0");
}

// The other slot holds a finished download that never ran. Then the rollback to it is made, and it boots on trial.
static void go_on_trial(void)
{
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
	struct mu_otadata_entry entry = mu_otadata_make(1, MU_OTADATA_NEW);
	mu_otadata_encode(&entry, bytes);
	assert_int_equal(board.port.flash->erase(&board, MU_PART_OTADATA, 0, 0x1000), 0);
	assert_int_equal(board.port.flash->program(&board, MU_PART_OTADATA, 0, bytes, sizeof bytes), 0);
	assert_int_equal(board_boot(&board, false), 0);
	struct mu_rollback_request request = board_request(&board);
	mu_rollback_request(&board.rollback, &request);
	assert_int_equal(board_run(&board), 1);
	assert_int_equal(board_boot(&board, false), 0);
	assert_int_equal(mu_slots_running(&board.slots)->state, MU_SLOT_STATE_PENDING);
}

static void test_untried_target_goes_on_trial(void **unused)
{
	(void)unused;
	go_on_trial();
	assert_int_equal(board_run(&board), 0); // the first heartbeat commits it
	assert_int_equal(mu_slots_running(&board.slots)->state, MU_SLOT_STATE_VALID);
	assert_int_equal(board_boot(&board, false), 0);
	assert_string_equal(board_running(&board), "1.0.0");
}

// ---- a flash that fails at one call and works again afterwards

static struct mu_flash_port sound_flash;
static unsigned calls, failing_call;

static bool fails(void)
{
	return ++calls == failing_call;
}

static int faulty_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	return fails() ? MU_ERR_IO : sound_flash.read(context, part, offset, out, size);
}

static int faulty_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	return fails() ? MU_ERR_IO : sound_flash.erase(context, part, offset, size);
}

static int faulty_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	return fails() ? MU_ERR_IO : sound_flash.program(context, part, offset, data, size);
}

// Programs nothing and says that all is well.
static int forgetful_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	return fails() ? 0 : sound_flash.program(context, part, offset, data, size);
}

// Returns false when the rollback was over before the failing call.
static bool roll_back_with_fault(const struct mu_flash_image *base, unsigned call, bool forgetful)
{
	struct mu_flash_port faulty;
	board_open(&board, base);
	assert_int_equal(board_boot(&board, false), 0);
	sound_flash = faulty = *board.port.flash;
	faulty.read = faulty_read;
	faulty.erase = faulty_erase;
	faulty.program = forgetful ? forgetful_program : faulty_program;
	calls = 0;
	failing_call = call;
	struct mu_rollback_request request = board_request(&board);
	board.port.flash = &faulty;
	enum mu_rollback_outcome outcome = mu_rollback_request(&board.rollback, &request);
	if (outcome == MU_ROLLBACK_OUTCOME_ACCEPTED)
		board_run(&board);
	bool failed = calls >= call;
	board.port.flash = &sound_flash;
	// Whatever it was: it boots one of the two, ends what was begun, and the operator hears of it.
	assert_int_equal(board_boot(&board, false), 0);
	if (board_run(&board) == 1) {
		assert_int_equal(board_boot(&board, false), 0);
		assert_int_equal(board_run(&board), 0);
	}
	assert_false(mu_journal_is_open(&board.journal));
	bool is_new = !strcmp(board_running(&board), "1.0.0");
	assert_true(is_new || !strcmp(board_running(&board), "1.1.0"));
	if (board.reports)
		assert_int_equal(is_new, board.last_report.outcome == MU_ROLLBACK_OUTCOME_DONE);
	else
		assert_int_not_equal(outcome, MU_ROLLBACK_OUTCOME_ACCEPTED);
	board_close(&board);
	return failed;
}

static void test_each_flash_call_fails_once(void **unused)
{
	(void)unused;
	struct mu_flash_image *base = board_make_flash();
	for (int forgetful = 0; forgetful < 2; forgetful++) {
		unsigned call = 1;
		while (roll_back_with_fault(base, call, forgetful))
			call++;
		assert_true(call > 10);
	}
	mu_flash_close(base);
}

// The heartbeat is out and the operator hears that it is done: whatever call the commit fails in, the next reset must not undo it.
static bool commit_with_fault(unsigned call, bool forgetful)
{
	struct mu_flash_port faulty;
	board_open(&board, 0);
	assert_int_equal(board_boot(&board, false), 0);
	go_on_trial();
	sound_flash = faulty = *board.port.flash;
	faulty.read = faulty_read;
	faulty.erase = faulty_erase;
	faulty.program = forgetful ? forgetful_program : faulty_program;
	calls = 0;
	failing_call = call;
	board.port.flash = &faulty;
	assert_int_equal(board_run(&board), 0);
	bool failed = calls >= call;
	board.port.flash = &sound_flash;
	assert_int_equal(board.last_report.outcome, MU_ROLLBACK_OUTCOME_DONE);
	assert_int_equal(board_boot(&board, false), 0);
	if (strcmp(board_running(&board), "1.0.0") != 0)
		fail_msg("call %u: %s runs again", call, board_running(&board));
	board_close(&board);
	return failed;
}

static void test_each_flash_call_of_a_commit_fails_once(void **unused)
{
	(void)unused;
	for (int forgetful = 0; forgetful < 2; forgetful++) {
		unsigned call = 1;
		while (commit_with_fault(call, forgetful))
			call++;
		assert_true(call > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_outcomes_are_those_of_the_schema),
		cmocka_unit_test_setup_teardown(test_announced_before_the_switch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switched_after_five_seconds_without_delivery, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_confirmed_by_the_heartbeat, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_done_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_slot_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_target_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_after_the_plan_goes_on_without_asking, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gives_up_after_three_resumes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_target_that_does_not_boot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_boot_loop_goes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_looping_images_do_not_take_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_boot_loop_without_a_way_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_looping_target_is_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_command_reaches_a_looping_device, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_untried_target_goes_on_trial, set_up, tear_down),
		cmocka_unit_test(test_each_flash_call_fails_once),
		cmocka_unit_test(test_each_flash_call_of_a_commit_fails_once),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
