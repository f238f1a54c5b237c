// SPDX-License-Identifier: Apache-2.0
// A broker for tests of the MQTT client: speaks just enough MQTT 3.1.1 on a loopback port, on the test's own loop.
#ifndef FAKE_BROKER_H
#define FAKE_BROKER_H
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_BROKER_CLIENTS = 4, FAKE_BROKER_BUFFER = 4096 };

struct fake_client {
	struct fake_broker *broker;
	struct bufferevent *stream; // null: free
	bool closed;                // by the client
};

struct fake_broker {
	struct event_base *loop;
	struct evconnlistener *listener;
	int port;
	char uri[40];       // mqtt://127.0.0.1:PORT
	uint8_t connack;    // code it answers to CONNECT with
	bool session_kept;  // CONNACK's flag
	bool mute;          // takes everything, answers nothing
	struct ssl_ctx_st *tls; // not null: speaks TLS
	char server_name[64]; // that the last client asked for by SNI; empty: none
	unsigned packets[16];            // received, by type
	size_t bytes;                    // received
	uint8_t last[FAKE_BROKER_BUFFER]; // the last PUBLISH, as received
	size_t last_size;
	struct fake_client clients[FAKE_BROKER_CLIENTS];
	unsigned client_count, closed_count;
};

enum { FAKE_CONNECT = 1, FAKE_PUBLISH = 3, FAKE_PUBACK = 4, FAKE_SUBSCRIBE = 8, FAKE_PINGREQ = 12, FAKE_DISCONNECT = 14 };

void fake_broker_start(struct fake_broker *broker, struct event_base *loop); // at 127.0.0.1
bool fake_broker_start_at_ipv6(struct fake_broker *broker, struct event_base *loop); // at [::1]; false: there is no IPv6 here
// TLS from now on, with a certificate for `names` (as in subjectAltName) that vouches for itself and is written to path. Ended with the broker.
void fake_broker_use_tls(struct fake_broker *broker, const char *names, const char *path);
void fake_broker_stop(struct fake_broker *broker);
void fake_broker_publish(struct fake_broker *broker, const char *topic, const char *payload, bool retain); // QoS 0, to the newest client
void fake_broker_drop(struct fake_broker *broker);                                                          // closes the newest client

#endif
