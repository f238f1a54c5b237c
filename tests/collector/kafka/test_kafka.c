// SPDX-License-Identifier: Apache-2.0
// The whole way out against a mock cluster: what the store has arrives, in order, through every kind of failure.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/kafka/kafka.h"
#include "collector/kafka/producer.h"
#include "collector/store/cursors.h"
#include "collector/store/records.h"
#include "collector/store/dead_letters.h"
#include "kafka_rig.h"

static void test_everything_arrives_once_and_in_order(void **state)
{
	struct kafka_rig *rig = *state;
	kafka_rig_add_records(rig, 1000, 50); // there before the start
	kafka_rig_start(rig);
	kafka_rig_run(rig, kafka_rig_is_stored);
	kafka_rig_add_records(rig, 5000, 50); // more than fit in flight
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_int_equal(kafka_rig_prove(rig), 6000);
	assert_int_equal(rig->counters.kafka_delivered, 6000);
	assert_int_equal(rig->counters.kafka_failed, 0);
	assert_int_equal(rig->counters.kafka_up, 1);
}

static bool has_restarted(struct kafka_rig *rig)
{
	return rig->counters.kafka_restarts > 0 && kafka_rig_is_stored(rig);
}

static void test_a_fatal_error_in_the_middle(void **state)
{
	struct kafka_rig *rig = *state;
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 2000, 50);
	kafka_rig_run_ms(rig, 5);
	rd_kafka_test_fatal_error(producer_handle(kafka_producer(rig->kafka)), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
		"for the test");
	kafka_rig_run_ms(rig, 50);
	kafka_rig_add_records(rig, 100, 50);
	kafka_rig_run(rig, has_restarted);
	assert_true(kafka_rig_prove(rig) >= 2100);
	assert_int_equal(rig->counters.kafka_restarts, 1);
	assert_int_equal(rig->counters.kafka_up, 1);
}

// Errors that pass by themselves: librdkafka tries again, nothing comes twice, nobody is told.
static void test_errors_that_pass(void **state)
{
	struct kafka_rig *rig = *state;
	rd_kafka_mock_push_request_errors(rig->mock.cluster, MOCK_PRODUCE, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 3000, 50);
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_int_equal(kafka_rig_prove(rig), 3000);
	assert_int_equal(rig->counters.kafka_failed, 0);
	assert_int_equal(rig->counters.kafka_restarts, 0);
}

static bool is_down(struct kafka_rig *rig)
{
	return rig->counters.kafka_up == 0;
}

static bool is_up(struct kafka_rig *rig)
{
	return rig->counters.kafka_up == 1;
}

static void test_a_broker_that_goes_away(void **state)
{
	struct kafka_rig *rig = *state;
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 500, 50);
	kafka_rig_run(rig, kafka_rig_is_stored);
	rd_kafka_mock_broker_set_down(rig->mock.cluster, 1);
	kafka_rig_add_records(rig, 500, 50);
	kafka_rig_run(rig, is_down);
	kafka_rig_add_records(rig, 9000, 50); // twice what may be in flight: the rest stays in the store
	assert_int_equal(rig->counters.kafka_delivered, 500);
	assert_null(kafka_not_ready(rig->kafka));
	rd_kafka_mock_broker_set_up(rig->mock.cluster, 1);
	kafka_rig_run(rig, kafka_rig_is_stored);
	kafka_rig_run(rig, is_up);
	assert_true(kafka_rig_prove(rig) >= 10000);
}

// One error for good in the middle of a stream: what was behind it must not overtake it.
static void test_a_refusal_keeps_the_order(void **state)
{
	struct kafka_rig *rig = *state;
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 200, 50);
	kafka_rig_run(rig, kafka_rig_is_stored);
	rd_kafka_mock_push_request_errors(rig->mock.cluster, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	kafka_rig_add_records(rig, 3000, 400); // many batches
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_true(kafka_rig_prove(rig) >= 3200);
	assert_true(rig->counters.kafka_failed > 0);
	kafka_rig_run(rig, is_up);
}

// Killed at a random moment: the cursor in the store is behind, so some come twice, none is missing.
static void test_killed_and_started_again(void **state)
{
	struct kafka_rig *rig = *state;
	for (unsigned round = 0; round < 4; round++) {
		kafka_rig_start(rig);
		kafka_rig_add_records(rig, 3000, 50);
		kafka_rig_run_ms(rig, 20 + 60 * round);
		kafka_rig_kill(rig);
	}
	kafka_rig_start(rig);
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_true(kafka_rig_prove(rig) >= 12000);
}

// The clean end writes the cursor: nothing comes twice.
static void test_the_clean_end(void **state)
{
	struct kafka_rig *rig = *state;
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 3000, 50);
	kafka_rig_run_ms(rig, 5);
	kafka_drain(rig->kafka, 5000);
	assert_true(kafka_rig_is_stored(rig));
	kafka_rig_kill(rig);
	kafka_rig_start(rig);
	kafka_rig_run_ms(rig, 200);
	assert_int_equal(kafka_rig_prove(rig), 3000);
}

