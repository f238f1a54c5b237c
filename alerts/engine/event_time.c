// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/event_time.h"
#include <stdbool.h>

static bool has_trusted_time(const Mu__Record *record, uint64_t recv_ms)
{
	bool is_set = record->has_time_quality &&
		(record->time_quality == MU__TIME_QUALITY__TIME_SNTP || record->time_quality == MU__TIME_QUALITY__TIME_SERVER);
	return is_set && record->has_wall_ms && record->wall_ms <= recv_ms && recv_ms - record->wall_ms <= EVENT_TIME_TRUST_MS;
}

// Signed, for a boot may seem to have begun before 1970.
static bool is_before(uint64_t a_ms, uint64_t b_ms)
{
	return (int64_t)(a_ms - b_ms) < 0;
}

uint64_t event_time(struct event_clock *clock, const Mu__Record *record, uint64_t recv_ms)
{
	uint64_t began_ms = recv_ms - record->uptime_ms;
	if (!clock->last_ms || clock->boot != record->boot || is_before(began_ms, clock->began_ms)) {
		clock->boot = record->boot;
		clock->began_ms = began_ms;
	}
	uint64_t at_ms = has_trusted_time(record, recv_ms) ? record->wall_ms : clock->began_ms + record->uptime_ms;
	if (is_before(recv_ms, at_ms))
		at_ms = recv_ms;
	if (is_before(clock->last_ms, at_ms))
		clock->last_ms = at_ms;
	return clock->last_ms;
}
