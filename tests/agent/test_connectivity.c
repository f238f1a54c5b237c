// SPDX-License-Identifier: Apache-2.0
// Link and session come and go: what the agent asks of its port, what it records, what it tells the ladder. Hours and days:
// test_connectivity_outages.c.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/link_reasons.h"
#include "tests/agent/agent_rig.h"

static int set_up(void **unused)
{
	(void)unused;
	struct mu_agent_config config = agent_rig_plain;
	config.heartbeat_ms = 5000;
	agent_rig_open(16);
	agent_rig_boot(&config, MU_RESET_RAW_POWERON);
	return 0;
}

static void post(enum mu_event_type type, int32_t reason)
{
	mu_agent_post(agent, &(struct mu_event){ .type = type, .reason = reason });
}

static void test_opens_with_will_and_subscriptions(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 6000);
	assert_int_equal(fake.link_connects, 1);
	assert_string_equal(fake.mqtt_will_topic, "muster/v1/dev-1/state");
	assert_string_equal(fake.mqtt_will_payload, "offline");
	assert_int_equal(fake.mqtt_subscribes, 2);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
}

static void test_a_lost_link_is_recorded_with_its_reason_and_length(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 30000);
	collector.no_link = true;
	post(MU_EVENT_LINK_DOWN, 200); // beacon time-out
	fake_collector_run(&collector, 10000);
	assert_int_not_equal(agent->session.phase, MU_SESSION_OPEN);
	collector.no_link = false;
	post(MU_EVENT_LINK_UP, 0);
	fake_collector_run(&collector, 90000);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_LOST), 1);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_RESTORED), 1);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST), 1);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_RESTORED), 1);
	const Mu__LinkHealth *link = fake_collector_last(&collector, MU__RECORD__BODY_HEARTBEAT)->heartbeat->link;
	assert_int_equal(link->disconnects, 1);
	assert_int_equal(agent->disconnects.by_reason[0].reason, 200);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
}

// A broker that closed the session (error 14) must not read as 802.11's reason 14, a failure of the keys.
static void test_a_sessions_own_end_is_no_reason_of_the_radio(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 30000);
	post(MU_EVENT_MQTT_CLOSED, MU_ERR_CLOSED);
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_LOST), 0);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST), 1);
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST)->reason,
		MU_LINK_REASON_SESSION - MU_ERR_CLOSED);
	collector.no_link = true;
	post(MU_EVENT_LINK_DOWN, 200);
	collector.no_link = false;
	post(MU_EVENT_LINK_UP, 0);
	fake_collector_run(&collector, 90000);
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_LOST)->reason, 200);
}

static const struct {
	int32_t closed; // what the port says of each try
	uint32_t reason; // that is told
} refusals[] = {
	{ 5, MU_LINK_REASON_CONNACK + 5 }, // not authorized, and not 802.11's too many stations
	{ MU_ERR_TIMEOUT, MU_LINK_REASON_SESSION - MU_ERR_TIMEOUT },
};

// A boot whose first session cannot be opened for a while: nothing was lost, and yet it is told how long it took, and why.
static void test_a_session_that_cannot_be_opened_at_first(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		agent_rig_close();
		agent_rig_open(32);
		collector.no_broker = true;
		collector.broker_reason = refusals[i].closed;
		agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_POWERON);
		fake_collector_run(&collector, 120000);
		collector.no_broker = false;
		fake_collector_run(&collector, 120000);
		assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST), 0);
		assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_RESTORED), 1);
		const Mu__Link *link = fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_SESSION_RESTORED);
		assert_int_equal(link->reason, refusals[i].reason);
		assert_in_range(link->outage_ms, 100000, 190000);
	}
}

// A peer that is gone without a FIN: only the missing answers tell.
static void test_a_dead_peer_is_noticed_by_its_silence(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 20000);
	unsigned opens = fake.mqtt_opens;
	collector.no_puback = collector.no_ack = true;
	fake_collector_run(&collector, 46000); // 1.5 keepalives of 30 s
	assert_int_equal(agent->session_outage.since_ms == UINT64_MAX && fake.mqtt_opens == opens, 0);
	collector.no_puback = collector.no_ack = false;
	fake_collector_run(&collector, 80000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_in_range(mu_spool_depth(&agent->spool), 0, 1);
	assert_int_equal(fake.restarts, 0);
}

// The radio has moved to another access point of the network: nothing is lost, so nothing is closed or told as lost; but it is counted.
static void test_roaming_keeps_the_session(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 20000);
	unsigned opens = fake.mqtt_opens, connects = fake.link_connects;
	post(MU_EVENT_LINK_DOWN, 207);
	fake_collector_run(&collector, 2000);
	post(MU_EVENT_LINK_UP, 0);
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake.mqtt_opens, opens);
	assert_int_equal(fake.link_connects, connects);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_LOST), 0);
	assert_int_equal(agent->disconnects.by_reason[0].reason, 207);

	post(MU_EVENT_LINK_DOWN, 207); // and this time it does not arrive
	fake_collector_run(&collector, 90000);
	assert_int_equal(fake.link_connects, connects + 1);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_LOST), 1);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_RESTORED), 1);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);

	post(MU_EVENT_LINK_DOWN, 207); // or the radio says itself that it did not: a loss at once, for its reason
	post(MU_EVENT_LINK_DOWN, 201);
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake.link_connects, connects + 2);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_LOST), 2);
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_LOST)->reason, 201);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
}

