// SPDX-License-Identifier: Apache-2.0
// What the link tells becomes orders of the ladder and records. The whole agent, in virtual time.
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

static const struct mu_link_network network = { .ssid = "barn", .passphrase = "barn-pass" };
static const struct mu_link_own own = { .ssid = "dev-1", .passphrase = "eight888" };
static const struct mu_link_config link_config = { .networks = &network, .network_count = 1, .own = &own, .own_always = true };

static int set_up(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 3);
	fake_port_partition(&fake, MU_PART_SPOOL, 16);
	fake_port_partition(&fake, MU_PART_KEYS, 1);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_largest_bytes = 110000, .heap_min_bytes = 150000 };
	agent = malloc(sizeof *agent);
	fake_collector_init(&collector, &fake, agent);
	const struct mu_agent_config config = { .id = "dev-1",
		.firmware = "1.0.0",
		.broker_uri = "mqtt://h:1883",
		.heartbeat_ms = 5000,
		.link = &link_config };
	assert_int_equal(mu_agent_init(agent, &config, &fake.port, 0), 0);
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

static void post(enum mu_event_type type, int32_t number)
{
	bool station = type == MU_EVENT_STATION_JOINED || type == MU_EVENT_STATION_LEFT;
	mu_agent_post(agent, &(struct mu_event){ .type = type, .reason = station ? 0 : number, .value = station ? number : 0 });
}

static const Mu__Event *find_event(const char *name)
{
	for (unsigned i = collector.count; i--;)
		if (collector.records[i]->body_case == MU__RECORD__BODY_EVENT && !strcmp(collector.records[i]->event->name, name))
			return collector.records[i]->event;
	return 0;
}

static unsigned count_events(const char *name)
{
	unsigned count = 0;
	for (unsigned i = 0; i < collector.count; i++)
		count += collector.records[i]->body_case == MU__RECORD__BODY_EVENT && !strcmp(collector.records[i]->event->name, name);
	return count;
}

static const Mu__Link *find_loss(void)
{
	for (unsigned i = collector.count; i--;)
		if (collector.records[i]->body_case == MU__RECORD__BODY_LINK &&
			collector.records[i]->link->change == MU__LINK_CHANGE__LINK_LOST)
			return collector.records[i]->link;
	return 0;
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
	assert_int_equal(find_loss()->reason, MU_REASON_ADDRESS_LOST);
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
	assert_string_equal(find_event("access_point")->text, "opened");
	for (int i = 0; i < 600; i++) {
		post(i % 2 ? MU_EVENT_STATION_LEFT : MU_EVENT_STATION_JOINED, i % 2 ? 0 : 1);
		fake_collector_run(&collector, 100);
	}
	fake_collector_run(&collector, 12000);
	assert_in_range(count_events("access_point"), 6, 9);
	assert_string_equal(find_event("access_point")->text, "left");
	assert_int_equal(find_event("access_point")->value, 0);
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
	assert_string_equal(find_event("credentials")->text, "1");
	assert_int_equal(find_event("credentials")->value, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_lost_address_is_explained, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_link_is_stepped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_own_access_point_is_reported, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_credentials_are_reported, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_that_do_not_resolve, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
