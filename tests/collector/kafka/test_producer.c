// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/clock.h"
#include "collector/kafka/producer.h"
#include "collector/kafka/profile.h"
#include "mock_kafka.h"

static const struct producer_topic topics[] = { { "first", "text/a", "schema-a" }, { "second", "text/b", "schema-b" } };

struct rig {
	struct mock_kafka mock;
	struct event_base *base;
	struct producer *producer;
	struct producer_report reports[64];
	unsigned count, errors, fatals, turns;
};

static void on_report(void *context, const struct producer_report *report)
{
	struct rig *rig = context;
	assert_true(rig->count < 64);
	rig->reports[rig->count++] = *report;
}

static void on_error(void *context, rd_kafka_resp_err_t error, const char *text)
{
	struct rig *rig = context;
	assert_true(error != RD_KAFKA_RESP_ERR_NO_ERROR && strlen(text) > 0);
	rig->errors++;
}

static void on_fatal(void *context, rd_kafka_resp_err_t error, const char *text)
{
	struct rig *rig = context;
	assert_int_equal(error, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	assert_non_null(strstr(text, "for the test"));
	rig->fatals++;
}

static void on_served(void *context)
{
	((struct rig *)context)->turns++;
}

static const struct producer_handlers handlers = { on_report, on_error, on_fatal, on_served };

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct config config;
	struct config_errors errors;
	char problem[256];
	mock_kafka_open(&rig->mock, 1);
	mock_kafka_create(&rig->mock, "first", 1);
	mock_kafka_create(&rig->mock, "second", 1);
	config_defaults(&config);
	snprintf(config.kafka.brokers, sizeof config.kafka.brokers, "%s", rig->mock.brokers);
	rig->base = event_base_new();
	rig->producer = producer_new(rig->base, profile_new(&config, &errors), topics, 2, &handlers, rig, problem, sizeof problem);
	assert_non_null(rig->producer);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	producer_retire(rig->producer);
	producer_wait(rig->producer, 5000);
	event_base_free(rig->base);
	mock_kafka_close(&rig->mock);
	free(rig);
	return 0;
}

static void run_until(struct rig *rig, const unsigned *what, unsigned least)
{
	uint64_t until_ms = clock_monotonic_ms() + 10000;
	while (*what < least && clock_monotonic_ms() < until_ms) {
		struct timeval wait = { .tv_usec = 10000 };
		event_base_loopexit(rig->base, &wait);
		event_base_dispatch(rig->base);
	}
	assert_true(*what >= least);
}

