// SPDX-License-Identifier: Apache-2.0
// How a session comes to its broker by name: the phase of the name, several addresses, and what TLS makes of the name.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/clock.h"
#include "agent/port/linux/mqtt.h"
#include "tests/agent/port/linux/fake_broker.h"
#include "tests/agent/port/linux/fake_names.h"

enum { EVENTS_MAX = 8 };

static const char hosts[] = "127.0.0.1 localhost\n::1 localhost\n127.0.0.2 second.test\n127.0.0.1 second.test\n127.0.0.2 none.test\n"
			    "127.0.0.3 none.test\n127.0.0.1 broker.test\n127.0.0.1 stranger.test\n";

struct bench {
	struct event_base *loop;
	struct fake_broker broker;
	struct fake_names names;
	struct mu_resolver *resolver;
	struct mu_mqtt mqtt;
	struct mu_event events[EVENTS_MAX]; // but for the phases
	unsigned count;
	unsigned phases; // bits of enum mu_mqtt_phase
	char ca[40];
};

static void on_event(void *context, const struct mu_event *event)
{
	struct bench *bench = context;
	if (event->type == MU_EVENT_MQTT_PHASE) {
		bench->phases |= 1u << event->value;
		return;
	}
	assert_true(bench->count < EVENTS_MAX);
	bench->events[bench->count++] = *event;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	struct mu_mqtt_listener listener = { .context = bench, .post = on_event };
	bench->loop = event_base_new();
	fake_broker_start(&bench->broker, bench->loop);
	fake_names_start(&bench->names, bench->loop, hosts);
	bench->resolver = mu_resolver_new(bench->loop, bench->names.resolv_conf, bench->names.hosts);
	mu_mqtt_init(&bench->mqtt, bench->loop, bench->resolver, &listener, 0);
	snprintf(bench->ca, sizeof bench->ca, "/tmp/muster-ca-XXXXXX");
	close(mkstemp(bench->ca));
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	mu_mqtt_destroy(&bench->mqtt);
	fake_broker_stop(&bench->broker);
	mu_resolver_free(bench->resolver);
	fake_names_stop(&bench->names);
	event_base_free(bench->loop);
	unlink(bench->ca);
	free(bench);
	return 0;
}

static void run_ms(struct bench *bench, int ms)
{
	event_base_loopexit(bench->loop, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
	event_base_dispatch(bench->loop);
}

static int open_at(struct bench *bench, const char *scheme, const char *host, uint32_t timeout_ms)
{
	char uri[64];
	snprintf(uri, sizeof uri, "%s://%s:%d", scheme, host, bench->broker.port);
	struct mu_mqtt_options options = { .uri = uri, .client_id = "dev-1", .keepalive_s = 5, .timeout_ms = timeout_ms };
	bench->count = bench->phases = 0;
	return mu_mqtt_open(&bench->mqtt, &options);
}

// Runs until the next event, 5 s at most, which has to be this one.
static void wait_for(struct bench *bench, enum mu_event_type type)
{
	for (int i = 0; i < 500 && !bench->count; i++)
		run_ms(bench, 10);
	assert_int_equal(bench->count, 1);
	assert_int_equal(bench->events[0].type, type);
}

static void wait_closed(struct bench *bench, int reason)
{
	wait_for(bench, MU_EVENT_MQTT_CLOSED);
	assert_int_equal(bench->events[0].reason, reason);
}

static void expect_session(struct bench *bench, const char *scheme, const char *host)
{
	assert_int_equal(open_at(bench, scheme, host, 3000), 0);
	wait_for(bench, MU_EVENT_MQTT_OPEN);
	mu_mqtt_close(&bench->mqtt);
}

// ---- the phase of the name

static void test_a_name_of_the_hosts_file(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(open_at(bench, "mqtt", "localhost", 3000), 0);
	assert_true(mu_mqtt_descriptor(&bench->mqtt) >= 0); // known at once
	assert_int_equal(bench->phases | bench->count, 0); // but told later
	wait_for(bench, MU_EVENT_MQTT_OPEN);
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME | 1 << MU_MQTT_PHASE_TCP);
	assert_int_equal(bench->names.asked, 0);
}

