// SPDX-License-Identifier: Apache-2.0
// One MQTT packet on its way: what both ends look at, without its encoding.
//
// Memory: one allocation a packet, freed by whoever owns it; a failed allocation ends the program.
#ifndef TESTS_SIM_PACKET_H
#define TESTS_SIM_PACKET_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_packet_kind {
	SIM_CONNECT,
	SIM_CONNACK, // code; session_present
	SIM_SUBSCRIBE, // topic, qos
	SIM_PUBLISH, // topic, qos, id, payload
	SIM_PUBACK, // id
	SIM_PING,
	SIM_PONG,
	SIM_DISCONNECT,
	SIM_RESET, // TCP: the peer knows of no such connection
};

struct sim_packet {
	enum sim_packet_kind kind;
	int id, qos, code;
	bool duplicate, retained, session_present;
	char topic[MU_TOPIC_MAX];
	size_t size;
	uint8_t payload[]; // of `size` bytes
};

struct sim_packet *sim_packet_new(enum sim_packet_kind kind, const char *topic, const void *payload, size_t size); // topic null: ""
struct sim_packet *sim_packet_copy(const struct sim_packet *packet);
void sim_packet_free(struct sim_packet *packet); // null is allowed

#endif
