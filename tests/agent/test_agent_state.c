// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/agent_state.h"
#include "tests/agent/fake_port.h"

static struct fake_port fake;
static struct mu_agent *agent;

static int set_up(void **unused)
{
	(void)unused;
	const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://h" };
	fake_port_init(&fake, 9);
	fake_port_partition(&fake, MU_PART_SPOOL, 8);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 90000, .heap_min_bytes = 70000, .heap_largest_bytes = 50000 };
	agent = malloc(sizeof *agent);
	return mu_agent_init(agent, &config, &fake.port, 0);
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	free(agent);
	return 0;
}

// What the next boot is to tell must be in retained memory before the port is asked to restart.
static void test_a_restart_leaves_its_cause_behind(void **unused)
{
	(void)unused;
	for (uint64_t now_ms = 0; now_ms < 9000; now_ms += 500)
		mu_agent_step(agent, now_ms);
	mu_agent_restart(agent, MU__RESET_CAUSE__CAUSE_LIVENESS, "pump", 9000);
	assert_int_equal(fake.restarts, 1);
	assert_true(agent->stopped);
	struct mu_boot_current left;
	uint8_t copy;
	assert_int_equal(mu_boot_current_load(&left, &copy, (const struct mu_boot_memory *)(const void *)fake.retained), 0);
	assert_int_equal(left.cause, MU__RESET_CAUSE__CAUSE_LIVENESS);
	assert_string_equal(left.hung_token, "pump");
	assert_int_equal(left.uptime_s, 9);
	assert_int_equal(left.heap_min_bytes, 70000);
}

static void test_log_lines_reach_the_port(void **unused)
{
	(void)unused;
	unsigned lines = fake.log_lines;
	mu_agent_log(agent, MU__LOG_LEVEL__LOG_WARNING, "what=test"); // before the first step: no record yet (test_logbook.c)
	assert_int_equal(fake.log_lines, lines + 1);
	assert_int_equal(fake.log_level, MU__LOG_LEVEL__LOG_WARNING);
	assert_string_equal(fake.log_last, "what=test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_restart_leaves_its_cause_behind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_log_lines_reach_the_port, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
