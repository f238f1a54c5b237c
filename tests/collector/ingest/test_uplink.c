// SPDX-License-Identifier: Apache-2.0
// The receiving session against a broker of the test's own: no PUBACK before the commit, and what happens when either side fails.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <mosquitto.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "collector/fleet/fleet.h"
#include "collector/ingest/uplink.h"
#include "collector/log.h"
#include "collector/store/database.h"
#include "collector/store/records.h"
#include "tests/collector/ingest/fake_broker.h"
#include "tests/collector/ingest/uplink_maker.h"
#include "tests/collector/store/scratch.h"

static struct scratch *scratch;
static struct event_base *base;
static struct fake_broker broker;
static struct config config;
static struct counters counters;
static struct fleet *fleet;
static struct json_map *json;
static struct ingest *ingest;
static struct store_watch watch;
static struct uplink *uplink;
static unsigned asked, commits;
static bool session_is_up;

static void ask_ack(void *context, const struct device *device, bool is_urgent)
{
	(void)context, (void)device, (void)is_urgent;
	asked++;
}

static void on_session(void *context, bool is_up)
{
	(void)context;
	session_is_up = is_up;
}

static void on_committed(void *context)
{
	(void)context;
	commits++;
}

static int make(void **state)
{
	char problem[256];
	int err = scratch_setup(state);
	if (err)
		return err;
	scratch = *state;
	log_set_threshold(LOG_AT_ERROR);
	memset(&counters, 0, sizeof counters);
	memset(&broker, 0, sizeof broker);
	asked = commits = 0;
	session_is_up = false;
	base = event_base_new();
	fake_broker_start(&broker, base);
	config_defaults(&config);
	config.ingest.commit_interval_ms = 100;
	snprintf(config.broker.uri, sizeof config.broker.uri, "mqtt://127.0.0.1:%u", broker.port);
	fleet = fleet_new();
	struct ingest_parts parts = { .store = scratch->store, .fleet = fleet, .counters = &counters, .json = json, .ask_ack = ask_ack };
	ingest = ingest_new(&parts, 100, 1 << 20);
	store_watch_init(&watch, scratch->store, &counters);
	struct uplink_parts uplink_parts = {
		.base = base,
		.config = &config,
		.json = json,
		.ingest = ingest,
		.watch = &watch,
		.counters = &counters,
		.session = on_session,
		.committed = on_committed,
	};
	uplink = uplink_new(&uplink_parts, problem);
	assert_non_null(uplink);
	uplink_start(uplink);
	return 0;
}

static int make_with_json(void **state)
{
	static const char text[] = "topics:\n- topic: devices/telemetry\n";
	static struct config_errors errors;
	json = json_map_parse("map", text, sizeof text - 1, &errors);
	return json ? make(state) : -1;
}

static int clean(void **state)
{
	json_map_free(json);
	json = 0;
	uplink_free(uplink);
	ingest_free(ingest);
	fleet_free(fleet);
	fake_broker_stop(&broker);
	event_base_free(base);
	return scratch_teardown(state);
}

static void give_uplink(uint64_t seq)
{
	uint8_t bytes[256];
	struct uplink_maker maker = { 7, seq, 1, 1, seq * 1000, 1, 0, 0, 0 };
	size_t size = uplink_make(&maker, bytes, sizeof bytes);
	fake_broker_give(&broker, "muster/v1/a/up", bytes, size);
}

static uint64_t newest(void)
{
	uint64_t first, last;
	assert_int_equal(store_record_bounds(scratch->store, &first, &last), 0);
	return last;
}

static void test_puback_only_after_the_commit(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	assert_true(uplink_is_up(uplink));
	for (uint64_t seq = 1; seq <= 5; seq++)
		give_uplink(seq);
	while (counters.records == 0) { // as long as nothing is committed nothing is acknowledged
		assert_int_equal(broker.pubacks, 0);
		fake_broker_turn(&broker, 1);
	}
	FAKE_BROKER_AWAIT(&broker, broker.pubacks == 5);
	assert_int_equal(counters.batches, 1); // one commit for all
	assert_int_equal(commits, 1);
	assert_int_equal(newest(), 5);
	assert_int_equal(asked, 5);
}

// The store fails while messages wait: none of them may be acknowledged, and all come again.
static void test_failed_commit_acknowledges_nothing(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA query_only=1", 0, 0, 0), SQLITE_OK);
	for (uint64_t seq = 1; seq <= 5; seq++)
		give_uplink(seq);
	FAKE_BROKER_AWAIT(&broker, counters.store_stopped == 1);
	fake_broker_turn(&broker, 1500); // probes fail
	assert_int_equal(broker.pubacks, 0);
	assert_int_equal(asked, 0);
	assert_true(counters.store_probes_failed >= 1);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA query_only=0", 0, 0, 0), SQLITE_OK);
	FAKE_BROKER_AWAIT(&broker, fake_broker_unacked(&broker) == 0);
	assert_int_equal(newest(), 5);
	assert_int_equal(counters.store_stopped, 0);
	assert_int_equal(counters.store_stops, 1);
}

// Held: what waits goes back to the broker without a PUBACK, nothing is read until it is let go, and then all of it comes.
static void test_held_gives_back_and_reads_nothing(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	give_uplink(1);
	FAKE_BROKER_AWAIT(&broker, !ingest_is_empty(ingest));
	uplink_hold(uplink, true);
	uplink_hold(uplink, true); // said twice
	assert_false(uplink_is_up(uplink));
	give_uplink(2);
	fake_broker_turn(&broker, 1500);
	assert_int_equal(broker.pubacks, 0);
	assert_int_equal(broker.connects, 1);
	assert_true(newest() <= 1);
	uplink_hold(uplink, false);
	FAKE_BROKER_AWAIT(&broker, fake_broker_unacked(&broker) == 0);
	assert_int_equal(newest(), 2);
	assert_int_equal(broker.connects, 2);
}

