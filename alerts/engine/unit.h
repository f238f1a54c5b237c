// SPDX-License-Identifier: Apache-2.0
// Units of numbers in rules: what may be compared and added, and how values of one dimension are scaled to each other.
//
// A unit is a dimension, perhaps per second, and a scale: one of it is num / den of the base unit (seconds, bytes, a share of 1 ...).
// Plain numbers (ANY) fit everything, in the unit of the other side. Pure. Thread: any.
#ifndef ALERTS_ENGINE_UNIT_H
#define ALERTS_ENGINE_UNIT_H
#include <stdbool.h>
#include <stddef.h>

enum dimension {
	DIMENSION_ANY, // a plain number
	DIMENSION_SHARE,
	DIMENSION_COUNT,
	DIMENSION_TIME,
	DIMENSION_BYTES,
	DIMENSION_DBM,
	DIMENSION_TEMPERATURE,
	DIMENSION_BITS,  // a sum of flags: no amount
	DIMENSION_INDEX, // a number that names something: no amount
};

struct unit {
	enum dimension dimension;
	bool per_second;
	double num, den;
};

extern const struct unit unit_any, unit_share, unit_count, unit_seconds;
extern const struct unit unit_percent, unit_milliseconds; // of literals

// Of metrics.def; false: the table has a unit that this module does not know.
bool unit_find(const char *name, struct unit *unit);

const char *unit_text(struct unit unit, char *buffer, size_t size); // "bytes per second"

// Whether values of these units can be compared and added.
bool unit_fits(struct unit a, struct unit b);
bool unit_same_scale(struct unit a, struct unit b);
// The base unit of the same dimension.
struct unit unit_base(struct unit unit);

// The unit of a product or quotient of values in base units; false: it has none.
bool unit_multiply(struct unit a, struct unit b, struct unit *product);
bool unit_divide(struct unit a, struct unit b, struct unit *quotient);

#endif