static void test_a_message_and_its_report(void **state)
{
	struct rig *rig = *state;
	struct mock_messages messages;
	char value[] = "hello";
	struct producer_message message = { "dev-1", value, 5, UINT64_C(1790000000123) };
	uint64_t ticket = (UINT64_C(1) << 61) - 1;
	assert_int_equal(producer_send(rig->producer, 1, ticket, &message), RD_KAFKA_RESP_ERR_NO_ERROR);
	memset(value, 'x', sizeof value); // it was copied
	run_until(rig, &rig->count, 1);
	assert_int_equal(rig->reports[0].error, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(rig->reports[0].topic, 1);
	assert_true(rig->reports[0].ticket == ticket);
	assert_int_equal(rig->reports[0].size, 5);
	assert_true(rig->turns > 0);
	assert_false(producer_flush(rig->producer, 0));
	mock_kafka_read(&rig->mock, "second", 1, &messages);
	assert_int_equal(messages.count, 1);
	assert_string_equal(messages.items[0].value, "hello");
	assert_string_equal(messages.items[0].key, "dev-1");
	assert_string_equal(messages.items[0].content_type, "text/b");
	assert_string_equal(messages.items[0].schema, "schema-b");
	assert_int_equal(messages.items[0].timestamp_ms, UINT64_C(1790000000123));
	mock_messages_free(&messages);
}

// An error that comes before the loop listens (a connection that is refused at once) must not make the queue deaf for all that follows.
static void test_an_event_before_the_loop_runs(void **state)
{
	struct rig *rig = *state;
	struct producer_message message = { "dev-1", "x", 1, 1 };
	rd_kafka_mock_broker_set_down(rig->mock.cluster, 1);
	struct producer *other = rig->producer;
	struct config config;
	struct config_errors errors;
	char problem[256];
	config_defaults(&config);
	snprintf(config.kafka.brokers, sizeof config.kafka.brokers, "%s", rig->mock.brokers);
	rig->producer = producer_new(rig->base, profile_new(&config, &errors), topics, 2, &handlers, rig, problem, sizeof problem);
	assert_non_null(rig->producer);
	producer_retire(other);
	producer_wait(other, 5000); // meanwhile the new one is refused
	rd_kafka_mock_broker_set_up(rig->mock.cluster, 1);
	assert_int_equal(producer_send(rig->producer, 0, 1, &message), RD_KAFKA_RESP_ERR_NO_ERROR);
	run_until(rig, &rig->count, 1);
	assert_int_equal(rig->reports[0].error, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_true(rig->errors > 0);
}

// More than the queue takes is refused at once, not waited for.
static void test_the_queue_is_bounded(void **state)
{
	struct rig *rig = *state;
	struct producer_message message = { "", "x", 1, 1 };
	unsigned sent = 0;
	rd_kafka_mock_broker_set_down(rig->mock.cluster, 1);
	while (sent <= PROFILE_QUEUE_MESSAGES && producer_send(rig->producer, 0, sent, &message) == RD_KAFKA_RESP_ERR_NO_ERROR)
		sent++;
	assert_int_equal(sent, PROFILE_QUEUE_MESSAGES);
	assert_int_equal(producer_send(rig->producer, 0, 1, &message), RD_KAFKA_RESP_ERR__QUEUE_FULL);
}

// What does not exist is said with the message that wanted it, some seconds later.
static void test_a_topic_that_is_not_there(void **state)
{
	struct rig *rig = *state;
	struct producer_message message = { "dev-1", "x", 1, 1 };
	rd_kafka_mock_topic_set_error(rig->mock.cluster, "first", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	assert_int_equal(producer_send(rig->producer, 0, 9, &message), RD_KAFKA_RESP_ERR_NO_ERROR);
	run_until(rig, &rig->count, 1);
	assert_int_equal(rig->reports[0].ticket, 9);
	assert_int_equal(rig->reports[0].error, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

static void test_a_fatal_error_and_the_purge(void **state)
{
	struct rig *rig = *state;
	struct producer_message message = { "dev-1", "x", 1, 1 };
	rd_kafka_mock_broker_set_down(rig->mock.cluster, 1);
	for (uint64_t ticket = 0; ticket < 10; ticket++)
		assert_int_equal(producer_send(rig->producer, 0, ticket, &message), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_test_fatal_error(producer_handle(rig->producer), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "for the test");
	run_until(rig, &rig->fatals, 1);
	assert_int_not_equal(producer_send(rig->producer, 0, 10, &message), RD_KAFKA_RESP_ERR_NO_ERROR);
	producer_purge(rig->producer);
	run_until(rig, &rig->count, 10);
	for (unsigned i = 0; i < 10; i++)
		assert_int_not_equal(rig->reports[i].error, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(rig->fatals, 1);
}

// Nobody is told any more, and the loop does not wait for the threads.
static void test_retired_is_silent(void **state)
{
	struct rig *rig = *state;
	struct producer_message message = { "dev-1", "x", 1, 1 };
	assert_int_equal(producer_send(rig->producer, 0, 1, &message), RD_KAFKA_RESP_ERR_NO_ERROR);
	producer_retire(rig->producer);
	uint64_t until_ms = clock_monotonic_ms() + 10000;
	struct timeval wait = { .tv_usec = 10000 };
	bool is_gone = false;
	while (!is_gone && clock_monotonic_ms() < until_ms) {
		event_base_loopexit(rig->base, &wait);
		event_base_dispatch(rig->base);
		is_gone = producer_is_gone(rig->producer);
	}
	assert_true(is_gone);
	assert_int_equal(rig->count, 0);
	event_base_free(rig->base);
	mock_kafka_close(&rig->mock);
	free(rig);
}

static void test_what_cannot_be_made(void **unused)
{
	(void)unused;
	char problem[256] = "";
	struct event_base *base = event_base_new();
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	assert_int_equal(rd_kafka_conf_set(conf, "security.protocol", "ssl", problem, sizeof problem), RD_KAFKA_CONF_OK);
	assert_int_equal(rd_kafka_conf_set(conf, "ssl.ca.location", "/nonexistent.pem", problem, sizeof problem), RD_KAFKA_CONF_OK);
	rd_kafka_conf_set_log_cb(conf, 0);
	assert_null(producer_new(base, conf, topics, 2, &handlers, 0, problem, sizeof problem));
	assert_non_null(strstr(problem, "ssl.ca.location"));
	event_base_free(base);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_a_message_and_its_report),
		ROW(test_an_event_before_the_loop_runs),
		ROW(test_the_queue_is_bounded),
		ROW(test_a_topic_that_is_not_there),
		ROW(test_a_fatal_error_and_the_purge),
		cmocka_unit_test_setup(test_retired_is_silent, setup),
		cmocka_unit_test(test_what_cannot_be_made),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
