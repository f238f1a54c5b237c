// SPDX-License-Identifier: Apache-2.0
// Signed commands through a whole agent: what is done, what is answered, and when. (Each refusal by itself: uplink/test_command.c;
// the rollback: ota/test_rollback.c and port/linux/test_rollback_cuts.c.)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/agent/agent_rig.h"

static int set_up(void **unused)
{
	(void)unused;
	agent_rig_open(16);
	agent_rig_trust_operator();
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 20000);
	return 0;
}

static const Mu__CommandResult *result(void)
{
	const Mu__Record *record = fake_collector_last(&collector, MU__RECORD__BODY_COMMAND_RESULT);
	return record ? record->command_result : 0;
}

static void test_a_reboot_is_answered_before_it_is_done(void **unused)
{
	(void)unused;
	uint8_t id[16];
	Mu__Reboot reboot = MU__REBOOT__INIT;
	agent_rig_command(0x11, 1, MU__COMMAND__BODY_REBOOT, &reboot);
	fake_collector_run(&collector, 1000);
	assert_non_null(result());
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
	assert_int_equal(fake.restarts, 1);
	assert_int_equal(agent->boots.current.cause, MU__RESET_CAUSE__CAUSE_COMMAND);

	// After the reset the same agent says that it is done, once.
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_SW);
	fake_collector_run(&collector, 20000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	memset(id, 0x11, sizeof id);
	assert_memory_equal(result()->id.data, id, sizeof id);
	assert_int_equal(fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT)->boot_report->cause, MU__RESET_CAUSE__CAUSE_COMMAND);
	agent_rig_command(0x11, 1, MU__COMMAND__BODY_REBOOT, &reboot); // the broker delivers it again
	fake_collector_run(&collector, 2000);
	assert_int_equal(fake.restarts, 1);
}

// Without a collector the reboot still comes, after the farewell time.
static void test_a_reboot_does_not_wait_for_ever(void **unused)
{
	(void)unused;
	Mu__Reboot reboot = MU__REBOOT__INIT;
	collector.no_ack = true;
	agent_rig_command(0x12, 1, MU__COMMAND__BODY_REBOOT, &reboot);
	fake_collector_run(&collector, MU_AGENT_FAREWELL_MS - 500);
	assert_int_equal(fake.restarts, 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake.restarts, 1);
}

static void test_report_changes_the_interval_for_a_while(void **unused)
{
	(void)unused;
	Mu__Report body = MU__REPORT__INIT;
	body.interval_s = 2;
	body.for_s = 60;
	agent_rig_command(0x13, 1, MU__COMMAND__BODY_REPORT, &body);
	fake_collector_run(&collector, 60000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	unsigned fast = fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT);
	assert_in_range(fast, 25, 40);
	fake_collector_run(&collector, 240000);
	assert_in_range(fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT) - fast, 3, 6); // back at 60 s by itself
}

static void send_report(uint64_t counter, uint8_t first, uint32_t interval_s, uint32_t for_s)
{
	Mu__Report body = MU__REPORT__INIT;
	body.interval_s = interval_s;
	body.for_s = for_s;
	agent_rig_command(first, counter, MU__COMMAND__BODY_REPORT, &body);
}

static void send_log(uint64_t counter, uint8_t first, Mu__LogLevel level, uint32_t for_s)
{
	Mu__SetLog body = MU__SET_LOG__INIT;
	body.level = level;
	body.for_s = for_s;
	agent_rig_command(first, counter, MU__COMMAND__BODY_LOG, &body);
}

static void reset(void)
{
	fake_port_power_on(&fake); // no RTC, no retained memory
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 20000);
}

