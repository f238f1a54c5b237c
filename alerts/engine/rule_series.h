// SPDX-License-Identifier: Apache-2.0
// The input series of a test of rules, in promtool's notation: `heap_free_bytes{device="d1"}` and its values `60000x3 40000+10x5 _x2 7`.
//
//   a      one value       axn      a, then n times again      a+bxn, a-bxn   a, then n more, each b further
//   _      no value        _xn      n times no value
//
// Pure. Memory: the heap, freed by rule_series_free(). Thread: any.
#ifndef ALERTS_ENGINE_RULE_SERIES_H
#define ALERTS_ENGINE_RULE_SERIES_H
#include <stddef.h>
#include "alerts/engine/problem.h"

enum { RULE_SERIES_VALUES_MAX = 20000, RULE_SERIES_NAME_BYTES = 64 };

struct rule_series {
	int metric;
	char device[RULE_SERIES_NAME_BYTES];   // "d1" if no label says another
	char firmware[RULE_SERIES_NAME_BYTES]; // ""
	double *values;                        // NaN: no value
	size_t count;
};

// Reads both scalars; where.scalar is set within. -1: a problem says why.
int rule_series_read(struct rule_series *series, const struct problem_where *where, const struct source_scalar *name,
	const struct source_scalar *values);
void rule_series_free(struct rule_series *series);

#endif
