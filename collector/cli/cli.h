// SPDX-License-Identifier: Apache-2.0
// The program `muster`: one row of the table in cli.c a subcommand. Exit codes: 0 done, 1 no (the server, the device or the disk said no),
// 2 misuse (the message says how it is meant).
#ifndef COLLECTOR_CLI_CLI_H
#define COLLECTOR_CLI_CLI_H
#include "collector/cli/client.h"
#include "collector/cli/options.h"
#include "collector/cli/terminal.h"

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_MISUSE = 2 };

struct cli {
	struct terminal terminal;
	struct options options;
	struct client *client; // null for commands that ask no server
};

typedef int cli_run(struct cli *cli);

struct cli_command {
	const char *name;
	const char *arguments; // as help shows them
	const char *summary;
	const char *options; // names of its options
	unsigned least, most; // arguments
	bool asks_server;
	cli_run *run;
	const char *examples; // lines, each "command  # what it does"
};

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

int cli_main(int argc, char **argv);

// Prints what was misused and how the command is called. Returns EXIT_MISUSE.
int cli_misuse(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_fail(const struct cli *cli, const char *text); // returns EXIT_NO

// Prints JSON indented. Takes the value over; null gives EXIT_NO (the error has been told).
int cli_print_json(const struct cli *cli, json_t *value);

// All rows of a paged list, joined: {"<name>": [...], "next": null, ...}. path has its query, without limit and after. limit 0: all.
json_t *cli_get_all(struct cli *cli, const char *path, const char *name, uint32_t limit);

// Adds name=value, escaped, to the query of a path, if value is not null.
void cli_add_parameter(char *path, size_t size, const char *name, const char *value);

// One a subcommand.
cli_run cli_devices, cli_device, cli_commands_list, cli_ledger, cli_version, cli_rollback, cli_keys, cli_completion, cli_why, cli_alerts,
	cli_tail, cli_rules, cli_records, cli_report, cli_log, cli_diagnose;

#endif
