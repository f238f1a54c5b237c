// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/recovery/netwatch.h"

enum { KEEPALIVE_S = 30, INTERVAL_MS = 60000, DEAD_MS = 45000 };
#define MIN(n) ((n)*60000ull)

static void start(struct mu_netwatch *watch, uint64_t now_ms)
{
	mu_netwatch_init(watch, KEEPALIVE_S, INTERVAL_MS);
	mu_netwatch_link(watch, true, now_ms);
	mu_netwatch_session(watch, true, now_ms);
}

static void expect(struct mu_netwatch *watch, uint64_t now_ms, enum mu_netwatch_due due)
{
	uint64_t next_ms;
	assert_int_equal(mu_netwatch_step(watch, now_ms, &next_ms), due);
	if (due == MU_NETWATCH_FINE)
		assert_true(next_ms > now_ms);
	else
		assert_int_equal(next_ms, now_ms); // ask again at once
}

static void test_silence_in_a_session(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	start(&watch, 1000);
	expect(&watch, 1000 + DEAD_MS - 1, MU_NETWATCH_FINE);
	mu_netwatch_answer(&watch, 40000);
	expect(&watch, 40000 + DEAD_MS - 1, MU_NETWATCH_FINE);
	expect(&watch, 40000 + DEAD_MS, MU_NETWATCH_DEAD_SESSION); // at 1.5 keepalives, not later: 45 s are the promise
	expect(&watch, 40000 + DEAD_MS, MU_NETWATCH_FINE);         // told once
}

static void test_next_is_the_moment_it_becomes_due(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	uint64_t next_ms;
	start(&watch, 1000);
	assert_int_equal(mu_netwatch_step(&watch, 2000, &next_ms), MU_NETWATCH_FINE);
	assert_int_equal(next_ms, 1000 + DEAD_MS);
	mu_netwatch_link(&watch, false, 3000);
	mu_netwatch_session(&watch, false, 3000);
	mu_netwatch_step(&watch, 3000, &next_ms);
	assert_int_equal(next_ms, UINT64_MAX); // without a link nothing comes by itself
}

// Session, link, radio, device: each once, and the last again each hour.
static void test_escalation(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t at_ms;
		enum mu_netwatch_due due;
	} rows[] = {
		{ DEAD_MS, MU_NETWATCH_DEAD_SESSION },
		{ MIN(5) - 1, MU_NETWATCH_FINE },
		{ MIN(5), MU_NETWATCH_DEAD_LINK },
		{ MIN(15) - 1, MU_NETWATCH_FINE },
		{ MIN(15), MU_NETWATCH_DEAD_RADIO },
		{ MIN(60) - 1, MU_NETWATCH_FINE },
		{ MIN(60), MU_NETWATCH_DEAD_DEVICE },
		{ MIN(120) - 1, MU_NETWATCH_FINE },
		{ MIN(120), MU_NETWATCH_DEAD_DEVICE },
	};
	struct mu_netwatch watch;
	start(&watch, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect(&watch, rows[i].at_ms, rows[i].due);
	mu_netwatch_answer(&watch, MIN(121)); // and from the start again
	expect(&watch, MIN(126) - 1, MU_NETWATCH_FINE);
	expect(&watch, MIN(126), MU_NETWATCH_DEAD_LINK);
}

// An access point that was off for hours is not the radio's fault: only time with a link counts.
static void test_time_without_a_link_does_not_count(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	start(&watch, 0);
	expect(&watch, DEAD_MS, MU_NETWATCH_DEAD_SESSION);
	mu_netwatch_link(&watch, false, MIN(4));
	expect(&watch, MIN(300), MU_NETWATCH_FINE);
	mu_netwatch_link(&watch, true, MIN(300));
	expect(&watch, MIN(300), MU_NETWATCH_FINE);
	expect(&watch, MIN(301) - 1, MU_NETWATCH_FINE);
	expect(&watch, MIN(301), MU_NETWATCH_DEAD_LINK); // 4 + 1 minutes
	mu_netwatch_link(&watch, true, MIN(302));        // told twice that it is up: no harm
	expect(&watch, MIN(311) - 1, MU_NETWATCH_FINE);
	expect(&watch, MIN(311), MU_NETWATCH_DEAD_RADIO);
}

// The broker answers, the collector does not: the session once anew, then no more of it until an Ack comes.
static void test_pubacks_without_ack(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	start(&watch, 0);
	for (uint64_t now_ms = 1000; now_ms < 121000; now_ms += 10000) {
		mu_netwatch_puback(&watch, now_ms);
		expect(&watch, now_ms, MU_NETWATCH_FINE);
	}
	expect(&watch, 121000, MU_NETWATCH_NO_ACK); // 2 intervals after the first that is not acked
	mu_netwatch_session(&watch, false, 121000);
	mu_netwatch_session(&watch, true, 122000);
	for (uint64_t now_ms = 122000; now_ms < MIN(60); now_ms += 10000) {
		mu_netwatch_puback(&watch, now_ms);
		expect(&watch, now_ms, MU_NETWATCH_FINE); // the link is not to blame, and once is enough
	}
	mu_netwatch_ack(&watch, MIN(60));
	mu_netwatch_puback(&watch, MIN(60));
	for (uint64_t now_ms = MIN(60); now_ms < MIN(62); now_ms += 10000)
		mu_netwatch_answer(&watch, now_ms);
	expect(&watch, MIN(62), MU_NETWATCH_NO_ACK);
}

static void test_short_intervals_wait_90_s(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	start(&watch, 0);
	mu_netwatch_interval(&watch, 1000);
	mu_netwatch_puback(&watch, 1000);
	for (uint64_t now_ms = 1000; now_ms < 91000; now_ms += 5000) {
		mu_netwatch_answer(&watch, now_ms);
		expect(&watch, now_ms, MU_NETWATCH_FINE);
	}
	expect(&watch, 91000, MU_NETWATCH_NO_ACK);
}

// Acks coming: nothing is due however long it goes on; and a device with nothing to send owes no Ack.
static void test_all_is_well(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	start(&watch, 0);
	for (uint64_t now_ms = 0; now_ms < MIN(600); now_ms += 30000) {
		if (now_ms % 60000 == 0) {
			mu_netwatch_puback(&watch, now_ms);
			mu_netwatch_ack(&watch, now_ms);
		}
		mu_netwatch_answer(&watch, now_ms);
		expect(&watch, now_ms, MU_NETWATCH_FINE);
	}
}

// A long keep-alive must not be overtaken by the step for the link: an open session is judged by its own clock.
static void test_long_keepalive(void **unused)
{
	(void)unused;
	struct mu_netwatch watch;
	mu_netwatch_init(&watch, 300, INTERVAL_MS);
	mu_netwatch_link(&watch, true, 0);
	mu_netwatch_session(&watch, true, 0);
	expect(&watch, MIN(7), MU_NETWATCH_FINE);
	expect(&watch, 450000, MU_NETWATCH_DEAD_SESSION);
	expect(&watch, 450000, MU_NETWATCH_DEAD_LINK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_in_a_session),
		cmocka_unit_test(test_next_is_the_moment_it_becomes_due),
		cmocka_unit_test(test_escalation),
		cmocka_unit_test(test_time_without_a_link_does_not_count),
		cmocka_unit_test(test_pubacks_without_ack),
		cmocka_unit_test(test_short_intervals_wait_90_s),
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_long_keepalive),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
