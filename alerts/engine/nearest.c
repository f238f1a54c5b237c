// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/nearest.h"
#include <stddef.h>
#include <string.h>

enum { NAME_BYTES = 48 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned least_of_two = a < b ? a : b;
	return least_of_two < c ? least_of_two : c;
}

// How many letters must change, come or go.
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_BYTES + 1];
	size_t width = strlen(b);
	if (width > NAME_BYTES || strlen(a) > NAME_BYTES)
		return NAME_BYTES;
	for (unsigned i = 0; i <= width; i++)
		row[i] = i;
	for (; *a; a++) {
		unsigned corner = row[0]++;
		for (size_t i = 1; i <= width; i++) {
			unsigned above = row[i];
			row[i] = least(above + 1, row[i - 1] + 1, corner + (*a != b[i - 1]));
			corner = above;
		}
	}
	return row[width];
}

const char *nearest_name(const char *name, const char *(*name_of)(const void *context, size_t i), const void *context)
{
	const char *nearest = 0;
	unsigned best = (unsigned)strlen(name) / 3 + 1; // further away it is a guess, not a hint
	const char *candidate, *longer = 0;
	for (size_t i = 0; (candidate = name_of(context, i)); i++) {
		unsigned away = distance(name, candidate);
		if (away < best + !nearest) {
			best = away;
			nearest = candidate;
		}
		if (!longer && strlen(name) >= 4 && strncmp(candidate, name, strlen(name)) == 0) // heap_free: its unit is missing
			longer = candidate;
	}
	return nearest ? nearest : longer;
}
