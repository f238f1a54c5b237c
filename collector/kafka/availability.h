// SPDX-License-Identifier: Apache-2.0
// Whether Kafka takes what it is given, judged by deliveries alone: a socket that is open proves nothing, and neither does an error on one of them.
//
//   up    until something waits for AVAILABILITY_PATIENCE_MS without any delivery, or a delivery fails
//   down  until the next delivery
//
// Pure: monotonic milliseconds come in. Memory: the caller's struct.
#ifndef COLLECTOR_KAFKA_AVAILABILITY_H
#define COLLECTOR_KAFKA_AVAILABILITY_H
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

enum { AVAILABILITY_PATIENCE_MS = 5000 };

struct availability {
	bool is_down;
	uint64_t down_ms;    // since when, while it is down
	uint64_t waiting_ms; // since when something waits without a delivery; 0: nothing waits
	rd_kafka_resp_err_t error; // the last one heard of
};

// Each returns true if this turned it over.
bool availability_delivered(struct availability *availability, uint64_t now_ms);
bool availability_failed(struct availability *availability, rd_kafka_resp_err_t error, uint64_t now_ms);
// To be called about once a second: does anything wait?
bool availability_look(struct availability *availability, bool is_waiting, uint64_t now_ms);

// An error that may pass (a connection): becomes the reason if nothing is delivered.
void availability_heard(struct availability *availability, rd_kafka_resp_err_t error);

#endif
