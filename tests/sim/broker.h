// SPDX-License-Identifier: Apache-2.0
// The model broker: one persistent session a device, one for the collector, wills, keep-alive, QoS 1, take-over, bounded queues, restarts.
//
// Source: MQTT 3.1.1, and the habits of mosquitto (max_queued_messages 1000: what does not fit is dropped, though it was PUBACKed).
// Memory: packets in its queues are its own. Thread: one at a time.
#ifndef TESTS_SIM_BROKER_H
#define TESTS_SIM_BROKER_H
#include "tests/sim/packet.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_world;
struct sim_device;

enum { SIM_DEVICES_MAX = 8, SIM_DOWN_QUEUE = 32, SIM_UP_QUEUE = 1000, SIM_UP_WINDOW = 20 };

struct sim_session { // of a device
	bool exists;
	uint64_t connection; // serial; 0: none
	bool wants_ack, wants_command;
	uint64_t heard_ms;
	uint32_t keepalive_s;
	struct sim_packet *queue[SIM_DOWN_QUEUE]; // for the device, oldest first, until its PUBACK
	unsigned queued;
	int next_id;
};

struct sim_outgoing { // for the collector, until its PUBACK
	uint64_t number;
	unsigned device;
	bool sent;
	struct sim_packet *packet;
};

struct sim_broker {
	bool down; // refuses connections
	bool silent; // ... or answers nothing at all
	bool refuses; // accepts and then drops each session
	struct sim_session sessions[SIM_DEVICES_MAX];
	struct sim_outgoing outbox[SIM_UP_QUEUE];
	unsigned outgoing;
	uint64_t numbers;
	bool collector_connected;
	uint32_t collector_connection; // counts
};

void sim_broker_free(struct sim_broker *broker);

// A packet of a device has arrived; it stays the caller's.
void sim_broker_packet(struct sim_world *world, struct sim_device *device, uint64_t serial, const struct sim_packet *packet);
// The connection is gone: by a reset, or because somebody cut it. told: the device hears of it. Publishes the will.
void sim_broker_drop(struct sim_world *world, struct sim_device *device, uint64_t serial, bool told);

void sim_broker_stop(struct sim_world *world, bool silent, bool forgets); // forgets: no persistence; told or half-open as it may be
void sim_broker_start(struct sim_world *world);

// From the collector.
void sim_broker_collector(struct sim_world *world, bool connected);
void sim_broker_collector_has(struct sim_world *world, uint64_t number); // its PUBACK
void sim_broker_to_device(struct sim_world *world, unsigned device, struct sim_packet *packet); // takes it; QoS 0 ack or QoS 1 dn

#endif
