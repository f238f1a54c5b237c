// SPDX-License-Identifier: Apache-2.0
#include "collector/command_line.h"

#include <getopt.h>
#include <stdio.h>
#include "collector/config.h"

struct row {
	const char *name;
	char letter;
	const char *argument; // 0: none
	const char *help;
};

static const struct row rows[] = {
	{ "config", 'c', "FILE", "read this configuration over the defaults" },
	{ "check-config", 't', 0, "check the configuration, rules, certificates and keys, report every error, and end: exit 0 good, 1 not" },
	{ "version", 'V', 0, "print the version and end" },
	{ "help", 'h', 0, "print this help and all options of the configuration, and end" },
};

enum { ROWS = sizeof rows / sizeof *rows };

static void take(struct command_line *line, int letter, const char *argument)
{
	switch (letter) {
	case 'c': line->config = argument; break;
	case 't': line->check_config = true; break;
	case 'V': line->version = true; break;
	case 'h': line->help = true; break;
	}
}

int command_line_parse(struct command_line *line, int argc, char **argv)
{
	struct option options[ROWS + 1] = { 0 };
	char letters[2 * ROWS + 1];
	size_t used = 0;
	for (int i = 0; i < ROWS; i++) {
		options[i] = (struct option){ rows[i].name, rows[i].argument ? required_argument : no_argument, 0, rows[i].letter };
		letters[used++] = rows[i].letter;
		if (rows[i].argument)
			letters[used++] = ':';
	}
	letters[used] = 0;
	*line = (struct command_line){ 0 };
	for (int letter; (letter = getopt_long(argc, argv, letters, options, 0)) != -1;) {
		if (letter == '?') {
			fprintf(stderr, "musterd: `musterd --help` lists the options\n");
			return -1;
		}
		take(line, letter, optarg);
	}
	line->word_count = argc - optind;
	line->words = argv + optind;
	return 0;
}

void command_line_help(void)
{
	printf("musterd - the collector of Muster: takes what devices report, keeps it, acknowledges it\n\n"
	       "  musterd [--config FILE]                       run\n"
	       "  musterd --check-config --config FILE          check a configuration\n"
	       "  musterd token add|revoke NAME [--config FILE] make or end a bearer token for actions over HTTP\n"
	       "  musterd token list [--config FILE]\n"
	       "  musterd replay FILE [--config FILE]           take a recording into the store, at the times of the recording\n\nOptions:\n");
	for (int i = 0; i < ROWS; i++)
		printf("  -%c, --%-13s %-5s %s\n", rows[i].letter, rows[i].name, rows[i].argument ? rows[i].argument : "", rows[i].help);
	printf("\nSignals: SIGTERM, SIGINT end cleanly; SIGHUP reads the configuration again.\n"
	       "Exit codes: 0 ended as asked, 1 could not start or a check failed, 2 misuse.\n\n"
	       "Configuration, with its defaults ([restart]: a reload does not change it):\n\n");
	config_help(stdout);
}
