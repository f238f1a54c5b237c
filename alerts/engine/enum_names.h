// SPDX-License-Identifier: Apache-2.0
// The values of a metric that is an enum, as rules write them: as in muster.proto, without the prefix that all share and in lower case
// (OTA_ROLLED_BACK is rolled_back). Pure. Thread: any.
#ifndef ALERTS_ENGINE_ENUM_NAMES_H
#define ALERTS_ENGINE_ENUM_NAMES_H
#include <stdbool.h>
#include <stddef.h>

enum { ENUM_NAMES_MAX = 24, ENUM_NAME_BYTES = 32 };

struct enum_names {
	const void *identity; // equal for metrics of the same enum
	unsigned count;
	char names[ENUM_NAMES_MAX][ENUM_NAME_BYTES];
	int values[ENUM_NAMES_MAX];
};

// false: the metric is no enum.
bool enum_names_of(int metric, struct enum_names *names);
bool enum_names_find(const struct enum_names *names, const char *name, int *value);
const char *enum_names_at(const void *names, size_t i); // for nearest_name()
// All of them, separated by ", ".
const char *enum_names_list(const struct enum_names *names, char *buffer, size_t size);

#endif
