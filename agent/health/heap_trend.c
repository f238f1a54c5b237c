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

// With x = -11, -9 .. 11 the line's slope a window is twice the sum of x*y over the sum of x*x, which is 572: sum / 286.
static int64_t weighted_sum(const struct mu_heap_level *level)
{
	int64_t sum = 0;
	for (int i = 0; i < MU_HEAP_TREND_WINDOWS; i++)
		sum += (int64_t)(2 * i - (MU_HEAP_TREND_WINDOWS - 1)) * level->window_bytes[i];
	return sum;
}

// What the line loses from the first window to the last, eleven slopes; negative: it gains.
static int64_t loss_bytes(const struct mu_heap_level *level)
{
	return -weighted_sum(level) / 26;
}

static bool is_steady(const struct mu_heap_level *level)
{
	int64_t sum[4] = { 0 };
	for (int i = 0; i < MU_HEAP_TREND_WINDOWS; i++)
		sum[i / QUARTER] += level->window_bytes[i];
	int64_t drop = sum[0] - sum[3];
	for (int i = 0; i < 3; i++)
		if ((sum[i] - sum[i + 1]) * 10 < drop)
			return false;
	return drop > 0;
}

static void judge(struct mu_heap_level *level)
{
	if (level->count < MU_HEAP_TREND_WINDOWS)
		return;
	int64_t loss = loss_bytes(level);
	if (loss >= MU_HEAP_TREND_LOSS_BYTES && is_steady(level))
		level->leaking = true;
	else if (loss < MU_HEAP_TREND_LOSS_BYTES / 2)
		level->leaking = false;
}

static void push(struct mu_heap_level *level, uint32_t low_bytes)
{
	if (level->count == MU_HEAP_TREND_WINDOWS) {
		memmove(level->window_bytes, level->window_bytes + 1, sizeof level->window_bytes - sizeof *level->window_bytes);
		level->count--;
	}
	level->window_bytes[level->count++] = low_bytes;
}

static void restart(struct mu_heap_level *level, uint64_t now_ms)
{
	*level = (struct mu_heap_level){ .start_ms = now_ms, .low_bytes = UINT32_MAX };
}

// Closes the open window if its time is over. One window without a sample takes the value of the one before: a sampler that is a
// little slower than the window skips one now and then. Two in a row end the evidence.
static void close_window(struct mu_heap_level *level, uint64_t length_ms, uint64_t now_ms)
{
	uint64_t passed = (now_ms - level->start_ms) / length_ms;
	if (passed == 0)
		return;
	if (passed > 2 || level->low_bytes == UINT32_MAX) {
		restart(level, now_ms);
		return;
	}
	for (uint64_t i = 0; i < passed; i++)
		push(level, level->low_bytes);
	level->start_ms += passed * length_ms;
	level->low_bytes = UINT32_MAX;
	judge(level);
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
	for (unsigned i = 0; i < MU_HEAP_TREND_LEVELS; i++) {
		struct mu_heap_level *level = &trend->level[i];
		close_window(level, window_ms(i), now_ms);
		if (free_bytes < level->low_bytes)
			level->low_bytes = free_bytes;
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
	int64_t slope = weighted_sum(&trend->level[level]) * 3600000 / (286 * (int64_t)window_ms((unsigned)level));
	if (slope > INT32_MAX)
		slope = INT32_MAX;
	if (slope < INT32_MIN)
		slope = INT32_MIN;
	*bytes_per_h = (int32_t)slope;
	return 0;
}
