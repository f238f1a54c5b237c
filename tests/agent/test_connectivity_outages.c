// SPDX-License-Identifier: Apache-2.0
// Outages of hours and a day around a whole agent: what it asks of its port meanwhile, and that it is back afterwards with all that it recorded.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/agent/agent_rig.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const struct mu_link_network network = { .ssid = "barn", .passphrase = "barn-pass" };
static const struct mu_link_own own = { .ssid = "dev-1", .passphrase = "eight888" };
static const struct mu_link_config station = { .networks = &network, .network_count = 1 };
static const struct mu_link_config with_own = { .networks = &network, .network_count = 1, .own = &own };

static int set_up(void **unused)
{
	(void)unused;
	agent_rig_open(64);
	return 0;
}

static void boot(const struct mu_link_config *link, uint32_t heartbeat_ms, uint32_t reset_raw)
{
	struct mu_agent_config config = agent_rig_plain;
	config.heartbeat_ms = heartbeat_ms;
	config.link = link;
	agent_rig_boot(&config, reset_raw);
}

static void expect_back(uint64_t within_ms)
{
	fake_collector_run(&collector, within_ms);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	assert_in_range(mu_spool_depth(&agent->spool), 0, 1);
}

// A peer that goes at any moment, between two answers, a heartbeat under way or not: noticed within 1.5 keepalives of 30 s. (Its last answer was
// before it went, so 45 s are the most.)
static void test_a_dead_peer_is_noticed_within_45_s(void **unused)
{
	(void)unused;
	enum { PEERS = 300 };
	uint32_t random = 12345, late = 0;
	collector.ping_period_ms = 30000;
	boot(&station, MINUTE, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 20000);
	for (int i = 0; i < PEERS; i++) {
		random = random * 1664525 + 1013904223;
		fake_collector_run(&collector, random >> 16);
		assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
		uint64_t gone_ms = collector.now_ms;
		collector.no_puback = collector.no_ack = collector.no_broker = true;
		while (agent->session_outage.since_ms == UINT64_MAX && collector.now_ms < gone_ms + 60000)
			fake_collector_run(&collector, 100);
		late += agent->session_outage.since_ms - gone_ms > 45000;
		collector.no_puback = collector.no_ack = collector.no_broker = false;
		fake_collector_run(&collector, 90000);
	}
	assert_int_equal(late, 0);
	assert_int_equal(fake.restarts, 0);
}

// PUBACKs but no Acks for half a day: an outage behind the broker. The link is not to blame and nothing reboots.
static void outage_behind_the_broker(uint32_t heartbeat_ms)
{
	boot(&station, heartbeat_ms, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, MINUTE);
	unsigned opens = fake.mqtt_opens, connects = fake.link_connects;
	collector.no_ack = true;
	fake_collector_run(&collector, 12 * HOUR);
	assert_int_equal(fake.restarts, 0);
	assert_int_equal(fake.link_connects, connects);
	assert_int_equal(fake.link_disconnects, 0);
	assert_int_equal(fake.link_restarts, 0);
	assert_int_equal(fake.link_scans, 0);
	assert_in_range(fake.mqtt_opens, opens, opens + 1); // anew once, then only patience
	assert_int_equal(agent->session.phase, MU_SESSION_OPEN);
	collector.no_ack = false;
	expect_back(10 * MINUTE);
}

static void test_an_outage_behind_the_broker_each_10_s(void **unused)
{
	(void)unused;
	outage_behind_the_broker(10 * SECOND);
}

static void test_an_outage_behind_the_broker_each_minute(void **unused)
{
	(void)unused;
	outage_behind_the_broker(MINUTE);
}

static void test_an_outage_behind_the_broker_each_quarter(void **unused)
{
	(void)unused;
	outage_behind_the_broker(15 * MINUTE);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST), 1);
	assert_int_equal(fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_SESSION_LOST)->reason, MU_REASON_NO_ACK);
}

// A broker that takes every session and drops it: each looks like a success. It gets no more tries than one that refuses.
static void test_a_broker_that_drops_each_session(void **unused)
{
	(void)unused;
	boot(&station, MINUTE, MU_RESET_RAW_POWERON);
	fake_collector_run(&collector, 2 * MINUTE);
	unsigned opens = fake.mqtt_opens;
	collector.drops_sessions = true;
	mu_agent_post(agent, &(struct mu_event){ .type = MU_EVENT_MQTT_CLOSED, .reason = MU_ERR_CLOSED });
	fake_collector_run(&collector, HOUR);
	assert_in_range(fake.mqtt_opens - opens, 80, 180); // 30 s on average
	assert_int_equal(fake.link_connects, 1); // who accepts and drops proves the link
	assert_int_equal(fake.link_restarts, 0);
	assert_int_equal(fake.restarts, 0);
	collector.drops_sessions = false;
	expect_back(3 * MINUTE);
}

// The network's passphrase was changed. The device keeps recording, opens its own access point, and tries in its own cadence.
static void test_a_wrong_password_for_a_day(void **unused)
{
	(void)unused;
	boot(&with_own, MINUTE, MU_RESET_RAW_POWERON);
	collector.no_link = true;
	collector.link_reason = 15;
	fake_collector_run(&collector, 24 * (uint64_t)HOUR);
	assert_in_range(fake.link_connects, 95, 101); // 5, then 96 pauses of 15 min
	assert_int_equal(fake.restarts, 0);
	assert_true(fake.link_serving);
	assert_string_equal(fake.link_own.ssid, "dev-1");
	assert_int_equal(agent->ladder.state, MU_LADDER_RECOVERY);
	uint64_t depth = mu_spool_depth(&agent->spool);
	assert_true(depth > 1000);
	collector.no_link = false;
	expect_back(16 * MINUTE);
	assert_false(fake.link_serving);
	assert_true(collector.count >= depth);
}

// Nobody there for a day, and no own access point to fall back to: a reboot after half an hour and then each six hours, never sooner.
static void test_a_missing_access_point_for_a_day(void **unused)
{
	(void)unused;
	unsigned restarts = 0;
	uint64_t all_ms = 0, restarted_ms = 0;
	boot(&station, MINUTE, MU_RESET_RAW_POWERON);
	collector.no_link = true;
	collector.link_reason = 201;
	collector.scans_end = true;
	for (; all_ms < 24 * (uint64_t)HOUR; all_ms += MINUTE) {
		fake_collector_run(&collector, MINUTE);
		if (fake.restarts == restarts)
			continue;
		assert_true(restarts == 0 || all_ms - restarted_ms >= 6 * (uint64_t)HOUR - MINUTE);
		restarted_ms = all_ms;
		restarts = fake.restarts;
		assert_int_equal(agent->boots.current.cause, MU__RESET_CAUSE__CAUSE_NETWORK);
		boot(&station, MINUTE, MU_RESET_RAW_SW);
	}
	assert_in_range(restarts, 2, 4);
	assert_in_range(fake.link_connects, 20, 70);
	assert_int_equal(fake.link_serves, 0);
	collector.no_link = false;
	fake.link_seen[0] = (struct mu_link_seen){ .ssid = "barn", .auth = MU_LINK_AUTH_WPA2, .rssi_dbm = -60 };
	fake.link_seen_count = 1;
	expect_back(7 * MINUTE); // the next scan sees it
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_dead_peer_is_noticed_within_45_s, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_outage_behind_the_broker_each_10_s, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_outage_behind_the_broker_each_minute, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_an_outage_behind_the_broker_each_quarter, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_broker_that_drops_each_session, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_wrong_password_for_a_day, set_up, agent_rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_missing_access_point_for_a_day, set_up, agent_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
