// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/port/linux/fake_broker.h"
#include "agent/port/linux/broker_uri.h"
#include <arpa/inet.h>
#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void send_packet(struct fake_client *client, const uint8_t *packet, size_t size)
{
	if (!client->broker->mute)
		bufferevent_write(client->stream, packet, size);
}

// body: what follows the fixed header.
static void answer(struct fake_client *client, uint8_t type, const uint8_t *packet, const uint8_t *body)
{
	struct fake_broker *broker = client->broker;
	size_t topic_size;
	switch (type) {
	case FAKE_CONNECT: send_packet(client, (const uint8_t[]){ 0x20, 2, broker->session_kept, broker->connack }, 4); return;
	case FAKE_SUBSCRIBE: send_packet(client, (const uint8_t[]){ 0x90, 3, body[0], body[1], 1 }, 5); return;
	case FAKE_PINGREQ: send_packet(client, (const uint8_t[]){ 0xD0, 0 }, 2); return;
	case FAKE_PUBLISH:
		topic_size = (size_t)(body[0] << 8 | body[1]);
		if (packet[0] & 6)
			send_packet(client, (const uint8_t[]){ 0x40, 2, body[2 + topic_size], body[3 + topic_size] }, 4);
		return;
	default: return;
	}
}

// Takes one packet off the buffer. False if it is not complete yet.
static bool take_packet(struct fake_client *client, struct evbuffer *input)
{
	uint8_t packet[FAKE_BROKER_BUFFER];
	ssize_t held = evbuffer_copyout(input, packet, sizeof packet);
	size_t length = 0, at = 1;
	for (unsigned shift = 0; (ssize_t)at < held; shift += 7) {
		length |= (size_t)(packet[at] & 0x7F) << shift;
		if (!(packet[at++] & 0x80))
			break;
	}
	if (held < 2 || (packet[at - 1] & 0x80) || (size_t)held < at + length)
		return false;
	uint8_t type = packet[0] >> 4;
	client->broker->packets[type]++;
	client->broker->bytes += at + length;
	if (type == FAKE_PUBLISH) {
		memcpy(client->broker->last, packet, at + length);
		client->broker->last_size = at + length;
	}
	evbuffer_drain(input, at + length);
	answer(client, type, packet, packet + at);
	return true;
}

static void on_read(struct bufferevent *stream, void *context)
{
	while (take_packet(context, bufferevent_get_input(stream)))
		;
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
	struct fake_client *client = context;
	(void)stream;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) || client->closed)
		return;
	client->closed = true;
	client->broker->closed_count++;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size, void *context)
{
	struct fake_broker *broker = context;
	(void)listener, (void)address, (void)size;
	assert(broker->client_count < FAKE_BROKER_CLIENTS);
	struct fake_client *client = &broker->clients[broker->client_count++];
	client->broker = broker;
	client->stream = broker->tls
		? bufferevent_openssl_socket_new(broker->loop, fd, SSL_new(broker->tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
		: bufferevent_socket_new(broker->loop, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(client->stream, on_read, 0, on_end, client);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

static bool start(struct fake_broker *broker, struct event_base *loop, const struct sockaddr *address, int size)
{
	memset(broker, 0, sizeof *broker);
	broker->loop = loop;
	broker->listener = evconnlistener_new_bind(loop, on_accept, broker, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16, address, size);
	return broker->listener;
}

void fake_broker_start(struct fake_broker *broker, struct event_base *loop)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	bool started = start(broker, loop, (struct sockaddr *)&address, sizeof address);
	assert(started);
	getsockname(evconnlistener_get_fd(broker->listener), (struct sockaddr *)&address, &size);
	broker->port = ntohs(address.sin_port);
	snprintf(broker->uri, sizeof broker->uri, "mqtt://127.0.0.1:%d", broker->port);
}

bool fake_broker_start_at_ipv6(struct fake_broker *broker, struct event_base *loop)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	socklen_t size = sizeof address;
	if (!start(broker, loop, (struct sockaddr *)&address, sizeof address))
		return false;
	getsockname(evconnlistener_get_fd(broker->listener), (struct sockaddr *)&address, &size);
	broker->port = ntohs(address.sin6_port);
	snprintf(broker->uri, sizeof broker->uri, "mqtt://[::1]:%d", broker->port);
	return true;
}

static int on_hello(SSL *session, int *alert, void *context)
{
	struct fake_broker *broker = context;
	const char *name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
	(void)alert;
	snprintf(broker->server_name, sizeof broker->server_name, "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static X509 *make_certificate(EVP_PKEY *key, const char *names)
{
	X509 *certificate = X509_new();
	X509V3_CTX context;
	X509_set_version(certificate, 2);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
	X509_set_pubkey(certificate, key);
	X509V3_set_ctx(&context, certificate, certificate, 0, 0, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(0, &context, NID_subject_alt_name, names);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	int size = X509_sign(certificate, key, EVP_sha256());
	assert(size > 0);
	return certificate;
}

void fake_broker_use_tls(struct fake_broker *broker, const char *names, const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, names);
	FILE *file = fopen(path, "w");
	assert(file);
	PEM_write_X509(file, certificate);
	fclose(file);
	broker->tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(broker->tls, certificate);
	SSL_CTX_use_PrivateKey(broker->tls, key);
	SSL_CTX_set_tlsext_servername_callback(broker->tls, on_hello);
	SSL_CTX_set_tlsext_servername_arg(broker->tls, broker);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void fake_broker_stop(struct fake_broker *broker)
{
	for (unsigned i = 0; i < broker->client_count; i++)
		if (broker->clients[i].stream)
			bufferevent_free(broker->clients[i].stream);
	broker->client_count = 0;
	if (broker->listener)
		evconnlistener_free(broker->listener);
	broker->listener = 0;
	SSL_CTX_free(broker->tls);
	broker->tls = 0;
}

void fake_broker_publish(struct fake_broker *broker, const char *topic, const char *payload, bool retain)
{
	uint8_t packet[256] = { (uint8_t)(0x30 | retain), (uint8_t)(2 + strlen(topic) + strlen(payload)), 0, (uint8_t)strlen(topic) };
	assert(strlen(topic) + strlen(payload) < 120);
	memcpy(packet + 4, topic, strlen(topic));
	memcpy(packet + 4 + strlen(topic), payload, strlen(payload));
	send_packet(&broker->clients[broker->client_count - 1], packet, (size_t)packet[1] + 2);
}

void fake_broker_drop(struct fake_broker *broker)
{
	struct fake_client *client = &broker->clients[broker->client_count - 1];
	bufferevent_free(client->stream);
	client->stream = 0;
}
