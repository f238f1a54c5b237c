// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/broker.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

static struct sim_session *session_of(struct sim_world *world, const struct sim_device *device)
{
	return &world->broker.sessions[device->number];
}

static void forget_queue(struct sim_session *session)
{
	for (unsigned i = 0; i < session->queued; i++)
		sim_packet_free(session->queue[i]);
	session->queued = 0;
}

static void forget_outbox(struct sim_broker *broker)
{
	for (unsigned i = 0; i < broker->outgoing; i++)
		sim_packet_free(broker->outbox[i].packet);
	broker->outgoing = 0;
}

void sim_broker_free(struct sim_broker *broker)
{
	for (unsigned i = 0; i < SIM_DEVICES_MAX; i++)
		forget_queue(&broker->sessions[i]);
	forget_outbox(broker);
}

// ---- to the collector

static void on_arrival(struct sim_world *world, const struct sim_event *event)
{
	uint32_t connection = (uint32_t)(event->number >> 32);
	struct sim_broker *broker = &world->broker;
	if (broker->down || !broker->collector_connected || broker->collector_connection != connection)
		return;
	for (unsigned i = 0; i < broker->outgoing; i++)
		if ((uint32_t)broker->outbox[i].number == (uint32_t)event->number) {
			sim_collector_receive(world, &broker->outbox[i], connection);
			return;
		}
}

static void deliver_up(struct sim_world *world)
{
	struct sim_broker *broker = &world->broker;
	if (broker->down || !broker->collector_connected)
		return;
	for (unsigned i = 0; i < broker->outgoing && i < SIM_UP_WINDOW; i++) {
		struct sim_outgoing *message = &broker->outbox[i];
		if (message->sent)
			continue;
		message->sent = true;
		sim_after(world, 2, on_arrival, 0, (uint64_t)broker->collector_connection << 32 | (uint32_t)message->number, 0);
	}
}

static void queue_up(struct sim_world *world, const struct sim_device *device, const struct sim_packet *packet)
{
	struct sim_broker *broker = &world->broker;
	if (broker->outgoing == SIM_UP_QUEUE)
		return; // full: dropped, as mosquitto does
	broker->outbox[broker->outgoing++] = (struct sim_outgoing){
		.number = ++broker->numbers,
		.device = device->number,
		.packet = sim_packet_copy(packet),
	};
	deliver_up(world);
}

void sim_broker_collector(struct sim_world *world, bool connected)
{
	struct sim_broker *broker = &world->broker;
	broker->collector_connected = connected;
	broker->collector_connection++;
	for (unsigned i = 0; i < broker->outgoing; i++)
		broker->outbox[i].sent = false; // delivered again
	deliver_up(world);
}

void sim_broker_collector_has(struct sim_world *world, uint64_t number)
{
	struct sim_broker *broker = &world->broker;
	for (unsigned i = 0; i < broker->outgoing; i++)
		if (broker->outbox[i].number == number) {
			sim_packet_free(broker->outbox[i].packet);
			memmove(broker->outbox + i, broker->outbox + i + 1, (--broker->outgoing - i) * sizeof *broker->outbox);
			break;
		}
	deliver_up(world);
}

// ---- to a device

static void deliver_down(struct sim_world *world, struct sim_device *device, const struct sim_packet *packet)
{
	sim_client_send_down(world, device, session_of(world, device)->connection, sim_packet_copy(packet));
}

void sim_broker_to_device(struct sim_world *world, unsigned number, struct sim_packet *packet)
{
	struct sim_device *device = world->devices[number];
	struct sim_session *session = session_of(world, device);
	bool connected = !world->broker.down && session->connection;
	if (packet->qos == 0) {
		if (connected && session->wants_ack)
			sim_client_send_down(world, device, session->connection, packet);
		else
			sim_packet_free(packet);
		return;
	}
	if (world->broker.down || !session->exists || !session->wants_command || session->queued == SIM_DOWN_QUEUE) {
		sim_packet_free(packet);
		return;
	}
	packet->id = ++session->next_id;
	session->queue[session->queued++] = packet;
	if (connected)
		deliver_down(world, device, packet);
}

static void take_puback(struct sim_session *session, int id)
{
	for (unsigned i = 0; i < session->queued; i++)
		if (session->queue[i]->id == id) {
			sim_packet_free(session->queue[i]);
			memmove(session->queue + i, session->queue + i + 1, (--session->queued - i) * sizeof *session->queue);
			return;
		}
}

// ---- connections

