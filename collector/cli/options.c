// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct options, member)

const struct option_row option_rows[] = {
	{ "help", 0, OPTION_FLAG, AT(help), 0, 0, 0, "show this help" },
	{ "json", 0, OPTION_FLAG, AT(json), 0, 0, 0, "print the server's JSON instead of a table" },
	{ "server", "URL", OPTION_TEXT, AT(server), 0, 0, 0, "musterd to ask (default $MUSTER_SERVER or http://127.0.0.1:8970)" },
	{ "state", "STATE", OPTION_TEXT, AT(state), 0, 0, 0, "only those in this state: of devices for example offline, of alerts pending, recovering or all" },
	{ "firmware", "VERSION", OPTION_TEXT, AT(firmware), 0, 0, 0, "only devices that run this version" },
	{ "match", "TEXT", OPTION_TEXT, AT(match), 0, 0, 0, "devices: this text is in their id; alerts, tail: matchers, as in severity=~\"crit.*\"" },
	{ "severity", "SEVERITY", OPTION_TEXT, AT(severity), 0, 0, 0, "only alerts of this severity: info, warning or critical" },
	{ "kind", "KIND", OPTION_TEXT, AT(kind), 0, 0, 0, "boot_report, link, ota, command_result, event, log, gap, heartbeat (default: all but it)" },
	{ "since", "AGO|N", OPTION_TEXT, AT(since), 0, 0, 0, "begin so long ago (90s, 5m, 2h, 1d), or behind transition N" },
	{ "pending", 0, OPTION_FLAG, AT(pending), 0, 0, 0, "show every change, of alerts that do not fire yet, too" },
	{ "params", "FILE", OPTION_TEXT, AT(params), 0, 0, 0, "values for the rules' parameters, as alerts.params_file of musterd" },
	{ "ids", 0, OPTION_FLAG, AT(ids), 0, 0, 0, "print the ids alone, one a line" },
	{ "limit", "N", OPTION_NUMBER, AT(limit), 1, 1000000, 0, "show at most N (default: all); tail: end after N" },
	{ "where", "EXPR", OPTION_TEXT, AT(where), 0, 0, 0, "all devices with firmware=V, state=S or id=TEXT; join conditions by commas" },
	{ "key", "FILE", OPTION_TEXT, AT(key), 0, 0, 0, "private key to sign with (default: the one operator key in the key folder)" },
	{ "yes", 0, OPTION_FLAG, AT(yes), 0, 0, 0, "do not ask for confirmation" },
	{ "force", 0, OPTION_FLAG, AT(force), 0, 0, 0, "send it even if the device has said that it cannot; the device decides" },
	{ "timeout", "S", OPTION_NUMBER, AT(timeout_s), 1, 86400, 180, "seconds to wait for the outcome (default 180)" },
	{ "every", "S", OPTION_NUMBER, AT(every_s), 1, 86400, 10, "seconds between two heartbeats (default 10)" },
	{ "for", "S", OPTION_NUMBER, AT(for_s), 1, 604800, 600, "seconds that it holds; then it ends by itself (default 600)" },
	{ "level", "LEVEL", OPTION_TEXT, AT(level), 0, 0, 0, "none, error, warning, info or debug (default info)" },
	{ "role", "ROLE", OPTION_TEXT, AT(role), 0, 0, 0, "operator (a person's, every command) or collector (musterd's own)" },
	{ "dir", "DIR", OPTION_TEXT, AT(dir), 0, 0, 0, "key folder (default $MUSTER_KEYS or ~/.config/muster/keys)" },
	{ "id", "HEX", OPTION_TEXT, AT(id), 0, 0, 0, "the one command with this id" },
};
const size_t option_row_count = sizeof option_rows / sizeof *option_rows;

