// SPDX-License-Identifier: Apache-2.0
// One MQTT 5 session with the broker on the caller's event loop: connects, stays connected, and says what happens. Uplink and downlink are
// two of these; what they read and write is theirs.
//
// Connecting again: a random time within a bound that doubles from 0.5 s to 30 s, also after sessions that did not last. The broker's name is
// asked for in a thread (resolver.h), and plain TCP connections to its addresses are tried first without blocking: neither name servers
// nor hosts that do not answer stop the loop. libmosquitto gets the address that answered; TLS goes by the name (broker_tls.h), and its
// files are read for each connect. A broker that has no address, is away or refuses the login is reported as outage.h says.
// The library is put into its external-threads mode: what is queued goes out only when connection_flush() is called.
// Thread: the loop's. Handlers may call connection_drop() but not connection_free().
#ifndef COLLECTOR_INGEST_CONNECTION_H
#define COLLECTOR_INGEST_CONNECTION_H
#include <event2/event.h>
#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>
#include "collector/config.h"
#include "collector/counters.h"
#include "collector/ingest/resolver.h"

enum {
	CONNECTION_BACKOFF_FIRST_MS = 500,
	CONNECTION_BACKOFF_MAX_MS = 30000,
	CONNECTION_TIMEOUT_MS = 10000, // for the name, for TCP to each of its addresses, and for the broker's answer
	CONNECTION_STEADY_MS = 2000, // a session that lasted so long has worked
	CONNECTION_SESSION_EXPIRY_S = 7 * 24 * 3600,
	CONNECTION_RECEIVE_MAX = 65535,
	CONNECTION_PACKET_MAX = 1024 * 1024, // the broker drops larger ones
};

struct connection;

struct connection_handlers {
	void (*up)(void *context);       // the broker accepted the session; within connection_read()
	void (*lost)(void *context);     // it is gone; what was queued is dropped
	void (*readable)(void *context); // call connection_read()
	void (*idle)(void *context);     // every second while there is a socket, after the library's own housekeeping
	void (*message)(void *context, const struct mosquitto_message *message);
	void (*published)(void *context);
	void (*subscribed)(void *context, int message_id, int reason); // reason >= 128: refused
};

struct connection_settings {
	const struct config *config;
	const char *name;          // for the log: "uplink"
	const char *client_suffix; // after broker.client_id
	bool keeps_session;        // clean start off, with session expiry
	resolver_look_up *look_up; // of the broker's name; 0: getaddrinfo()
};

// 0: *problem (256 bytes) says what is wrong with the TLS files or the address. Does not connect yet.
struct connection *connection_new(struct event_base *base, const struct connection_settings *settings,
	const struct connection_handlers *handlers, void *context, struct counters *counters, char *problem);
void connection_free(struct connection *connection); // closes without a DISCONNECT

void connection_start(struct connection *connection); // connects, and from now on again and again
void connection_stop(struct connection *connection, const char *reason); // drops, and stays away until connection_start()

bool connection_is_up(const struct connection *connection);
struct mosquitto *connection_handle(struct connection *connection);

// Reads what there is, until nothing comes, the message handler says full() or the connection is lost. Returns 0, or -1 if it is lost
// (the lost handler has run).
int connection_read(struct connection *connection, bool (*is_full)(void *context));
void connection_pause(struct connection *connection, bool is_paused); // no readable() while paused

// Writes all that is queued. 0: all is out; 1: the socket takes no more now, flushed() is called when it is; -1: lost.
int connection_flush(struct connection *connection, void (*flushed)(void *context));

// Gives the socket up at once: what is queued never goes out. The lost handler runs; connects again if started.
void connection_drop(struct connection *connection, const char *reason);

// DISCONNECT after what is queued; the session stays with the broker. Waits for the socket for at most 1 s.
void connection_close(struct connection *connection);

#endif