void sim_broker_drop(struct sim_world *world, struct sim_device *device, uint64_t serial, bool told)
{
	struct sim_session *session = session_of(world, device);
	if (!serial || session->connection != serial)
		return;
	session->connection = 0;
	char topic[MU_TOPIC_MAX];
	snprintf(topic, sizeof topic, "muster/v1/%s/state", device->id);
	struct sim_packet *will = sim_packet_new(SIM_PUBLISH, topic, "offline", 7);
	queue_up(world, device, will);
	sim_packet_free(will);
	if (told)
		sim_client_send_down(world, device, serial, sim_packet_new(SIM_RESET, 0, 0, 0));
}

static void on_silence(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	struct sim_session *session = session_of(world, device);
	if (session->connection != event->number)
		return;
	uint64_t limit_ms = session->heard_ms + session->keepalive_s * UINT64_C(1500);
	if (world->now_ms >= limit_ms) {
		sim_say(world, "broker", "nothing heard from %s on connection %llu: closed", device->id, (unsigned long long)event->number);
		sim_broker_drop(world, device, event->number, true);
	} else
		sim_after(world, limit_ms - world->now_ms, on_silence, device, event->number, 0);
}

static void connect(struct sim_world *world, struct sim_device *device, uint64_t serial, const struct sim_packet *packet)
{
	struct sim_session *session = session_of(world, device);
	sim_broker_drop(world, device, session->connection, true); // taken over
	struct sim_packet *answer = sim_packet_new(SIM_CONNACK, 0, 0, 0);
	answer->session_present = session->exists;
	session->exists = true;
	session->connection = serial;
	session->heard_ms = world->now_ms;
	session->keepalive_s = (uint32_t)packet->code;
	sim_client_send_down(world, device, serial, answer);
	for (unsigned i = 0; i < session->queued; i++) {
		session->queue[i]->duplicate = true;
		deliver_down(world, device, session->queue[i]);
	}
	sim_after(world, session->keepalive_s * UINT64_C(1500), on_silence, device, serial, 0);
	if (world->broker.refuses)
		sim_broker_drop(world, device, serial, true);
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);
	return size >= end_size && !strcmp(text + size - end_size, end);
}

static void publish(struct sim_world *world, struct sim_device *device, uint64_t serial, const struct sim_packet *packet)
{
	queue_up(world, device, packet);
	if (packet->qos == 0)
		return;
	struct sim_packet *answer = sim_packet_new(SIM_PUBACK, 0, 0, 0);
	answer->id = packet->id;
	sim_client_send_down(world, device, serial, answer);
}

void sim_broker_packet(struct sim_world *world, struct sim_device *device, uint64_t serial, const struct sim_packet *packet)
{
	struct sim_session *session = session_of(world, device);
	if (packet->kind == SIM_CONNECT && !world->broker.down) {
		connect(world, device, serial, packet);
		return;
	}
	if (world->broker.down || session->connection != serial) {
		sim_client_send_down(world, device, serial, sim_packet_new(SIM_RESET, 0, 0, 0));
		return;
	}
	session->heard_ms = world->now_ms;
	switch (packet->kind) {
	case SIM_SUBSCRIBE:
		session->wants_ack |= ends_with(packet->topic, "/ack");
		session->wants_command |= ends_with(packet->topic, "/dn");
		break;
	case SIM_PUBLISH: publish(world, device, serial, packet); break;
	case SIM_PUBACK: take_puback(session, packet->id); break;
	case SIM_PING: sim_client_send_down(world, device, serial, sim_packet_new(SIM_PONG, 0, 0, 0)); break;
	case SIM_DISCONNECT: session->connection = 0; break; // no will
	default: break;
	}
}

// ---- stop and start

void sim_broker_stop(struct sim_world *world, bool silent, bool forgets)
{
	struct sim_broker *broker = &world->broker;
	for (unsigned i = 0; i < world->device_count; i++) {
		struct sim_session *session = &broker->sessions[i];
		if (session->connection && !silent)
			sim_client_send_down(world, world->devices[i], session->connection, sim_packet_new(SIM_RESET, 0, 0, 0));
		session->connection = 0;
		if (forgets) {
			forget_queue(session);
			session->exists = session->wants_ack = session->wants_command = false;
		}
	}
	if (forgets)
		forget_outbox(broker);
	broker->down = true;
	broker->silent = silent;
	broker->collector_connected = false;
}

void sim_broker_start(struct sim_world *world)
{
	world->broker.down = world->broker.silent = false;
	sim_broker_collector(world, world->collector.up);
}
