// SPDX-License-Identifier: Apache-2.0
// What a port tells the agent. Posted from any thread with mu_agent_post(), handled in the next step.
#ifndef MU_EVENT_H
#define MU_EVENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mu_event_type {
	MU_EVENT_LINK_ASSOCIATED, // joined (or the cable is in); no address yet
	MU_EVENT_LINK_UP, // has an address
	MU_EVENT_LINK_ADDRESS_LOST, // still joined
	MU_EVENT_LINK_DOWN, // reason: 802.11 or ESP-IDF code
	MU_EVENT_SCAN_DONE, // value: access points seen, or negative enum mu_err
	MU_EVENT_STATION_JOINED, // at the own access point; value: how many there are now
	MU_EVENT_STATION_LEFT,
	MU_EVENT_UDP_ANSWER, // payload (its first MU_EVENT_ANSWER_MAX bytes), value: milliseconds from sending to arrival
	MU_EVENT_UDP_FAILED, // reason: negative enum mu_err; MU_ERR_NOT_FOUND: the name did not resolve
	MU_EVENT_MQTT_PHASE, // value: enum mu_mqtt_phase that is over
	MU_EVENT_MQTT_OPEN, // value: 1 if the broker kept the session
	MU_EVENT_MQTT_CLOSED, // reason: CONNACK code (1..5), or negative enum mu_err
	MU_EVENT_MQTT_PUBLISHED, // value: message id that was PUBACKed
	MU_EVENT_MQTT_MESSAGE, // topic, payload, retained
	MU_EVENT_MQTT_ALIVE, // a ping was answered
};

struct mu_event {
	enum mu_event_type type;
	union { // no event has both
		int32_t reason;
		int32_t value;
	};
	bool retained;
	const char *topic; // copied by mu_agent_post(); at most MU_TOPIC_MAX with the NUL
	const uint8_t *payload; // copied; at most MU_EVENT_PAYLOAD_MAX, longer ones are refused with MU_ERR_SIZE
	size_t payload_bytes;
};

enum { MU_EVENT_PAYLOAD_MAX = 1024, MU_EVENT_ANSWER_MAX = 64 };

#endif
