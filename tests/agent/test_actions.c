// SPDX-License-Identifier: Apache-2.0
// Signed commands through a whole agent: what is done, what is answered, and when. (Each refusal by itself: uplink/test_command.c;
// the rollback: ota/test_rollback.c and port/linux/test_rollback_cuts.c.)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/agent_state.h"
#include "tests/agent/fake_collector.h"

static struct fake_port fake;
static struct fake_collector collector;
static struct mu_agent *agent;
static struct mu_keyset keys;

static int set_up(void **unused)
{
	(void)unused;
	uint8_t sector[MU_KEYSET_SIZE_MAX];
	fake_port_init(&fake, 7);
	fake_port_partition(&fake, MU_PART_SPOOL, 16);
	fake_port_partition(&fake, MU_PART_KEYS, 1);
	keys = (struct mu_keyset){ .count = 1, .keys[0] = { .id = "KEY-0001", .role = MU_KEY_OPERATOR, .point = { 4 }, .name = "ana" } };
	int size = mu_keyset_write(&keys, sector, sizeof sector);
	assert_true(size > 0);
	memcpy(fake.flash[MU_PART_KEYS], sector, (size_t)size);
	fake.reset_info.reset_raw = 1;
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_largest_bytes = 110000, .heap_min_bytes = 150000 };
	agent = malloc(sizeof *agent);
	fake_collector_init(&collector, &fake, agent);
	const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://127.0.0.1" };
	assert_int_equal(mu_agent_init(agent, &config, &fake.port, 0), 0);
	fake_collector_run(&collector, 20000);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_collector_free(&collector);
	fake_port_free(&fake);
	free(agent);
	return 0;
}

static Mu__Command command_of(uint8_t id[16], uint64_t counter, uint8_t first)
{
	Mu__Command command = MU__COMMAND__INIT;
	memset(id, first, 16);
	command.device = (char *)"dev-1";
	command.id = (ProtobufCBinaryData){ .len = 16, .data = id };
	command.counter = counter;
	return command;
}

static void send(const Mu__Command *command)
{
	uint8_t bytes[512], digest[32], signature[FAKE_SIGNATURE_BYTES], packed[1024];
	Mu__SignedCommand envelope = MU__SIGNED_COMMAND__INIT;
	size_t size = mu__command__pack(command, bytes);
	fake_port_digest(bytes, size, digest);
	fake_port_sign(keys.keys[0].point, digest, signature);
	envelope.command = (ProtobufCBinaryData){ .len = size, .data = bytes };
	envelope.signature = (ProtobufCBinaryData){ .len = sizeof signature, .data = signature };
	envelope.key_id = (ProtobufCBinaryData){ .len = 8, .data = keys.keys[0].id };
	fake_collector_send(&collector, "muster/v1/dev-1/dn", packed, mu__signed_command__pack(&envelope, packed), false);
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
	Mu__Command command = command_of(id, 1, 0x11);
	Mu__Reboot reboot = MU__REBOOT__INIT;
	command.body_case = MU__COMMAND__BODY_REBOOT;
	command.reboot = &reboot;
	send(&command);
	fake_collector_run(&collector, 1000);
	assert_non_null(result());
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_ACCEPTED);
	assert_int_equal(fake.restarts, 1);
	assert_int_equal(agent->boots.current.cause, MU__RESET_CAUSE__CAUSE_COMMAND);

	// After the reset the same agent says that it is done, once.
	const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://127.0.0.1" };
	fake.reset_info.reset_raw = 3;
	collector.now_ms = 0;
	assert_int_equal(mu_agent_init(agent, &config, &fake.port, 0), 0);
	fake_collector_run(&collector, 20000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	assert_memory_equal(result()->id.data, id, 16);
	assert_int_equal(fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT)->boot_report->cause, MU__RESET_CAUSE__CAUSE_COMMAND);
	send(&command); // the broker delivers it again
	fake_collector_run(&collector, 2000);
	assert_int_equal(fake.restarts, 1);
}

// Without a collector the reboot still comes, after the farewell time.
static void test_a_reboot_does_not_wait_for_ever(void **unused)
{
	(void)unused;
	uint8_t id[16];
	Mu__Command command = command_of(id, 1, 0x12);
	Mu__Reboot reboot = MU__REBOOT__INIT;
	command.body_case = MU__COMMAND__BODY_REBOOT;
	command.reboot = &reboot;
	collector.no_ack = true;
	send(&command);
	fake_collector_run(&collector, MU_AGENT_FAREWELL_MS - 500);
	assert_int_equal(fake.restarts, 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake.restarts, 1);
}

static void test_report_changes_the_interval_for_a_while(void **unused)
{
	(void)unused;
	uint8_t id[16];
	Mu__Command command = command_of(id, 1, 0x13);
	Mu__Report body = MU__REPORT__INIT;
	body.interval_s = 2;
	body.for_s = 60;
	command.body_case = MU__COMMAND__BODY_REPORT;
	command.report = &body;
	send(&command);
	fake_collector_run(&collector, 60000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_DONE);
	unsigned fast = fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT);
	assert_in_range(fast, 25, 40);
	fake_collector_run(&collector, 240000);
	assert_in_range(fake_collector_count(&collector, MU__RECORD__BODY_HEARTBEAT) - fast, 3, 6); // back at 60 s by itself
}

static void test_what_this_version_cannot_do_is_said(void **unused)
{
	(void)unused;
	uint8_t id[16];
	Mu__Command command = command_of(id, 1, 0x14);
	Mu__Update update = MU__UPDATE__INIT;
	update.manifest_url = (char *)"http://127.0.0.1/m";
	command.body_case = MU__COMMAND__BODY_UPDATE;
	command.update = &update;
	send(&command);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_UNSUPPORTED);
}

// No firmware slots (a gateway without OTA): refused with the reason, not ignored.
static void test_a_rollback_without_slots_is_refused(void **unused)
{
	(void)unused;
	uint8_t id[16], sha[8] = { 9 };
	Mu__Command command = command_of(id, 1, 0x15);
	Mu__Rollback rollback = MU__ROLLBACK__INIT;
	rollback.running_sha = rollback.target_sha = (ProtobufCBinaryData){ .len = 8, .data = sha };
	command.body_case = MU__COMMAND__BODY_ROLLBACK;
	command.rollback = &rollback;
	send(&command);
	fake_collector_run(&collector, 1000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_NOT_READY);
	assert_string_equal(result()->detail, "no two slots");
}

static void test_a_forgery_changes_nothing(void **unused)
{
	(void)unused;
	uint8_t id[16];
	Mu__Command command = command_of(id, 1, 0x16);
	Mu__Reboot reboot = MU__REBOOT__INIT;
	command.body_case = MU__COMMAND__BODY_REBOOT;
	command.reboot = &reboot;
	keys.keys[0].point[1] = 1; // signs with another key under the same id
	uint64_t writes = fake.calls[FAKE_CALL_SET];
	send(&command);
	fake_collector_run(&collector, 8000);
	assert_int_equal(result()->outcome, MU__COMMAND_OUTCOME__OUTCOME_BAD_SIGNATURE);
	assert_int_equal(fake.restarts, 0);
	assert_int_equal(fake.calls[FAKE_CALL_SET], writes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_reboot_is_answered_before_it_is_done, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_reboot_does_not_wait_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_report_changes_the_interval_for_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_this_version_cannot_do_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_rollback_without_slots_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_forgery_changes_nothing, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
