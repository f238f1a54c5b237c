// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/stamps.h"
#include "tests/sim/world.h"

enum { SNTP_ERROR_MS = 5000, SERVER_ERROR_MS = 2200 };

static bool is_trusted(int quality)
{
	return quality == MU__TIME_QUALITY__TIME_SNTP || quality == MU__TIME_QUALITY__TIME_SERVER;
}

static bool is_over(const struct sim_device *device, uint64_t not_after_ms)
{
	const struct mu_clock *clock = &device->agent.clock;
	return is_trusted(mu_clock_quality(clock)) && mu_clock_wall_ms(clock, device->world->now_ms - device->boot_ms) > not_after_ms;
}

bool sim_stamps_may_be_over(const struct sim_device *device, uint64_t not_after_ms)
{
	return device->stamps.heard_ms == device->world->now_ms || is_over(device, not_after_ms);
}

bool sim_stamps_may_be_early(const struct sim_device *device, uint64_t not_after_ms)
{
	return device->stamps.heard_ms == device->world->now_ms || !is_over(device, not_after_ms);
}

void sim_stamps_boot(struct sim_device *device)
{
	uint64_t wall_ms;
	device->stamps = (struct sim_stamps){ .told_ms = UINT64_MAX, .heard_ms = UINT64_MAX };
	device->stamps.rtc_kept = mu_virtual_rtc_read(&device->rtc, device->world->now_ms, &wall_ms) >= 0;
}

void sim_stamps_sntp(struct sim_device *device)
{
	device->stamps.sntp = true;
	device->stamps.heard_ms = device->world->now_ms;
}

void sim_stamps_ack(struct sim_device *device, const Mu__Ack *ack)
{
	struct sim_stamps *stamps = &device->stamps;
	struct sim_world *world = device->world;
	if (!ack->has_server_time_ms)
		return;
	stamps->server = true;
	stamps->server_error_ms = (int64_t)(ack->server_time_ms - sim_wall_ms(world));
	stamps->heard_ms = world->now_ms;
	if (stamps->told_ms == UINT64_MAX)
		stamps->told_ms = world->now_ms;
}

static void check_error(struct sim_device *device, const Mu__Record *record, int64_t expected_ms, int64_t limit_ms)
{
	int64_t error_ms = (int64_t)(record->wall_ms - sim_wall_ms(device->world));
	if (error_ms < expected_ms - limit_ms || error_ms > expected_ms + limit_ms)
		sim_fail(device->world, device, "a record of time quality %d is wrong by %lld ms, which nobody has told",
			(int)record->time_quality, (long long)error_ms);
}

// Whether there is something that can have given it.
static bool has_source(const struct sim_stamps *stamps, int quality)
{
	switch (quality) {
	case MU__TIME_QUALITY__TIME_NONE: return true;
	case MU__TIME_QUALITY__TIME_RTC: return stamps->rtc_kept;
	case MU__TIME_QUALITY__TIME_SNTP: return stamps->sntp;
	case MU__TIME_QUALITY__TIME_SERVER: return stamps->server;
	default: return false;
	}
}

void sim_stamps_record(struct sim_device *device, const Mu__Record *record)
{
	const struct sim_stamps *stamps = &device->stamps;
	struct sim_world *world = device->world;
	int quality = (int)record->time_quality;
	if (!has_source(stamps, quality))
		sim_fail(world, device, "a record has time quality %d, and nothing in this boot can have given it", quality);
	else if (!is_trusted(quality) && stamps->told_ms < world->now_ms)
		sim_fail(world, device, "a record has time quality %d, though the time was told %llu s before", quality,
			(unsigned long long)(world->now_ms - stamps->told_ms) / 1000);
	else if (quality == MU__TIME_QUALITY__TIME_SNTP)
		check_error(device, record, 0, SNTP_ERROR_MS);
	else if (quality == MU__TIME_QUALITY__TIME_SERVER && stamps->heard_ms < world->now_ms)
		check_error(device, record, stamps->server_error_ms, SERVER_ERROR_MS);
}
