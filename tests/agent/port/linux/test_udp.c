// SPDX-License-Identifier: Apache-2.0
// Over real sockets on loopback; the name server is one of the test's own, so nothing depends on the machine's.
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
#include "agent/port/linux/udp.h"
#include "tests/agent/port/linux/fake_names.h"

enum { EVENTS_MAX = 8 };

struct bench {
	struct event_base *loop;
	struct mu_resolver *resolver;
	struct fake_names names;
	struct mu_udp udp;
	int peer; // socket of the other side
	uint16_t peer_port;
	struct sockaddr_in from; // of the last datagram at the peer
	struct mu_event events[EVENTS_MAX];
	uint8_t payload[MU_UDP_ANSWER_MAX];
	unsigned count;
};

static void on_event(void *context, const struct mu_event *event)
{
	struct bench *bench = context;
	assert_true(bench->count < EVENTS_MAX);
	bench->events[bench->count++] = *event;
	if (event->payload_bytes)
		memcpy(bench->payload, event->payload, event->payload_bytes);
}

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	bench->loop = event_base_new();
	bench->peer = listen_on_loopback(&bench->peer_port);
	fake_names_start(&bench->names, bench->loop, "127.0.0.1 clock.local\n");
	bench->resolver = mu_resolver_new(bench->loop, bench->names.resolv_conf, bench->names.hosts);
	mu_udp_init(&bench->udp, bench->loop, bench->resolver, bench, on_event);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	mu_udp_close(&bench->udp);
	mu_resolver_free(bench->resolver);
	fake_names_stop(&bench->names);
	event_base_free(bench->loop);
	close(bench->peer);
	free(bench);
	return 0;
}

static void run_ms(struct bench *bench, int ms)
{
	event_base_loopexit(bench->loop, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
	event_base_dispatch(bench->loop);
}

static void wait_event(struct bench *bench, enum mu_event_type type)
{
	for (int i = 0; i < 300 && !bench->count; i++)
		run_ms(bench, 10);
	assert_int_equal(bench->count, 1);
	assert_int_equal(bench->events[0].type, type);
}

// What has come to a socket of the other side, 1 s at most; its size.
static ssize_t take(struct bench *bench, int fd, uint8_t *out, size_t size)
{
	socklen_t from_size = sizeof bench->from;
	ssize_t got = -1;
	for (int i = 0; i < 100 && got < 0; i++) {
		got = recvfrom(fd, out, size, 0, (struct sockaddr *)&bench->from, &from_size);
		if (got < 0)
			run_ms(bench, 10);
	}
	return got;
}

static void answer(struct bench *bench, int fd, const void *data, size_t size)
{
	assert_int_equal(sendto(fd, data, size, 0, (struct sockaddr *)&bench->from, sizeof bench->from), size);
}

static void test_a_request_and_its_answer(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	assert_int_equal(mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "what time", 9), 0);
	assert_int_equal(take(bench, bench->peer, got, sizeof got), 9);
	assert_memory_equal(got, "what time", 9);
	usleep(30000);
	answer(bench, bench->peer, "late", 4);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	assert_int_equal(bench->events[0].payload_bytes, 4);
	assert_memory_equal(bench->payload, "late", 4);
	assert_in_range(bench->events[0].value, 30, 2000);
	assert_int_equal(bench->udp.fd, -1); // one answer, and it is over
}

// A time server is not asked about by everybody: only the one that was asked counts.
static void test_a_stranger_is_not_heard(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "x", 1);
	take(bench, bench->peer, got, sizeof got);
	answer(bench, bench->names.fd, "forged", 6);
	run_ms(bench, 50);
	assert_int_equal(bench->count, 0);
	answer(bench, bench->peer, "true", 4);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	assert_memory_equal(bench->payload, "true", 4);
}

static void test_nobody_listens(void **state)
{
	struct bench *bench = *state;
	close(bench->peer);
	bench->peer = -1;
	assert_int_equal(mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "x", 1), 0);
	wait_event(bench, MU_EVENT_UDP_FAILED);
	assert_int_equal(bench->events[0].reason, MU_ERR_CLOSED);
}

static void test_a_new_request_ends_the_old_one(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	struct sockaddr_in first;
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "one", 3);
	take(bench, bench->peer, got, sizeof got);
	first = bench->from;
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "two", 3);
	take(bench, bench->peer, got, sizeof got);
	sendto(bench->peer, "1", 1, 0, (struct sockaddr *)&first, sizeof first);
	answer(bench, bench->peer, "2", 1);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	assert_int_equal(bench->payload[0], '2');
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "three", 5);
	take(bench, bench->peer, got, sizeof got);
	mu_udp_close(&bench->udp);
	run_ms(bench, 50);
	assert_int_equal(bench->count, 1);
}

