// SPDX-License-Identifier: Apache-2.0
// What of each log comes out of its topic, and what of a row that cannot.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/kafka/logs.h"
#include "collector/store/dead_letters.h"
#include "collector/store/store_alerts.h"
#include "collector/store/store_audit.h"
#include "kafka_rig.h"

static void add_transition(struct kafka_rig *rig, enum alert_state from, enum alert_state to)
{
	uint64_t n;
	struct store_transition transition = { .dev = 2,
		.uid = "heap-low",
		.name = "HeapLow",
		.from = from,
		.to = to,
		.severity = ALERT_WARNING,
		.was_severity = ALERT_WARNING,
		.at_ms = 1000,
		.stored_ms = UINT64_C(1790000000123),
		.started_ms = 500,
		.value = NAN,
		.threshold = NAN,
		.labels = "{}",
		.annotations = "{}" };
	assert_int_equal(store_begin(rig->store), 0);
	assert_int_equal(store_transition_add(rig->store, &transition, &n), 0);
	assert_int_equal(store_commit(rig->store), 0);
}

static bool are_delivered(struct kafka_rig *rig)
{
	uint64_t cursor, oldest, newest;
	assert_int_equal(store_cursor_get(rig->store, CURSOR_KAFKA_TRANSITIONS, &cursor), 0);
	assert_int_equal(store_transition_bounds(rig->store, &oldest, &newest), 0);
	return cursor == newest;
}

// Pending ones are passed over, but the cursor passes them too.
static void test_alerts(void **state)
{
	struct kafka_rig *rig = *state;
	struct mock_messages messages;
	static const char *const types[] = { "org.muster.alert.firing.v1", "org.muster.alert.resolved.v1" };
	add_transition(rig, ALERT_OK, ALERT_PENDING);
	add_transition(rig, ALERT_PENDING, ALERT_FIRING);
	add_transition(rig, ALERT_FIRING, ALERT_RECOVERING);
	add_transition(rig, ALERT_RECOVERING, ALERT_OK);
	add_transition(rig, ALERT_OK, ALERT_PENDING);
	kafka_rig_start(rig);
	kafka_rig_run(rig, are_delivered);
	mock_kafka_read(&rig->mock, rig->config.kafka.alerts_topic, 1, &messages);
	assert_int_equal(messages.count, 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *event = json_loads(messages.items[i].value, 0, 0);
		assert_string_equal(json_string_value(json_object_get(event, "type")), types[i]);
		assert_string_equal(messages.items[i].key, "dev-2");
		assert_string_equal(messages.items[i].content_type, "application/cloudevents+json");
		assert_int_equal(messages.items[i].timestamp_ms, UINT64_C(1790000000123));
		json_decref(event);
	}
	mock_messages_free(&messages);
}

static void test_records_as_json(void **state)
{
	struct kafka_rig *rig = *state;
	struct mock_messages messages;
	rig->config.kafka.format = CONFIG_KAFKA_JSON;
	kafka_rig_add_records(rig, 5, 10);
	kafka_rig_start(rig);
	kafka_rig_run(rig, kafka_rig_is_stored);
	mock_kafka_read(&rig->mock, rig->config.kafka.telemetry_topic, RIG_PARTITIONS, &messages);
	assert_int_equal(messages.count, 5);
	for (size_t i = 0; i < 5; i++) {
		json_t *record = json_loads(messages.items[i].value, 0, 0);
		assert_string_equal(json_string_value(json_object_get(record, "device")), messages.items[i].key);
		assert_string_equal(messages.items[i].content_type, "application/json");
		assert_string_equal(messages.items[i].schema, "org.muster.telemetry.v1");
		json_decref(record);
	}
	mock_messages_free(&messages);
}

static int keep_row(void *context, const struct store_audit *row)
{
	snprintf(context, 256, "%s|%s|%s|%s|%s", row->actor, row->action, row->target, row->detail, row->outcome);
	return 0;
}

// A dead letter that is refused makes no dead letter (it would be refused as well, for ever) but a row of the audit log.
static void test_a_refused_letter_is_a_row_of_the_audit_log(void **state)
{
	struct kafka_rig *rig = *state;
	char row[256] = "";
	uint64_t rows, bytes;
	struct stream_parts parts = { &rig->config, rig->store, rig->fleet, &rig->counters };
	struct stream stream;
	assert_int_equal(stream_init(&stream, &logs_sources[LOGS_LETTERS], &parts), 0);
	assert_int_equal(logs_sources[LOGS_LETTERS].refuse(&stream, 42), 0);
	assert_int_equal(store_audit_list(rig->store, 0, 10, keep_row, row), 1);
	assert_string_equal(row, "musterd|kafka.send|dead letters 42|muster.deadletter|Kafka takes no message of this size");
	assert_int_equal(store_dead_letter_count(rig->store, &rows, &bytes), 0);
	assert_int_equal(rows, 0);
}

// A record that retention took in the meantime is no obstacle.
static void test_a_refused_record(void **state)
{
	struct kafka_rig *rig = *state;
	uint64_t rows, bytes;
	struct stream_parts parts = { &rig->config, rig->store, rig->fleet, &rig->counters };
	struct stream stream;
	kafka_rig_add_records(rig, 1, 10);
	assert_int_equal(stream_init(&stream, &logs_sources[LOGS_RECORDS], &parts), 0);
	assert_int_equal(logs_sources[LOGS_RECORDS].refuse(&stream, 1), 0);
	assert_int_equal(logs_sources[LOGS_RECORDS].refuse(&stream, 2), 0);
	assert_int_equal(store_dead_letter_count(rig->store, &rows, &bytes), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(rig->counters.dead_letters, 1);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, kafka_rig_setup, kafka_rig_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_alerts),
		ROW(test_records_as_json),
		ROW(test_a_refused_letter_is_a_row_of_the_audit_log),
		ROW(test_a_refused_record),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
