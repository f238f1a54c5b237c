// SPDX-License-Identifier: Apache-2.0
// Log lines, the application's events, and what is said about those that were held back, through a whole agent.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/agent/agent_rig.h"

enum { ERROR = MU__LOG_LEVEL__LOG_ERROR, WARNING, INFO, DEBUG, MINUTE_MS = 60000 };

static int set_up(void **unused)
{
	(void)unused;
	agent_rig_open(32);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 12000);
	return 0;
}

static int say(int level, const char *text)
{
	return mu_agent_log_line(agent, level, "pump", text, collector.now_ms);
}

static void test_warnings_and_worse_become_records(void **unused)
{
	(void)unused;
	static const struct {
		int level, result;
		bool to_port, to_collector;
	} rows[] = {
		{ 0, MU_ERR_INVALID, false, false }, // no level at all
		{ DEBUG + 1, MU_ERR_INVALID, false, false },
		{ ERROR, 0, true, true },
		{ WARNING, 0, true, true },
		{ INFO, 0, true, false },
		{ DEBUG, 0, true, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned lines = fake.log_lines, records = fake_collector_count_logs(&collector, "pump");
		assert_int_equal(say(rows[i].level, "dry"), rows[i].result);
		assert_int_equal(fake.log_lines - lines, rows[i].to_port);
		fake_collector_run(&collector, 1000);
		assert_int_equal(fake_collector_count_logs(&collector, "pump") - records, rows[i].to_collector);
	}
	assert_string_equal(fake.log_last, "tag=pump dry");
	const Mu__Log *log = fake_collector_last(&collector, MU__RECORD__BODY_LOG)->log;
	assert_int_equal(log->level, WARNING);
	assert_string_equal(log->text, "dry");
	assert_int_equal(mu_agent_log_line(agent, ERROR, 0, 0, collector.now_ms), MU_ERR_INVALID); // nothing to say
	assert_int_equal(mu_agent_log_line(agent, ERROR, 0, "no tag", collector.now_ms), 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake_collector_count_logs(&collector, "app"), 1);
}

// This device has no keys, so that no command can reach it: its own first warning must be seen by somebody who can act.
static void test_the_agents_own_warnings_become_records(void **unused)
{
	(void)unused;
	assert_int_equal(fake_collector_count_logs(&collector, "muster"), 1);
	assert_string_equal(fake_collector_last(&collector, MU__RECORD__BODY_LOG)->log->text,
		"what=no_keys effect=every_command_is_refused");
	mu_agent_log(agent, INFO, "what=detail");
	mu_agent_log(agent, ERROR, "what=trouble");
	fake_collector_run(&collector, 1000);
	assert_int_equal(fake_collector_count_logs(&collector, "muster"), 2);
}

// A line about a line that could not be stored is itself not stored: no recursion, whatever the flash does.
static void test_a_failing_spool_is_not_logged_into_itself(void **unused)
{
	(void)unused;
	fake_port_fail(&fake, FAKE_CALL_PROGRAM, 1, 1000);
	unsigned lines = fake.log_lines;
	assert_int_equal(say(ERROR, "dry"), MU_ERR_IO);
	assert_int_equal(fake.log_lines - lines, 2); // the line, and that it was not stored
	assert_true(agent->flash_faults > 0);
	fake.fail_count[FAKE_CALL_PROGRAM] = 0;
	fake.fail_at[FAKE_CALL_PROGRAM] = 0;
	assert_int_equal(say(ERROR, "dry"), 0);
}

// A flood of the application costs its own lines only: the agent still speaks, its events, boots and results are never held back.
static void test_a_flood_is_limited_and_told(void **unused)
{
	(void)unused;
	unsigned flood = 0;
	for (int i = 0; i < 300; i++) { // a minute
		flood += say(ERROR, "dry") == 0;
		fake_collector_run(&collector, 200);
	}
	assert_in_range(flood, MU_LOGS_BURST + MU_LOGS_PER_MIN - 1, MU_LOGS_BURST + MU_LOGS_PER_MIN);
	flood += say(ERROR, "dry") == 0; // perhaps the last one that was earned
	assert_int_equal(say(ERROR, "dry"), MU_ERR_BUSY);
	mu_agent_log(agent, ERROR, "what=trouble");
	assert_int_equal(mu_agent_event(agent, "valve_open", 0, 1, collector.now_ms), 0);
	fake_collector_run(&collector, 2 * MINUTE_MS);
	assert_int_equal(fake_collector_count_logs(&collector, "pump"), flood);
	assert_int_equal(fake_collector_count_logs(&collector, "muster"), 2);
	assert_int_equal(fake_collector_count_events(&collector, "suppressed"), 1);
	assert_int_equal(fake_collector_last_event(&collector, "suppressed")->value, agent->logbook.told[0]);
	assert_in_range(agent->logbook.logs.refused, 265, 275);
}

static void test_events_have_a_rate_of_their_own(void **unused)
{
	(void)unused;
	unsigned taken = 0;
	for (int i = 0; i < 100; i++)
		taken += mu_agent_event(agent, "valve_open", "by\thand", i, collector.now_ms) == 0;
	assert_int_equal(taken, MU_EVENTS_BURST);
	assert_int_equal(mu_agent_event(agent, "valve_open", 0, 0, collector.now_ms), MU_ERR_BUSY);
	assert_int_equal(say(WARNING, "still heard"), 0);
	fake_collector_run(&collector, 2 * MINUTE_MS);
	assert_string_equal(fake_collector_last_event(&collector, "valve_open")->text, "by?hand");
	assert_int_equal(fake_collector_count_events(&collector, "valve_open"), MU_EVENTS_BURST);
	assert_string_equal(fake_collector_last_event(&collector, "suppressed")->text, "logs=0 events=71 commands=0 messages=0 refused=0");
}

// Text that is too long is cut, and costs nothing; names that are not the application's to use are refused, and cost nothing either.
static void test_what_an_event_may_say(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		int result;
	} rows[] = {
		{ "a", 0 },
		{ "abcdefghijklmnopqrstuvwxyz012345", 0 },
		{ "abcdefghijklmnopqrstuvwxyz0123456", MU_ERR_INVALID },
		{ "", MU_ERR_INVALID },
		{ 0, MU_ERR_INVALID },
		{ "Valve", MU_ERR_INVALID },
		{ "valve open", MU_ERR_INVALID },
		{ "suppressed", MU_ERR_INVALID }, // or an application could forge what the agent says of itself
		{ "heap_step", MU_ERR_INVALID },
	};
	char text[400];
	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = 0;
	uint32_t credit = agent->logbook.events.credit, used = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mu_agent_event(agent, rows[i].name, text, 0, collector.now_ms), rows[i].result);
		used += rows[i].result == 0;
	}
	assert_int_equal(credit - agent->logbook.events.credit, used * 60000);
	assert_int_equal(mu_spool_refused(&agent->spool), 0);
	fake_collector_run(&collector, 1000);
	assert_int_equal(strlen(fake_collector_last_event(&collector, "a")->text), 128);
}

