// SPDX-License-Identifier: Apache-2.0
// A broker of one client at a time on the test's event loop: just enough MQTT 5 to accept, grant, publish and count. What it does wrong on
// purpose is set in its fields. Keeps un-acknowledged publishes and sends them again on the next session, as a broker does.
#ifndef TESTS_COLLECTOR_INGEST_FAKE_BROKER_H
#define TESTS_COLLECTOR_INGEST_FAKE_BROKER_H
#include "collector/clock.h"
#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_BROKER_MESSAGES = 64 };

struct fake_broker {
	struct event_base *base;
	struct event *listening, *readable;
	int listener, client;
	unsigned port;
	uint8_t connack_reason, suback_reason; // 0: good
	uint8_t buffer[8192];
	size_t used;
	unsigned connects, disconnects, subscribes, unsubscribes, pubacks, publishes; // that came
	char last_topic[64];
	uint8_t last_payload[256];
	size_t last_size;
	// messages to give: topic, payload; acked or not
	struct fake_message {
		char topic[64];
		uint8_t payload[256];
		size_t size;
		int is_acked;
	} messages[FAKE_BROKER_MESSAGES];
	unsigned count;
};

void fake_broker_start(struct fake_broker *broker, struct event_base *base); // zeroed before; asserts
void fake_broker_stop(struct fake_broker *broker);
void fake_broker_turn(struct fake_broker *broker, unsigned ms); // runs the loop for so long
void fake_broker_kick(struct fake_broker *broker); // closes the session

// QoS 1; sent now if there is a session, and on every session until acknowledged.
void fake_broker_give(struct fake_broker *broker, const char *topic, const void *payload, size_t size);
unsigned fake_broker_unacked(const struct fake_broker *broker);

// Runs the loop until the condition holds; after 5 s the test has failed.
#define FAKE_BROKER_AWAIT(broker, condition)                                                                                           \
	do {                                                                                                                           \
		for (uint64_t until_ms = clock_monotonic_ms() + 5000; !(condition);) {                                                 \
			assert_true(clock_monotonic_ms() < until_ms);                                                                  \
			fake_broker_turn(broker, 5);                                                                                   \
		}                                                                                                                      \
	} while (0)

#endif