// A reset does not end it, nor does it make it longer; the netwatch knows the interval that holds, or it would miss the Acks.
static void test_a_changed_interval_outlives_a_reset_and_ends(void **unused)
{
	(void)unused;
	send_report(1, 0x21, 300, 1600);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	assert_int_equal(agent->netwatch.interval_ms, 300000);
	reset();
	assert_int_equal(agent->netwatch.interval_ms, 300000);
	unsigned before = fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT);
	fake_collector_run(&collector, 1400000); // 1500 s are left
	unsigned slow = fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT) - before;
	assert_in_range(slow, 6, 9); // four of the boot, then each 300 s
	fake_collector_run(&collector, 600000);
	assert_int_equal(agent->netwatch.interval_ms, 60000);
	assert_in_range(fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT) - before - slow, 7, 11);
}

static void test_a_later_report_replaces_the_earlier(void **unused)
{
	(void)unused;
	send_report(1, 0x21, 300, 3600);
	send_report(2, 0x22, 2, 20);
	fake_collector_run(&collector, 15000);
	assert_in_range(fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT), 6, 12);
	fake_collector_run(&collector, 15000);
	assert_int_equal(agent->netwatch.interval_ms, 60000); // the usual one, not that of the first
}

static void test_log_changes_the_level_for_a_while(void **unused)
{
	(void)unused;
	assert_int_equal(mu_agent_log_line(agent, MU__LOG_LEVEL__LOG_INFO, "pump", "before", collector.now_ms), 0);
	send_log(1, 0x23, MU__LOG_LEVEL__LOG_INFO, 160);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	assert_int_equal(mu_agent_log_line(agent, MU__LOG_LEVEL__LOG_INFO, "pump", "during", collector.now_ms), 0);
	reset();
	assert_int_equal(mu_agent_log_line(agent, MU__LOG_LEVEL__LOG_INFO, "pump", "after a reset", collector.now_ms), 0);
	fake_collector_run(&collector, 160000);
	assert_int_equal(mu_agent_log_line(agent, MU__LOG_LEVEL__LOG_INFO, "pump", "over", collector.now_ms), 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_LOG), 2);
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_LOG)->log->text, "after a reset");
}

// Also a level of a later version: refused with a reason, and nothing is changed.
static void test_a_level_that_is_none_is_refused(void **unused)
{
	(void)unused;
	send_log(1, 0x24, (Mu__LogLevel)17, 160);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
	assert_string_equal(result()->detail, "no such level, or time out of range");
	assert_int_equal(mu_overrides_log_level(&agent->overrides), MU__LOG_LEVEL__LOG_WARNING);
}

