// SPDX-License-Identifier: Apache-2.0
// The lines that agent/README.md shows to an application, compiled as they stand there, do what it says.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/agent.h"
#include "tests/agent/fake_collector.h"

enum { WEB = 3 }; // the application's socket

static struct fake_port fake;

// What the lines close.
static void close_descriptor(int descriptor)
{
	fake.socket_state[descriptor] = MU_ERR_NOT_FOUND;
}
#define close close_descriptor

static void application(struct mu_agent *agent, int descriptor, uint64_t now_ms)
{
#include "readme_agent.inc"
}

static void test_the_lines_of_the_readme(void **unused)
{
	(void)unused;
	static const struct mu_agent_config config = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://127.0.0.1:1883" };
	static struct fake_collector collector;
	struct mu_agent *agent = malloc(mu_agent_size());
	fake_port_init(&fake, 1);
	fake_port_partition(&fake, MU_PART_SPOOL, 32);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_min_bytes = 190000, .heap_largest_bytes = 110000 };
	fake_collector_init(&collector, &fake, agent);
	assert_int_equal(mu_agent_init(agent, &config, &fake.port, 0), 0);
	fake.socket_state[WEB] = 0;
	application(agent, WEB, 0);
	assert_int_equal(fake.socket_options[WEB].keep_idle_s, 10); // it was guarded
	assert_int_equal(fake.socket_state[WEB], MU_ERR_NOT_FOUND); // and its owner has closed it
	assert_int_equal(fake.socket_closes, 0);
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake.restarts, 0); // the pump rests
	const Mu__Record *boot = fake_collector_last(&collector, MU__RECORD__BODY_BOOT_REPORT);
	assert_int_equal(boot->boot_report->n_app_metric_names, 1);
	assert_string_equal(boot->boot_report->app_metric_names[0], "tank_level");
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_EVENT)->event->name, "valve_open");
	const Mu__Log *log = 0;
	for (unsigned i = 0; i < collector.count; i++)
		if (collector.records[i]->body_case == MU__RECORD__BODY_LOG && !strcmp(collector.records[i]->log->tag, "pump"))
			log = collector.records[i]->log;
	assert_string_equal(log->text, "runs dry"); // and not the line of level debug
	mu_agent_check_in(agent, 0, collector.now_ms); // token 0 is the pump: at work again, and then it hangs
	fake_collector_run(&collector, 10000);
	assert_int_equal(fake.restarts, 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake.restarts, 1);
	fake_collector_free(&collector);
	fake_port_free(&fake);
	free(agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_lines_of_the_readme) };
	return cmocka_run_group_tests(tests, 0, 0);
}