// Everything that is counted and was dropped is in the text, told when it has changed, not more often than each 15 minutes.
static void test_suppressed_tells_all_counts_at_a_bounded_rate(void **unused)
{
	(void)unused;
	assert_int_equal(fake_collector_count_events(&collector, "suppressed"), 0); // nothing was: nothing is said
	agent->command.suppressed = 3;
	agent->inbox.dropped = 4;
	agent->session.retained_ignored = 20;
	agent->session.foreign_ignored = 100;
	agent->spool.refused = UINT32_MAX;
	fake_collector_run(&collector, 70000);
	const Mu__Event *event = fake_collector_last_event(&collector, "suppressed");
	assert_string_equal(event->text, "logs=0 events=0 commands=3 messages=124 refused=4294967295");
	assert_true(event->value == INT64_C(4294967295) + 127);
	fake_collector_run(&collector, 30 * MINUTE_MS);
	assert_int_equal(fake_collector_count_events(&collector, "suppressed"), 1); // no news
	for (int i = 0; i < 60; i++) {
		agent->inbox.dropped++;
		fake_collector_run(&collector, MINUTE_MS);
	}
	assert_in_range(fake_collector_count_events(&collector, "suppressed"), 1 + 3, 1 + 5); // an hour of news
}

// Heartbeats whose spool is full of trouble: the counts are told as soon as something can be stored again.
static void test_what_could_not_be_told_is_told_later(void **unused)
{
	(void)unused;
	agent->inbox.dropped = 5;
	fake_port_fail(&fake, FAKE_CALL_PROGRAM, 1, 1000000);
	fake_collector_run(&collector, 2 * MINUTE_MS);
	assert_false(agent->logbook.has_told);
	fake.fail_at[FAKE_CALL_PROGRAM] = 0;
	fake_collector_run(&collector, 3 * MINUTE_MS);
	assert_int_equal(fake_collector_count_events(&collector, "suppressed"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_warnings_and_worse_become_records, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_the_agents_own_warnings_become_records, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_failing_spool_is_not_logged_into_itself, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_flood_is_limited_and_told, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_events_have_a_rate_of_their_own, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_what_an_event_may_say, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_suppressed_tells_all_counts_at_a_bounded_rate, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_what_could_not_be_told_is_told_later, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
