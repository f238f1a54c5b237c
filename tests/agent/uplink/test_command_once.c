// SPDX-License-Identifier: Apache-2.0
// What is taken is done once: repeats, counters, time, boot loops, failing stores, power cuts, floods.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "agent/port/linux/crypto.h"
#include "tests/agent/uplink/command_rig.h"

// ---- once

static void test_the_same_bytes_give_the_stored_result(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1 });
	struct mu_command_result result;
	assert_int_equal(rig_handle(&message), OUTCOME(ACCEPTED));
	assert_int_equal(rig.decision.kind, MU_COMMAND_REBOOT);
	assert_false(rig.decision.repeated);
	assert_int_equal(rig_handle(&message), OUTCOME(ACCEPTED));
	assert_int_equal(rig.decision.kind, MU_COMMAND_NONE); // not a second reboot
	assert_true(rig.decision.repeated);

	assert_int_equal(rig_start(), 0); // the reboot
	assert_int_equal(mu_command_finish(&rig.command, rig.decision.result.id, OUTCOME(DONE), NULL, &result), 0);
	assert_int_equal(result.message.outcome, OUTCOME(DONE));
	assert_int_equal(result.message.counter, 1);
	assert_null(result.message.detail);
	assert_int_equal(rig_handle(&message), OUTCOME(DONE));
	assert_true(rig.decision.repeated);
	assert_int_equal(rig_start(), 0);
	assert_int_equal(rig_handle(&message), OUTCOME(DONE));
}

static void test_the_same_id_with_other_bytes(void **unused)
{
	(void)unused;
	struct message first = rig_make((struct order){ .id = 1 }), second = rig_make((struct order){ .id = 1, .counter = 2 });
	rig_handle(&first);
	rig_expect_refusal("known id, other bytes", &second, OUTCOME(ID_REUSED), true);
}

static void test_counters(void **unused)
{
	(void)unused;
	struct message five = rig_make((struct order){ .id = 5, .counter = 5 }), four = rig_make((struct order){ .id = 4, .counter = 4 });
	struct message equal = rig_make((struct order){ .id = 6, .counter = 5 }), nine = rig_make((struct order){ .id = 9, .counter = 9 });
	struct message other = rig_make((struct order){ .id = 7, .counter = 1, .signer = COLLECTOR, .kind = MU_COMMAND_REPORT });
	assert_int_equal(rig_handle(&five), OUTCOME(ACCEPTED));
	rig_expect_refusal("a lower counter", &four, OUTCOME(REPLAYED), true);
	rig_expect_refusal("the same counter", &equal, OUTCOME(REPLAYED), true);
	assert_int_equal(rig_start(), 0);
	rig_expect_refusal("a lower counter after a boot", &four, OUTCOME(REPLAYED), true);
	assert_int_equal(rig_handle(&other), OUTCOME(ACCEPTED)); // each key counts for itself
	assert_int_equal(rig_handle(&nine), OUTCOME(ACCEPTED));  // gaps are allowed
}

// After eight others the result is forgotten, the counter is not.
static void test_a_forgotten_command_is_a_replay(void **unused)
{
	(void)unused;
	struct message first = rig_make((struct order){ .id = 1 });
	struct mu_command_result result;
	rig_handle(&first);
	mu_command_finish(&rig.command, rig.decision.id, OUTCOME(DONE), NULL, &result);
	for (uint8_t i = 2; i <= 9; i++) {
		struct message next = rig_make((struct order){ .id = i, .counter = i });
		assert_int_equal(rig_handle(&next), OUTCOME(ACCEPTED));
		mu_command_finish(&rig.command, rig.decision.id, OUTCOME(DONE), NULL, &result);
	}
	rig_expect_refusal("forgotten", &first, OUTCOME(REPLAYED), true);
	assert_int_equal(mu_command_finish(&rig.command, (const uint8_t[16]){ 1 }, OUTCOME(FAILED), "why", &result), MU_ERR_NOT_FOUND);
	assert_int_equal(result.id[0], 1);
	assert_string_equal(result.message.detail, "why");
}

// ---- time

