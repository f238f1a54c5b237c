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

static bool is_sane(const struct mu_clock *clock, uint64_t wall_ms)
{
	return wall_ms >= clock->floor_ms && wall_ms <= MU_WALL_MS_MAX;
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

void mu_clock_init(struct mu_clock *clock, const struct mu_port *port, uint8_t *retained, uint64_t floor_ms, uint64_t now_ms)
{
	uint64_t wall_ms;

	*clock = (struct mu_clock){ .port = port,
		.retained = retained,
		.quality = MU__TIME_QUALITY__TIME_NONE,
		.sntp_ms = UINT64_MAX,
		.floor_ms = floor_ms > MU_WALL_MS_MIN ? floor_ms : MU_WALL_MS_MIN };
	if (port->clock->wall_read(port->context, &wall_ms) < 0)
		return;
	if (!is_sane(clock, wall_ms) || !was_set_by_us(retained, wall_ms))
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

// True if a time that was set is changed by it.
static bool step(struct mu_clock *clock, uint64_t wall_ms, int64_t error_ms, uint64_t now_ms)
{
	bool was_set = clock->quality != MU__TIME_QUALITY__TIME_NONE;
	if (was_set) {
		clock->steps++;
		clock->stepped_ms = error_ms;
	}
	clock->wall_ms = wall_ms;
	clock->at_ms = now_ms;
	clock->slew_ms = 0;
	return was_set;
}

static void slew(struct mu_clock *clock, int64_t error_ms, uint64_t now_ms)
{
	clock->wall_ms = mu_clock_wall_ms(clock, now_ms);
	clock->at_ms = now_ms;
	clock->slew_ms = error_ms;
}

static bool is_below(int64_t error_ms, int64_t limit_ms)
{
	return error_ms > -limit_ms && error_ms < limit_ms;
}

static int take(struct mu_clock *clock, int quality, uint64_t wall_ms, uint64_t now_ms)
{
	if (!is_sane(clock, wall_ms))
		return MU_ERR_RANGE;
	int64_t error_ms = (int64_t)(wall_ms - mu_clock_wall_ms(clock, now_ms));
	bool is_far = !is_below(error_ms, MU_CLOCK_STEP_MS);
	bool must_save = is_far || !mu_clock_trusted(clock) || now_ms - clock->saved_ms >= MU_CLOCK_SAVE_MS;
	bool is_late = quality == MU__TIME_QUALITY__TIME_SERVER && is_below(error_ms, MU_CLOCK_IGNORE_MS);
	bool stepped = is_far && step(clock, wall_ms, error_ms, now_ms);

	if (!is_far)
		slew(clock, is_late ? 0 : error_ms, now_ms);
	clock->quality = quality;
	if (must_save)
		save(clock, mu_clock_wall_ms(clock, now_ms), now_ms);
	return stepped;
}

int mu_clock_server(struct mu_clock *clock, uint64_t server_ms, uint64_t now_ms)
{
	if (!is_sane(clock, server_ms))
		return MU_ERR_RANGE;
	if (clock->sntp_ms != UINT64_MAX && now_ms - clock->sntp_ms < MU_CLOCK_SNTP_MS)
		return 0;
	return take(clock, MU__TIME_QUALITY__TIME_SERVER, server_ms, now_ms);
}

int mu_clock_sntp(struct mu_clock *clock, uint64_t sntp_ms, uint64_t now_ms)
{
	int result = take(clock, MU__TIME_QUALITY__TIME_SNTP, sntp_ms, now_ms);
	if (result >= 0)
		clock->sntp_ms = now_ms;
	return result;
}

int mu_clock_quality(const struct mu_clock *clock)
{
	return clock->quality;
}

bool mu_clock_trusted(const struct mu_clock *clock)
{
	return clock->quality >= MU__TIME_QUALITY__TIME_SNTP;
}
