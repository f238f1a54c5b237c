// SPDX-License-Identifier: Apache-2.0
// The window functions by brute force, over all samples that there ever were: what window.h is held against.
#ifndef TESTS_ALERTS_ENGINE_WINDOW_ORACLE_H
#define TESTS_ALERTS_ENGINE_WINDOW_ORACLE_H
#include "alerts/engine/window.h"

struct oracle_sample {
	uint64_t at_ms;
	uint32_t boot;
	double value;
};

// What `code` gives for the samples from since_ms to now_ms, both included; in any order, equal times count in theirs. NaN: unknown.
double oracle_read(const struct oracle_sample *samples, size_t count, enum rule_opcode code, uint64_t since_ms, uint64_t now_ms);

// Where the window of a slot begins that is read at now_ms: the first millisecond of its oldest bucket.
uint64_t oracle_window_start(const struct rule_slot *slot, uint64_t now_ms);

// Equal, but for rounding; unknown equals unknown.
int oracle_is_same(double a, double b);

#endif
