// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/time_text.h"

#include <stdio.h>
#include <time.h>

enum { SECOND_MS = 1000, MS_NS = 1000000 };
#define YEAR_10000_MS UINT64_C(253402300800000)

struct time_text time_text(uint64_t unix_ms)
{
	struct time_text out = { TIME_TEXT_UNSET };
	struct tm parts;
	time_t seconds = (time_t)(unix_ms / SECOND_MS);
	if (unix_ms == 0 || unix_ms >= YEAR_10000_MS || !gmtime_r(&seconds, &parts))
		return out;
	size_t length = strftime(out.text, sizeof out.text, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(out.text + length, sizeof out.text - length, ".%03uZ", (unsigned)(unix_ms % SECOND_MS));
	return out;
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * SECOND_MS + (uint64_t)now.tv_nsec / MS_NS;
}

uint64_t time_now_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t time_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}
