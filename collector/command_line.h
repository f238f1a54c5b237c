// SPDX-License-Identifier: Apache-2.0
// The command line of musterd, by a table: one row an option. Thread: main's, before anything else.
#ifndef COLLECTOR_COMMAND_LINE_H
#define COLLECTOR_COMMAND_LINE_H
#include <stdbool.h>

struct command_line {
	const char *config; // 0: defaults only
	bool check_config, version, help;
	int word_count;          // what is no option, e.g. token add NAME
	char *const *words;
};

// 0, or -1 after an explanation on stderr. argv is put into order: options first.
int command_line_parse(struct command_line *line, int argc, char **argv);

// The whole help on stdout.
void command_line_help(void);

#endif
