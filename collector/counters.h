// SPDX-License-Identifier: Apache-2.0
// Counters and gauges of musterd, one line each in counters.def. A counter only rises while the process lives; a gauge is set.
//
// Prometheus names: COUNTER(x) is muster_x_total, GAUGE(x) is muster_x. Units are in the names; x_us is shown as x_seconds.
// Thread: the loop's. Memory: one struct in main.c, handed to whoever counts.
#ifndef COLLECTOR_COUNTERS_H
#define COLLECTOR_COUNTERS_H
#include <stddef.h>
#include <stdint.h>

struct counters {
#define COUNTER(name, help) uint64_t name;
#define GAUGE(name, help) int64_t name;
#include "collector/counters.def"
#undef COUNTER
#undef GAUGE
};

// Writes all of them in the Prometheus text format (HELP, TYPE, value) into text, always ended with a zero byte. Returns the length
// without that byte, or -1 if capacity is too small (COUNTERS_TEXT_BYTES is enough).
int counters_format(const struct counters *counters, char *text, size_t capacity);

enum { COUNTERS_TEXT_BYTES = 64 * 1024 };

#endif
