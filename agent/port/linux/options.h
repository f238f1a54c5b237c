// SPDX-License-Identifier: Apache-2.0
// Command lines from a table: one row an option, from which parsing, checking and help come.
//
// "--name VALUE" and "--name=VALUE". Every mistake is reported, not the first only. Memory: values are kept by reference into argv.
#ifndef MU_PORT_LINUX_OPTIONS_H
#define MU_PORT_LINUX_OPTIONS_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mu_option_kind {
	MU_OPTION_FLAG,   // bool
	MU_OPTION_TEXT,   // const char *
	MU_OPTION_NUMBER, // uint32_t within low..high
	MU_OPTION_LIST,   // struct mu_option_list: may be given several times
};

enum { MU_OPTION_LIST_MAX = 64 };

struct mu_option_list {
	unsigned count;
	const char *items[MU_OPTION_LIST_MAX];
};

struct mu_option {
	const char *name;     // without the dashes
	const char *argument; // name of its value in the help; null for a flag
	enum mu_option_kind kind;
	size_t offset;        // of the value in the caller's struct
	uint32_t low, high;   // numbers
	const char *help;
};

struct mu_program {
	const char *name, *summary; // summary: one or more lines for the help
	const struct mu_option *options;
	size_t count;
	const char *examples;
	const struct mu_option *shared; // rows that several programs have; null: none
	size_t shared_count, shared_offset; // where their values lie in the caller's struct
};

// Returns the number of mistakes, each of them written to `errors` with what to do.
int mu_options_parse(const struct mu_program *program, void *values, int argc, char **argv, FILE *errors);
void mu_options_help(const struct mu_program *program, FILE *out);

#endif
