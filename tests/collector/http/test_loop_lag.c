// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <time.h>
#include "collector/http/loop_lag.h"

static void end(evutil_socket_t none, short events, void *context)
{
	(void)none, (void)events;
	event_base_loopbreak(context);
}

static void block(evutil_socket_t none, short events, void *context)
{
	const struct timespec long_time = { 0, 700000000 };
	(void)none, (void)events, (void)context;
	nanosleep(&long_time, 0);
}

static void run_for_ms(struct event_base *base, long ms)
{
	const struct timeval time = { ms / 1000, ms % 1000 * 1000 };
	event_base_once(base, -1, EV_TIMEOUT, end, base, &time);
	event_base_dispatch(base);
}

// 700 ms in one callback are at least 450 ms over the 250 ms that the timer waits for; that is remembered afterwards.
static void test_a_callback_that_blocks_is_seen(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	struct loop_lag *lag = loop_lag_start(base);
	const struct timeval soon = { 0, 10000 };
	assert_non_null(lag);
	assert_true(loop_lag_worst_s(lag) == 0);
	event_base_once(base, -1, EV_TIMEOUT, block, 0, &soon);
	run_for_ms(base, 1000);
	double worst_s = loop_lag_worst_s(lag);
	assert_true(worst_s >= 0.4);
	assert_true(worst_s < 100); // seconds, not microseconds
	run_for_ms(base, 300);
	assert_true(loop_lag_worst_s(lag) >= worst_s);
	loop_lag_stop(lag);
	event_base_free(base);
}

// Nothing of it stays in the loop: an empty loop ends at once.
static void test_after_the_stop_the_loop_is_empty(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	struct loop_lag *lag = loop_lag_start(base);
	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
	loop_lag_stop(lag);
	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	assert_int_equal(event_base_dispatch(base), 1); // nothing to wait for
	loop_lag_stop(0);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_callback_that_blocks_is_seen),
		cmocka_unit_test(test_after_the_stop_the_loop_is_empty),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
