// SPDX-License-Identifier: Apache-2.0
// Matches a path with a pattern: "/api/v1/devices/:id/records", "/page/*file". A parameter is one segment, 1 to 64 characters:
// `:name` of [A-Za-z0-9_-]; `*name` is the name of a file and may have dots, too, but not as its first character.
// Pure. Thread: any.
#ifndef COLLECTOR_HTTP_ROUTE_H
#define COLLECTOR_HTTP_ROUTE_H
#include <stdbool.h>

enum { ROUTE_PARAMETERS_MAX = 2, ROUTE_PARAMETER_BYTES = 65 };

struct route_parameters {
	unsigned count;
	char text[ROUTE_PARAMETERS_MAX][ROUTE_PARAMETER_BYTES];
};

bool route_match(const char *pattern, const char *path, struct route_parameters *parameters);

#endif
