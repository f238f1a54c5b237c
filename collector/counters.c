// SPDX-License-Identifier: Apache-2.0
#include "collector/counters.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

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

static int format_row(const struct row *row, const struct counters *counters, char *text, size_t capacity)
{
	const void *field = (const char *)counters + row->offset;
	if (row->is_gauge)
		return snprintf(text, capacity, "# HELP muster_%s %s\n# TYPE muster_%s gauge\nmuster_%s %" PRId64 "\n", row->name, row->help,
			row->name, row->name, *(const int64_t *)field);
	return snprintf(text, capacity, "# HELP muster_%s_total %s\n# TYPE muster_%s_total counter\nmuster_%s_total %" PRIu64 "\n", row->name,
		row->help, row->name, row->name, *(const uint64_t *)field);
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
