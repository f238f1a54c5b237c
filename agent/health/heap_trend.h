// SPDX-License-Identifier: Apache-2.0
// Says whether the heap leaks, and how fast, from samples of its free bytes. Integers only, 96 numbers of 16 bits.
//
// Method: eight levels of twelve windows each. A window keeps the least free bytes seen in it; windows last 2 s on the first level and
// four times as long on each following one (8 s, 32 s, 2 min, 9 min, 34 min, 2.3 h, 9 h), so a fast leak is seen in half a minute at any
// age of the boot, a slow one after days, and none eats more than 4 times 12 KiB unseen. Each time a level closes a window and
// has all twelve, a least-squares line is laid through them. It is a leak when
//   - the line loses at least 12 KiB over the level: noise of +-4 KiB around a constant cannot do that, in whatever order it comes
//     (the worst order of an 8 KiB range gives 11.1 KiB), and
//   - the loss is steady: each quarter's mean lies below the one before by at least a tenth of the whole drop. One big allocation, a
//     TLS session for example, is a step and touches two quarters at most.
// A leak is taken back when the level that called it loses less than 6 KiB. The first 8 s of a boot are not looked at: everything
// allocates then. A load that grows evenly for a whole level (12 windows) is not told from a leak; nothing can without knowing it.
// Free bytes are kept in units of 16 and end at 1 MiB: internal RAM has less.
// Thread: one at a time. Time: monotonic milliseconds.
#ifndef MU_HEALTH_HEAP_TREND_H
#define MU_HEALTH_HEAP_TREND_H
#include <stdbool.h>
#include <stdint.h>

enum {
	MU_HEAP_TREND_LEVELS = 8,
	MU_HEAP_TREND_WINDOWS = 12,
	MU_HEAP_TREND_FIRST_MS = 2000, // window of level 0; a sample is needed in each window, else that level starts anew
	MU_HEAP_TREND_FACTOR = 4,
	MU_HEAP_TREND_SETTLE_MS = 8000,
	MU_HEAP_TREND_LOSS_BYTES = 12288,
	MU_HEAP_UNIT_BYTES = 16,
};

// One row of windows, and what it says. Also for other series (heap_steps.h).
struct mu_heap_line {
	uint16_t window_units[MU_HEAP_TREND_WINDOWS]; // oldest first
	uint8_t count;
	bool leaking; // as judged when it was last full
};

struct mu_heap_level {
	struct mu_heap_line line;
	uint16_t low_units; // least in the open window; UINT16_MAX: no sample yet
	uint32_t window;    // number of the open one
};

struct mu_heap_trend {
	bool started;
	uint64_t start_ms;
	struct mu_heap_level level[MU_HEAP_TREND_LEVELS];
};

void mu_heap_trend_init(struct mu_heap_trend *trend);

// One sample. Two or more in 2 s give the best result; more often costs eight comparisons each.
void mu_heap_trend_add(struct mu_heap_trend *trend, uint32_t free_bytes, uint64_t now_ms);

bool mu_heap_trend_leaking(const struct mu_heap_trend *trend);

// Bytes an hour, negative: shrinking. Of the fastest level that calls a leak; without a leak of the slowest level that is full, but
// never of the first (24 s say nothing about an hour). MU_ERR_NOT_FOUND: not enough samples yet.
int mu_heap_trend_slope(const struct mu_heap_trend *trend, int32_t *bytes_per_h);

// ---- the judgement by itself. Pure.
uint16_t mu_heap_units(uint32_t bytes); // at most UINT16_MAX - 1
void mu_heap_line_push(struct mu_heap_line *line, uint16_t units); // the next window; judges if the row is full
int32_t mu_heap_line_loss(const struct mu_heap_line *line); // bytes from the first window to the last; negative: a gain

#endif