bool option_is_allowed(const char *allowed, const char *name)
{
	size_t length = strlen(name);
	while (*allowed) {
		size_t here = strcspn(allowed, " ");
		if (here == length && memcmp(allowed, name, length) == 0)
			return true;
		allowed += here + strspn(allowed + here, " ");
	}
	return strcmp(name, "help") == 0;
}

static const struct option_row *find(const char *allowed, const char *name, size_t length)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (strlen(option_rows[i].name) == length && memcmp(option_rows[i].name, name, length) == 0)
			return option_is_allowed(allowed, option_rows[i].name) ? &option_rows[i] : 0;
	return 0;
}

static int set(struct options *options, const struct option_row *row, const char *value, char *problem, size_t size)
{
	char *at = (char *)options + row->offset;
	if (row->kind == OPTION_FLAG) {
		*(bool *)at = true;
		return 0;
	}
	if (row->kind == OPTION_TEXT) {
		*(const char **)at = value;
		return 0;
	}
	char *end;
	unsigned long number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || number < row->min || number > row->max) {
		snprintf(problem, size, "--%s must be a number from %u to %u, not \"%s\"", row->name, row->min, row->max, value);
		return -1;
	}
	*(uint32_t *)at = (uint32_t)number;
	return 0;
}

// "--name", "--name=value" or "-h" to the row and the text after the '=' (null: none). Null: not one of those allowed.
static const struct option_row *find_word(const char *allowed, const char *word, const char **value)
{
	const char *name = strcmp(word, "-h") == 0 ? "--help" : word;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	*value = equals ? equals + 1 : 0;
	return strncmp(name, "--", 2) == 0 && length > 2 ? find(allowed, name + 2, length - 2) : 0;
}

// How many words of argv the option takes (1 or 2), or -1 with *problem.
static int count_words(const struct option_row *row, const char *value, int argc, char *problem, size_t size)
{
	bool is_flag = row->kind == OPTION_FLAG;
	if (is_flag && value)
		snprintf(problem, size, "--%s takes no value", row->name);
	else if (is_flag || value)
		return 1;
	else if (argc < 2)
		snprintf(problem, size, "--%s needs a value: --%s %s", row->name, row->name, row->argument);
	else
		return 2;
	return -1;
}

// Takes one option and says how many words of argv it used, or -1.
static int take_option(struct options *options, const char *allowed, int argc, char **argv, char *problem, size_t size)
{
	const char *value;
	const struct option_row *row = find_word(allowed, argv[0], &value);
	if (!row) {
		snprintf(problem, size, "there is no option %s here", argv[0]);
		return -1;
	}
	int words = count_words(row, value, argc, problem, size);
	if (words < 0 || set(options, row, words == 2 ? argv[1] : value, problem, size) < 0)
		return -1;
	return words;
}

static int take_argument(struct options *options, const char *argument, char *problem, size_t size)
{
	if (options->count == OPTION_ARGUMENTS_MAX) {
		snprintf(problem, size, "too many arguments, at \"%s\"", argument);
		return -1;
	}
	options->arguments[options->count++] = argument;
	return 1;
}

static void preset(struct options *options)
{
	*options = (struct options){ 0 };
	for (size_t i = 0; i < option_row_count; i++)
		if (option_rows[i].kind == OPTION_NUMBER)
			*(uint32_t *)((char *)options + option_rows[i].offset) = option_rows[i].preset;
}

int options_parse(struct options *options, const char *allowed, int argc, char **argv, char *problem, size_t problem_size)
{
	bool only_arguments = false;
	preset(options);
	for (int i = 0; i < argc;) {
		int used = 1;
		if (only_arguments || argv[i][0] != '-' || !argv[i][1])
			used = take_argument(options, argv[i], problem, problem_size);
		else if (strcmp(argv[i], "--") == 0)
			only_arguments = true;
		else
			used = take_option(options, allowed, argc - i, argv + i, problem, problem_size);
		if (used < 0)
			return -1;
		i += used;
	}
	return 0;
}
