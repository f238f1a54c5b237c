// SPDX-License-Identifier: Apache-2.0
#include "agent/network/clock.h"

#include <string.h>

#include "agent/image/crc32.h"
#include "proto/limits.h"

enum { RETAINED_MAGIC = 0x4b4c434d, SLEWED_MS = MU_CLOCK_STEP_MS * MU_CLOCK_SLEW_DIVISOR };

// Says that the RTC was set by us, and when: an RTC that reads earlier than that has been reset.
struct retained {
	uint64_t wall_ms;
	uint32_t magic;
	uint32_t check;
};

static uint32_t check_of(const struct retained *retained)
{
	return mu_crc32_le(0, retained, offsetof(struct retained, check));
}

static bool is_sane(const struct mu_clock *clock, uint64_t wall_ms)
{
	return wall_ms >= clock->floor_ms && wall_ms <= MU_WALL_MS_MAX;
}

static bool was_set_by_us(const uint8_t *bytes, uint64_t wall_ms)
{
	struct retained retained;
	memcpy(&retained, bytes, sizeof retained);
	return retained.magic == RETAINED_MAGIC && retained.check == check_of(&retained) && wall_ms >= retained.wall_ms;
}

static void save(struct mu_clock *clock, uint64_t wall_ms, uint64_t now_ms)
{
	struct retained retained = { .magic = RETAINED_MAGIC, .wall_ms = wall_ms };

	clock->saved_ms = now_ms;
	if (clock->port->clock->wall_write(clock->port->context, wall_ms) < 0)
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
static int32_t slewed_ms(const struct mu_clock *clock, uint64_t now_ms)
{
	uint64_t elapsed_ms = now_ms - clock->at_ms;
	int32_t most = elapsed_ms < SLEWED_MS ? (int32_t)elapsed_ms / MU_CLOCK_SLEW_DIVISOR : MU_CLOCK_STEP_MS;
	if (clock->slew_ms > most)
		return most;
	return clock->slew_ms < -most ? -most : clock->slew_ms;
}

uint64_t mu_clock_wall_ms(const struct mu_clock *clock, uint64_t now_ms)
{
	if (clock->quality == MU__TIME_QUALITY__TIME_NONE)
		return 0;
	return clock->wall_ms + (now_ms - clock->at_ms) + (uint64_t)(int64_t)slewed_ms(clock, now_ms);
}

// Its size is below the limit.
static bool is_below(int64_t error_ms, uint32_t limit_ms)
{
	return (uint64_t)error_ms + limit_ms - 1 < 2 * limit_ms - 1;
}

// error_ms is what it was wrong by, until now. Returns 1 if a time that was set is stepped.
static int set(struct mu_clock *clock, uint64_t was_ms, int64_t error_ms, uint64_t now_ms)
{
	bool is_far = !is_below(error_ms, MU_CLOCK_STEP_MS); // also from none
	clock->wall_ms = is_far ? was_ms + (uint64_t)error_ms : was_ms;
	clock->slew_ms = is_far ? 0 : (int32_t)error_ms;
	clock->at_ms = now_ms;
	if (!is_far || !was_ms)
		return 0;
	clock->steps++;
	clock->stepped_ms = error_ms;
	return 1;
}

static int take(struct mu_clock *clock, int quality, uint64_t wall_ms, uint64_t now_ms)
{
	uint64_t was_ms = mu_clock_wall_ms(clock, now_ms);
	int64_t error_ms = (int64_t)(wall_ms - was_ms);
	bool is_hourly = now_ms - clock->saved_ms >= MU_CLOCK_SAVE_MS;
	bool must_save = is_hourly || !mu_clock_trusted(clock) || !is_below(error_ms, MU_CLOCK_STEP_MS);

	if (quality == MU__TIME_QUALITY__TIME_SERVER && is_below(error_ms, MU_CLOCK_IGNORE_MS))
		error_ms = 0; // it is late by its way
	int stepped = set(clock, was_ms, error_ms, now_ms);
	clock->quality = quality;
	if (must_save)
		save(clock, clock->wall_ms, now_ms);
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
	if (!is_sane(clock, sntp_ms))
		return MU_ERR_RANGE;
	clock->sntp_ms = now_ms;
	return take(clock, MU__TIME_QUALITY__TIME_SNTP, sntp_ms, now_ms);
}

int mu_clock_quality(const struct mu_clock *clock)
{
	return clock->quality;
}

bool mu_clock_trusted(const struct mu_clock *clock)
{
	return clock->quality >= MU__TIME_QUALITY__TIME_SNTP;
}
