// SPDX-License-Identifier: Apache-2.0
#include "collector/counters.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct row {
	const char *name, *help;
	bool is_gauge;
	size_t offset;
};

static const struct row rows[] = {
#define COUNTER(name, help) { #name, help, false, offsetof(struct counters, name) },
#define GAUGE(name, help) { #name, help, true, offsetof(struct counters, name) },
#include "collector/counters.def"
#undef COUNTER
#undef GAUGE
};

// Prometheus wants base units: what is counted in microseconds is shown in seconds.
static bool is_in_us(const char *name)
{
	size_t length = strlen(name);
	return length > 3 && strcmp(name + length - 3, "_us") == 0;
}

static int format_row(const struct row *row, const struct counters *counters, char *text, size_t capacity)
{
	const void *field = (const char *)counters + row->offset;
	char name[80], value[40];
	int stem = (int)strlen(row->name) - (is_in_us(row->name) ? 3 : 0);
	snprintf(name, sizeof name, "muster_%.*s%s%s", stem, row->name, is_in_us(row->name) ? "_seconds" : "",
		row->is_gauge ? "" : "_total");
	if (is_in_us(row->name))
		snprintf(value, sizeof value, "%.6f", (double)*(const uint64_t *)field / 1e6);
	else if (row->is_gauge)
		snprintf(value, sizeof value, "%" PRId64, *(const int64_t *)field);
	else
		snprintf(value, sizeof value, "%" PRIu64, *(const uint64_t *)field);
	return snprintf(text, capacity, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, row->help, name, row->is_gauge ? "gauge" : "counter",
		name, value);
}

int counters_format(const struct counters *counters, char *text, size_t capacity)
{
	size_t length = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int more = format_row(&rows[i], counters, text + length, capacity - length);
		if (more < 0 || (size_t)more >= capacity - length)
			return -1;
		length += (size_t)more;
	}
	return (int)length;
}
