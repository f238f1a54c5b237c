// SPDX-License-Identifier: Apache-2.0
// The MQTT client of one virtual device: libmosquitto on a libevent loop. MQTT 3.1.1, clean session off, TCP_NODELAY on.
//
// Each session is a new handle, as after a reboot: nothing of an old one is sent in a new one. Results are posted as
// MU_EVENT_MQTT_*, never from inside a call of the core. Nothing is written but from the loop or at the end of a call, so that
// a link that is silent (mu_mqtt_set_silent) lets no byte through in either direction.
// A session that ends while the link is silent, or with a reset of the device, tells the broker nothing: its socket stays open
// unused until the next session is open, as a real device's peer would see it.
// Keep-alive and time-outs of the socket are the registry's business (agent/network/sockets.h), through mu_mqtt_descriptor().
// Names are resolved by resolver.h, and nothing blocks. A name without an answer ends in MU_ERR_NOT_FOUND, also when it is the time-out that
// ends it. Of several addresses the next is tried when one refuses, or does not answer in its share of the time that is left.
// Limits: loop and calls from one thread, and no other thread may open files while a session is being opened (see mqtt_handle.c).
#ifndef MU_PORT_LINUX_MQTT_H
#define MU_PORT_LINUX_MQTT_H
#include "agent/event.h"
#include "agent/port/linux/resolver.h"
#include "agent/port/linux/tls.h"
#include "agent/port/port.h"
#include <event2/event_struct.h>
#include <stdbool.h>

struct mosquitto;

// Whom the client tells. sent and received may be null; payloads are valid during the call only.
struct mu_mqtt_listener {
	void *context;
	void (*post)(void *context, const struct mu_event *event);
	void (*sent)(void *context, const char *topic, const void *payload, size_t size); // before it is handed over
	void (*received)(void *context, const char *topic, const void *payload, size_t size); // before it is posted
};

enum mu_mqtt_state { MU_MQTT_CLOSED, MU_MQTT_NAME, MU_MQTT_TCP, MU_MQTT_TLS, MU_MQTT_CONNECT, MU_MQTT_OPEN };

struct mu_mqtt_counts {
	uint64_t sessions, publishes, pubacks, messages;
};

struct mu_mqtt {
	struct event_base *loop;
	struct mu_resolver *resolver; // null: addresses only
	struct mu_mqtt_listener listener;
	struct mu_mqtt_tls tls;
	struct mosquitto *handle; // null: no session
	enum mu_mqtt_state state;
	struct event io, timer;
	short watched; // EV_READ, EV_WRITE: what io waits for; 0: nothing
	bool silent, failed, heard; // failed: a close is due; heard: a callback told what was read
	bool tls_used; // by the session
	bool nameless; // no name server answers
	bool name_due; // the name is resolved, and that is still to be told
	int failure; // why: CONNACK code or negative enum mu_err
	int ghost; // socket of a session that the broker does not know to be over; -1: none
	struct mu_lookup name; // of the broker
	unsigned tried; // of its addresses
	uint32_t keepalive_s, timeout_ms;
	uint64_t opened_ms, phase_ms; // start of opening, and of its phase
	struct mu_mqtt_phases opening, phases; // of the session that is being opened, of the last one that was
	struct mu_mqtt_counts counts;
};

void mu_mqtt_init(struct mu_mqtt *mqtt, struct event_base *loop, struct mu_resolver *resolver, const struct mu_mqtt_listener *listener,
	const struct mu_mqtt_tls *tls);

// As in struct mu_mqtt_port. open: MU_ERR_STATE one is open; MU_ERR_INVALID uri, user or last will; MU_ERR_IO no link;
// MU_ERR_AUTH the TLS files; MU_ERR_NO_MEMORY. subscribe, publish: MU_ERR_CLOSED, MU_ERR_INVALID, MU_ERR_NO_MEMORY.
int mu_mqtt_open(struct mu_mqtt *mqtt, const struct mu_mqtt_options *options);
void mu_mqtt_close(struct mu_mqtt *mqtt);
int mu_mqtt_subscribe(struct mu_mqtt *mqtt, const char *topic, int qos);
int mu_mqtt_publish(struct mu_mqtt *mqtt, const char *topic, const void *payload, size_t size, int qos);
int mu_mqtt_phases(const struct mu_mqtt *mqtt, struct mu_mqtt_phases *out); // MU_ERR_NOT_FOUND before the first session
int mu_mqtt_descriptor(const struct mu_mqtt *mqtt); // MU_ERR_NOT_FOUND without a session, and from when its close is due

void mu_mqtt_set_silent(struct mu_mqtt *mqtt, bool silent);
void mu_mqtt_set_names(struct mu_mqtt *mqtt, bool answered); // false: names end in MU_ERR_NOT_FOUND from now on; addresses do not
void mu_mqtt_vanish(struct mu_mqtt *mqtt); // the device is reset: the session ends, nobody is told
void mu_mqtt_destroy(struct mu_mqtt *mqtt); // and the ghost, too

#endif
