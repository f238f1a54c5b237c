// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heap_trend.h"
#include "agent/image/err.h"
#include <string.h>

enum { QUARTER = MU_HEAP_TREND_WINDOWS / 4 };

_Static_assert(MU_HEAP_TREND_WINDOWS == 12, "the sums of the least-squares line are those of twelve windows");

static uint64_t window_ms(unsigned level)
{
	uint64_t length = MU_HEAP_TREND_FIRST_MS;
	while (level--)
		length *= MU_HEAP_TREND_FACTOR;
	return length;
}

uint16_t mu_heap_units(uint32_t bytes)
{
	uint32_t units = bytes / MU_HEAP_UNIT_BYTES;
	return units < UINT16_MAX ? (uint16_t)units : UINT16_MAX - 1;
}

// With x = -11, -9 .. 11 the line's slope a window is twice the sum of x*y over the sum of x*x, which is 572: sum / 286. In bytes.
static int64_t weighted_sum(const uint16_t *window_units)
{
	int32_t sum = 0;
	for (int i = 0; i < MU_HEAP_TREND_WINDOWS; i++)
		sum += (2 * i - (MU_HEAP_TREND_WINDOWS - 1)) * window_units[i];
	return (int64_t)sum * MU_HEAP_UNIT_BYTES;
}

// Eleven slopes.
int32_t mu_heap_line_loss(const uint16_t window_units[MU_HEAP_TREND_WINDOWS])
{
	return (int32_t)(-weighted_sum(window_units) / 26);
}

static bool is_steady(const uint16_t *window_units)
{
	int32_t sum[4] = { 0 };
	for (int i = 0; i < MU_HEAP_TREND_WINDOWS; i++)
		sum[i / QUARTER] += window_units[i];
	int32_t drop = sum[0] - sum[3];
	for (int i = 0; i < 3; i++)
		if ((sum[i] - sum[i + 1]) * 10 < drop)
			return false;
	return drop > 0;
}

bool mu_heap_line_leaks(const uint16_t window_units[MU_HEAP_TREND_WINDOWS], bool leaking)
{
	int32_t loss = mu_heap_line_loss(window_units);
	if (loss >= MU_HEAP_TREND_LOSS_BYTES && is_steady(window_units))
		return true;
	return leaking && loss >= MU_HEAP_TREND_LOSS_BYTES / 2;
}

static void push(struct mu_heap_level *level, uint16_t low_units)
{
	if (level->count == MU_HEAP_TREND_WINDOWS) {
		memmove(level->window_units, level->window_units + 1, sizeof level->window_units - sizeof *level->window_units);
		level->count--;
	}
	level->window_units[level->count++] = low_units;
}

static void restart(struct mu_heap_level *level, uint64_t now_ms)
{
	*level = (struct mu_heap_level){ .start_ms = now_ms, .low_units = UINT16_MAX };
}

// Closes the open window if its time is over. One window without a sample takes the value of the one before: a sampler that is a
// little slower than the window skips one now and then. Two in a row end the evidence.
static void close_window(struct mu_heap_level *level, uint64_t length_ms, uint64_t now_ms)
{
	uint64_t passed = (now_ms - level->start_ms) / length_ms;
	if (passed == 0)
		return;
	if (passed > 2 || level->low_units == UINT16_MAX) {
		restart(level, now_ms);
		return;
	}
	for (uint64_t i = 0; i < passed; i++)
		push(level, level->low_units);
	level->start_ms += passed * length_ms;
	level->low_units = UINT16_MAX;
	if (level->count == MU_HEAP_TREND_WINDOWS)
		level->leaking = mu_heap_line_leaks(level->window_units, level->leaking);
}

void mu_heap_trend_init(struct mu_heap_trend *trend)
{
	*trend = (struct mu_heap_trend){ 0 };
}

void mu_heap_trend_add(struct mu_heap_trend *trend, uint32_t free_bytes, uint64_t now_ms)
{
	if (!trend->started) {
		trend->started = true;
		trend->start_ms = now_ms + MU_HEAP_TREND_SETTLE_MS;
		for (unsigned i = 0; i < MU_HEAP_TREND_LEVELS; i++)
			restart(&trend->level[i], trend->start_ms);
	}
	if (now_ms < trend->start_ms)
		return;
	uint16_t units = mu_heap_units(free_bytes);
	for (unsigned i = 0; i < MU_HEAP_TREND_LEVELS; i++) {
		struct mu_heap_level *level = &trend->level[i];
		close_window(level, window_ms(i), now_ms);
		if (units < level->low_units)
			level->low_units = units;
	}
}

// The fastest level that calls a leak.
static int leaking_level(const struct mu_heap_trend *trend)
{
	for (int i = 0; i < MU_HEAP_TREND_LEVELS; i++)
		if (trend->level[i].leaking)
			return i;
	return MU_ERR_NOT_FOUND;
}

bool mu_heap_trend_leaking(const struct mu_heap_trend *trend)
{
	return leaking_level(trend) >= 0;
}

static int slowest_full_level(const struct mu_heap_trend *trend)
{
	for (int i = MU_HEAP_TREND_LEVELS - 1; i > 0; i--)
		if (trend->level[i].count == MU_HEAP_TREND_WINDOWS)
			return i;
	return MU_ERR_NOT_FOUND;
}

int mu_heap_trend_slope(const struct mu_heap_trend *trend, int32_t *bytes_per_h)
{
	int level = leaking_level(trend);
	if (level < 0)
		level = slowest_full_level(trend);
	if (level < 0)
		return MU_ERR_NOT_FOUND;
	// At most 1 MiB in 22 s, which 32 bits hold.
	*bytes_per_h = (int32_t)(weighted_sum(trend->level[level].window_units) * 3600000 / (286 * (int64_t)window_ms((unsigned)level)));
	return 0;
}
