// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/mqtt.h"
#include "tests/agent/port/linux/fake_broker.h"
#include "tests/agent/port/linux/open_files.h"

enum { EVENTS_MAX = 16 };

struct bench {
	struct event_base *loop;
	struct fake_broker broker;
	struct mu_mqtt mqtt;
	struct mu_event events[EVENTS_MAX];
	char topic[32], payload[32]; // of the last message
	unsigned count;
	unsigned phases; // bits of enum mu_mqtt_phase that were told of the present try
	unsigned sent, received;
};

static void on_event(void *context, const struct mu_event *event)
{
	struct bench *bench = context;
	if (event->type == MU_EVENT_MQTT_PHASE) { // each once, in their order
		bench->phases = event->value == MU_MQTT_PHASE_NAME ? 0 : bench->phases;
		assert_int_equal(bench->phases >> event->value, 0);
		bench->phases |= 1u << event->value;
		return;
	}
	assert_true(bench->count < EVENTS_MAX);
	bench->events[bench->count++] = *event;
	if (event->type == MU_EVENT_MQTT_MESSAGE) {
		snprintf(bench->topic, sizeof bench->topic, "%s", event->topic);
		snprintf(bench->payload, sizeof bench->payload, "%.*s", (int)event->payload_bytes, (const char *)event->payload);
	}
}

static void on_sent(void *context, const char *topic, const void *payload, size_t size)
{
	(void)topic, (void)payload, (void)size;
	((struct bench *)context)->sent++;
}

static void on_received(void *context, const char *topic, const void *payload, size_t size)
{
	(void)topic, (void)payload, (void)size;
	((struct bench *)context)->received++;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	struct mu_mqtt_listener listener = { .context = bench, .post = on_event, .sent = on_sent, .received = on_received };
	bench->loop = event_base_new();
	fake_broker_start(&bench->broker, bench->loop);
	mu_mqtt_init(&bench->mqtt, bench->loop, 0, &listener, 0);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	mu_mqtt_destroy(&bench->mqtt);
	fake_broker_stop(&bench->broker);
	event_base_free(bench->loop);
	free(bench);
	return 0;
}