static void test_time(void **unused)
{
	(void)unused;
	struct message late = rig_make((struct order){ .id = 1, .counter = 1, .not_after_ms = NOW_MS - 1 });
	struct message just = rig_make((struct order){ .id = 2, .counter = 2, .not_after_ms = NOW_MS });
	struct message blind = rig_make((struct order){ .id = 3, .counter = 3, .not_after_ms = NOW_MS - 1 });
	assert_int_equal(rig_handle(&late), OUTCOME(EXPIRED));
	assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
	assert_int_equal(rig_handle(&just), OUTCOME(ACCEPTED));
	assert_false(rig.decision.time_unchecked);
	assert_int_equal(rig_handle_at(&blind, 0, 1000), OUTCOME(ACCEPTED)); // stated, not refused
	assert_true(rig.decision.time_unchecked);
	assert_string_equal(rig.decision.result.message.detail, "not_after not checked: no trusted time");
	// Expired stays expired when the device has lost its time.
	assert_int_equal(rig_start(), 0);
	assert_int_equal(rig_handle_at(&late, 0, 1000), OUTCOME(EXPIRED));
	assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
}

// ---- a rollback in a boot loop

static void test_an_unfinished_rollback_is_taken_up(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK, .not_after_ms = NOW_MS + 1000 });
	struct mu_command_result result;
	rig_handle(&message);
	assert_int_equal(rig_start(), 0); // it crashed before the plan was written
	assert_int_equal(rig_handle(&message), OUTCOME(ACCEPTED));
	assert_true(rig.decision.repeated);
	assert_int_equal(rig.decision.kind, MU_COMMAND_ROLLBACK);
	assert_memory_equal(rig.decision.target_sha, rig.target_sha, 8);
	mu_command_finish(&rig.command, rig.decision.id, OUTCOME(DONE), NULL, &result);
	assert_int_equal(rig_handle(&message), OUTCOME(DONE));
	assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
}

// Too late to take it up. But it may be under way (accepted in time, the restart took a while): nothing else is said of it.
static void test_an_unfinished_rollback_that_is_too_late(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK, .not_after_ms = NOW_MS + 1000 });
	struct mu_command_result result;
	rig_handle(&message);
	assert_int_equal(rig_start(), 0);
	assert_int_equal(rig_handle_at(&message, NOW_MS + 1001, 1000), OUTCOME(ACCEPTED));
	assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
	assert_true(rig.decision.repeated);
	assert_int_equal(mu_command_finish(&rig.command, (const uint8_t[16]){ 1 }, OUTCOME(DONE), NULL, &result), 0);
	assert_int_equal(rig_handle_at(&message, NOW_MS + 1001, 1000), OUTCOME(DONE));
}

static void test_unfinished_after_a_boot(void **unused)
{
	(void)unused;
	struct mu_command_result result;
	static const enum mu_command_kind kinds[] = { MU_COMMAND_REPORT, MU_COMMAND_REBOOT, MU_COMMAND_DIAGNOSE };
	for (uint8_t i = 0; i < 3; i++) {
		struct message message = rig_make((struct order){ .id = (uint8_t)(i + 1), .counter = i + 1u, .kind = kinds[i] });
		rig_handle(&message);
	}
	mu_command_finish(&rig.command, (const uint8_t[16]){ 1 }, OUTCOME(DONE), NULL, &result);
	assert_int_equal(rig_start(), 0);
	uint32_t place = 0;
	const struct mu_command_entry *entry = mu_command_unfinished(&rig.command, &place);
	assert_int_equal(entry->id[0], 2);
	assert_int_equal(entry->kind, MU_COMMAND_REBOOT);
	entry = mu_command_unfinished(&rig.command, &place);
	assert_int_equal(entry->id[0], 3);
	assert_null(mu_command_unfinished(&rig.command, &place));
}

// ---- when the store fails

static void test_what_cannot_be_stored_is_not_done(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1 });
	for (uint64_t call = 1; call <= 2; call++) { // cmd.res, then cmd.ctr
		rig_teardown(NULL);
		rig_setup(NULL);
		fake_port_fail(&rig.fake, FAKE_CALL_SET, call, 1);
		assert_int_equal(rig_handle(&message), OUTCOME(FAILED));
		assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
		assert_true(rig.command.memory.store_faults > 0);
	}
}

// "Not done" stays true, also when the store works again: whoever has recorded the command cannot have it done later.
static void test_what_was_not_stored_is_not_done_later(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1 }), next = rig_make((struct order){ .id = 2, .counter = 2 });
	fake_port_fail(&rig.fake, FAKE_CALL_SET, 1, 2);
	assert_int_equal(rig_handle(&message), OUTCOME(FAILED));
	assert_int_equal(rig_handle(&message), OUTCOME(REPLAYED));
	assert_int_equal(rig_handle(&next), OUTCOME(ACCEPTED));
	assert_int_equal(rig_start(), 0);
	rig_expect_refusal("not stored, then another was", &message, OUTCOME(REPLAYED), true);
}

