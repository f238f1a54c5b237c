// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/broker_uri.h"
#include "agent/port/linux/mqtt_handle.h"
#include "tests/agent/port/linux/open_files.h"

static const struct mu_broker_uri plain = { .host = "127.0.0.1", .port = 1883 }, tls = { .tls = true, .host = "127.0.0.1", .port = 8883 };

static void test_a_handle_has_no_descriptors_and_leaves_the_limit_alone(void **unused)
{
	(void)unused;
	struct mosquitto *handle;
	struct rlimit before, after;
	const struct mu_mqtt_tls files = { 0 };
	const struct mu_mqtt_options options = { .client_id = "dev-1",
		.user = "u",
		.password = "p",
		.will_topic = "w",
		.will_payload = "offline" };
	unsigned count = open_files();
	getrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(mu_mqtt_handle_new(&handle, &options, &plain, &files, 0), 0);
	getrlimit(RLIMIT_NOFILE, &after);
	assert_int_equal(open_files(), count);
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(mosquitto_socket(handle), -1);
	mosquitto_destroy(handle);
}

static void test_options_that_cannot_be_used(void **unused)
{
	(void)unused;
	struct mosquitto *handle;
	const struct mu_mqtt_tls none = { 0 }, missing = { .ca = "/nonexistent/ca.pem" };
	const struct mu_mqtt_options good = { .client_id = "dev-1" },
				     bad_will = { .client_id = "dev-1", .will_topic = "a/#", .will_payload = "" },
				     bad_user = { .client_id = "dev-1", .user = "\xff" };
	assert_int_equal(mu_mqtt_handle_new(&handle, &bad_will, &plain, &none, 0), MU_ERR_INVALID);
	assert_null(handle);
	assert_int_equal(mu_mqtt_handle_new(&handle, &bad_user, &plain, &none, 0), MU_ERR_INVALID);
	assert_null(handle);
	assert_int_equal(mu_mqtt_handle_new(&handle, &good, &tls, &none, 0), MU_ERR_AUTH);
	assert_null(handle);
	assert_int_equal(mu_mqtt_handle_new(&handle, &good, &tls, &missing, 0), MU_ERR_AUTH);
	assert_null(handle);
}

// What libmosquitto returned, what it left in errno, and what the core is told.
static const struct {
	int code, error, reason;
} reasons[] = {
	{ MOSQ_ERR_KEEPALIVE, 0, MU_ERR_TIMEOUT },
	{ MOSQ_ERR_ERRNO, ETIMEDOUT, MU_ERR_TIMEOUT },
	{ MOSQ_ERR_CONN_LOST, 0, MU_ERR_CLOSED },
	{ MOSQ_ERR_ERRNO, ECONNREFUSED, MU_ERR_CLOSED },
	{ MOSQ_ERR_ERRNO, ECONNRESET, MU_ERR_CLOSED },
	{ MOSQ_ERR_ERRNO, EPIPE, MU_ERR_CLOSED },
	{ MOSQ_ERR_TLS, 0, MU_ERR_AUTH },
	{ MOSQ_ERR_ERRNO, ENETUNREACH, MU_ERR_IO },
	{ MOSQ_ERR_PROTOCOL, 0, MU_ERR_IO },
};

static void test_reasons(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		assert_int_equal(mu_mqtt_handle_reason(reasons[i].code, reasons[i].error), reasons[i].reason);
}

static int connected(struct mosquitto *handle, const struct mu_address *address)
{
	int err = mu_mqtt_handle_connect(handle, address, 60);
	if (err < 0)
		return err;
	poll(&(struct pollfd){ .fd = mosquitto_socket(handle), .events = POLLOUT }, 1, 2000);
	return mu_mqtt_handle_check_connection(mosquitto_socket(handle));
}

// A handle that was refused connects elsewhere. The peer that goes away is noticed, the one that only keeps still is not.
static void test_connections(void **unused)
{
	(void)unused;
	struct mosquitto *handle;
	const struct mu_mqtt_tls none = { 0 };
	const struct mu_mqtt_options options = { .client_id = "dev-1" };
	struct mu_address there = { .size = sizeof there.ipv4,
		.ipv4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, &there.any, there.size), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, &there.any, &there.size);
	struct mu_address elsewhere = there, nowhere = { .size = sizeof nowhere.any, .any.sa_family = AF_UNIX };
	elsewhere.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	assert_int_equal(mu_mqtt_handle_new(&handle, &options, &plain, &none, 0), 0);
	assert_true(mu_mqtt_handle_connect(handle, &nowhere, 60) < 0);
	assert_int_equal(connected(handle, &elsewhere), MU_ERR_CLOSED);
	assert_int_equal(connected(handle, &there), 0);
	int peer = accept(listener, 0, 0);
	assert_int_equal(mu_mqtt_handle_check_handshake(mosquitto_socket(handle)), 0);
	close(peer);
	poll(&(struct pollfd){ .fd = mosquitto_socket(handle), .events = POLLIN }, 1, 2000);
	assert_int_equal(mu_mqtt_handle_check_handshake(mosquitto_socket(handle)), MU_ERR_CLOSED);
	mosquitto_destroy(handle);
	close(listener);
}

static int begin(void **unused)
{
	(void)unused;
	return mosquitto_lib_init();
}

static int end(void **unused)
{
	(void)unused;
	return mosquitto_lib_cleanup();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_handle_has_no_descriptors_and_leaves_the_limit_alone),
		cmocka_unit_test(test_options_that_cannot_be_used),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_connections),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
