// SPDX-License-Identifier: Apache-2.0
// The sending session against a broker of the test's own.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <mosquitto.h>
#include <stdio.h>
#include <string.h>
#include "collector/ingest/downlink.h"
#include "collector/log.h"
#include "muster.pb-c.h"
#include "tests/collector/ingest/fake_broker.h"

static struct event_base *base;
static struct fake_broker broker;
static struct config config;
static struct counters counters;
static struct downlink *downlink;

static int make(void **state)
{
	char problem[256];
	(void)state;
	log_set_threshold(LOG_AT_ERROR);
	memset(&counters, 0, sizeof counters);
	memset(&broker, 0, sizeof broker);
	base = event_base_new();
	fake_broker_start(&broker, base);
	config_defaults(&config);
	snprintf(config.broker.uri, sizeof config.broker.uri, "mqtt://127.0.0.1:%u", broker.port);
	downlink = downlink_new(base, &config, &counters, problem);
	assert_non_null(downlink);
	downlink_start(downlink);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	downlink_free(downlink);
	fake_broker_stop(&broker);
	event_base_free(base);
	return 0;
}

static void test_ack_says_what_is_committed(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, downlink_is_up(downlink));
	assert_int_equal(downlink_ack(downlink, "dev-1", UINT64_MAX, 42, 1700000000000), 0);
	FAKE_BROKER_AWAIT(&broker, broker.publishes == 1);
	assert_string_equal(broker.last_topic, "muster/v1/dev-1/ack");
	Mu__Ack *ack = mu__ack__unpack(0, broker.last_size, broker.last_payload);
	assert_non_null(ack);
	assert_true(ack->epoch == UINT64_MAX);
	assert_int_equal(ack->through_seq, 42);
	assert_int_equal(ack->server_time_ms, 1700000000000);
	mu__ack__free_unpacked(ack, 0);
	assert_int_equal(counters.acks, 1);
}

static void test_command_goes_out_as_it_is(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, downlink_is_up(downlink));
	assert_int_equal(downlink_command(downlink, "dev-1", (const uint8_t *)"\0bytes", 6), 0);
	FAKE_BROKER_AWAIT(&broker, broker.publishes == 1);
	assert_string_equal(broker.last_topic, "muster/v1/dev-1/dn");
	assert_int_equal(broker.last_size, 6);
	assert_memory_equal(broker.last_payload, "\0bytes", 6);
}

static void test_nothing_is_taken_while_the_broker_is_away(void **unused)
{
	(void)unused;
	assert_int_equal(downlink_ack(downlink, "dev-1", 7, 42, 0), -1);
	FAKE_BROKER_AWAIT(&broker, downlink_is_up(downlink));
	fake_broker_kick(&broker);
	FAKE_BROKER_AWAIT(&broker, !downlink_is_up(downlink));
	assert_int_equal(counters.mqtt_downlink_up, 0);
	assert_int_equal(downlink_command(downlink, "dev-1", (const uint8_t *)"x", 1), -1);
	assert_int_equal(counters.downlink_dropped, 2);
	assert_int_equal(counters.acks, 0);
	FAKE_BROKER_AWAIT(&broker, downlink_is_up(downlink)); // comes back by itself
	assert_int_equal(broker.publishes, 0);
}

static void test_outbox_is_bounded(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, downlink_is_up(downlink));
	for (unsigned i = 0; i < DOWNLINK_OUTBOX_MAX; i++)
		assert_int_equal(downlink_ack(downlink, "d", 7, i, 0), 0);
	assert_int_equal(downlink_ack(downlink, "d", 7, 1, 0), -1);
	FAKE_BROKER_AWAIT(&broker, broker.publishes == DOWNLINK_OUTBOX_MAX); // more than a socket takes at once
	assert_int_equal(downlink_ack(downlink, "d", 7, 1, 0), 0);
}

static void test_drain_sends_what_waits(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, downlink_is_up(downlink));
	assert_int_equal(downlink_ack(downlink, "d", 7, 1, 0), 0);
	downlink_drain(downlink);
	fake_broker_turn(&broker, 50);
	assert_int_equal(broker.publishes, 1);
	assert_int_equal(broker.disconnects, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ack_says_what_is_committed, make, clean),
		cmocka_unit_test_setup_teardown(test_command_goes_out_as_it_is, make, clean),
		cmocka_unit_test_setup_teardown(test_nothing_is_taken_while_the_broker_is_away, make, clean),
		cmocka_unit_test_setup_teardown(test_outbox_is_bounded, make, clean),
		cmocka_unit_test_setup_teardown(test_drain_sends_what_waits, make, clean),
	};
	mosquitto_lib_init();
	int failed = cmocka_run_group_tests(tests, 0, 0);
	mosquitto_lib_cleanup();
	return failed;
}