static void run_ms(struct bench *bench, int ms)
{
	event_base_loopexit(bench->loop, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
	event_base_dispatch(bench->loop);
}

// Runs until so many events came, 3 s at most.
static void wait_events(struct bench *bench, unsigned count)
{
	for (int i = 0; i < 300 && bench->count < count; i++)
		run_ms(bench, 10);
	assert_int_equal(bench->count, count);
}

static struct mu_mqtt_options options_for(const struct bench *bench)
{
	return (struct mu_mqtt_options){ .uri = bench->broker.uri,
		.client_id = "dev-1",
		.will_topic = "w",
		.will_payload = "offline",
		.keepalive_s = 5,
		.timeout_ms = 300 };
}

static void open_session(struct bench *bench)
{
	struct mu_mqtt_options options = options_for(bench);
	unsigned before = bench->count;
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	wait_events(bench, before + 1);
	assert_int_equal(bench->events[before].type, MU_EVENT_MQTT_OPEN);
}

static void test_a_session(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_phases phases;
	assert_int_equal(mu_mqtt_phases(&bench->mqtt, &phases), MU_ERR_NOT_FOUND);
	bench->broker.session_kept = true;
	open_session(bench);
	assert_int_equal(bench->events[0].value, 1);
	assert_int_equal(mu_mqtt_phases(&bench->mqtt, &phases), 0);
	assert_int_equal(mu_mqtt_subscribe(&bench->mqtt, "ack", 0), 0);
	int id = mu_mqtt_publish(&bench->mqtt, "up", "hello", 5, 1);
	assert_true(id > 0);
	wait_events(bench, 2);
	assert_int_equal(bench->events[1].type, MU_EVENT_MQTT_PUBLISHED);
	assert_int_equal(bench->events[1].value, id);
	assert_memory_equal(bench->broker.last + bench->broker.last_size - 5, "hello", 5);
	assert_int_equal(bench->broker.last[0], 0x32); // QoS 1, not retained
	fake_broker_publish(&bench->broker, "ack", "thanks", true);
	wait_events(bench, 3);
	assert_int_equal(bench->events[2].type, MU_EVENT_MQTT_MESSAGE);
	assert_string_equal(bench->topic, "ack");
	assert_string_equal(bench->payload, "thanks");
	assert_true(bench->events[2].retained);
	assert_int_equal(bench->sent, 1);
	assert_int_equal(bench->received, 1);
}

// A close by the core is at once and silent towards it; the broker is not told good-bye, so that the last will is sent.
static void test_close_sends_no_disconnect(void **state)
{
	struct bench *bench = *state;
	open_session(bench);
	mu_mqtt_close(&bench->mqtt);
	run_ms(bench, 50);
	assert_int_equal(bench->count, 1);
	assert_int_equal(bench->broker.closed_count, 1);
	assert_int_equal(bench->broker.packets[FAKE_DISCONNECT], 0);
	assert_int_equal(mu_mqtt_publish(&bench->mqtt, "up", "x", 1, 1), MU_ERR_CLOSED);
	open_session(bench); // a new one works
}

// How a session fails and what the core is told; a refusal has to differ from silence, because it proves that the path works.
static void test_failures_have_their_reasons(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_options options = options_for(bench);
	bench->broker.connack = 5;
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), MU_ERR_STATE);
	wait_events(bench, 1);
	assert_int_equal(bench->events[0].type, MU_EVENT_MQTT_CLOSED);
	assert_int_equal(bench->events[0].reason, 5); // CONNACK: not authorised
	bench->broker.connack = 0;
	open_session(bench);
	fake_broker_drop(&bench->broker);
	wait_events(bench, 3);
	assert_int_equal(bench->events[2].reason, MU_ERR_CLOSED);
	bench->broker.mute = true;
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	wait_events(bench, 4);
	assert_int_equal(bench->events[3].reason, MU_ERR_TIMEOUT);
	fake_broker_stop(&bench->broker);
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	wait_events(bench, 5);
	assert_int_equal(bench->events[4].type, MU_EVENT_MQTT_CLOSED);
	assert_int_equal(bench->events[4].reason, MU_ERR_CLOSED); // refused
}

static void test_bad_options_are_refused_at_once(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_options options = options_for(bench);
	options.uri = "http://127.0.0.1";
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), MU_ERR_INVALID);
	options.uri = "mqtts://127.0.0.1"; // without certificates to trust
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), MU_ERR_INVALID);
	open_session(bench);
}

// Keep-alive of 5 s: the ping's answer is told, so that the core knows that somebody is there.
static void test_ping_answers_are_told(void **state)
{
	struct bench *bench = *state;
	open_session(bench);
	for (int i = 0; i < 800 && bench->count < 2; i++)
		run_ms(bench, 10);
	assert_int_equal(bench->count, 2);
	assert_int_equal(bench->events[1].type, MU_EVENT_MQTT_ALIVE);
	assert_int_equal(bench->broker.packets[FAKE_PINGREQ], 1);
}

// A silent link lets nothing through in either direction, and all of it when it is back.
static void test_silence(void **state)
{
	struct bench *bench = *state;
	open_session(bench);
	size_t bytes = bench->broker.bytes;
	mu_mqtt_set_silent(&bench->mqtt, true);
	assert_true(mu_mqtt_publish(&bench->mqtt, "up", "lost?", 5, 1) > 0);
	fake_broker_publish(&bench->broker, "ack", "unheard", false);
	run_ms(bench, 100);
	assert_int_equal(bench->count, 1);
	assert_true(bench->broker.bytes == bytes);
	mu_mqtt_set_silent(&bench->mqtt, false);
	wait_events(bench, 3);
	assert_string_equal(bench->payload, "unheard");
	assert_int_equal(bench->broker.packets[FAKE_PUBLISH], 1);
}

