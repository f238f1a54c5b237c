// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/puback_test.h"

#include <arpa/inet.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STEP_MS = 1000, QUIET_MS = 50, PUBACK_BYTE = 0x40 };

// MQTT 5: CONNACK accepted; PUBLISH QoS 1 to topic "t", packet 1, payload "x".
static const unsigned char connack[] = { 0x20, 3, 0, 0, 0 };
static const unsigned char publish[] = { 0x32, 7, 0, 1, 't', 0, 1, 0, 'x' };

struct trial {
	struct mosquitto *client;
	int listener, broker;
	bool has_message;
};

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message,
	const mosquitto_property *properties)
{
	struct trial *trial = context;
	(void)client, (void)message, (void)properties;
	trial->has_message = true;
}

static bool is_readable(int fd, int wait_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	return poll(&wait, 1, wait_ms) == 1;
}

static int open_listener(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
		(bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1) ||
			getsockname(fd, (struct sockaddr *)&address, &size))) {
		close(fd);
		return -1;
	}
	*port = ntohs(address.sin_port);
	return fd;
}

static bool open_session(struct trial *trial)
{
	int port;
	unsigned char bytes[256];
	trial->listener = open_listener(&port);
	if (trial->listener < 0)
		return false;
	mosquitto_int_option(trial->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_threaded_set(trial->client, true);
	mosquitto_message_v5_callback_set(trial->client, on_message);
	if (mosquitto_connect_bind_v5(trial->client, "127.0.0.1", port, 60, 0, 0) != MOSQ_ERR_SUCCESS ||
		!is_readable(trial->listener, STEP_MS))
		return false;
	trial->broker = accept(trial->listener, 0, 0);
	if (trial->broker < 0 || mosquitto_loop_write(trial->client, 1) != MOSQ_ERR_SUCCESS || !is_readable(trial->broker, STEP_MS))
		return false;
	return recv(trial->broker, bytes, sizeof bytes, 0) > 0 &&
		send(trial->broker, connack, sizeof connack, MSG_NOSIGNAL) == sizeof connack;
}

static bool take_message(struct trial *trial)
{
	if (send(trial->broker, publish, sizeof publish, MSG_NOSIGNAL) != sizeof publish)
		return false;
	while (!trial->has_message) {
		if (!is_readable(mosquitto_socket(trial->client), STEP_MS) || mosquitto_loop_read(trial->client, 1) != MOSQ_ERR_SUCCESS)
			return false;
	}
	return true;
}

static enum puback_verdict judge(struct trial *trial)
{
	unsigned char first;
	if (!open_session(trial) || !take_message(trial))
		return PUBACK_UNKNOWN;
	if (is_readable(trial->broker, QUIET_MS))
		return PUBACK_EARLY;
	if (mosquitto_loop_write(trial->client, 1) != MOSQ_ERR_SUCCESS || !is_readable(trial->broker, STEP_MS))
		return PUBACK_UNKNOWN;
	return recv(trial->broker, &first, 1, 0) == 1 && first == PUBACK_BYTE ? PUBACK_WITHHELD : PUBACK_UNKNOWN;
}

enum puback_verdict puback_test(void)
{
	struct trial trial = { .listener = -1, .broker = -1 };
	trial.client = mosquitto_new("puback-test", true, &trial);
	enum puback_verdict verdict = trial.client ? judge(&trial) : PUBACK_UNKNOWN;
	if (trial.client)
		mosquitto_destroy(trial.client);
	if (trial.broker >= 0)
		close(trial.broker);
	if (trial.listener >= 0)
		close(trial.listener);
	return verdict;
}
