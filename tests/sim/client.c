// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

enum { STAGE_NAME, STAGE_TCP, STAGE_TLS, STAGE_MQTT, TCP_SYN_MS = 3000 };

static bool carries(const struct sim_world *world, const struct sim_device *device)
{
	return sim_device_carries(device) && !world->network.dead && world->broker.silent == false;
}

// How long a packet is on its way.
static uint64_t way_ms(struct sim_world *world)
{
	uint64_t way = (uint64_t)sim_dice(world, world->network.latency_ms / 2, world->network.latency_ms * 2);
	if (sim_chance(world, world->network.stall_percent))
		way += (uint64_t)sim_dice(world, 200, world->network.stall_ms);
	return way;
}

static uint64_t in_order(uint64_t *last_ms, uint64_t arrival_ms)
{
	if (arrival_ms < *last_ms)
		arrival_ms = *last_ms;
	return *last_ms = arrival_ms;
}

static void post(struct sim_device *device, enum mu_event_type type, int32_t value)
{
	sim_device_post(device, &(struct mu_event){ .type = type, .value = value });
}

static void set_socket(struct sim_device *device)
{
	device->chip.session = device->client.state != SIM_CLIENT_CLOSED;
	device->chip.tls = device->client.tls;
}

static void end(struct sim_device *device, int32_t reason)
{
	device->client.state = SIM_CLIENT_CLOSED;
	set_socket(device);
	post(device, MU_EVENT_MQTT_CLOSED, reason);
}

// ---- up

// The stack's own keep-alive has had no answer.
static void on_keep_alive_over(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	if (device->client.serial == event->number && device->client.state == SIM_CLIENT_OPEN && device->client.lost)
		end(device, MU_ERR_TIMEOUT);
}

void sim_client_lose(struct sim_world *world, struct sim_device *device)
{
	struct sim_client *client = &device->client;
	if (client->lost || client->state == SIM_CLIENT_CLOSED)
		return;
	client->lost = true;
	const struct mu_socket_options *keep = &client->options;
	if (keep->keep_idle_s)
		sim_after(world, (keep->keep_idle_s + (uint64_t)keep->keep_interval_s * keep->keep_probes) * 1000, on_keep_alive_over,
			device, client->serial, 0);
}

void sim_client_deafen(struct sim_device *device)
{
	if (device->client.state == SIM_CLIENT_OPEN && !device->client.lost)
		device->client.lost = device->client.deaf = true;
}

static void on_arrival_up(struct sim_world *world, const struct sim_event *event)
{
	sim_broker_packet(world, event->subject, event->number, event->packet);
}

static void send_up(struct sim_world *world, struct sim_device *device, struct sim_packet *packet)
{
	struct sim_client *client = &device->client;
	if (!carries(world, device))
		sim_client_lose(world, device);
	if (client->lost) {
		sim_packet_free(packet);
		return;
	}
	uint64_t arrival_ms = in_order(&client->up_ms, world->now_ms + way_ms(world));
	sim_after(world, arrival_ms - world->now_ms, on_arrival_up, device, client->serial, packet);
}

// ---- opening

static void on_stage(struct sim_world *world, const struct sim_event *event);

static void next_stage(struct sim_world *world, struct sim_device *device, uint64_t delay_ms)
{
	device->client.stage_from_ms = world->now_ms;
	sim_after(world, delay_ms, on_stage, device, device->client.serial, 0);
}

static uint32_t stage_took_ms(const struct sim_world *world, const struct sim_client *client)
{
	uint64_t took = world->now_ms - client->stage_from_ms;
	return took ? (uint32_t)took : 1;
}

static void on_name(struct sim_world *world, struct sim_device *device)
{
	if (world->network.names_dead) {
		end(device, MU_ERR_NOT_FOUND);
		return;
	}
	device->client.phases.dns_ms = stage_took_ms(world, &device->client);
	post(device, MU_EVENT_MQTT_PHASE, MU_MQTT_PHASE_NAME);
	device->client.stage = STAGE_TCP;
	next_stage(world, device, way_ms(world) * 2);
}

static void on_tcp(struct sim_world *world, struct sim_device *device)
{
	struct sim_client *client = &device->client;
	if (world->broker.down) {
		end(device, MU_ERR_CLOSED);
		return;
	}
	client->phases.tcp_ms = stage_took_ms(world, client);
	post(device, MU_EVENT_MQTT_PHASE, MU_MQTT_PHASE_TCP);
	client->stage = client->tls ? STAGE_TLS : STAGE_MQTT;
	next_stage(world, device, client->tls ? way_ms(world) * 4 + 600 : 0);
}

static void on_tls(struct sim_world *world, struct sim_device *device)
{
	device->client.phases.tls_ms = stage_took_ms(world, &device->client);
	post(device, MU_EVENT_MQTT_PHASE, MU_MQTT_PHASE_TLS);
	device->client.stage = STAGE_MQTT;
	next_stage(world, device, 0);
}

static void on_mqtt(struct sim_world *world, struct sim_device *device)
{
	struct sim_packet *packet = sim_packet_new(SIM_CONNECT, 0, 0, 0);
	packet->code = (int)device->client.keepalive_s;
	send_up(world, device, packet);
}

