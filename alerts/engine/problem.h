// SPDX-License-Identifier: Apache-2.0
// How problems of rule files are collected: where, what, and what to do about it.
//
//   struct rules_problem *problem = problem_at(where, offset, width, PROBLEM_UNKNOWN_METRIC, "unknown metric `%s`", name);
//   problem_hint(problem, "did you mean `%s`?", nearest);
//
// Counting never stops; the first RULES_PROBLEMS_MAX are kept. Thread: one at a time.
#ifndef ALERTS_ENGINE_PROBLEM_H
#define ALERTS_ENGINE_PROBLEM_H
#include "alerts/engine/source_map.h"

enum problem_code {
#define PROBLEM(code, name, meaning) PROBLEM_##name,
#include "alerts/engine/problem_codes.def"
#undef PROBLEM
	PROBLEM_CODES
};

const char *problem_code_text(enum problem_code code); // "E204"

// Where something is read from. Texts and tables are the caller's.
struct problem_where {
	struct rules_problems *problems;
	const struct source_map *map;
	const char *group, *alert;          // may be null
	const struct source_scalar *scalar; // for problem_at()
};

// Adds a problem at byte `offset` of the scalar; width in bytes of its text, at least 1. Returns it for a hint, or 0 if it is not kept.
struct rules_problem *problem_at(const struct problem_where *where, size_t offset, size_t width, enum problem_code code, const char *format,
	...) __attribute__((format(printf, 5, 6)));

// Likewise at a place in the file.
struct rules_problem *problem_in_file(const struct problem_where *where, struct source_place place, unsigned width, enum problem_code code,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

// problem may be 0.
void problem_hint(struct rules_problem *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

void problem_no_memory(const struct problem_where *where);

#endif