// A reset, or a close without a link: for the broker the old session is still there until the device has a new one.
static void test_the_broker_is_not_told_of_a_reset(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_options options = options_for(bench);
	open_session(bench);
	mu_mqtt_vanish(&bench->mqtt);
	run_ms(bench, 100);
	assert_int_equal(bench->broker.closed_count, 0);
	assert_int_equal(bench->count, 1);
	open_session(bench);
	run_ms(bench, 50);
	assert_int_equal(bench->broker.closed_count, 1);
	mu_mqtt_set_silent(&bench->mqtt, true);
	mu_mqtt_close(&bench->mqtt);
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), MU_ERR_IO); // no link
	run_ms(bench, 50);
	assert_int_equal(bench->broker.closed_count, 1);
	mu_mqtt_set_silent(&bench->mqtt, false);
	open_session(bench);
	run_ms(bench, 50);
	assert_int_equal(bench->broker.closed_count, 2);
}

// Each phase of opening is told when it is over, after the call of open has returned; a failed try tells only what it reached.
static void test_phases_are_told(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_options options = options_for(bench);
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	assert_int_equal(bench->phases, 0);
	wait_events(bench, 1);
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME | 1 << MU_MQTT_PHASE_TCP);
	mu_mqtt_close(&bench->mqtt);
	fake_broker_stop(&bench->broker);
	bench->phases = 0;
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	wait_events(bench, 2);
	assert_int_equal(bench->events[1].type, MU_EVENT_MQTT_CLOSED);
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME);
}

// With TLS there is one more, told before the session is open: the heap's steps are told apart by it.
static void test_the_tls_phase_is_told(void **state)
{
	struct bench *bench = *state;
	char path[] = "/tmp/muster-mqtt-XXXXXX", uri[48];
	int file = mkstemp(path);
	assert_true(file >= 0);
	close(file);
	fake_broker_use_tls(&bench->broker, "IP:127.0.0.1", path);
	bench->mqtt.tls.ca = path;
	struct mu_mqtt_options options = options_for(bench);
	snprintf(uri, sizeof uri, "mqtts%s", strchr(bench->broker.uri, ':'));
	options.uri = uri;
	options.timeout_ms = 3000;
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	wait_events(bench, 1);
	assert_int_equal(bench->events[0].type, MU_EVENT_MQTT_OPEN);
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME | 1 << MU_MQTT_PHASE_TCP | 1 << MU_MQTT_PHASE_TLS);
	mu_mqtt_close(&bench->mqtt);
	unlink(path);
}

// The registry of sockets has to see the descriptor as soon as open has returned, and none that is already given up.
static void test_descriptor_of_the_session(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_options options = options_for(bench);
	assert_int_equal(mu_mqtt_descriptor(&bench->mqtt), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_mqtt_open(&bench->mqtt, &options), 0);
	int descriptor = mu_mqtt_descriptor(&bench->mqtt);
	assert_true(descriptor >= 0 && fcntl(descriptor, F_GETFD) >= 0);
	wait_events(bench, 1);
	assert_int_equal(mu_mqtt_descriptor(&bench->mqtt), descriptor);
	mu_mqtt_close(&bench->mqtt);
	assert_int_equal(mu_mqtt_descriptor(&bench->mqtt), MU_ERR_NOT_FOUND);
}

// One descriptor a session on our side (the other one here is the fake broker's), and none is left behind.
static void test_descriptors(void **state)
{
	struct bench *bench = *state;
	unsigned before = open_files();
	open_session(bench);
	assert_int_equal(open_files(), before + 2);
	mu_mqtt_close(&bench->mqtt);
	assert_int_equal(open_files(), before + 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_session),
		TEST(test_close_sends_no_disconnect),
		TEST(test_failures_have_their_reasons),
		TEST(test_bad_options_are_refused_at_once),
		TEST(test_ping_answers_are_told),
		TEST(test_silence),
		TEST(test_the_broker_is_not_told_of_a_reset),
		TEST(test_phases_are_told),
		TEST(test_the_tls_phase_is_told),
		TEST(test_descriptor_of_the_session),
		TEST(test_descriptors),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