// A topic that is not there: said, retried, and all of it goes out once somebody makes it. The other topics are not held up.
static void test_a_topic_that_is_made_later(void **state)
{
	struct kafka_rig *rig = *state;
	struct dead_letter letter = { .recv_ms = 1, .topic = "t", .device = "dev-1", .reason = "r", .payload = { "x", 1 }, .size = 1 };
	struct mock_messages messages;
	rd_kafka_mock_topic_set_error(rig->mock.cluster, rig->config.kafka.telemetry_topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	kafka_rig_add_records(rig, 300, 50);
	assert_int_equal(store_dead_letter_add(rig->store, &letter), 0);
	kafka_rig_start(rig);
	kafka_rig_run(rig, is_down);
	mock_kafka_read(&rig->mock, rig->config.kafka.deadletter_topic, 1, &messages);
	assert_int_equal(messages.count, 1);
	assert_string_equal(messages.items[0].key, "dev-1");
	assert_string_equal(messages.items[0].content_type, "application/json");
	mock_messages_free(&messages);
	rd_kafka_mock_topic_set_error(rig->mock.cluster, rig->config.kafka.telemetry_topic, RD_KAFKA_RESP_ERR_NO_ERROR);
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_int_equal(kafka_rig_prove(rig), 300);
	kafka_rig_run(rig, is_up);
}

static bool has_refused(struct kafka_rig *rig)
{
	return rig->counters.kafka_refused > 0 && kafka_rig_is_stored(rig);
}

static int keep_reason(void *context, const struct dead_letter *letter)
{
	assert_string_equal(letter->device, "dev-0");
	assert_string_equal(letter->topic, "muster.telemetry");
	assert_true(letter->seq == 1 && letter->payload.size > 50);
	snprintf(context, 64, "%s", letter->reason);
	return 0;
}

// Alone and refused as too large: kept among the dead letters, passed over, and the rest goes on.
static void test_a_record_that_is_too_large_for_good(void **state)
{
	struct kafka_rig *rig = *state;
	char reason[64] = "";
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 1, 50);
	rd_kafka_mock_push_request_errors(rig->mock.cluster, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	kafka_rig_run(rig, has_refused);
	assert_int_equal(rig->counters.kafka_refused, 1);
	assert_int_equal(store_dead_letter_list(rig->store, 0, 10, keep_reason, reason), 1);
	assert_string_equal(reason, "Kafka takes no message of this size");
	kafka_rig_add_records(rig, 1000, 50);
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_int_equal(rig->counters.kafka_refused, 1);
	assert_int_equal(rig->counters.kafka_delivered, 1001); // the dead letter is one of them
}

// A batch that is too large is no record that is too large: with fewer at a time all of it arrives.
static void test_a_batch_that_is_too_large(void **state)
{
	struct kafka_rig *rig = *state;
	rd_kafka_mock_push_request_errors(rig->mock.cluster, MOCK_PRODUCE, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
		RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE);
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 2000, 50);
	kafka_rig_run(rig, kafka_rig_is_stored);
	assert_true(kafka_rig_prove(rig) >= 2000);
	assert_int_equal(rig->counters.kafka_refused, 0);
}

static bool is_held(struct kafka_rig *rig)
{
	return rig->held > 0;
}

static bool is_released(struct kafka_rig *rig)
{
	return rig->released > 0;
}

// The store is full of what Kafka does not have: no more is taken, it is said at /readyz, and it ends by itself.
static void test_the_bound_of_the_backlog(void **state)
{
	struct kafka_rig *rig = *state;
	rig->config.store.retention_bytes = 256 * 1024;
	kafka_rig_start(rig);
	kafka_rig_add_records(rig, 8, 200);
	kafka_rig_run(rig, kafka_rig_is_stored);
	rd_kafka_mock_broker_set_down(rig->mock.cluster, 1);
	kafka_rig_add_records(rig, 4000, 200);
	kafka_rig_run(rig, is_held);
	assert_int_equal(rig->counters.kafka_backlog_full, 1);
	assert_int_equal(rig->counters.kafka_backlog, 4000);
	assert_non_null(kafka_not_ready(rig->kafka));
	rd_kafka_mock_broker_set_up(rig->mock.cluster, 1);
	kafka_rig_run(rig, is_released);
	assert_int_equal(rig->counters.kafka_backlog_full, 0);
	assert_null(kafka_not_ready(rig->kafka));
	assert_int_equal(rig->held, 1);
	kafka_rig_run(rig, kafka_rig_is_stored);
	kafka_rig_prove(rig);
}

static void test_what_cannot_start(void **state)
{
	struct kafka_rig *rig = *state;
	struct kafka_parts parts = { rig->base, &rig->config, rig->store, rig->fleet, &rig->counters, 0, 0 };
	snprintf(rig->config.kafka.properties_file, sizeof rig->config.kafka.properties_file, "/nonexistent");
	assert_null(kafka_new(&parts, &rig->errors));
	assert_int_equal(rig->errors.count, 1);
	assert_non_null(strstr(rig->errors.text[0], "/nonexistent:0: the file cannot be read"));
	kafka_wake(0); // none at all is allowed
	kafka_drain(0, 1);
	kafka_free(0);
	assert_null(kafka_not_ready(0));
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, kafka_rig_setup, kafka_rig_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_everything_arrives_once_and_in_order),
		ROW(test_a_fatal_error_in_the_middle),
		ROW(test_errors_that_pass),
		ROW(test_a_broker_that_goes_away),
		ROW(test_a_refusal_keeps_the_order),
		ROW(test_killed_and_started_again),
		ROW(test_the_clean_end),
		ROW(test_a_topic_that_is_made_later),
		ROW(test_a_record_that_is_too_large_for_good),
		ROW(test_a_batch_that_is_too_large),
		ROW(test_the_bound_of_the_backlog),
		ROW(test_what_cannot_start),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
