// SPDX-License-Identifier: Apache-2.0
// The three logs of the store that go to Kafka, and how each row becomes a message: key is the device id, the time is when musterd received or
// stored it. Thread: the loop's.
#ifndef COLLECTOR_KAFKA_LOGS_H
#define COLLECTOR_KAFKA_LOGS_H
#include "collector/kafka/stream.h"

enum logs_topic { LOGS_TRANSITIONS, LOGS_LETTERS, LOGS_RECORDS, LOGS_COUNT }; // the first ones are few: they go first

extern const struct stream_source logs_sources[LOGS_COUNT];

// The topics with their headers, by enum logs_topic. Names live in config.
void logs_topics(const struct config *config, struct producer_topic topics[LOGS_COUNT]);

#endif
