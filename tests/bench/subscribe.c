// SPDX-License-Identifier: Apache-2.0
// Bare libmosquitto subscriber, the yardstick for musterd: takes every Uplink at QoS 1 and does nothing with it.
//
//   bench-subscribe PORT COUNT     prints received=N and ends when it has COUNT, or on SIGTERM
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long long received, wanted;
static volatile sig_atomic_t stopped;

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message)
{
	(void)client;
	(void)context;
	(void)message;
	received++;
}

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: bench-subscribe PORT COUNT\n");
		return 2;
	}
	wanted = strtoull(argv[2], 0, 10);
	signal(SIGTERM, on_signal);
	mosquitto_lib_init();
	struct mosquitto *client = mosquitto_new("bench-subscribe", true, 0);
	mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, 65535);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_message_callback_set(client, on_message);
	if (mosquitto_connect(client, "127.0.0.1", (int)strtol(argv[1], 0, 10), 60) ||
		mosquitto_subscribe(client, 0, "muster/v1/+/up", 1)) {
		fprintf(stderr, "bench-subscribe: no broker at port %s\n", argv[1]);
		return 1;
	}
	while (!stopped && received < wanted && mosquitto_loop(client, 100, 100) == MOSQ_ERR_SUCCESS)
		continue;
	printf("received=%llu\n", received);
	mosquitto_destroy(client);
	return received < wanted;
}
