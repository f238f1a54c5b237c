// SPDX-License-Identifier: Apache-2.0
// `muster completion bash|zsh`: scripts made from the tables of commands and options. Ids of devices come from `muster devices --ids`.
#include "collector/cli/cli.h"
#include "collector/fleet/condition.h"
#include <string.h>

// Words that follow a command, other than options.
static const struct {
	const char *command, *words;
	bool takes_device;
} followers[] = {
	{ "device", "", true },
	{ "records", "", true },
	{ "why", "", true },
	{ "alerts", "", true },
	{ "rules", "check test list show stock", false },
	{ "rollback", "", true },
	{ "report", "", true },
	{ "log", "", true },
	{ "diagnose", "", true },
	{ "commands", "", true },
	{ "keys", "new list", false },
	{ "completion", "bash zsh", false },
};

static void print_options(FILE *out, const char *allowed)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (option_is_allowed(allowed, option_rows[i].name))
			fprintf(out, " --%s", option_rows[i].name);
}

static void print_cases(FILE *out)
{
	for (size_t i = 0; i < cli_command_count; i++) {
		const char *words = "", *devices = "";
		for (size_t k = 0; k < sizeof followers / sizeof *followers; k++)
			if (strcmp(followers[k].command, cli_commands[i].name) == 0) {
				words = followers[k].words;
				devices = followers[k].takes_device ? "$(muster devices --ids 2>/dev/null)" : "";
			}
		fprintf(out, "\t%s) choices=\"%s%s", cli_commands[i].name, words, devices);
		print_options(out, cli_commands[i].options);
		fprintf(out, "\" ;;\n");
	}
}

static void print_choice(FILE *out, const char *previous)
{
	fprintf(out,
		"\tcase \"%s\" in\n\t--role) choices=\"operator collector\" ;;\n\t--severity) choices=\"info warning critical\" ;;\n"
		"\t--level) choices=\"none error warning info debug\" ;;\n"
		"\t--kind) choices=\"boot_report link ota command_result event log gap heartbeat\" ;;\n"
		"\t--state) choices=\"",
		previous);
	for (int i = 0; i < CONDITION_COUNT; i++)
		if (condition_severity(i) != SEVERITY_INFO)
			fprintf(out, "%s%s", i ? " " : "", condition_name(i));
	fprintf(out,
		" pending firing recovering all\" ;;\n"
		"\t--server|--firmware|--match|--limit|--where|--timeout|--every|--for|--id|--since) choices=\"\" ;;\n\tesac\n");
}

static void print_commands(FILE *out)
{
	for (size_t i = 0; i < cli_command_count; i++)
		fprintf(out, "%s%s", i ? " " : "", cli_commands[i].name);
}

static void print_bash(FILE *out)
{
	fprintf(out,
		"# muster: completion for bash\n_muster() {\n\tlocal choices current=\"${COMP_WORDS[COMP_CWORD]}\"\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		"\t\tCOMPREPLY=($(compgen -W \"");
	print_commands(out);
	fprintf(out, " --help\" -- \"$current\"))\n\t\treturn\n\tfi\n\tcase \"${COMP_WORDS[1]}\" in\n");
	print_cases(out);
	fprintf(out, "\t*) choices=\"\" ;;\n\tesac\n");
	print_choice(out, "${COMP_WORDS[COMP_CWORD-1]}");
	fprintf(out,
		"\tcase \"${COMP_WORDS[COMP_CWORD-1]}\" in\n\t--key|--dir|--params) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
		"\t*) COMPREPLY=($(compgen -W \"$choices\" -- \"$current\")) ;;\n\tesac\n}\ncomplete -F _muster muster\n");
}

static void print_zsh(FILE *out)
{
	fprintf(out, "#compdef muster\n# muster: completion for zsh\n_muster() {\n\tif (( CURRENT == 2 )); then\n\t\tcompadd -- ");
	print_commands(out);
	fprintf(out, " --help\n\t\treturn\n\tfi\n\tlocal choices=\"\" previous=\"${words[CURRENT-1]}\"\n\tcase \"${words[2]}\" in\n");
	print_cases(out);
	fprintf(out, "\tesac\n");
	print_choice(out, "$previous");
	fprintf(out,
		"\tcase \"$previous\" in\n\t--key|--dir|--params) _files ;;\n\t*) compadd -- ${=choices} ;;\n\tesac\n}\n"
		"if [ \"$funcstack[1]\" = \"_muster\" ]; then _muster \"$@\"; else compdef _muster muster; fi\n");
}

int cli_completion(struct cli *cli)
{
	const char *shell = cli->options.arguments[0];
	if (strcmp(shell, "bash") == 0)
		print_bash(cli->terminal.out);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(cli->terminal.out);
	else
		return cli_misuse(cli, "completion is there for bash and zsh, not for %s", shell);
	return EXIT_DONE;
}
