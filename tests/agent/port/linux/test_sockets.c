// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/port/linux/sockets.h"

static const struct mu_socket_options options = { .keep_idle_s = 10, .keep_interval_s = 3, .keep_probes = 3, .user_timeout_ms = 19000 };

// Two ends of one connection over loopback.
struct pair {
	int near, far;
};

static struct pair connect_pair(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	struct pair pair = { .near = socket(AF_INET, SOCK_STREAM, 0) };
	assert_int_equal(connect(pair.near, (struct sockaddr *)&address, size), 0);
	pair.far = accept(listener, 0, 0);
	assert_true(pair.far >= 0);
	close(listener);
	return pair;
}

static void reset_by_peer(struct pair *pair)
{
	assert_int_equal(mu_virtual_sockets_close(pair->far, true), 0);
	for (int i = 0; i < 1000 && mu_virtual_sockets_check(pair->near) == 0; i++)
		usleep(1000);
}

static int option(int descriptor, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof value;
	getsockopt(descriptor, level, name, &value, &size);
	return value;
}

static void test_options_are_the_kernels(void **unused)
{
	(void)unused;
	struct mu_virtual_sockets sockets = { 0 };
	struct pair pair = connect_pair();
	const struct {
		int level, name, value;
	} rows[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 10 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 3 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 19000 },
	};
	assert_int_equal(mu_virtual_sockets_configure(&sockets, pair.near, &options), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(option(pair.near, rows[i].level, rows[i].name), rows[i].value);
	assert_true(fcntl(pair.near, F_GETFL) & O_NONBLOCK);
	assert_int_equal(mu_virtual_sockets_configure(&sockets, pair.near, &(struct mu_socket_options){ 0 }), 0);
	assert_int_equal(option(pair.near, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(pair.near);
	close(pair.far);
	assert_int_equal(mu_virtual_sockets_configure(&sockets, pair.near, &options), MU_ERR_NOT_FOUND);
}

// Sockets without TCP have no keep-alive; what is not a socket is none of ours.
static void test_what_is_not_tcp(void **unused)
{
	(void)unused;
	struct mu_virtual_sockets sockets = { 0 };
	struct mu_socket_look look;
	int udp = socket(AF_INET, SOCK_DGRAM, 0), file = open("/dev/null", O_RDONLY);
	assert_int_equal(mu_virtual_sockets_configure(&sockets, udp, &options), 0);
	assert_int_equal(mu_virtual_sockets_check(udp), 0);
	assert_int_equal(mu_virtual_sockets_look(udp, &look), 0);
	assert_false(look.pending);
	assert_int_equal(mu_virtual_sockets_configure(&sockets, file, &options), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_virtual_sockets_check(file), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_virtual_sockets_close(file, false), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_virtual_sockets_close(-1, false), MU_ERR_NOT_FOUND);
	close(udp);
	close(file);
}

// A device's list holds its own sockets only, and never another's that has got the same number.
static void test_list_is_the_devices_own(void **unused)
{
	(void)unused;
	struct mu_virtual_sockets sockets = { 0 };
	int seen[4] = { -1, -1, -1, -1 };
	struct pair pair = connect_pair(), foreign = connect_pair();
	assert_int_equal(mu_virtual_sockets_list(&sockets, seen, 4), 0);
	mu_virtual_sockets_configure(&sockets, pair.near, &options);
	mu_virtual_sockets_configure(&sockets, pair.near, &options); // twice is once
	assert_int_equal(mu_virtual_sockets_list(&sockets, seen, 4), 1);
	assert_int_equal(seen[0], pair.near);
	assert_int_equal(mu_virtual_sockets_list(&sockets, seen, 0), 1);
	assert_int_equal(dup2(foreign.near, pair.near), pair.near); // the number is another socket now
	assert_int_equal(mu_virtual_sockets_list(&sockets, seen, 4), 0);
	close(pair.near);
	close(pair.far);
	close(foreign.near);
	close(foreign.far);
}

static void test_a_device_has_ten(void **unused)
{
	(void)unused;
	struct mu_virtual_sockets sockets = { 0 };
	int descriptors[MU_SOCKETS_LIMIT + 1];
	for (int i = 0; i <= MU_SOCKETS_LIMIT; i++) {
		descriptors[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(mu_virtual_sockets_configure(&sockets, descriptors[i], &options), i < MU_SOCKETS_LIMIT ? 0 : MU_ERR_FULL);
	}
	close(descriptors[3]);
	assert_int_equal(mu_virtual_sockets_configure(&sockets, descriptors[MU_SOCKETS_LIMIT], &options), 0);
	for (int i = 0; i <= MU_SOCKETS_LIMIT; i++)
		if (i != 3)
			close(descriptors[i]);
}

// Dead is what cannot be used any more; a socket before its connect, or one that the peer has only finished writing to, can.
static void test_check(void **unused)
{
	(void)unused;
	int fresh = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(mu_virtual_sockets_check(fresh), 0);
	close(fresh);
	assert_int_equal(mu_virtual_sockets_check(fresh), MU_ERR_NOT_FOUND);
	struct pair pair = connect_pair();
	assert_int_equal(mu_virtual_sockets_check(pair.near), 0);
	assert_int_equal(shutdown(pair.far, SHUT_WR), 0);
	assert_int_equal(mu_virtual_sockets_check(pair.near), 0);
	reset_by_peer(&pair);
	assert_int_equal(mu_virtual_sockets_check(pair.near), MU_ERR_CLOSED);
	assert_int_equal(mu_virtual_sockets_check(pair.near), MU_ERR_CLOSED); // and stays so
	assert_int_equal(mu_virtual_sockets_close(pair.near, true), 0);
}

// The kernel gives up on a peer that does not take a byte: user time-out, here with a window of the peer that stays shut.
static void test_a_silent_peer_is_a_time_out(void **unused)
{
	(void)unused;
	struct mu_virtual_sockets sockets = { 0 };
	struct mu_socket_options hasty = options;
	struct pair pair = connect_pair();
	char block[65536] = { 0 };
	hasty.user_timeout_ms = 300;
	assert_int_equal(mu_virtual_sockets_configure(&sockets, pair.near, &hasty), 0);
	while (write(pair.near, block, sizeof block) > 0)
		;
	int state = 0;
	for (int i = 0; i < 5000 && !state; i++) {
		usleep(1000);
		state = mu_virtual_sockets_check(pair.near);
	}
	assert_int_equal(state, MU_ERR_TIMEOUT);
	close(pair.near);
	close(pair.far);
}

static struct mu_socket_look look_at(int descriptor)
{
	struct mu_socket_look look;
	assert_int_equal(mu_virtual_sockets_look(descriptor, &look), 0);
	return look;
}

// Unacknowledged bytes and an end of stream that nobody answers are what the registry gives a time limit.
static void test_look(void **unused)
{
	(void)unused;
	struct pair pair = connect_pair(), other = connect_pair();
	struct mu_socket_look before = look_at(pair.near), after;
	assert_true(before.identity && before.identity != look_at(other.near).identity);
	assert_false(before.pending);
	assert_int_equal(write(pair.near, "x", 1), 1);
	after = look_at(pair.near);
	for (int i = 0; i < 1000 && after.pending; i++) { // the peer's stack acknowledges within its delay
		usleep(1000);
		after = look_at(pair.near);
	}
	assert_false(after.pending);
	assert_true(after.progress != before.progress);
	assert_int_equal(after.identity, before.identity);
	assert_int_equal(write(pair.far, "y", 1), 1);
	assert_int_equal(shutdown(pair.far, SHUT_WR), 0);
	usleep(20000);
	assert_false(look_at(pair.near).pending); // there is still a byte to read
	char byte;
	assert_int_equal(read(pair.near, &byte, 1), 1);
	assert_true(look_at(pair.near).pending);
	assert_int_equal(mu_virtual_sockets_shutdown(pair.near), 0);
	close(pair.near);
	assert_int_equal(mu_virtual_sockets_look(pair.near, &after), MU_ERR_NOT_FOUND);
	assert_int_equal(mu_virtual_sockets_shutdown(pair.near), MU_ERR_NOT_FOUND);
	close(pair.far);
	close(other.near);
	close(other.far);
}

// An abort is a reset at the peer, not the end of a stream.
static void test_abort(void **unused)
{
	(void)unused;
	for (int abort = 0; abort < 2; abort++) {
		struct pair pair = connect_pair();
		char byte;
		assert_int_equal(mu_virtual_sockets_close(pair.near, abort), 0);
		assert_int_equal(read(pair.far, &byte, 1), abort ? -1 : 0);
		close(pair.far);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_are_the_kernels),
		cmocka_unit_test(test_what_is_not_tcp),
		cmocka_unit_test(test_list_is_the_devices_own),
		cmocka_unit_test(test_a_device_has_ten),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_a_silent_peer_is_a_time_out),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_abort),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
