// SPDX-License-Identifier: Apache-2.0
// What the link tells becomes orders of the ladder and records. The whole agent, in virtual time.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/agent_rig.h"

static const struct mu_link_network network = { .ssid = "barn", .passphrase = "barn-pass" };
static const struct mu_link_own own = { .ssid = "dev-1", .passphrase = "eight888" };
static const struct mu_link_config link_config = { .networks = &network, .network_count = 1, .own = &own, .own_always = true };

static int set_up(void **unused)
{
	(void)unused;
	struct mu_agent_config config = agent_rig_plain;
	config.heartbeat_ms = 5000;
	config.link = &link_config;
	agent_rig_open(16);
	agent_rig_boot(&config, MU_RESET_RAW_POWERON);
	return 0;
}

static void post(enum mu_event_type type, int32_t number)
{
	mu_agent_post(agent, &(struct mu_event){ .type = type, .value = number });
}

// Joined, but without an address: a link that is down, with a reason of our own in the counts and the records.
static void test_a_lost_address_is_explained(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 20000);
	post(MU_EVENT_LINK_ADDRESS_LOST, 0);
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake.link_disconnects, 1);
	assert_int_equal(agent->disconnects.by_reason[0].reason, MU_REASON_ADDRESS_LOST);
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_LOST)->reason, MU_REASON_ADDRESS_LOST);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
}

static void test_the_link_is_stepped(void **unused)
{
	(void)unused;
	collector.no_link = true;
	fake_collector_run(&collector, 1000);
	post(MU_EVENT_LINK_ASSOCIATED, 0);
	fake_collector_run(&collector, 14000);
	assert_int_equal(fake.link_disconnects, 0);
	fake_collector_run(&collector, 2000); // 15 s without an address
	assert_int_equal(fake.link_disconnects, 1);
	fake_collector_run(&collector, 2000);
	assert_int_equal(fake.link_connects, 2);
}

// Opened at the start; somebody who joins and leaves all the time costs a record in 10 s.
static void test_the_own_access_point_is_reported(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 10000);
	assert_string_equal(fake_collector_last_event(&collector, "access_point")->text, "opened");
	for (int i = 0; i < 600; i++) {
		post(i % 2 ? MU_EVENT_STATION_LEFT : MU_EVENT_STATION_JOINED, i % 2 ? 0 : 1);
		fake_collector_run(&collector, 100);
	}
	fake_collector_run(&collector, 12000);
	assert_in_range(fake_collector_count_events(&collector, "access_point"), 6, 9);
	assert_string_equal(fake_collector_last_event(&collector, "access_point")->text, "left");
	assert_int_equal(fake_collector_last_event(&collector, "access_point")->value, 0);
}

static void test_refused_credentials_are_reported(void **unused)
{
	(void)unused;
	collector.no_link = true;
	fake_collector_run(&collector, 1000);
	post(MU_EVENT_LINK_DOWN, 15);
	fake_collector_run(&collector, 1000);
	collector.no_link = false;
	fake_collector_run(&collector, 20 * 60 * 1000); // whatever the cadence
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
	assert_string_equal(fake_collector_last_event(&collector, "credentials")->text, "1");
	assert_int_equal(fake_collector_last_event(&collector, "credentials")->value, 1);
	assert_int_equal(agent->disconnects.total, 0); // there was no link to lose
	assert_int_equal(agent->disconnects.by_reason[0].reason, 15);
}

// The router was restarted and its name server is dead: three failures and the link is made anew, which is no loss of ours to hide.
static void test_names_that_do_not_resolve(void **unused)
{
	(void)unused;
	unsigned opens = 0;
	collector.opens = UINT32_MAX; // nobody answers but this test
	for (int i = 0; i < 4000 && fake.link_connects < 2; i++) {
		fake_collector_run(&collector, 50);
		if (fake.mqtt_opens == opens)
			continue;
		opens = fake.mqtt_opens;
		post(MU_EVENT_MQTT_CLOSED, MU_ERR_NOT_FOUND);
	}
	assert_int_equal(opens, MU_LINK_NAMES_ANEW);
	assert_int_equal(fake.link_connects, 2);
	assert_int_equal(fake.link_disconnects, 1);
}

// Made anew because no name resolves: that the old link ends then is our own doing, told already, and no try that failed.
static void test_leaving_is_no_failed_try(void **unused)
{
	(void)unused;
	unsigned opens = 0;
	collector.opens = UINT32_MAX;
	for (int i = 0; i < 4000 && fake.link_connects < 2; i++) {
		fake_collector_run(&collector, 50);
		collector.no_link = agent->ladder.link_up; // the first connect is answered, the second one below
		if (fake.mqtt_opens == opens)
			continue;
		opens = fake.mqtt_opens;
		post(MU_EVENT_MQTT_CLOSED, MU_ERR_NOT_FOUND);
	}
	collector.opens = fake.mqtt_opens;
	post(MU_EVENT_LINK_DOWN, 8);
	fake_collector_run(&collector, 1000);
	post(MU_EVENT_LINK_UP, 0);
	fake_collector_run(&collector, 60000);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_LOST)->reason, MU_REASON_NO_NAMES);
	assert_false(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_RESTORED)->has_reason);
	assert_int_equal(agent->disconnects.used, 1);
	assert_int_equal(agent->disconnects.by_reason[0].reason, MU_REASON_NO_NAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_lost_address_is_explained, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_the_link_is_stepped, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_the_own_access_point_is_reported, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_refused_credentials_are_reported, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_names_that_do_not_resolve, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_leaving_is_no_failed_try, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
