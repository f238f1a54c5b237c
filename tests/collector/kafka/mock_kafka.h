// SPDX-License-Identifier: Apache-2.0
// A Kafka in this process: the mock cluster of librdkafka, on loopback ports of its own, and a consumer that reads what is in a topic. For the tests of
// kafka/. All asserts: a failure here ends the test.
#ifndef TESTS_COLLECTOR_KAFKA_MOCK_KAFKA_H
#define TESTS_COLLECTOR_KAFKA_MOCK_KAFKA_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stddef.h>
#include <stdint.h>

enum { MOCK_PRODUCE = 0 }; // Kafka's number of the request

struct mock_kafka {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	const char *brokers;
};

struct mock_message {
	char key[64], content_type[64], schema[64];
	char *value; // ends with a NUL beyond size
	size_t size;
	int64_t timestamp_ms, offset;
	int32_t partition;
};

struct mock_messages {
	struct mock_message *items;
	size_t count, room;
};

void mock_kafka_open(struct mock_kafka *mock, int brokers);
void mock_kafka_close(struct mock_kafka *mock);
void mock_kafka_create(struct mock_kafka *mock, const char *topic, int partitions);

// All messages of a topic from its beginning, in the order of each partition.
void mock_kafka_read(struct mock_kafka *mock, const char *topic, int partitions, struct mock_messages *messages);
void mock_messages_free(struct mock_messages *messages);

#endif