static void test_power_save_goes_off_where_it_is_to_blame(void **unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++) {
		fake_collector_run(&collector, 60000);
		assert_int_equal(fake.link_awake, i >= 3); // the third loss
		post(MU_EVENT_LINK_DOWN, 4);
	}
	fake_collector_run(&collector, 60000);
	assert_int_equal(fake_collector_count_events(&collector, "power_save_off"), 1);
}

static void test_a_refused_socket_is_counted_and_tried_again(void **unused)
{
	(void)unused;
	fake.vitals.heap_free_bytes = 20000; // below the gate
	fake_collector_run(&collector, 30000);
	assert_int_equal(fake.mqtt_opens, 0);
	assert_true(agent->sockets.registry.refused > 1);
	assert_true(agent->verdict & MU__VERDICT_BIT__VERDICT_HEAP_STARVED);
	fake.vitals.heap_free_bytes = 200000;
	fake_collector_run(&collector, 70000);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
}

// 15 minutes of refusals end in a reboot that says so; the budget of one in six hours holds after it.
static void test_a_starved_heap_reboots_once(void **unused)
{
	(void)unused;
	fake.vitals.heap_free_bytes = 20000;
	fake_collector_run(&collector, 14 * 60 * 1000);
	assert_int_equal(fake.restarts, 0);
	fake_collector_run(&collector, 6 * 60 * 1000);
	assert_int_equal(fake.restarts, 1);
	assert_int_equal(agent->boots.current.cause, MU__RESET_CAUSE__CAUSE_HEAP_STARVED);
	agent_rig_boot(&agent_rig_plain, MU_RESET_RAW_SW);
	fake_collector_run(&collector, 5 * 3600 * 1000);
	assert_int_equal(fake.restarts, 1);
	fake_collector_run(&collector, 90 * 60 * 1000); // told again each minute, so the budget's end is not missed
	assert_int_equal(fake.restarts, 2);
}

// One refusal, and then no link for an hour: nobody was refused meanwhile, so nothing is starved.
static void test_an_outage_is_no_starving(void **unused)
{
	(void)unused;
	fake.vitals.heap_free_bytes = 20000;
	fake_collector_run(&collector, 2000);
	assert_true(agent->sockets.registry.refused > 0);
	fake.vitals.heap_free_bytes = 200000;
	collector.no_link = true;
	collector.link_reason = 5; // no room at the access point, which is no reason for a reboot
	post(MU_EVENT_LINK_DOWN, 5);
	fake_collector_run(&collector, 60 * 60 * 1000);
	assert_int_equal(fake.restarts, 0);
}

// What the port, or a gate, refuses at once is a try that failed, as one that the broker refuses: told with how long it took, and why.
static void test_an_open_that_is_refused_at_once_is_told(void **unused)
{
	(void)unused;
	fake.mqtt_result = MU_ERR_AUTH; // the files of TLS, say
	fake_collector_run(&collector, 60000);
	fake.mqtt_result = 0;
	fake_collector_run(&collector, 120000);
	const Mu__Link *link = fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_SESSION_RESTORED);
	assert_non_null(link);
	assert_int_equal(link->reason, MU_LINK_REASON_SESSION - MU_ERR_AUTH);
	assert_in_range(link->outage_ms, 55000, 125000);
}

// The same of the link: a driver that cannot even begin, for the first minute of a boot.
static void test_a_connect_that_is_refused_at_once_is_told(void **unused)
{
	(void)unused;
	fake.link_result = MU_ERR_IO;
	collector.no_link = true;
	fake_collector_run(&collector, 60000);
	fake.link_result = 0;
	collector.no_link = false;
	fake_collector_run(&collector, 240000);
	const Mu__Link *link = fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_RESTORED);
	assert_non_null(link);
	assert_false(link->has_reason); // the air has none for it
	assert_in_range(link->outage_ms, 60000, 250000);
}

static void test_retained_and_foreign_messages_are_ignored(void **unused)
{
	(void)unused;
	fake_collector_run(&collector, 6000);
	fake_collector_send(&collector, "muster/v1/dev-1/dn", "x", 1, true);
	fake_collector_send(&collector, "muster/v1/dev-2/dn", "x", 1, false);
	fake_collector_run(&collector, 1000);
	assert_int_equal(agent->command.received, 0);
	assert_int_equal(agent->session.retained_ignored, 1);
	assert_int_equal(agent->session.foreign_ignored, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_opens_with_will_and_subscriptions, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_lost_link_is_recorded_with_its_reason_and_length, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_sessions_own_end_is_no_reason_of_the_radio, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_session_that_cannot_be_opened_at_first, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_dead_peer_is_noticed_by_its_silence, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_roaming_keeps_the_session, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_power_save_goes_off_where_it_is_to_blame, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_refused_socket_is_counted_and_tried_again, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_starved_heap_reboots_once, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_outage_is_no_starving, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_open_that_is_refused_at_once_is_told, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_connect_that_is_refused_at_once_is_told, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_retained_and_foreign_messages_are_ignored, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
