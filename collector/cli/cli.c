// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/cli.h"
#include <curl/curl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1000, PATH_BYTES = 700 };

const struct cli_command cli_commands[] = {
	{ "devices", "", "list the devices and how they are", "json server state firmware match ids limit", 0, 0, true, cli_devices,
		"muster devices                      # all of them, one line each\n"
		"muster devices --state crash_loop   # those that keep crashing\n"
		"muster devices --firmware 1.1.0 --json\n" },
	{ "device", "ID", "show everything that is known of one device", "json server", 1, 1, true, cli_device,
		"muster device edge-7\n"
		"muster device edge-7 --json | jq .ota\n" },
	{ "records", "ID", "list what a device has told: boots, link, events, log lines", "json server kind limit", 1, 1, true, cli_records,
		"muster records edge-7               # the last 20, newest first\n"
		"muster records edge-7 --kind log --limit 100\n"
		"muster records edge-7 --kind boot_report,link --json\n" },
	{ "why", "ID", "say what is wrong with a device: verdict, evidence, cause, remedy", "json server", 1, 1, true, cli_why,
		"muster why edge-7\n" },
	{ "alerts", "[ID]", "list the alerts that fire, of all devices or of one", "json server state severity match limit", 0, 1, true,
		cli_alerts,
		"muster alerts\n"
		"muster alerts --severity critical\n"
		"muster alerts --state all --match 'firmware=\"1.4.2\"'\n" },
	{ "tail", "", "follow alerts as they begin and end", "json server since match pending limit", 0, 0, true, cli_tail,
		"muster tail                          # from now on, until Ctrl-C\n"
		"muster tail --since 1h --match 'severity=\"critical\"'\n"
		"muster tail --json --limit 1         # the next one, for a script\n" },
	{ "rules", "check FILE... | test FILE... | list | show stock", "check rule files, list the rules in force", "json server params", 1,
		OPTION_ARGUMENTS_MAX, true, cli_rules,
		"muster rules check fleet.yml                       # the word stock names the built-in file\n"
		"muster rules check stock fleet.yml --params params.yml\n"
		"muster rules test fleet_test.yml                   # tests in promtool's format, with events\n"
		"muster rules list\n"
		"muster rules show stock > my-rules.yml\n" },
	{ "rollback", "ID...", "send devices back to the firmware in their other slot", "json server where key dir yes force timeout", 0,
		OPTION_ARGUMENTS_MAX, true, cli_rollback,
		"muster rollback edge-7                          # shows what it will do, asks, waits for the outcome\n"
		"muster rollback edge-7 --yes --timeout 60\n"
		"muster rollback --where firmware=1.1.0,state=crash_loop\n" },
	{ "report", "ID...", "have devices report at another interval for a time", "json server every for key dir timeout", 1,
		OPTION_ARGUMENTS_MAX, true, cli_report, "muster report edge-7 --every 5 --for 900\n" },
	{ "log", "ID...", "have devices send log lines of a level and worse for a time", "json server level for key dir timeout", 1,
		OPTION_ARGUMENTS_MAX, true, cli_log, "muster log edge-7 --level debug --for 900\n" },
	{ "diagnose", "ID...", "have devices tell everything, and often, for a time", "json server for key dir timeout", 1,
		OPTION_ARGUMENTS_MAX, true, cli_diagnose, "muster diagnose edge-7 --for 600\n" },
	{ "commands", "[ID]", "list the commands sent to all devices, or to one", "json server limit id", 0, 1, true, cli_commands_list,
		"muster commands\n"
		"muster commands edge-7 --limit 5\n" },
	{ "ledger", "", "what was received, twice received, and is missing", "json server limit", 0, 0, true, cli_ledger,
		"muster ledger\n"
		"muster ledger --json | jq .totals\n" },
	{ "keys", "new NAME | list", "make and list the keys that sign commands", "json role dir", 1, 2, false, cli_keys,
		"muster keys new alice --role operator\n"
		"muster keys list\n" },
	{ "version", "", "version of this program and of the server", "json server", 0, 0, true, cli_version, "muster version\n" },
	{ "completion", "bash | zsh", "print a completion script for the shell", "", 1, 1, false, cli_completion,
		"source <(muster completion bash)\n"
		"muster completion zsh > ~/.zfunc/_muster   # with ~/.zfunc in $fpath\n" },
};
const size_t cli_command_count = sizeof cli_commands / sizeof *cli_commands;

