// SPDX-License-Identifier: Apache-2.0
#include "agent/network/clock.h"

#include <string.h>

#include "proto/limits.h"

enum { RETAINED_MAGIC = 0x4b4c434d };

// Says that the RTC was set by us, and when: an RTC that reads earlier than that has been reset.
struct retained {
	uint32_t magic;
	uint32_t check;
	uint64_t wall_ms;
};

static uint32_t check_of(const struct retained *retained)
{
	uint64_t mixed = (retained->wall_ms ^ retained->magic) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32) + 1;
}

static bool is_sane(uint64_t wall_ms)
{
	return wall_ms >= MU_WALL_MS_MIN && wall_ms <= MU_WALL_MS_MAX;
}

static bool was_set_by_us(const uint8_t *bytes, uint64_t wall_ms)
{
	struct retained retained;
	if (!bytes)
		return false;
	memcpy(&retained, bytes, sizeof retained);
	return retained.magic == RETAINED_MAGIC && retained.check == check_of(&retained) && wall_ms >= retained.wall_ms;
}

static void save(struct mu_clock *clock, uint64_t wall_ms, uint64_t now_ms)
{
	struct retained retained = { .magic = RETAINED_MAGIC, .wall_ms = wall_ms };

	clock->saved_ms = now_ms;
	if (clock->port->clock->wall_write(clock->port->context, wall_ms) < 0 || !clock->retained)
		return;
	retained.check = check_of(&retained);
	memcpy(clock->retained, &retained, sizeof retained);
}

void mu_clock_init(struct mu_clock *clock, const struct mu_port *port, uint8_t *retained, uint64_t now_ms)
{
	uint64_t wall_ms;

	*clock = (struct mu_clock){ .port = port, .retained = retained, .quality = MU__TIME_QUALITY__TIME_NONE };
	if (port->clock->wall_read(port->context, &wall_ms) < 0)
		return;
	if (!is_sane(wall_ms) || !was_set_by_us(retained, wall_ms))
		return;
	clock->wall_ms = wall_ms;
	clock->at_ms = now_ms;
	clock->quality = MU__TIME_QUALITY__TIME_RTC;
}

// The part of the slew that the time since at_ms has worked off.
static int64_t slewed_ms(const struct mu_clock *clock, uint64_t now_ms)
{
	int64_t most = (int64_t)((now_ms - clock->at_ms) / MU_CLOCK_SLEW_DIVISOR);
	if (clock->slew_ms > most)
		return most;
	return clock->slew_ms < -most ? -most : clock->slew_ms;
}

uint64_t mu_clock_wall_ms(const struct mu_clock *clock, uint64_t now_ms)
{
	if (clock->quality == MU__TIME_QUALITY__TIME_NONE)
		return 0;
	return clock->wall_ms + (now_ms - clock->at_ms) + (uint64_t)slewed_ms(clock, now_ms);
}

static void step(struct mu_clock *clock, uint64_t wall_ms, uint64_t now_ms)
{
	if (clock->quality != MU__TIME_QUALITY__TIME_NONE)
		clock->steps++;
	clock->wall_ms = wall_ms;
	clock->at_ms = now_ms;
	clock->slew_ms = 0;
}

static void slew(struct mu_clock *clock, int64_t error_ms, uint64_t now_ms)
{
	clock->wall_ms = mu_clock_wall_ms(clock, now_ms);
	clock->at_ms = now_ms;
	clock->slew_ms = error_ms > -MU_CLOCK_IGNORE_MS && error_ms < MU_CLOCK_IGNORE_MS ? 0 : error_ms;
}

int mu_clock_server(struct mu_clock *clock, uint64_t server_ms, uint64_t now_ms)
{
	if (!is_sane(server_ms))
		return MU_ERR_RANGE;
	int64_t error_ms = (int64_t)(server_ms - mu_clock_wall_ms(clock, now_ms));
	bool is_far = error_ms >= MU_CLOCK_STEP_MS || error_ms <= -MU_CLOCK_STEP_MS;
	bool must_save = is_far || !mu_clock_trusted(clock) || now_ms - clock->saved_ms >= MU_CLOCK_SAVE_MS;

	if (is_far)
		step(clock, server_ms, now_ms);
	else
		slew(clock, error_ms, now_ms);
	clock->quality = MU__TIME_QUALITY__TIME_SERVER;
	if (must_save)
		save(clock, mu_clock_wall_ms(clock, now_ms), now_ms);
	return 0;
}

int mu_clock_quality(const struct mu_clock *clock)
{
	return clock->quality;
}

bool mu_clock_trusted(const struct mu_clock *clock)
{
	return clock->quality >= MU__TIME_QUALITY__TIME_SNTP;
}
