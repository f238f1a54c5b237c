// SPDX-License-Identifier: Apache-2.0
// How long it takes from a device's publish to the arrival of the alert at what musterd believes to be an Alertmanager: publishes heartbeats
// of new devices that are low on memory, one by one, and takes POST /api/v2/alerts.
//
//   bench-pipeline BROKER_PORT SINK_PORT COUNT RATE FILE
//
// FILE gets a line `DEVICE PUBLISHED_MS ARRIVED_MS` each (Unix time, with microseconds as fraction). Prints the latencies in milliseconds.
// Exit 1 if an alert did not arrive within 10 s after the last publish.
#include "muster.pb-c.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PACKET_MAX = 512, PATIENCE_S = 10, BODY_MAX = 16 * 1024 * 1024 };

struct bench {
	struct event_base *base;
	struct mosquitto *mosquitto;
	struct event *pace, *patience;
	unsigned count, published, arrived;
	double *published_ms, *arrived_ms;
};

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "bench-pipeline: %s\n", what);
	exit(2);
}

// ---- the devices ----

// The first heartbeat of a device that is low on memory.
static size_t pack_uplink(unsigned number, uint8_t *out)
{
	Mu__Uplink uplink = MU__UPLINK__INIT;
	Mu__Record record = MU__RECORD__INIT, *records[] = { &record };
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	vitals.has_heap_free_bytes = vitals.has_uptime_s = true;
	vitals.heap_free_bytes = 30000;
	vitals.uptime_s = 60;
	heartbeat.vitals = &vitals;
	record.boot = 1;
	record.uptime_ms = 60000;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	uplink.epoch = 0x7654321700000001ULL + number;
	uplink.first_seq = uplink.oldest_seq = 1;
	uplink.n_records = 1;
	uplink.records = records;
	return mu__uplink__pack(&uplink, out);
}

static void on_patience(evutil_socket_t fd, short what, void *context)
{
	struct bench *bench = context;
	(void)fd, (void)what;
	event_base_loopbreak(bench->base);
}

static void on_pace(evutil_socket_t fd, short what, void *context)
{
	struct bench *bench = context;
	struct timeval patience = { .tv_sec = PATIENCE_S };
	uint8_t payload[PACKET_MAX];
	char topic[64];
	(void)fd, (void)what;
	size_t size = pack_uplink(bench->published, payload);
	snprintf(topic, sizeof topic, "muster/v1/pipe-%06u/up", bench->published);
	bench->published_ms[bench->published++] = now_ms();
	if (mosquitto_publish(bench->mosquitto, 0, topic, (int)size, payload, 1, false) != MOSQ_ERR_SUCCESS)
		die("cannot publish");
	if (bench->published < bench->count)
		return;
	event_del(bench->pace);
	event_add(bench->patience, &patience);
}

// ---- the Alertmanager ----

static void arrive(struct bench *bench, const json_t *alert, double at_ms)
{
	unsigned number;
	const char *device = json_string_value(json_object_get(json_object_get(alert, "labels"), "device"));
	if (!device || sscanf(device, "pipe-%6u", &number) != 1 || number >= bench->published || bench->arrived_ms[number] > 0)
		return;
	bench->arrived_ms[number] = at_ms;
	if (++bench->arrived == bench->count)
		event_base_loopbreak(bench->base);
}

static void on_post(struct evhttp_request *request, void *context)
{
	struct bench *bench = context;
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	size_t size = evbuffer_get_length(input), i;
	double at_ms = now_ms();
	json_t *alerts = json_loadb(size ? (const char *)evbuffer_pullup(input, -1) : "", size, 0, 0), *alert;
	json_array_foreach(alerts, i, alert)
		arrive(bench, alert, at_ms);
	json_decref(alerts);
	evhttp_send_reply(request, 200, "OK", 0);
}

// ---- what came of it ----

static int by_size(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;
	return (one > other) - (one < other);
}

static void report(const struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "w");
	double *took = calloc(bench->count, sizeof *took);
	unsigned count = 0;
	if (!file || !took)
		die("cannot write the results");
	for (unsigned i = 0; i < bench->count; i++) {
		fprintf(file, "pipe-%06u %.3f %.3f\n", i, bench->published_ms[i], bench->arrived_ms[i]);
		if (bench->arrived_ms[i] > 0)
			took[count++] = bench->arrived_ms[i] - bench->published_ms[i];
	}
	fclose(file);
	qsort(took, count, sizeof *took, by_size);
	printf("alerts=%u arrived=%u", bench->count, count);
	if (count)
		printf(" p50_ms=%.1f p99_ms=%.1f max_ms=%.1f", took[count / 2], took[(count - 1) * 99 / 100], took[count - 1]);
	printf("\n");
	free(took);
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: bench-pipeline BROKER_PORT SINK_PORT COUNT RATE FILE\n");
		return 2;
	}
	struct bench bench = { .base = event_base_new(), .count = (unsigned)strtoul(argv[3], 0, 10) };
	double rate = strtod(argv[4], 0);
	if (!bench.count || rate < 1)
		die("COUNT and RATE are at least 1");
	struct timeval pace = { .tv_usec = (suseconds_t)(1e6 / rate) - (rate < 1.5) };
	struct evhttp *http = evhttp_new(bench.base);
	bench.published_ms = calloc(bench.count, sizeof(double));
	bench.arrived_ms = calloc(bench.count, sizeof(double));
	bench.pace = event_new(bench.base, -1, EV_PERSIST, on_pace, &bench);
	bench.patience = evtimer_new(bench.base, on_patience, &bench);
	evhttp_set_gencb(http, on_post, &bench);
	evhttp_set_max_body_size(http, BODY_MAX);
	mosquitto_lib_init();
	bench.mosquitto = mosquitto_new("bench-pipeline", true, 0);
	if (evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)strtoul(argv[2], 0, 10)) < 0)
		die("cannot listen");
	mosquitto_int_option(bench.mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
	if (mosquitto_connect(bench.mosquitto, "127.0.0.1", (int)strtol(argv[1], 0, 10), 60) != MOSQ_ERR_SUCCESS)
		die("no broker");
	mosquitto_loop_start(bench.mosquitto);
	event_add(bench.pace, &pace);
	event_base_dispatch(bench.base);
	report(&bench, argv[5]);
	return bench.arrived < bench.count;
}