static void on_stage(struct sim_world *world, const struct sim_event *event)
{
	static void (*const stages[])(struct sim_world *, struct sim_device *) = {
		[STAGE_NAME] = on_name,
		[STAGE_TCP] = on_tcp,
		[STAGE_TLS] = on_tls,
		[STAGE_MQTT] = on_mqtt,
	};
	struct sim_device *device = event->subject;
	struct sim_client *client = &device->client;
	if (client->serial != event->number || client->state != SIM_CLIENT_OPENING)
		return;
	if (carries(world, device))
		stages[client->stage](world, device);
	else // the question is asked again; the time for all of it runs
		sim_after(world, TCP_SYN_MS, on_stage, device, client->serial, 0);
}

static void on_open_over(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	if (device->client.serial == event->number && device->client.state == SIM_CLIENT_OPENING)
		end(device, MU_ERR_TIMEOUT);
}

int sim_client_open(struct sim_world *world, struct sim_device *device, const struct mu_mqtt_options *options)
{
	struct sim_client *client = &device->client;
	if (client->state != SIM_CLIENT_CLOSED)
		return MU_ERR_STATE;
	*client = (struct sim_client){ .state = SIM_CLIENT_OPENING,
		.serial = client->serial + 1,
		.tls = options->uri[4] == 's',
		.phases = client->phases,
		.has_phases = client->has_phases,
		.keepalive_s = options->keepalive_s };
	set_socket(device);
	client->stage = STAGE_NAME;
	next_stage(world, device, way_ms(world));
	sim_after(world, options->timeout_ms, on_open_over, device, client->serial, 0);
	return 0;
}

void sim_client_close(struct sim_world *world, struct sim_device *device)
{
	if (device->client.state == SIM_CLIENT_OPEN)
		send_up(world, device, sim_packet_new(SIM_DISCONNECT, 0, 0, 0));
	device->client.state = SIM_CLIENT_CLOSED;
	set_socket(device);
}

void sim_client_vanish(struct sim_device *device)
{
	device->client.state = SIM_CLIENT_CLOSED;
	device->client.has_phases = false;
	device->client.phases = (struct mu_mqtt_phases){ 0 };
}

int sim_client_subscribe(struct sim_world *world, struct sim_device *device, const char *topic, int qos)
{
	if (device->client.state != SIM_CLIENT_OPEN)
		return MU_ERR_CLOSED;
	struct sim_packet *packet = sim_packet_new(SIM_SUBSCRIBE, topic, 0, 0);
	packet->qos = qos;
	send_up(world, device, packet);
	return 0;
}

int sim_client_publish(struct sim_world *world, struct sim_device *device, const char *topic, const void *payload, size_t size, int qos)
{
	if (device->client.state != SIM_CLIENT_OPEN)
		return MU_ERR_CLOSED;
	struct sim_packet *packet = sim_packet_new(SIM_PUBLISH, topic, payload, size);
	packet->qos = qos;
	packet->id = ++device->client.next_id;
	send_up(world, device, packet);
	return device->client.next_id;
}

// ---- down

static void on_ping(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	if (device->client.serial != event->number || device->client.state != SIM_CLIENT_OPEN)
		return;
	send_up(world, device, sim_packet_new(SIM_PING, 0, 0, 0));
	sim_after(world, device->client.keepalive_s * UINT64_C(500), on_ping, device, event->number, 0);
}

static void on_connack(struct sim_world *world, struct sim_device *device, const struct sim_packet *packet)
{
	struct sim_client *client = &device->client;
	if (packet->code) {
		end(device, packet->code);
		return;
	}
	client->state = SIM_CLIENT_OPEN;
	client->phases.mqtt_ms = stage_took_ms(world, client);
	client->has_phases = true;
	post(device, MU_EVENT_MQTT_OPEN, packet->session_present);
	sim_after(world, client->keepalive_s * UINT64_C(500), on_ping, device, client->serial, 0);
}

static void on_message(struct sim_world *world, struct sim_device *device, const struct sim_packet *packet)
{
	sim_device_post(device,
		&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
			.topic = packet->topic,
			.payload = packet->payload,
			.payload_bytes = packet->size,
			.retained = packet->retained });
	if (packet->qos == 0)
		return;
	struct sim_packet *answer = sim_packet_new(SIM_PUBACK, 0, 0, 0);
	answer->id = packet->id;
	send_up(world, device, answer);
}

static void hear(struct sim_world *world, struct sim_device *device, const struct sim_packet *packet)
{
	device->client.heard++;
	switch (packet->kind) {
	case SIM_CONNACK: on_connack(world, device, packet); break;
	case SIM_PUBACK: post(device, MU_EVENT_MQTT_PUBLISHED, packet->id); break;
	case SIM_PONG: post(device, MU_EVENT_MQTT_ALIVE, 0); break;
	case SIM_PUBLISH: on_message(world, device, packet); break;
	case SIM_RESET: end(device, MU_ERR_CLOSED); break;
	default: break;
	}
}

static void on_reset_up(struct sim_world *world, const struct sim_event *event)
{
	sim_broker_drop(world, event->subject, event->number, false);
}

static void on_arrival_down(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	bool ours = device->on && device->client.serial == event->number && device->client.state != SIM_CLIENT_CLOSED;
	if (!carries(world, device)) {
		if (ours)
			sim_client_lose(world, device);
		return;
	}
	if (ours && !device->client.lost)
		hear(world, device, event->packet);
	else if (!ours && event->packet->kind != SIM_RESET)
		sim_after(world, way_ms(world), on_reset_up, device, event->number, 0);
}

void sim_client_send_down(struct sim_world *world, struct sim_device *device, uint64_t serial, struct sim_packet *packet)
{
	uint64_t arrival_ms = in_order(&device->client.down_ms, world->now_ms + way_ms(world));
	sim_after(world, arrival_ms - world->now_ms, on_arrival_down, device, serial, packet);
}
