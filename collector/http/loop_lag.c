// SPDX-License-Identifier: Apache-2.0
#include "collector/http/loop_lag.h"
#include "collector/clock.h"
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>

enum { EVERY_US = 250000, HALF_US = 30000000 };

struct loop_lag {
	struct event *timer;
	uint64_t last_us, half_us;
	uint64_t worst_us[2]; // of this half of the window and the one before
};

static void measure(evutil_socket_t none, short events, void *context)
{
	(void)none, (void)events;
	struct loop_lag *lag = context;
	uint64_t now_us = clock_monotonic_us();
	uint64_t apart_us = now_us - lag->last_us;
	uint64_t late_us = apart_us > EVERY_US ? apart_us - EVERY_US : 0;
	lag->last_us = now_us;
	if (now_us - lag->half_us >= HALF_US) {
		lag->half_us = now_us;
		lag->worst_us[1] = lag->worst_us[0];
		lag->worst_us[0] = 0;
	}
	if (late_us > lag->worst_us[0])
		lag->worst_us[0] = late_us;
}

struct loop_lag *loop_lag_start(struct event_base *base)
{
	struct loop_lag *lag = calloc(1, sizeof *lag);
	const struct timeval every = { 0, EVERY_US };
	if (!lag)
		return 0;
	lag->last_us = lag->half_us = clock_monotonic_us();
	lag->timer = event_new(base, -1, EV_PERSIST, measure, lag);
	if (!lag->timer || event_add(lag->timer, &every) < 0) {
		loop_lag_stop(lag);
		return 0;
	}
	return lag;
}

double loop_lag_worst_s(const struct loop_lag *lag)
{
	uint64_t worst_us = lag->worst_us[0] > lag->worst_us[1] ? lag->worst_us[0] : lag->worst_us[1];
	return (double)worst_us / 1e6;
}

void loop_lag_stop(struct loop_lag *lag)
{
	if (!lag)
		return;
	if (lag->timer)
		event_free(lag->timer);
	free(lag);
}
