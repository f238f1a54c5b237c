// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "collector/ingest/broker_probe.h"
#include "tests/collector/ingest/fake_broker.h"
#include "tests/collector/ingest/slow_names.h"

static struct event_base *base;
static struct fake_broker broker;
static char answer[192];
static bool is_done;

static int make(void **state)
{
	(void)state;
	is_done = false;
	memset(&broker, 0, sizeof broker);
	base = event_base_new();
	fake_broker_start(&broker, base);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	fake_broker_stop(&broker);
	event_base_free(base);
	slow_names_hold(false);
	slow_names_await_end();
	return 0;
}

static void on_done(void *context, const char *address, const char *problem)
{
	assert_ptr_equal(context, &is_done);
	is_done = true;
	snprintf(answer, sizeof answer, "%s: %s", address ? address : "", problem ? problem : "made");
}

// The broker's port at a host; the name broker.test has the addresses.
static const char *probe(const char *host, const char *addresses)
{
	struct resolver *resolver = resolver_new(base, host, (uint16_t)broker.port, slow_names_look_up);
	slow_names_are(addresses, *addresses ? 0 : EAI_NONAME);
	is_done = false;
	assert_non_null(broker_probe_start(base, resolver, 200, on_done, &is_done));
	assert_false(is_done); // never before the caller has the probe
	FAKE_BROKER_AWAIT(&broker, is_done);
	resolver_free(resolver);
	return answer;
}

static void test_open_and_closed_ports(void **unused)
{
	(void)unused;
	assert_string_equal(probe("127.0.0.1", ""), "127.0.0.1: made");
	assert_string_equal(probe("127.0.0.2", ""), "127.0.0.2: Connection refused");
}

// Each row: a name with several addresses; the broker is at 127.0.0.1 only.
static const struct {
	const char *addresses, *answer;
} several[] = {
	{ "127.0.0.1 127.0.0.2", "127.0.0.1: made" },
	{ "127.0.0.2 127.0.0.3 127.0.0.1", "127.0.0.1: made" },
	{ "::1 127.0.0.1", "127.0.0.1: made" }, // also where there is no IPv6 at all
	{ "127.0.0.3 127.0.0.2", "127.0.0.2: Connection refused" },
	{ "", ": Name or service not known" },
};

static void test_every_name_with_several_addresses(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof several / sizeof *several; i++)
		assert_string_equal(probe("broker.test", several[i].addresses), several[i].answer);
}

// After run_ms: for a name that is held back, or an address that does not answer.
static void cancel(const char *host, unsigned run_ms)
{
	struct resolver *resolver = resolver_new(base, host, (uint16_t)broker.port, slow_names_look_up);
	is_done = false;
	struct broker_probe *begun = broker_probe_start(base, resolver, 5000, on_done, &is_done);
	if (run_ms)
		fake_broker_turn(&broker, run_ms);
	broker_probe_cancel(begun);
	fake_broker_turn(&broker, 20);
	assert_false(is_done);
	resolver_free(resolver);
}

// Linux lets a SYN go unanswered when the queue of the listener is full.
static void test_address_that_does_not_answer(void **unused)
{
	(void)unused;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)broker.port) };
	inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), first = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(connect(first, (struct sockaddr *)&address, sizeof address), 0);
	assert_string_equal(probe("broker.test", "127.0.0.2 127.0.0.1"), "127.0.0.1: made");
	assert_string_equal(probe("broker.test", "127.0.0.3 127.0.0.2"), "127.0.0.2: no answer");
	cancel("127.0.0.2", 20);
	close(first);
	close(listener);
}

static void test_cancelled_probe_says_nothing(void **unused)
{
	(void)unused;
	broker_probe_cancel(0);
	cancel("127.0.0.1", 0);
	slow_names_are("127.0.0.1", 0);
	slow_names_hold(true);
	cancel("broker.test", 20);
	slow_names_await(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_and_closed_ports, make, clean),
		cmocka_unit_test_setup_teardown(test_every_name_with_several_addresses, make, clean),
		cmocka_unit_test_setup_teardown(test_address_that_does_not_answer, make, clean),
		cmocka_unit_test_setup_teardown(test_cancelled_probe_says_nothing, make, clean),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
