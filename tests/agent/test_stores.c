// SPDX-License-Identifier: Apache-2.0
// What flash would not give at the start. (Each single call that fails: test_agent_port_failures.c.)
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
	agent_rig_open(8);
	fake_port_partition(&fake, MU_PART_OTADATA, 2);
	fake_port_partition(&fake, MU_PART_SLOT0, 1);
	fake_port_partition(&fake, MU_PART_SLOT1, 1);
	agent_rig_trust_operator();
	return 0;
}

static void start(void)
{
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
}

static bool has_fault(void)
{
	return agent->verdict & MU__VERDICT_BIT__VERDICT_FLASH_FAULT;
}

static void test_nothing_is_missing_on_good_flash(void **unused)
{
	(void)unused;
	start();
	assert_int_equal(agent->stores.missing, 0);
	assert_true(agent->has_spool && agent->has_slots && agent->key_count == 1);
	fake_collector_run(&collector, 200000);
	assert_false(has_fault());
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_BOOT_REPORT), 1);
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_LOG), 0);
}

// All of flash refuses for the first 90 s. Then everything is there, the boot is told, and who looks sees that flash is not well.
static void test_flash_that_comes_late_is_taken(void **unused)
{
	(void)unused;
	fake_port_fail(&fake, FAKE_CALL_READ, 1, UINT64_MAX / 2);
	fake_port_fail(&fake, FAKE_CALL_GET, 1, UINT64_MAX / 2);
	start();
	assert_int_equal(agent->stores.missing, MU_STORE_SLOTS | MU_STORE_SPOOL | MU_STORE_KEYS | MU_STORE_COMMANDS);
	fake_collector_run(&collector, 90000);
	assert_true(collector.online >= 1); // it lives, and is reached, without any of it
	assert_int_equal(collector.count, 0);
	assert_true(has_fault());
	fake.fail_at[FAKE_CALL_READ] = fake.fail_at[FAKE_CALL_GET] = 0;
	fake_collector_run(&collector, 90000);
	assert_int_equal(agent->stores.missing, 0);
	assert_true(agent->has_spool && agent->has_slots && agent->key_count == 1);
	assert_int_equal(fake_collector_count(&collector, MU__RECORD__BODY_BOOT_REPORT), 1);
	const Mu__Heartbeat *heartbeat = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT)->heartbeat;
	assert_true(heartbeat->vitals->verdict & MU__VERDICT_BIT__VERDICT_FLASH_FAULT);
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_LOG)->log->text, "what=flash_refused action=recovered");
}

// Once a minute, for ever, and no more: flash that is dead costs no time.
static void test_dead_flash_is_asked_once_a_minute(void **unused)
{
	(void)unused;
	fake_port_fail(&fake, FAKE_CALL_READ, 1, UINT64_MAX / 2);
	start();
	fake_collector_run(&collector, 30000);
	uint64_t reads = fake.calls[FAKE_CALL_READ];
	uint32_t faults = agent->flash_faults;
	fake_collector_run(&collector, 600000);
	assert_in_range(fake.calls[FAKE_CALL_READ] - reads, 10, 400);
	assert_in_range(agent->flash_faults - faults, 30, 33); // slots, spool, keys: ten times
}

// What is not there is not looked for again: no partition appears by itself, and a gateway has none of them.
static void test_what_is_not_there_is_not_tried_again(void **unused)
{
	(void)unused;
	memset(fake.flash_bytes, 0, sizeof fake.flash_bytes);
	start();
	assert_int_equal(agent->stores.missing & ~(uint32_t)MU_STORE_KEYS, 0);
	assert_false(agent->has_spool || agent->has_slots);
	fake_collector_run(&collector, 5000);
	assert_true(has_fault()); // a device without a spool is not well
}

// Rubbish among the keys is no fault of the medium: read once, refused, said.
static void test_keys_that_are_no_keys_are_read_once(void **unused)
{
	(void)unused;
	memset(fake.flash[MU_PART_KEYS], 0x55, MU_SECTOR_BYTES);
	start();
	assert_int_equal(agent->stores.missing, 0);
	assert_int_equal(agent->key_count, 0);
	fake_collector_run(&collector, 20000);
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_LOG)->log->text,
		"what=no_keys effect=every_command_is_refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_missing_on_good_flash, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_flash_that_comes_late_is_taken, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_dead_flash_is_asked_once_a_minute, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_there_is_not_tried_again, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_keys_that_are_no_keys_are_read_once, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
