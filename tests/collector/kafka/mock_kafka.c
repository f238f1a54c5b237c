// SPDX-License-Identifier: Apache-2.0
#include "mock_kafka.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 10000, POLL_MS = 100 };

void mock_kafka_open(struct mock_kafka *mock, int brokers)
{
	char problem[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, 0);
	mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem, sizeof problem);
	assert_non_null(mock->rk);
	mock->cluster = rd_kafka_mock_cluster_new(mock->rk, brokers);
	assert_non_null(mock->cluster);
	mock->brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

void mock_kafka_close(struct mock_kafka *mock)
{
	rd_kafka_mock_cluster_destroy(mock->cluster);
	rd_kafka_destroy(mock->rk);
}

void mock_kafka_create(struct mock_kafka *mock, const char *topic, int partitions)
{
	assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, topic, partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static rd_kafka_t *open_consumer(const struct mock_kafka *mock)
{
	char problem[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, 0);
	assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", mock->brokers, problem, sizeof problem), RD_KAFKA_CONF_OK);
	assert_int_equal(rd_kafka_conf_set(conf, "group.id", "test", problem, sizeof problem), RD_KAFKA_CONF_OK);
	assert_int_equal(rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", problem, sizeof problem), RD_KAFKA_CONF_OK);
	assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", problem, sizeof problem), RD_KAFKA_CONF_OK);
	rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem, sizeof problem);
	assert_non_null(consumer);
	rd_kafka_poll_set_consumer(consumer);
	return consumer;
}

static void take_header(const rd_kafka_message_t *message, const char *name, char *text, size_t size)
{
	rd_kafka_headers_t *headers;
	const void *value;
	size_t length;
	text[0] = 0;
	if (rd_kafka_message_headers(message, &headers) || rd_kafka_header_get_last(headers, name, &value, &length))
		return;
	snprintf(text, size, "%.*s", (int)length, (const char *)value);
}

static void keep(struct mock_messages *messages, const rd_kafka_message_t *message)
{
	if (messages->count == messages->room) {
		messages->room = messages->room ? 2 * messages->room : 1024;
		messages->items = realloc(messages->items, messages->room * sizeof *messages->items);
		assert_non_null(messages->items);
	}
	struct mock_message *item = &messages->items[messages->count++];
	*item = (struct mock_message){ .size = message->len, .offset = message->offset, .partition = message->partition };
	snprintf(item->key, sizeof item->key, "%.*s", (int)message->key_len, message->key ? (const char *)message->key : "");
	item->timestamp_ms = rd_kafka_message_timestamp(message, 0);
	take_header(message, "content-type", item->content_type, sizeof item->content_type);
	take_header(message, "schema", item->schema, sizeof item->schema);
	item->value = malloc(message->len + 1);
	assert_non_null(item->value);
	memcpy(item->value, message->payload, message->len);
	item->value[message->len] = 0;
}

void mock_kafka_read(struct mock_kafka *mock, const char *topic, int partitions, struct mock_messages *messages)
{
	rd_kafka_t *consumer = open_consumer(mock);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
	int ended = 0;
	*messages = (struct mock_messages){ 0 };
	for (int32_t partition = 0; partition < partitions; partition++)
		rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
	for (int waited_ms = 0; ended < partitions && waited_ms < WAIT_MS; waited_ms += POLL_MS) {
		rd_kafka_message_t *message;
		while ((message = rd_kafka_consumer_poll(consumer, POLL_MS))) {
			if (!message->err)
				keep(messages, message);
			else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
				ended++;
			rd_kafka_message_destroy(message);
		}
	}
	assert_int_equal(ended, partitions);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
}

void mock_messages_free(struct mock_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++)
		free(messages->items[i].value);
	free(messages->items);
}