// While the memory cannot be read nothing is done, were it ever so fresh, and nothing is written over it. Then it is as it was.
static void test_a_memory_that_cannot_be_read(void **unused)
{
	(void)unused;
	struct message first = rig_make((struct order){ .id = 1, .counter = 7, .not_after_ms = NOW_MS + 1000 });
	struct message fresh = rig_make((struct order){ .id = 2, .counter = 8, .not_after_ms = NOW_MS + 1000 });
	struct message next = rig_make((struct order){ .id = 3, .counter = 9 });
	assert_int_equal(rig_handle(&first), OUTCOME(ACCEPTED));
	fake_port_fail(&rig.fake, FAKE_CALL_GET, 1, 2);
	assert_int_equal(rig_start(), MU_ERR_IO);
	rig_expect_refusal("the one that was done", &first, OUTCOME(FAILED), true);
	assert_string_equal(rig.decision.result.message.detail, "could not be checked or remembered: not done this time");
	rig_expect_refusal("a fresh one", &fresh, OUTCOME(FAILED), true);
	assert_int_equal(mu_command_open(&rig.command, true), 0);
	assert_int_equal(rig_handle(&first), OUTCOME(ACCEPTED));
	assert_true(rig.decision.repeated && rig.decision.kind == MU_COMMAND_NONE);
	assert_int_equal(rig_handle(&next), OUTCOME(ACCEPTED));
	assert_int_equal(rig.command.received, 4); // since boot, not since the last open
}

// What may mend the device is done though it cannot be remembered; its own journal knows it. But not twice in one boot.
static void test_a_rollback_needs_no_memory(void **unused)
{
	(void)unused;
	struct message rollback = rig_make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK });
	struct mu_command_result result;
	for (int unread = 0; unread <= 1; unread++) {
		rig_teardown(NULL);
		rig_setup(NULL);
		fake_port_fail(&rig.fake, unread ? FAKE_CALL_GET : FAKE_CALL_SET, 1, 1000);
		assert_int_equal(rig_start(), unread ? MU_ERR_IO : 0);
		assert_int_equal(rig_handle(&rollback), OUTCOME(ACCEPTED));
		assert_int_equal(rig.decision.kind, MU_COMMAND_ROLLBACK);
		assert_int_equal(mu_command_finish(&rig.command, rig.decision.id, OUTCOME(DONE), NULL, &result), MU_ERR_NOT_FOUND);
		assert_int_equal(result.message.outcome, OUTCOME(DONE));
		assert_int_equal(rig_handle(&rollback), OUTCOME(REPLAYED));
		assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
	}
}

// Power fails in each store operation, in each way: the command is done at most once, and never refused as another's.
static void test_power_cuts(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1 });
	for (uint64_t operation = 1; operation <= 2; operation++) {
		for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
			rig_teardown(NULL);
			rig_setup(NULL);
			fake_port_cut(&rig.fake, operation, (enum fake_tear)tear);
			rig_handle(&message);
			assert_int_equal(rig.decision.kind, MU_COMMAND_NONE); // the cut came before it was done
			fake_port_power_on(&rig.fake);
			rig_start();
			rig_handle(&message);
			bool done = rig.decision.kind == MU_COMMAND_REBOOT;
			bool known_now = rig.decision.repeated && rig.decision.outcome == OUTCOME(ACCEPTED);
			if (!done && !known_now)
				fail_msg("operation %d tear %d: %d", (int)operation, tear, (int)rig.decision.outcome);
			rig_handle(&message);
			assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
		}
	}
}