// The first question is lost; evdns asks again after 1 s. That is what the phase has taken, and no other.
static void test_a_name_of_a_name_server_and_the_time_it_took(void **state)
{
	struct bench *bench = *state;
	struct mu_mqtt_phases phases;
	bench->names.mood = FAKE_NAMES_SILENT;
	assert_int_equal(open_at(bench, "mqtt", "broker.example", 4000), 0);
	assert_int_equal(mu_mqtt_descriptor(&bench->mqtt), MU_ERR_NOT_FOUND);
	run_ms(bench, 500);
	assert_int_equal(bench->phases | bench->count, 0);
	bench->names.mood = FAKE_NAMES_ANSWER;
	wait_for(bench, MU_EVENT_MQTT_OPEN);
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME | 1 << MU_MQTT_PHASE_TCP);
	assert_int_equal(mu_mqtt_phases(&bench->mqtt, &phases), 0);
	assert_in_range(phases.dns_ms, 900, 2500);
	assert_in_range(phases.tcp_ms + phases.mqtt_ms, 0, 800);
}

static void count_tick(int fd, short what, void *context)
{
	(void)fd, (void)what;
	++*(unsigned *)context;
}

// All devices of the loop live on meanwhile, and so does its watchdog.
static void test_a_silent_name_server_blocks_nobody(void **state)
{
	struct bench *bench = *state;
	unsigned ticks = 0;
	struct event *timer = event_new(bench->loop, -1, EV_PERSIST, count_tick, &ticks);
	event_add(timer, &(struct timeval){ .tv_usec = 10000 });
	bench->names.mood = FAKE_NAMES_SILENT;
	uint64_t before_ms = mu_monotonic_ms();
	assert_int_equal(open_at(bench, "mqtt", "broker.example", 1500), 0);
	assert_in_range(mu_monotonic_ms() - before_ms, 0, 300);
	wait_closed(bench, MU_ERR_NOT_FOUND);
	assert_in_range(mu_monotonic_ms() - before_ms, 1400, 2900);
	assert_int_equal(bench->phases, 0);
	assert_true(ticks > 40);
	event_free(timer);
	bench->names.mood = FAKE_NAMES_ANSWER;
	expect_session(bench, "mqtt", "broker.example");
}

static void test_a_name_that_is_none(void **state)
{
	struct bench *bench = *state;
	bench->names.mood = FAKE_NAMES_NONE;
	assert_int_equal(open_at(bench, "mqtt", "nobody.example", 3000), 0);
	wait_closed(bench, MU_ERR_NOT_FOUND);
	assert_int_equal(bench->phases, 0);
	mu_mqtt_set_names(&bench->mqtt, false); // the modelled fault
	assert_int_equal(open_at(bench, "mqtt", "localhost", 3000), 0);
	wait_closed(bench, MU_ERR_NOT_FOUND);
	expect_session(bench, "mqtt", "127.0.0.1");
	mu_mqtt_set_names(&bench->mqtt, true);
	expect_session(bench, "mqtt", "localhost");
}

static void test_a_close_while_the_name_is_asked(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(open_at(bench, "mqtt", "broker.example", 300), 0);
	mu_mqtt_close(&bench->mqtt);
	run_ms(bench, 600);
	assert_int_equal(bench->count | bench->phases | bench->broker.client_count, 0);
	assert_int_equal(open_at(bench, "mqtt", "broker.example", 300), 0);
	mu_mqtt_vanish(&bench->mqtt);
	expect_session(bench, "mqtt", "localhost");
	bench->names.mood = FAKE_NAMES_SILENT;
	assert_int_equal(open_at(bench, "mqtt", "broker.example", 3000), 0); // ended by tear_down
}

