// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/unit.h"

#include <stdio.h>
#include <string.h>

const struct unit unit_any = { DIMENSION_ANY, false, 1, 1 };
const struct unit unit_share = { DIMENSION_SHARE, false, 1, 1 };
const struct unit unit_count = { DIMENSION_COUNT, false, 1, 1 };
const struct unit unit_seconds = { DIMENSION_TIME, false, 1, 1 };
const struct unit unit_percent = { DIMENSION_SHARE, false, 1, 100 };
const struct unit unit_milliseconds = { DIMENSION_TIME, false, 1, 1000 };

static const struct {
	const char *name;
	struct unit unit;
} units[] = {
	{ "bytes", { DIMENSION_BYTES, false, 1, 1 } },
	{ "bytes_per_hour", { DIMENSION_BYTES, true, 1, 3600 } },
	{ "seconds", { DIMENSION_TIME, false, 1, 1 } },
	{ "milliseconds", { DIMENSION_TIME, false, 1, 1000 } },
	{ "microseconds", { DIMENSION_TIME, false, 1, 1000000 } },
	{ "microseconds_per_second", { DIMENSION_SHARE, false, 1, 1000000 } },
	{ "permille", { DIMENSION_SHARE, false, 1, 1000 } },
	{ "dbm", { DIMENSION_DBM, false, 1, 1 } },
	{ "decicelsius", { DIMENSION_TEMPERATURE, false, 1, 10 } },
	{ "count", { DIMENSION_COUNT, false, 1, 1 } },
	{ "bits", { DIMENSION_BITS, false, 1, 1 } },
	{ "index", { DIMENSION_INDEX, false, 1, 1 } },
	{ "flag", { DIMENSION_SHARE, false, 1, 1 } }, // its average is the share of true
	{ "state", { DIMENSION_ANY, false, 1, 1 } },  // an enum: its type says what may be done with it
};

bool unit_find(const char *name, struct unit *unit)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, name) == 0) {
			*unit = units[i].unit;
			return true;
		}
	return false;
}

const char *unit_text(struct unit unit, char *buffer, size_t size)
{
	static const char *const names[] = { "plain number", "share", "count", "time", "bytes", "dBm", "temperature", "bits", "index" };
	snprintf(buffer, size, "%s%s", names[unit.dimension], unit.per_second ? " per second" : "");
	return buffer;
}

bool unit_fits(struct unit a, struct unit b)
{
	if (a.dimension == DIMENSION_ANY || b.dimension == DIMENSION_ANY)
		return true;
	return a.dimension == b.dimension && a.per_second == b.per_second;
}

bool unit_same_scale(struct unit a, struct unit b)
{
	return a.num * b.den == b.num * a.den;
}

struct unit unit_base(struct unit unit)
{
	unit.num = unit.den = 1;
	return unit;
}

static bool is_count(struct unit unit)
{
	return !unit.per_second && unit.dimension == DIMENSION_COUNT;
}

static bool is_share(struct unit unit)
{
	return !unit.per_second && unit.dimension == DIMENSION_SHARE;
}

static bool is_time(struct unit unit)
{
	return !unit.per_second && unit.dimension == DIMENSION_TIME;
}

static bool is_any(struct unit unit)
{
	return unit.dimension == DIMENSION_ANY;
}

// Plain numbers, shares and counts change how much something is, not what it is. The higher, the more it says itself.
static unsigned weight_of(struct unit unit)
{
	return is_any(unit) ? 0 : is_share(unit) ? 1 : is_count(unit) ? 2 : 3;
}

bool unit_multiply(struct unit a, struct unit b, struct unit *product)
{
	const struct unit *heavy = weight_of(a) >= weight_of(b) ? &a : &b, *light = heavy == &a ? &b : &a;
	*product = *heavy;
	if (weight_of(*light) < 3) {
		if (is_any(*light) && heavy->per_second)
			*product = unit_any; // deriv(x[1h]) * 3600: the number may be seconds
		return true;
	}
	bool is_product = (is_time(a) && b.per_second) || (is_time(b) && a.per_second);
	*product = is_time(a) ? b : a;
	product->per_second = false;
	return is_product;
}

bool unit_divide(struct unit a, struct unit b, struct unit *quotient)
{
	if (!is_any(a) && a.dimension == b.dimension && a.per_second == b.per_second) {
		*quotient = unit_share;
		return true;
	}
	if (weight_of(b) < 3) {
		*quotient = a;
		return true;
	}
	if (is_time(b) && !a.per_second) {
		*quotient = a;
		quotient->per_second = !is_any(a);
		return true;
	}
	*quotient = unit_any;
	return is_any(a); // one over bytes: a number that only its author understands
}