static const struct cli_command *find(const char *name)
{
	for (size_t i = 0; i < cli_command_count; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return 0;
}

static void print_overview(FILE *out)
{
	fprintf(out, "muster shows a fleet of devices and commands it.\n\nusage: muster COMMAND [ARGUMENTS] [OPTIONS]\n\n");
	for (size_t i = 0; i < cli_command_count; i++)
		fprintf(out, "  %-11s %s\n", cli_commands[i].name, cli_commands[i].summary);
	fprintf(out,
		"\nmuster COMMAND --help explains one of them with examples.\n\n"
		"It asks the musterd at --server, $MUSTER_SERVER or http://127.0.0.1:8970. Actions need a token in\n"
		"$MUSTER_TOKEN, the file $MUSTER_TOKEN_FILE or ~/.config/muster/token (`musterd token add NAME` makes one).\n"
		"https:// is trusted by the certificates of the system, or those in $MUSTER_CA_FILE.\n"
		"Exit codes: 0 done, 1 no, 2 misuse.\n");
}

static void print_help(const struct cli_command *command, FILE *out)
{
	fprintf(out, "muster %s: %s.\n\nusage: muster %s%s%s [OPTIONS]\n\n", command->name, command->summary, command->name,
		*command->arguments ? " " : "", command->arguments);
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		if (!option_is_allowed(command->options, row->name))
			continue;
		int length = fprintf(out, "  --%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
		fprintf(out, "%*s%s\n", length < 22 ? 22 - length : 1, "", row->help);
	}
	fprintf(out, "\nexamples:\n");
	for (const char *line = command->examples; *line;) {
		size_t length = strcspn(line, "\n");
		fprintf(out, "  %.*s\n", (int)length, line);
		line += length + 1;
	}
}

int cli_misuse(const struct cli *cli, const char *format, ...)
{
	char text[512], clean[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	fprintf(cli->terminal.err, "muster: %s\n", terminal_clean(text, clean, sizeof clean));
	return EXIT_MISUSE;
}

int cli_fail(const struct cli *cli, const char *text)
{
	char clean[1024];
	fprintf(cli->terminal.err, "muster: %s\n", terminal_clean(text, clean, sizeof clean));
	return EXIT_NO;
}

int cli_print_json(const struct cli *cli, json_t *value)
{
	if (!value)
		return EXIT_NO;
	json_dumpf(value, cli->terminal.out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', cli->terminal.out);
	json_decref(value);
	return EXIT_DONE;
}

// The text of `next`, which may be a number, for the next page.
static bool next_page(const json_t *page, char *next, size_t size)
{
	const json_t *value = json_object_get(page, "next");
	if (json_is_string(value))
		snprintf(next, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(next, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		return false;
	return true;
}

// One page, appended to *all (null: the first). Leaves the place of the next in `next`. 0, or -1: the error has been told.
static int get_page(struct cli *cli, const char *path, const char *name, size_t limit, char *next, size_t size, json_t **all)
{
	char full[PATH_BYTES];
	snprintf(full, sizeof full, "%s%climit=%zu%s%s", path, strchr(path, '?') ? '&' : '?', limit, *next ? "&after=" : "", next);
	json_t *page = client_get(cli->client, full);
	if (!page)
		return -1;
	if (*all)
		json_array_extend(json_object_get(*all, name), json_object_get(page, name));
	else
		*all = json_incref(page);
	if (!next_page(page, next, size))
		*next = 0;
	json_decref(page);
	return 0;
}

json_t *cli_get_all(struct cli *cli, const char *path, const char *name, uint32_t limit)
{
	char next[64] = "";
	json_t *all = 0;
	size_t have = 0, before;
	do {
		before = have;
		size_t want = limit && limit - have < PAGE ? limit - have : PAGE;
		if (get_page(cli, path, name, want, next, sizeof next, &all) < 0) {
			json_decref(all);
			return 0;
		}
		have = json_array_size(json_object_get(all, name));
	} while (*next && have > before && (!limit || have < limit)); // an empty page that names a next would go on for ever
	json_object_set_new(all, "next", *next ? json_string(next) : json_null());
	return all;
}

void cli_add_parameter(char *path, size_t size, const char *name, const char *value)
{
	if (!value)
		return;
	char *escaped = curl_easy_escape(0, value, 0);
	size_t length = strlen(path);
	snprintf(path + length, size - length, "%c%s=%s", strchr(path, '?') ? '&' : '?', name, escaped ? escaped : "");
	curl_free(escaped);
}

static int run(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
	char problem[256];
	if (options_parse(&cli->options, command->options, argc, argv, problem, sizeof problem) < 0) {
		cli_misuse(cli, "%s; `muster %s --help` explains it", problem, command->name);
		return EXIT_MISUSE;
	}
	if (cli->options.help) {
		print_help(command, cli->terminal.out);
		return EXIT_DONE;
	}
	if (cli->options.count < command->least || cli->options.count > command->most)
		return cli_misuse(cli, "usage: muster %s%s%s; --help explains it", command->name, *command->arguments ? " " : "",
			command->arguments);
	if (command->asks_server) {
		cli->client = client_new(cli->options.server, cli->terminal.err);
		if (!cli->client)
			return cli_fail(cli, "no memory");
	}
	int code = command->run(cli);
	client_free(cli->client);
	if (fflush(cli->terminal.out) != 0)
		code = EXIT_NO;
	return code;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = { 0 };
	terminal_init(&cli.terminal);
	if (argc < 2) {
		print_overview(cli.terminal.err);
		return EXIT_MISUSE;
	}
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		const struct cli_command *command = argc > 2 ? find(argv[2]) : 0;
		command ? print_help(command, cli.terminal.out) : print_overview(cli.terminal.out);
		return EXIT_DONE;
	}
	if (strcmp(name, "--version") == 0)
		name = "version";
	const struct cli_command *command = find(name);
	if (!command)
		return cli_misuse(&cli, "there is no command %s; `muster --help` lists them", name);
	return run(&cli, command, argc - 2, argv + 2);
}