static void test_sizes(void **state)
{
	struct bench *bench = *state;
	static uint8_t big[2000];
	uint8_t got[64];
	assert_int_equal(mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, big, MU_UDP_REQUEST_MAX + 1), MU_ERR_SIZE);
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "x", 1);
	take(bench, bench->peer, got, sizeof got);
	answer(bench, bench->peer, big, sizeof big);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	assert_int_equal(bench->events[0].payload_bytes, MU_UDP_ANSWER_MAX); // cut
	bench->count = 0;
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "x", 1);
	take(bench, bench->peer, got, sizeof got);
	answer(bench, bench->peer, big, 0);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	assert_int_equal(bench->events[0].payload_bytes, 0);
}

static void test_a_silent_link_lets_nothing_through(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "x", 1);
	take(bench, bench->peer, got, sizeof got);
	mu_udp_set_silent(&bench->udp, true);
	answer(bench, bench->peer, "lost", 4);
	run_ms(bench, 50);
	assert_int_equal(bench->count, 0);
	mu_udp_set_silent(&bench->udp, false);
	run_ms(bench, 50);
	assert_int_equal(bench->count, 0); // lost is lost
	mu_udp_set_silent(&bench->udp, true);
	assert_int_equal(mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "y", 1), 0); // as a radio would have it
	run_ms(bench, 50);
	assert_int_equal(recv(bench->peer, got, sizeof got, 0), -1);
	assert_int_equal(mu_udp_request(&bench->udp, "name.example", 1, "y", 1), 0);
	run_ms(bench, 50);
	assert_int_equal(bench->names.asked, 0);
	assert_int_equal(bench->count, 0);
}

// ---- names

static void test_a_name_is_resolved_without_blocking(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	assert_int_equal(mu_udp_request(&bench->udp, "time.example", bench->peer_port, "x", 1), 0); // at once, though nobody has answered
	assert_int_equal(take(bench, bench->peer, got, sizeof got), 1);
	answer(bench, bench->peer, "y", 1);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	assert_in_range(bench->events[0].value, 0, 1000);
}

static void test_a_name_that_is_none(void **state)
{
	struct bench *bench = *state;
	bench->names.mood = FAKE_NAMES_NONE;
	mu_udp_request(&bench->udp, "nobody.example", bench->peer_port, "x", 1);
	wait_event(bench, MU_EVENT_UDP_FAILED);
	assert_int_equal(bench->events[0].reason, MU_ERR_NOT_FOUND);
}

// The core gives up while the name is still asked for: nothing comes of it later, neither an event nor a datagram.
static void test_a_close_while_a_name_is_resolved(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	mu_udp_request(&bench->udp, "time.example", bench->peer_port, "x", 1);
	mu_udp_close(&bench->udp);
	mu_udp_request(&bench->udp, "time.example", bench->peer_port, "y", 1);
	mu_udp_request(&bench->udp, "127.0.0.1", bench->peer_port, "z", 1);
	run_ms(bench, 700);
	assert_int_equal(bench->count, 0);
	assert_int_equal(take(bench, bench->peer, got, sizeof got), 1);
	assert_int_equal(got[0], 'z');
	assert_int_equal(recv(bench->peer, got, sizeof got, 0), -1);
}

static void test_names_known_at_once_or_never(void **state)
{
	struct bench *bench = *state;
	uint8_t got[64];
	assert_int_equal(mu_udp_request(&bench->udp, "clock.local", bench->peer_port, "x", 1), 0);
	assert_int_equal(take(bench, bench->peer, got, sizeof got), 1);
	answer(bench, bench->peer, "y", 1);
	wait_event(bench, MU_EVENT_UDP_ANSWER);
	bench->udp.resolver = 0;
	assert_int_equal(mu_udp_request(&bench->udp, "clock.local", bench->peer_port, "x", 1), MU_ERR_NOT_FOUND);
	assert_int_equal(bench->count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_request_and_its_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_stranger_is_not_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_listens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_new_request_ends_the_old_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_silent_link_lets_nothing_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_is_resolved_without_blocking, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_name_that_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_close_while_a_name_is_resolved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_known_at_once_or_never, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
