// SPDX-License-Identifier: Apache-2.0
// The lines that agent/README.md shows to an application, compiled as they stand there, do what it says.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/agent_rig.h"

enum { WEB = 3 }; // the application's socket

// What the lines close.
static void close_descriptor(int descriptor)
{
	fake.socket_state[descriptor] = MU_ERR_NOT_FOUND;
}
#define close close_descriptor

static void application(int descriptor, uint64_t now_ms)
{
#include "readme_agent.inc"
}

static void test_the_lines_of_the_readme(void **unused)
{
	(void)unused;
	agent_rig_open(32);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake.socket_state[WEB] = 0;
	application(WEB, 0);
	assert_int_equal(fake.socket_options[WEB].keep_idle_s, 10); // it was guarded
	assert_int_equal(fake.socket_state[WEB], MU_ERR_NOT_FOUND); // and its owner has closed it
	assert_int_equal(fake.socket_closes, 0);
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake.restarts, 0); // the pump rests
	const Mu__Record *boot = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT);
	assert_int_equal(boot->boot_report->n_app_metric_names, 1);
	assert_string_equal(boot->boot_report->app_metric_names[0], "tank_level");
	assert_int_equal(fake_collector_count_events(&collector, "valve_open"), 1);
	assert_string_equal(fake_collector_last_log(&collector, "pump")->text, "runs dry"); // and not the line of level debug
	mu_agent_check_in(agent, 0, collector.now_ms); // token 0 is the pump: at work again, and then it hangs
	fake_collector_run(&collector, 10000);
	assert_int_equal(fake.restarts, 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake.restarts, 1);
	agent_rig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_lines_of_the_readme) };
	return cmocka_run_group_tests(tests, 0, 0);
}
