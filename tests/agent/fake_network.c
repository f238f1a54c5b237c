// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/fake_network.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- link

static int link_can(void *context)
{
	return ((struct fake_port *)context)->link_can;
}

static int link_connect(void *context, const struct mu_link_join *join)
{
	struct fake_port *fake = context;
	fake->link_connects++;
	fake->link_join = *join;
	return fake->link_result;
}

static int link_disconnect(void *context)
{
	struct fake_port *fake = context;
	fake->link_disconnects++;
	return fake->link_result;
}

static int link_restart(void *context)
{
	struct fake_port *fake = context;
	fake->link_restarts++;
	return fake->link_result;
}

static int link_scan(void *context, const char *ssid)
{
	struct fake_port *fake = context;
	fake->link_scans++;
	snprintf(fake->link_scanned, sizeof fake->link_scanned, "%s", ssid ? ssid : "");
	return fake->link_result;
}

static int link_scan_read(void *context, struct mu_link_seen *out, size_t count)
{
	const struct fake_port *fake = context;
	size_t given = fake->link_seen_count < count ? fake->link_seen_count : count;
	memcpy(out, fake->link_seen, given * sizeof *out);
	return (int)given;
}

static int link_serve(void *context, const struct mu_link_own *own)
{
	struct fake_port *fake = context;
	fake->link_serves += own != 0;
	if (fake->link_result < 0)
		return fake->link_result;
	fake->link_serving = own != 0;
	if (own)
		fake->link_own = *own;
	return 0;
}

static int link_power_save(void *context, bool on)
{
	struct fake_port *fake = context;
	if (fake->link_result >= 0)
		fake->link_awake = !on;
	return fake->link_result;
}

static int link_status(void *context, struct mu_link_status *out)
{
	*out = ((struct fake_port *)context)->link_status;
	return 0;
}

// ---- sockets, udp

enum { SOCKETS = sizeof((struct fake_port *)0)->socket_state / sizeof(int) };

static bool is_open(const struct fake_port *fake, int descriptor)
{
	return descriptor >= 0 && descriptor < SOCKETS && fake->socket_state[descriptor] != MU_ERR_NOT_FOUND;
}

static int socket_limit(void *context)
{
	return ((struct fake_port *)context)->socket_limit;
}

static int socket_list(void *context, int *out, size_t count)
{
	const struct fake_port *fake = context;
	size_t open = 0;
	for (int i = 0; i < SOCKETS; i++)
		if (is_open(fake, i) && open++ < count)
			out[open - 1] = i;
	return (int)open;
}

static int socket_configure(void *context, int descriptor, const struct mu_socket_options *options)
{
	struct fake_port *fake = context;
	if (!is_open(fake, descriptor))
		return MU_ERR_NOT_FOUND;
	fake->socket_options[descriptor] = *options;
	return fake->socket_result;
}

static int socket_check(void *context, int descriptor)
{
	const struct fake_port *fake = context;
	return is_open(fake, descriptor) ? fake->socket_state[descriptor] : MU_ERR_NOT_FOUND;
}

static int socket_look(void *context, int descriptor, struct mu_socket_look *out)
{
	const struct fake_port *fake = context;
	if (!is_open(fake, descriptor))
		return MU_ERR_NOT_FOUND;
	*out = fake->socket_look[descriptor];
	return fake->socket_result;
}

static int socket_shutdown(void *context, int descriptor)
{
	struct fake_port *fake = context;
	fake->socket_shutdowns++;
	return is_open(fake, descriptor) ? fake->socket_result : MU_ERR_NOT_FOUND;
}

static int socket_close(void *context, int descriptor, bool abort)
{
	struct fake_port *fake = context;
	fake->socket_closes++;
	fake->socket_aborts += abort;
	if (!is_open(fake, descriptor))
		return MU_ERR_NOT_FOUND;
	if (fake->socket_result >= 0)
		fake->socket_state[descriptor] = MU_ERR_NOT_FOUND;
	return fake->socket_result;
}