// For its time each heartbeat is a full one, six times as often, and the log is at info.
static void test_diagnose_gives_full_heartbeats(void **unused)
{
	(void)unused;
	Mu__Diagnose body = MU__DIAGNOSE__INIT;
	body.for_s = 120;
	fake_collector_run(&collector, 60000); // past the heartbeats of the boot
	unsigned before = collector.count;
	agent_rig_command(0x25, 1, MU__COMMAND__BODY_DIAGNOSE, &body);
	fake_collector_run(&collector, 119000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	unsigned full = 0, heartbeats = 0, heap_steps = 0;
	for (unsigned i = before; i < collector.count; i++) {
		heap_steps += collector.records[i]->body_case == MU__RECORD__BODY_EVENT &&
			strcmp(collector.records[i]->event->name, "heap_steps") == 0;
		if (collector.records[i]->body_case == MU__RECORD__BODY_HEARTBEAT) {
			heartbeats++;
			full += collector.records[i]->heartbeat->agent && collector.records[i]->heartbeat->tasks;
		}
	}
	assert_int_equal(heap_steps, 1);
	assert_in_range(heartbeats, 11, 13);
	assert_int_equal(full, heartbeats);
	assert_int_equal(mu_overrides_log_level(&agent->overrides), MU__LOG_LEVEL__LOG_INFO);
	before = collector.count;
	fake_collector_run(&collector, 300000);
	assert_int_equal(mu_overrides_log_level(&agent->overrides), MU__LOG_LEVEL__LOG_WARNING);
	assert_in_range(collector.count - before, 4, 7);
}

// Flash that fails: the command is not done, and says so; the change before it goes on.
static void test_what_cannot_be_stored_is_not_done(void **unused)
{
	(void)unused;
	send_report(1, 0x26, 30, 600);
	fake_collector_run(&collector, 1000);
	fake_port_fail(&fake, FAKE_CALL_SET, 3, 1); // behind those of the command's memory
	send_report(2, 0x27, 5, 600);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
	assert_string_equal(result()->detail, "could not be stored, so it was not done");
	assert_int_equal(agent->netwatch.interval_ms, 30000);
	fake_collector_run(&collector, 3000);
	assert_true(agent->verdict & MU__VERDICT_BIT__VERDICT_FLASH_FAULT);
}

// The reset comes between the change and its answer: the answer after it must be the truth.
static void test_an_answer_cut_off_by_a_reset_is_made_good(void **unused)
{
	(void)unused;
	fake_port_cut(&fake, 4, FAKE_TEAR_NOTHING); // cmd.res, cmd.ctr, overrides are written, the outcome is not
	send_report(1, 0x28, 30, 600);
	fake_collector_run(&collector, 1000);
	assert_true(fake.power_off);
	reset();
	assert_int_equal(agent->netwatch.interval_ms, 30000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);

	fake_port_cut(&fake, 3, FAKE_TEAR_NOTHING); // this time before the change
	send_report(2, 0x29, 7, 600);
	fake_collector_run(&collector, 1000);
	reset();
	assert_int_equal(agent->netwatch.interval_ms, 30000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
	assert_string_equal(result()->detail, "cut off by a reset");
}

// Accepted without a look at its not_after, because no time is trusted: the answer says so, whatever the command was.
static void test_a_time_that_was_not_checked_is_said(void **unused)
{
	(void)unused;
	fake_port_power_on(&fake);
	collector.no_ack = true;
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 3000); // no longer: only so much is sent without an Ack
	agent_rig_not_after_ms = MU_WALL_MS_MIN; // long ago
	send_report(1, 0x2A, 30, 600);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	assert_string_equal(result()->detail, "not_after not checked: no trusted time");
	collector.no_ack = false;
	fake_collector_run(&collector, 120000); // the Acks bring the time
	send_report(2, 0x2B, 30, 600);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_EXPIRED);
}

static void send_reboot(uint64_t counter, uint8_t first)
{
	Mu__Reboot body = MU__REBOOT__INIT;
	agent_rig_command(first, counter, MU__COMMAND__BODY_REBOOT, &body);
}

// The key-value store is emptied: the spool shows that this is no new device, so an old counter is not taken for a new one.
static void test_an_emptied_store_makes_no_old_counter_new(void **unused)
{
	(void)unused;
	send_report(5, 0x31, 5, 600);
	fake_collector_run(&collector, 600000);
	assert_true(mu_spool_next_seq(&agent->spool) > MU_STORES_YOUNG_RECORDS);
	reset();
	send_reboot(5, 0x32);
	fake_collector_run(&collector, 2000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_REPLAYED); // as with a store that is not empty
	memset(fake.keys, 0, sizeof fake.keys);
	reset();
	send_reboot(6, 0x33);
	fake_collector_run(&collector, 2000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_REPLAYED);
	assert_int_equal(fake.restarts, 0);
}

// The memory of commands can be read only a minute after the boot: until then nothing is done, then the reboot before it is answered.
static void test_a_memory_that_comes_late(void **unused)
{
	(void)unused;
	send_reboot(1, 0x34);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake.restarts, 1);
	fake_port_power_on(&fake);
	fake_port_fail(&fake, FAKE_CALL_GET, 1, UINT64_MAX / 2);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_SW);
	fake_collector_run(&collector, 20000);
	send_reboot(1, 0x34);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
	fake.fail_at[FAKE_CALL_GET] = 0;
	fake_collector_run(&collector, 60000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	assert_int_equal(fake.restarts, 1);
	fake_collector_run(&collector, 200000);
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_COMMAND_RESULT), 3); // accepted, failed, done
}

