// SPDX-License-Identifier: Apache-2.0
// Options of the command line: one row an option; parsing, help and completion come from the same table.
// Memory: texts point into argv. Thread: one.
#ifndef COLLECTOR_CLI_OPTIONS_H
#define COLLECTOR_CLI_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTION_ARGUMENTS_MAX = 64 };

struct options {
	bool help, json, ids, yes, force, pending;
	const char *server, *state, *firmware, *match, *where, *key, *dir, *role, *id, *severity, *since, *params, *level, *kind;
	uint32_t limit, timeout_s, every_s, for_s;
	unsigned count; // arguments that are no options
	const char *arguments[OPTION_ARGUMENTS_MAX];
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER };

struct option_row {
	const char *name;     // without the dashes
	const char *argument; // its name in help; null for a flag
	enum option_kind kind;
	size_t offset; // in struct options
	uint32_t min, max, preset; // of a number
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

// Whether the name is one of the words of `allowed` ("json server").
bool option_is_allowed(const char *allowed, const char *name);

// argv[0] is the first after the command's name. Takes --name value, --name=value, -h, and -- before arguments that begin with a dash.
// Returns 0, or -1 with *problem filled (a sentence without a full stop).
int options_parse(struct options *options, const char *allowed, int argc, char **argv, char *problem, size_t problem_size);

#endif