static int udp_request(void *context, const char *host, uint16_t port, const void *data, size_t size)
{
	struct fake_port *fake = context;
	fake->udp_requests++;
	snprintf(fake->udp_host, sizeof fake->udp_host, "%s", host);
	fake->udp_port = port;
	fake->udp_size = size < sizeof fake->udp_payload ? size : sizeof fake->udp_payload;
	memcpy(fake->udp_payload, data, fake->udp_size);
	return fake->udp_result;
}

static void udp_close(void *context)
{
	((struct fake_port *)context)->udp_closes++;
}

// ---- mqtt

static void copy_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static int mqtt_open(void *context, const struct mu_mqtt_options *options)
{
	struct fake_port *fake = context;
	fake->mqtt_opens++;
	fake->mqtt_trusted_wall_ms = options->trusted_wall_ms;
	copy_text(fake->mqtt_uri, sizeof fake->mqtt_uri, options->uri);
	copy_text(fake->mqtt_client_id, sizeof fake->mqtt_client_id, options->client_id);
	copy_text(fake->mqtt_will_topic, sizeof fake->mqtt_will_topic, options->will_topic);
	copy_text(fake->mqtt_will_payload, sizeof fake->mqtt_will_payload, options->will_payload);
	if (fake->mqtt_result >= 0 && fake->mqtt_descriptor >= 0) {
		fake->socket_state[fake->mqtt_descriptor] = 0;
		fake->socket_look[fake->mqtt_descriptor] = (struct mu_socket_look){ .identity = fake->mqtt_opens };
	}
	return fake->mqtt_result;
}

static void mqtt_close(void *context)
{
	struct fake_port *fake = context;
	fake->mqtt_closes++;
	if (fake->mqtt_descriptor >= 0 && !fake->mqtt_leaks)
		fake->socket_state[fake->mqtt_descriptor] = MU_ERR_NOT_FOUND;
}

static int mqtt_subscribe(void *context, const char *topic, int qos)
{
	struct fake_port *fake = context;
	(void)qos;
	if (fake->mqtt_subscribes < sizeof fake->mqtt_subscribed / sizeof *fake->mqtt_subscribed)
		copy_text(fake->mqtt_subscribed[fake->mqtt_subscribes], MU_TOPIC_MAX, topic);
	fake->mqtt_subscribes++;
	return fake->mqtt_result;
}

static int mqtt_publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	struct fake_port *fake = context;
	if (fake->mqtt_result < 0)
		return fake->mqtt_result;
	struct fake_publish *publish = &fake->publishes[fake->published++ % FAKE_PUBLISHES_MAX];
	free(publish->payload);
	copy_text(publish->topic, sizeof publish->topic, topic);
	publish->payload = malloc(size ? size : 1);
	if (!publish->payload)
		abort();
	memcpy(publish->payload, payload, size);
	publish->size = size;
	publish->qos = qos;
	publish->id = ++fake->next_message_id;
	return publish->id;
}

static int mqtt_phases(void *context, struct mu_mqtt_phases *out)
{
	*out = ((struct fake_port *)context)->mqtt_phases;
	return 0;
}

static int mqtt_descriptor(void *context)
{
	return ((struct fake_port *)context)->mqtt_descriptor;
}

const struct fake_publish *fake_port_publish(const struct fake_port *fake, unsigned back)
{
	if (back >= fake->published || back >= FAKE_PUBLISHES_MAX)
		return NULL;
	return &fake->publishes[(fake->published - 1 - back) % FAKE_PUBLISHES_MAX];
}

const struct mu_link_port fake_link_port = { link_can, link_connect, link_disconnect, link_restart, link_scan, link_scan_read, link_serve,
	link_power_save, link_status };

const struct mu_socket_port fake_socket_port = { socket_limit, socket_list, socket_configure, socket_check, socket_look, socket_shutdown,
	socket_close };

static int udp_descriptor(void *context)
{
	return ((struct fake_port *)context)->udp_descriptor;
}

const struct mu_udp_port fake_udp_port = { udp_request, udp_close, udp_descriptor };

const struct mu_mqtt_port fake_mqtt_port = { mqtt_open, mqtt_close, mqtt_subscribe, mqtt_publish, mqtt_phases, mqtt_descriptor };