static void test_what_this_version_cannot_do_is_said(void **unused)
{
	(void)unused;
	Mu__Update update = MU__UPDATE__INIT;
	update.manifest_url = (char *)"http://127.0.0.1/m";
	agent_rig_command(0x14, 1, MU__COMMAND__BODY_UPDATE, &update);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_UNSUPPORTED);
}

// No firmware slots (a gateway without OTA): refused with the reason, not ignored.
static void test_a_rollback_without_slots_is_refused(void **unused)
{
	(void)unused;
	uint8_t sha[8] = { 9 };
	Mu__Rollback rollback = MU__ROLLBACK__INIT;
	rollback.running_sha = rollback.target_sha = (ProtobufCBinaryData){ .len = 8, .data = sha };
	agent_rig_command(0x15, 1, MU__COMMAND__BODY_ROLLBACK, &rollback);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_NOT_READY);
	assert_string_equal(result()->detail, "no two slots");
}

// Each rollback ends with a record of its cause, though the flash refuses just then.
static void test_the_end_of_a_rollback_is_told(void **unused)
{
	(void)unused;
	fake_port_partition(&fake, MU_PART_OTADATA, 2);
	fake_port_partition(&fake, MU_PART_SLOT0, 1);
	fake_port_partition(&fake, MU_PART_SLOT1, 1);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_SW);
	fake_collector_run(&collector, 24000);
	assert_true(agent->has_slots);
	agent->rollback.ending = MU_ROLLBACK_END_REPORT;
	agent->rollback.failure = MU_OTA_CAUSE_IMAGE_DAMAGED;
	agent->rollback.request.command_id[0] = 0x17;
	fake_port_fail(&fake, FAKE_CALL_PROGRAM, 1, 2);
	fake_collector_run(&collector, 2000);
	assert_true(fake.calls[FAKE_CALL_PROGRAM] > fake.fail_at[FAKE_CALL_PROGRAM]);
	const Mu__Record *record = fake_collector_last(&collector, MU__RECORD__BODY_OTA);
	assert_non_null(record);
	assert_int_equal(record->ota->state, MU__OTA_STATE__OTA_FAILED);
	assert_int_equal(record->ota->cause, MU__OTA_CAUSE__OTA_CAUSE_IMAGE_DAMAGED);
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_OTA), 1);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_FAILED);
}

static void test_a_forgery_changes_nothing(void **unused)
{
	(void)unused;
	Mu__Reboot reboot = MU__REBOOT__INIT;
	agent_rig_operator.point[1] = 1; // signs with another key under the same id
	uint64_t writes = fake.calls[FAKE_CALL_SET];
	agent_rig_command(0x16, 1, MU__COMMAND__BODY_REBOOT, &reboot);
	fake_collector_run(&collector, 8000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_BAD_SIGNATURE);
	assert_int_equal(fake.restarts, 0);
	assert_int_equal(fake.calls[FAKE_CALL_SET], writes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_reboot_is_answered_before_it_is_done, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_reboot_does_not_wait_for_ever, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_report_changes_the_interval_for_a_while, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_changed_interval_outlives_a_reset_and_ends, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_later_report_replaces_the_earlier, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_log_changes_the_level_for_a_while, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_level_that_is_none_is_refused, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_diagnose_gives_full_heartbeats, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_stored_is_not_done, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_answer_cut_off_by_a_reset_is_made_good, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_time_that_was_not_checked_is_said, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_emptied_store_makes_no_old_counter_new, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_memory_that_comes_late, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_what_this_version_cannot_do_is_said, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_rollback_without_slots_is_refused, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_of_a_rollback_is_told, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_forgery_changes_nothing, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
