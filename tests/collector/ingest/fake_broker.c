// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/ingest/fake_broker.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT = 1, PUBLISH = 3, PUBACK = 4, SUBSCRIBE = 8, UNSUBSCRIBE = 10, PINGREQ = 12, DISCONNECT = 14 };

static void put(struct fake_broker *broker, const uint8_t *bytes, size_t size)
{
	if (broker->client >= 0)
		assert_int_equal(send(broker->client, bytes, size, MSG_NOSIGNAL), size);
}

static void send_message(struct fake_broker *broker, unsigned index)
{
	const struct fake_message *message = &broker->messages[index];
	uint8_t packet[512];
	size_t topic = strlen(message->topic), rest = 2 + topic + 2 + 1 + message->size, used = 0;
	packet[used++] = 0x32;
	packet[used++] = (uint8_t)((rest & 127) | 128);
	packet[used++] = (uint8_t)(rest >> 7);
	packet[used++] = 0;
	packet[used++] = (uint8_t)topic;
	memcpy(packet + used, message->topic, topic);
	used += topic;
	packet[used++] = 0;
	packet[used++] = (uint8_t)(index + 1);
	packet[used++] = 0;
	memcpy(packet + used, message->payload, message->size);
	put(broker, packet, used + message->size);
}

static void send_unacked(struct fake_broker *broker)
{
	for (unsigned i = 0; i < broker->count; i++)
		if (!broker->messages[i].is_acked)
			send_message(broker, i);
}

static void take_publish(struct fake_broker *broker, const uint8_t *body, size_t size, int qos)
{
	size_t topic = (size_t)body[0] << 8 | body[1], at = 2 + topic;
	assert_true(topic < sizeof broker->last_topic);
	memcpy(broker->last_topic, body + 2, topic);
	broker->last_topic[topic] = 0;
	if (qos) {
		put(broker, (uint8_t[]){ 0x40, 2, body[at], body[at + 1] }, 4);
		at += 2;
	}
	at++; // no properties
	broker->last_size = size - at;
	assert_true(broker->last_size <= sizeof broker->last_payload);
	memcpy(broker->last_payload, body + at, broker->last_size);
	broker->publishes++;
}

static void take_packet(struct fake_broker *broker, uint8_t head, const uint8_t *body, size_t size)
{
	switch (head >> 4) {
	case CONNECT:
		broker->connects++;
		put(broker, (uint8_t[]){ 0x20, 3, 0, broker->connack_reason, 0 }, 5);
		if (broker->connack_reason)
			fake_broker_kick(broker);
		else
			send_unacked(broker); // a kept session needs no new subscription for them
		break;
	case SUBSCRIBE:
		broker->subscribes++;
		put(broker, (uint8_t[]){ 0x90, 4, body[0], body[1], 0, broker->suback_reason }, 6);
		break;
	case UNSUBSCRIBE:
		broker->unsubscribes++;
		put(broker, (uint8_t[]){ 0xb0, 4, body[0], body[1], 0, 0 }, 6);
		break;
	case PUBLISH: take_publish(broker, body, size, head >> 1 & 3); break;
	case PUBACK:
		broker->pubacks++;
		broker->messages[body[1] - 1].is_acked = 1;
		break;
	case PINGREQ: put(broker, (uint8_t[]){ 0xd0, 0 }, 2); break;
	case DISCONNECT: broker->disconnects++; break;
	default: fail_msg("unexpected packet %u", head);
	}
}

static void take_packets(struct fake_broker *broker)
{
	for (;;) {
		size_t length = 0, at = 1;
		for (unsigned shift = 0; at < broker->used; shift += 7) {
			length |= (size_t)(broker->buffer[at] & 127) << shift;
			if (!(broker->buffer[at++] & 128))
				break;
		}
		if (broker->used < 2 || broker->buffer[at - 1] & 128 || broker->used < at + length)
			return;
		take_packet(broker, broker->buffer[0], broker->buffer + at, length);
		if (broker->client < 0)
			return;
		broker->used -= at + length;
		memmove(broker->buffer, broker->buffer + at + length, broker->used);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct fake_broker *broker = context;
	(void)what;
	ssize_t size = recv(fd, broker->buffer + broker->used, sizeof broker->buffer - broker->used, MSG_DONTWAIT);
	if (size <= 0) {
		fake_broker_kick(broker);
		return;
	}
	broker->used += (size_t)size;
	take_packets(broker);
}

// The collector's probe of the port comes first and closes without a word.
static void on_listening(evutil_socket_t fd, short what, void *context)
{
	struct fake_broker *broker = context;
	(void)what;
	int client = accept(fd, 0, 0);
	if (client < 0)
		return;
	fake_broker_kick(broker);
	broker->client = client;
	broker->readable = event_new(broker->base, client, EV_READ | EV_PERSIST, on_readable, broker);
	event_add(broker->readable, 0);
}

void fake_broker_start(struct fake_broker *broker, struct event_base *base)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	broker->base = base;
	broker->client = -1;
	broker->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(broker->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(broker->listener, 4), 0);
	assert_int_equal(getsockname(broker->listener, (struct sockaddr *)&address, &size), 0);
	broker->port = ntohs(address.sin_port);
	broker->listening = event_new(base, broker->listener, EV_READ | EV_PERSIST, on_listening, broker);
	event_add(broker->listening, 0);
}

void fake_broker_turn(struct fake_broker *broker, unsigned ms)
{
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	event_base_loopexit(broker->base, &wait);
	event_base_dispatch(broker->base);
}

void fake_broker_kick(struct fake_broker *broker)
{
	if (broker->client < 0)
		return;
	event_free(broker->readable);
	close(broker->client);
	broker->client = -1;
	broker->used = 0;
}

void fake_broker_stop(struct fake_broker *broker)
{
	fake_broker_kick(broker);
	event_free(broker->listening);
	close(broker->listener);
}

void fake_broker_give(struct fake_broker *broker, const char *topic, const void *payload, size_t size)
{
	assert_true(broker->count < FAKE_BROKER_MESSAGES && size <= sizeof broker->messages[0].payload);
	struct fake_message *message = &broker->messages[broker->count];
	snprintf(message->topic, sizeof message->topic, "%s", topic);
	memcpy(message->payload, payload, size);
	message->size = size;
	message->is_acked = 0;
	send_message(broker, broker->count++);
}

unsigned fake_broker_unacked(const struct fake_broker *broker)
{
	unsigned unacked = 0;
	for (unsigned i = 0; i < broker->count; i++)
		unacked += !broker->messages[i].is_acked;
	return unacked;
}
