// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/trouble.h"

#include <stddef.h>

#define MISSING "create it: kafka-topics.sh --create --topic NAME --partitions N --replication-factor R; musterd goes on by itself"
#define LOGIN "correct sasl.* in kafka.properties_file"
#define REACH "look whether Kafka runs and kafka.brokers is right; the records wait in the store"
#define REPLICAS "look after the brokers that are down, or lower min.insync.replicas; the records wait in the store"

#define AGAIN(error_, what_, remedy_)                                                                                                  \
	{                                                                                                                              \
		RD_KAFKA_RESP_ERR_##error_, \
		{ \
			TROUBLE_AGAIN, what_, remedy_ \
		} \
	}
#define OURS(error_)                                                                                                                   \
	{                                                                                                                              \
		RD_KAFKA_RESP_ERR_##error_, \
		{ \
			TROUBLE_OURS, "given up with its producer", "none is needed" \
		} \
	}
#define SIZE(error_, what_, remedy_)                                                                                                   \
	{                                                                                                                              \
		RD_KAFKA_RESP_ERR_##error_, \
		{ \
			TROUBLE_SIZE, what_, remedy_ " of the topic, or lower batch.size in kafka.properties_file" \
		} \
	}

static const struct {
	rd_kafka_resp_err_t error;
	struct trouble trouble;
} rows[] = {
	SIZE(MSG_SIZE_TOO_LARGE, "larger than the topic takes", "raise max.message.bytes"),
	SIZE(RECORD_LIST_TOO_LARGE, "larger than a segment of the topic", "raise segment.bytes"),
	OURS(_PURGE_QUEUE),
	OURS(_PURGE_INFLIGHT),
	OURS(_FATAL),
	OURS(_DESTROY),
	AGAIN(_UNKNOWN_TOPIC, "the topic does not exist", MISSING),
	AGAIN(UNKNOWN_TOPIC_OR_PART, "the topic does not exist", MISSING),
	AGAIN(_UNKNOWN_PARTITION, "the topic does not exist", MISSING),
	AGAIN(TOPIC_EXCEPTION, "the topic cannot have this name", "correct the topic in kafka.*"),
	AGAIN(TOPIC_AUTHORIZATION_FAILED, "no right to write to the topic",
		"allow it: kafka-acls.sh --add --operation Write --operation Describe --topic NAME"),
	AGAIN(CLUSTER_AUTHORIZATION_FAILED, "no right to be an idempotent producer",
		"allow it: kafka-acls.sh --add --operation IdempotentWrite --cluster"),
	AGAIN(_AUTHENTICATION, "Kafka refuses the login", LOGIN),
	AGAIN(SASL_AUTHENTICATION_FAILED, "Kafka refuses the login", LOGIN),
	AGAIN(_SSL, "TLS with Kafka fails", "correct security.protocol and ssl.* in kafka.properties_file"),
	AGAIN(_RESOLVE, "a broker's name cannot be resolved", "correct kafka.brokers, or the brokers' advertised.listeners"),
	AGAIN(_TRANSPORT, "Kafka cannot be reached", REACH),
	AGAIN(_ALL_BROKERS_DOWN, "Kafka cannot be reached", REACH),
	AGAIN(_TIMED_OUT, "Kafka does not answer", REACH),
	AGAIN(REQUEST_TIMED_OUT, "Kafka does not answer", REACH),
	AGAIN(NOT_ENOUGH_REPLICAS, "too few replicas are in sync", REPLICAS),
	AGAIN(NOT_ENOUGH_REPLICAS_AFTER_APPEND, "too few replicas are in sync", REPLICAS),
	AGAIN(INVALID_TIMESTAMP, "the topic refuses the time of the records",
		"raise message.timestamp.before.max.ms and .after.max.ms of the topic, or set the clocks right"),
	AGAIN(POLICY_VIOLATION, "a policy of Kafka refuses it", "look into the broker's log"),
};

struct trouble trouble_of(rd_kafka_resp_err_t error)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].error == error)
			return rows[i].trouble;
	return (struct trouble){ TROUBLE_AGAIN, rd_kafka_err2str(error), "look into the broker's log; musterd tries again" };
}
