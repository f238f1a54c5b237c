// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heap_trend.h"
#include "agent/image/err.h"
#include <string.h>

enum { QUARTER = MU_HEAP_TREND_WINDOWS / 4 };

_Static_assert(MU_HEAP_TREND_WINDOWS == 12, "the sums of the least-squares line are those of twelve windows");

uint16_t mu_heap_units(uint32_t bytes)
{
	uint32_t units = bytes / MU_HEAP_UNIT_BYTES;
	return units < UINT16_MAX ? (uint16_t)units : UINT16_MAX - 1;
}

// With x = -11, -9 .. 11 the line's slope a window is twice the sum of x*y over the sum of x*x, which is 572: sum / 286. Below 2^23.
static int32_t weighted_sum(const uint16_t *window_units)
{
	int32_t sum = 0;
	for (int i = 0; i < MU_HEAP_TREND_WINDOWS; i++)
		sum += (2 * i - (MU_HEAP_TREND_WINDOWS - 1)) * window_units[i];
	return sum;
}

// Eleven slopes.
int32_t mu_heap_line_loss(const struct mu_heap_line *line)
{
	return -weighted_sum(line->window_units) * MU_HEAP_UNIT_BYTES / 26;
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

static bool leaks(const struct mu_heap_line *line)
{
	int32_t loss = mu_heap_line_loss(line);
	if (loss >= MU_HEAP_TREND_LOSS_BYTES && is_steady(line->window_units))
		return true;
	return line->leaking && loss >= MU_HEAP_TREND_LOSS_BYTES / 2;
}

void mu_heap_line_push(struct mu_heap_line *line, uint16_t units)
{
	if (line->count == MU_HEAP_TREND_WINDOWS) {
		memmove(line->window_units, line->window_units + 1, sizeof line->window_units - sizeof *line->window_units);
		line->count--;
	}
	line->window_units[line->count++] = units;
	if (line->count == MU_HEAP_TREND_WINDOWS)
		line->leaking = leaks(line);
}

// Closes the open window if its time is over. One window without a sample takes the value of the one before: a sampler that is a
// little slower than the window skips one now and then. Two in a row end the evidence.
static void close_window(struct mu_heap_level *level, uint32_t window)
{
	uint32_t passed = window - level->window;
	if (passed == 0)
		return;
	if (passed > 2 || level->low_units == UINT16_MAX)
		level->line = (struct mu_heap_line){ 0 };
	else
		while (passed--)
			mu_heap_line_push(&level->line, level->low_units);
	level->low_units = UINT16_MAX;
	level->window = window;
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
			trend->level[i].low_units = UINT16_MAX;
	}
	if (now_ms < trend->start_ms)
		return;
	// In 32 bits; after two years they begin anew, and with them the evidence.
	uint32_t window = (uint32_t)((now_ms - trend->start_ms) / 16) / (MU_HEAP_TREND_FIRST_MS / 16);
	uint16_t units = mu_heap_units(free_bytes);
	for (unsigned i = 0; i < MU_HEAP_TREND_LEVELS; i++, window /= MU_HEAP_TREND_FACTOR) {
		struct mu_heap_level *level = &trend->level[i];
		close_window(level, window);
		if (units < level->low_units)
			level->low_units = units;
	}
}

// The fastest level that calls a leak.
static int leaking_level(const struct mu_heap_trend *trend)
{
	for (int i = 0; i < MU_HEAP_TREND_LEVELS; i++)
		if (trend->level[i].line.leaking)
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
		if (trend->level[i].line.count == MU_HEAP_TREND_WINDOWS)
			return i;
	return MU_ERR_NOT_FOUND;
}

int mu_heap_trend_slope(const struct mu_heap_trend *trend, int32_t *bytes_per_h)
{
	enum { NUMERATOR = MU_HEAP_UNIT_BYTES * 3600 / 4, DENOMINATOR = 286 * MU_HEAP_TREND_FIRST_MS / 1000 / 4 }; // of the first level
	int level = leaking_level(trend);
	if (level < 0)
		level = slowest_full_level(trend);
	if (level < 0)
		return MU_ERR_NOT_FOUND;
	// In two parts, so that 32 bits do: at most 1 MiB in 22 s.
	int32_t sum = weighted_sum(trend->level[level].line.window_units);
	*bytes_per_h = (sum / DENOMINATOR * NUMERATOR + sum % DENOMINATOR * NUMERATOR / DENOMINATOR) / (1 << 2 * level);
	return 0;
}