// A damaged "cmd.ctr": what cannot be told from a replay is refused, what proves itself is not.
static void test_lost_counters(void **unused)
{
	(void)unused;
	struct message plain = rig_make((struct order){ .id = 1, .counter = 1 });
	struct message dated = rig_make((struct order){ .id = 2, .counter = 2, .not_after_ms = NOW_MS + 1000 });
	struct message rollback = rig_make((struct order){ .id = 3, .counter = 3, .kind = MU_COMMAND_ROLLBACK, .signer = COLLECTOR });
	struct message after = rig_make((struct order){ .id = 4, .counter = 4 });
	rig.fake.port.keyvalue->set(&rig.fake, "cmd.ctr", "\x01\x05", 2);
	assert_int_equal(rig_start(), MU_ERR_SIZE);
	rig_expect_refusal("no date", &plain, OUTCOME(REPLAYED), true);
	assert_int_equal(rig_handle_at(&dated, 0, 1000), OUTCOME(REPLAYED)); // a date, but no time to compare
	assert_int_equal(rig_handle(&dated), OUTCOME(ACCEPTED));
	assert_int_equal(rig_handle(&after), OUTCOME(ACCEPTED)); // this key has a counter again
	assert_int_equal(rig_start(), 0);
	assert_true(rig.command.memory.counters_lost); // the other keys have none yet
	assert_int_equal(rig_handle(&rollback), OUTCOME(ACCEPTED));
}

// The key-value store was emptied: a device that has lived knows that counters are missing, a new one takes its first command.
static void test_an_emptied_store(void **unused)
{
	(void)unused;
	struct message old = rig_make((struct order){ .id = 1, .counter = 5 });
	struct message dated = rig_make((struct order){ .id = 2, .counter = 6, .not_after_ms = NOW_MS + 1000 });
	assert_int_equal(rig_handle(&old), OUTCOME(ACCEPTED));
	rig_teardown(NULL);
	fake_port_init(&rig.fake, 1);
	rig.fake.port.crypto = &mu_crypto_openssl;
	assert_int_equal(rig_start(), 0);
	rig_expect_refusal("done before the loss", &old, OUTCOME(REPLAYED), true);
	assert_int_equal(rig_handle(&dated), OUTCOME(ACCEPTED));
	rig_setup(NULL);
	assert_int_equal(rig_handle(&old), OUTCOME(ACCEPTED)); // the first of a new device
}

static void test_a_newer_store_is_no_end(void **unused)
{
	(void)unused;
	rig.fake.port.keyvalue->set(&rig.fake, "cmd.res", "\x02\x00", 2);
	assert_int_equal(rig_start(), MU_ERR_VERSION);
	struct message message = rig_make((struct order){ .id = 1 });
	assert_int_equal(rig_handle(&message), OUTCOME(ACCEPTED));
}

// ---- floods

static void test_a_flood_is_not_recorded(void **unused)
{
	(void)unused;
	struct message forged = rig_make((struct order){ .id = 1 }), good = rig_make((struct order){ .id = 2, .counter = 9 });
	forged.bytes[20] ^= 1;
	unsigned recorded = 0;
	for (uint64_t now = 0; now < 120000; now += 100) {
		rig_handle_at(&forged, NOW_MS, now);
		recorded += rig.decision.record;
	}
	assert_int_equal(recorded, 2 * MU_COMMAND_REFUSALS_PER_MIN);
	assert_int_equal(rig.command.suppressed, 1200 - recorded);
	assert_int_equal(rig.fake.calls[FAKE_CALL_SET], 0);
	assert_int_equal(rig_handle_at(&good, NOW_MS, 119999), OUTCOME(ACCEPTED));
	assert_true(rig.decision.record); // a new command is always answered
	for (int i = 0; i < 100; i++)
		rig_handle_at(&good, NOW_MS, 119999); // a recorded command played again and again
	assert_false(rig.decision.record);
	assert_int_equal(rig.fake.calls[FAKE_CALL_SET], 2);
	assert_int_equal(rig.command.received, 1301);
	assert_int_equal(rig.command.accepted, 1); // a repeat is none
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_same_bytes_give_the_stored_result),
		CASE(test_the_same_id_with_other_bytes),
		CASE(test_counters),
		CASE(test_a_forgotten_command_is_a_replay),
		CASE(test_time),
		CASE(test_an_unfinished_rollback_is_taken_up),
		CASE(test_an_unfinished_rollback_that_is_too_late),
		CASE(test_unfinished_after_a_boot),
		CASE(test_what_cannot_be_stored_is_not_done),
		CASE(test_what_was_not_stored_is_not_done_later),
		CASE(test_a_memory_that_cannot_be_read),
		CASE(test_a_rollback_needs_no_memory),
		CASE(test_power_cuts),
		CASE(test_lost_counters),
		CASE(test_an_emptied_store),
		CASE(test_a_newer_store_is_no_end),
		CASE(test_a_flood_is_not_recorded),
	};
	return cmocka_run_group_tests(tests, rig_make_keys, rig_free_keys);
}