// What a silent link lost is lost: nothing is connected afterwards, and the core tries again.
static void test_silence_while_the_name_is_asked(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(open_at(bench, "mqtt", "broker.example", 500), 0);
	mu_mqtt_set_silent(&bench->mqtt, true);
	run_ms(bench, 100);
	mu_mqtt_set_silent(&bench->mqtt, false);
	wait_closed(bench, MU_ERR_NOT_FOUND);
	assert_int_equal(bench->phases | bench->broker.client_count, 0);
	expect_session(bench, "mqtt", "broker.example");
}

// ---- several addresses

static void test_the_next_address_after_one_that_refuses(void **state)
{
	struct bench *bench = *state;
	expect_session(bench, "mqtt", "second.test");
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME | 1 << MU_MQTT_PHASE_TCP);
	fake_broker_use_tls(&bench->broker, "DNS:second.test", bench->ca);
	bench->mqtt.tls.ca = bench->ca;
	expect_session(bench, "mqtts", "second.test");
	assert_int_equal(open_at(bench, "mqtt", "none.test", 3000), 0);
	wait_closed(bench, MU_ERR_CLOSED);
	assert_int_equal(bench->phases, 1 << MU_MQTT_PHASE_NAME);
}

static void test_a_broker_on_one_side_of_localhost_only(void **state)
{
	struct bench *bench = *state;
	fake_broker_stop(&bench->broker);
	if (!fake_broker_start_at_ipv6(&bench->broker, bench->loop)) {
		print_message("no IPv6 on this computer\n");
		fake_broker_start(&bench->broker, bench->loop);
	}
	expect_session(bench, "mqtt", "localhost");
}

static int listen_at_second(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

// A full queue of connections that nobody takes: the next one gets no answer.
static void test_the_next_address_after_one_that_is_silent(void **state)
{
	struct bench *bench = *state;
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	int fill[4], listener = listen_at_second(bench->broker.port);
	getsockname(listener, (struct sockaddr *)&address, &size);
	for (unsigned i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fill[i], (struct sockaddr *)&address, size);
	}
	uint64_t before_ms = mu_monotonic_ms();
	assert_int_equal(open_at(bench, "mqtt", "second.test", 2000), 0);
	wait_for(bench, MU_EVENT_MQTT_OPEN);
	assert_in_range(mu_monotonic_ms() - before_ms, 900, 1900); // its share: half of the time
	for (unsigned i = 0; i < 4; i++)
		close(fill[i]);
	close(listener);
}

// ---- TLS

// The certificate is judged by the name, and the server is told the name, though libmosquitto knows the address only.
static void test_the_name_goes_into_tls(void **state)
{
	struct bench *bench = *state;
	fake_broker_use_tls(&bench->broker, "DNS:broker.test, IP:127.0.0.1", bench->ca);
	bench->mqtt.tls.ca = bench->ca;
	expect_session(bench, "mqtts", "broker.test");
	assert_string_equal(bench->broker.server_name, "broker.test");
	snprintf(bench->broker.server_name, sizeof bench->broker.server_name, "?");
	expect_session(bench, "mqtts", "127.0.0.1");
	assert_string_equal(bench->broker.server_name, ""); // RFC 6066: no addresses
	assert_int_equal(open_at(bench, "mqtts", "stranger.test", 3000), 0); // the address that it leads to is in the certificate
	wait_closed(bench, MU_ERR_AUTH);
	assert_string_equal(bench->broker.server_name, "stranger.test");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_name_of_the_hosts_file),
		TEST(test_a_name_of_a_name_server_and_the_time_it_took),
		TEST(test_a_silent_name_server_blocks_nobody),
		TEST(test_a_name_that_is_none),
		TEST(test_a_close_while_the_name_is_asked),
		TEST(test_silence_while_the_name_is_asked),
		TEST(test_the_next_address_after_one_that_refuses),
		TEST(test_a_broker_on_one_side_of_localhost_only),
		TEST(test_the_next_address_after_one_that_is_silent),
		TEST(test_the_name_goes_into_tls),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