// Held while the store has failed: it goes on when both are over, not before.
static void test_held_and_a_failed_store(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA query_only=1", 0, 0, 0), SQLITE_OK);
	give_uplink(1);
	FAKE_BROKER_AWAIT(&broker, counters.store_stopped == 1);
	uplink_hold(uplink, true);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA query_only=0", 0, 0, 0), SQLITE_OK);
	FAKE_BROKER_AWAIT(&broker, counters.store_stopped == 0);
	fake_broker_turn(&broker, 500);
	assert_int_equal(broker.connects, 1);
	uplink_hold(uplink, false);
	FAKE_BROKER_AWAIT(&broker, fake_broker_unacked(&broker) == 0);
	assert_int_equal(newest(), 1);
}

static void test_broker_lost_while_messages_wait(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	give_uplink(1);
	FAKE_BROKER_AWAIT(&broker, !ingest_is_empty(ingest));
	fake_broker_kick(&broker);
	FAKE_BROKER_AWAIT(&broker, newest() == 1); // kept, though it cannot be acknowledged any more
	FAKE_BROKER_AWAIT(&broker, fake_broker_unacked(&broker) == 0); // comes again and is known
	assert_int_equal(newest(), 1);
	assert_int_equal(counters.records_duplicate, 1);
	assert_true(broker.subscribes >= 6); // asked for again on each connect
}

static void test_login_refused_is_tried_again(void **unused)
{
	(void)unused;
	broker.connack_reason = 0x86;
	FAKE_BROKER_AWAIT(&broker, counters.mqtt_connects_refused >= 2);
	assert_false(session_is_up);
	broker.connack_reason = 0;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
}

static void test_refused_subscription_is_no_session(void **unused)
{
	(void)unused;
	broker.suback_reason = 0x87;
	FAKE_BROKER_AWAIT(&broker, counters.mqtt_subscriptions_refused == 3);
	assert_false(session_is_up);
	assert_false(uplink_is_up(uplink));
}

static void give_json(void)
{
	static const char payload[] = "{\"device_id\":\"esp32-kitchen\",\"uptime\":5}";
	fake_broker_give(&broker, "devices/telemetry", payload, sizeof payload - 1);
}

// Only its PUBACK protects such a message: where the library gives that early, the topic is not asked for.
static void test_topics_without_ack_only_with_withheld_pubacks(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	fake_broker_turn(&broker, 100);
	assert_int_equal(broker.subscribes, 3);
	assert_int_equal(broker.unsubscribes, 1); // the session may have it from a better library
	counters.puback_withheld = 1;
	fake_broker_kick(&broker);
	FAKE_BROKER_AWAIT(&broker, broker.subscribes == 3 + 4);
	give_json();
	while (counters.json_messages == 0) {
		assert_int_equal(broker.pubacks, 0);
		fake_broker_turn(&broker, 1);
	}
	FAKE_BROKER_AWAIT(&broker, broker.pubacks == 1);
	assert_int_equal(newest(), 2); // a boot and a heartbeat
	assert_int_equal(asked, 0);    // and no Ack
}

static void test_broker_that_drops_is_seen(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	fake_broker_give(&broker, "$SYS/broker/publish/messages/dropped", "5", 1);
	FAKE_BROKER_AWAIT(&broker, counters.broker_dropped == 5);
	assert_int_equal(counters.broker_drops_seen, 0); // that was before us
	fake_broker_give(&broker, "$SYS/broker/publish/messages/dropped", "9", 1);
	FAKE_BROKER_AWAIT(&broker, counters.broker_dropped == 9);
	assert_int_equal(counters.broker_drops_seen, 1);
	fake_broker_give(&broker, "$SYS/broker/publish/messages/dropped", "0", 1); // the broker began anew
	FAKE_BROKER_AWAIT(&broker, counters.broker_dropped == 0);
	assert_int_equal(counters.broker_drops_seen, 1);
}

static void test_drain_commits_acknowledges_and_says_goodbye(void **unused)
{
	(void)unused;
	FAKE_BROKER_AWAIT(&broker, session_is_up);
	give_uplink(1);
	give_uplink(2);
	FAKE_BROKER_AWAIT(&broker, counters.mqtt_received == 2);
	uplink_drain(uplink);
	assert_int_equal(newest(), 2);
	fake_broker_turn(&broker, 50);
	assert_int_equal(broker.pubacks, 2);
	assert_int_equal(broker.disconnects, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_puback_only_after_the_commit, make, clean),
		cmocka_unit_test_setup_teardown(test_failed_commit_acknowledges_nothing, make, clean),
		cmocka_unit_test_setup_teardown(test_held_gives_back_and_reads_nothing, make, clean),
		cmocka_unit_test_setup_teardown(test_held_and_a_failed_store, make, clean),
		cmocka_unit_test_setup_teardown(test_broker_lost_while_messages_wait, make, clean),
		cmocka_unit_test_setup_teardown(test_login_refused_is_tried_again, make, clean),
		cmocka_unit_test_setup_teardown(test_refused_subscription_is_no_session, make, clean),
		cmocka_unit_test_setup_teardown(test_topics_without_ack_only_with_withheld_pubacks, make_with_json, clean),
		cmocka_unit_test_setup_teardown(test_broker_that_drops_is_seen, make, clean),
		cmocka_unit_test_setup_teardown(test_drain_commits_acknowledges_and_says_goodbye, make, clean),
	};
	mosquitto_lib_init();
	int failed = cmocka_run_group_tests(tests, 0, 0);
	mosquitto_lib_cleanup();
	return failed;
}
