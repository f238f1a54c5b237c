// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "collector/ingest/broker_probe.h"
#include "tests/collector/ingest/fake_broker.h"

static char answer[128];
static bool is_done;

static void on_done(void *context, const char *problem)
{
	is_done = true;
	snprintf(answer, sizeof answer, "%s", problem ? problem : "made");
	event_base_loopbreak(context);
}

static const char *probe(const char *host, uint16_t port)
{
	struct event_base *base = event_base_new();
	struct timeval most = { .tv_sec = 5 };
	is_done = false;
	assert_non_null(broker_probe_start(base, host, port, 1000, on_done, base));
	assert_false(is_done); // never before the caller has the probe
	event_base_loopexit(base, &most);
	event_base_dispatch(base);
	assert_true(is_done);
	event_base_free(base);
	return answer;
}

static void test_open_and_closed_ports(void **unused)
{
	(void)unused;
	struct fake_broker broker = { 0 };
	struct event_base *base = event_base_new();
	fake_broker_start(&broker, base);
	uint16_t port = (uint16_t)broker.port;
	assert_string_equal(probe("127.0.0.1", port), "made");
	assert_string_equal(probe("localhost", port), "made"); // perhaps after ::1 has refused
	fake_broker_stop(&broker);
	event_base_free(base);
	assert_string_equal(probe("127.0.0.1", port), "Connection refused");
}

static void test_name_that_is_none(void **unused)
{
	(void)unused;
	assert_string_not_equal(probe("no such host", 1), "made");
	assert_true(strlen(answer) > 5);
}

static void test_cancelled_probe_says_nothing(void **unused)
{
	(void)unused;
	struct event_base *base = event_base_new();
	is_done = false;
	broker_probe_cancel(broker_probe_start(base, "127.0.0.1", 1, 1000, on_done, base));
	broker_probe_cancel(0);
	event_base_dispatch(base); // nothing is left to wait for
	assert_false(is_done);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_and_closed_ports),
		cmocka_unit_test(test_name_that_is_none),
		cmocka_unit_test(test_cancelled_probe_says_nothing),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
