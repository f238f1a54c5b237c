// SPDX-License-Identifier: Apache-2.0
// What the words of `muster rules` share: files from disk, and problems on the terminal.
#ifndef COLLECTOR_CLI_RULES_COMMAND_H
#define COLLECTOR_CLI_RULES_COMMAND_H
#include "alerts/alerts.h"
#include "collector/cli/cli.h"

// The whole file on the heap with a zero behind it, or null: it has been told.
char *rules_read_file(struct cli *cli, const char *path, size_t *size);

// A problem has several lines, with text of the file in them.
void rules_print_problem(const struct terminal *terminal, const struct rules_problem *problem);

// `muster rules test FILE...`
int rules_test_command(struct cli *cli);

#endif
