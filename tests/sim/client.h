// SPDX-License-Identifier: Apache-2.0
// The MQTT client of a simulated device and its way to the broker: names, TCP, TLS, CONNECT, keep-alive, and all that a network does to them.
//
// A connection has a serial number. Each direction keeps its order, as TCP does; loss is delay. Once something sent on a connection has
// vanished (no link, a dead path), all that follows vanishes, too: half-open, until somebody notices.
// Memory: in struct sim_device. Thread: one at a time.
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H
#include "agent/port/port.h"
#include "tests/sim/packet.h"
#include <stdbool.h>
#include <stdint.h>

struct sim_world;
struct sim_device;

enum sim_client_state { SIM_CLIENT_CLOSED, SIM_CLIENT_OPENING, SIM_CLIENT_OPEN };

struct sim_client {
	enum sim_client_state state;
	uint64_t serial; // of the connection, rising for the life of the device, also across resets
	bool tls, lost; // lost: half-open
	bool deaf; // lost, and the stack's keep-alive is answered
	unsigned stage;
	uint64_t stage_from_ms;
	struct mu_mqtt_phases phases;
	bool has_phases;
	uint64_t up_ms, down_ms; // arrival of the last packet of each direction
	uint32_t keepalive_s;
	struct mu_socket_options options; // keep_idle_s 0: none set
	int next_id;
	uint32_t heard; // packets from the broker
};

// As in struct mu_mqtt_port.
int sim_client_open(struct sim_world *world, struct sim_device *device, const struct mu_mqtt_options *options);
void sim_client_close(struct sim_world *world, struct sim_device *device);
int sim_client_subscribe(struct sim_world *world, struct sim_device *device, const char *topic, int qos);
int sim_client_publish(struct sim_world *world, struct sim_device *device, const char *topic, const void *payload, size_t size, int qos);

void sim_client_vanish(struct sim_device *device); // the chip was reset: nobody is told
void sim_client_deafen(struct sim_device *device); // likewise, and something on the way keeps the connection alive
void sim_client_lose(struct sim_world *world, struct sim_device *device); // half-open from now on

// From the broker. Takes the packet. What arrives for a connection that is no more is answered with a reset.
void sim_client_send_down(struct sim_world *world, struct sim_device *device, uint64_t serial, struct sim_packet *packet);

#endif
