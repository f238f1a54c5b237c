// SPDX-License-Identifier: Apache-2.0
#include "agent/port/port.h"
#include <string.h>

typedef void (*mu_any_function)(void);

// clang-format off
#define BEGIN(table)              struct table##_order {
#define FUNCTION(table, function)         mu_any_function function;
#define END(table)                };
#include "agent/port/functions.def"

// Each function has its name, at its place; and nothing but functions is in a table.
#define BEGIN(table)              _Static_assert(sizeof(struct table##_order) == sizeof(struct mu_##table##_port), #table);
#define FUNCTION(table, function) _Static_assert(offsetof(struct table##_order, function) == offsetof(struct mu_##table##_port, function), #function);
#define END(table)
#include "agent/port/functions.def"

static const struct table_row {
	uint16_t offset; // of the pointer to it
	uint16_t count;
	const char *names; // its own, then those of its functions, each with a NUL
} tables[] = {
#define BEGIN(table)              { offsetof(struct mu_port, table), sizeof(struct mu_##table##_port) / sizeof(mu_any_function), #table "\0"
#define FUNCTION(table, function)         #table "." #function "\0"
#define END(table)                },
#include "agent/port/functions.def"
};
// clang-format on

static const char *missing_in(const struct mu_port *port, const struct table_row *row)
{
	const char *table, *name = row->names;
	memcpy(&table, (const char *)port + row->offset, sizeof table);
	if (!table)
		return name;
	for (size_t i = 0; i < row->count; i++) {
		mu_any_function function;
		memcpy(&function, table + i * sizeof function, sizeof function);
		name += strlen(name) + 1;
		if (!function)
			return name;
	}
	return 0;
}

int mu_port_check(const struct mu_port *port, const char **missing)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		*missing = missing_in(port, &tables[i]);
		if (*missing)
			return MU_ERR_INVALID;
	}
	return 0;
}
