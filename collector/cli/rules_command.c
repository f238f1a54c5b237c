// SPDX-License-Identifier: Apache-2.0
// `muster rules`: checks rule files here, without a server, and shows the rules in force there.
#include "alerts/alerts.h"
#include "collector/alerting/rule_files.h"
#include "collector/cli/cli.h"
#include "collector/cli/rules_command.h"
#include "collector/cli/show.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct embedded_file *stock(void)
{
	for (const struct embedded_file *file = embedded_rules; file->name; file++)
		if (strcmp(file->name, "stock.yml") == 0)
			return file;
	return 0;
}

// ---- reading

char *rules_read_file(struct cli *cli, const char *path, size_t *size)
{
	char text[700];
	FILE *file = fopen(path, "re");
	char *bytes = file ? malloc(RULES_FILE_BYTES_MAX + 2) : 0;
	size_t got = bytes ? fread(bytes, 1, RULES_FILE_BYTES_MAX + 1, file) : 0;
	bool failed = !bytes || ferror(file);
	if (failed)
		snprintf(text, sizeof text, "cannot read %.500s: %s", path, strerror(errno));
	else if (got > RULES_FILE_BYTES_MAX)
		snprintf(text, sizeof text, "%.500s is larger than %d bytes", path, RULES_FILE_BYTES_MAX);
	if (file)
		fclose(file);
	if (failed || got > RULES_FILE_BYTES_MAX) {
		cli_fail(cli, text);
		free(bytes);
		return 0;
	}
	bytes[got] = 0;
	*size = got;
	return bytes;
}

// ---- showing

void rules_print_problem(const struct terminal *terminal, const struct rules_problem *problem)
{
	char text[2048], clean[2048];
	rules_problem_text(problem, text, sizeof text);
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		char copy[1024];
		snprintf(copy, sizeof copy, "%.*s", (int)(length < sizeof copy ? length : sizeof copy - 1), line);
		for (char *tab = copy; (tab = strchr(tab, '\t'));)
			*tab = ' '; // as wide as the caret's line counts it
		fprintf(terminal->out, "%s\n", terminal_clean(copy, clean, sizeof clean));
		line += length + (line[length] == '\n');
	}
}

static json_t *text_or_raw(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char clean[512];
	return json_string(terminal_clean(text, clean, sizeof clean)); // not UTF-8
}

static json_t *problems_json(const struct rules_problems *problems)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < problems->count; i++) {
		const struct rules_problem *problem = &problems->list[i];
		json_t *object = json_pack("{s:b,s:s,s:i,s:i,s:i}", "is_warning", problem->is_warning, "code", problem->code, "line",
			(int)problem->line, "column", (int)problem->column, "width", (int)problem->width);
		json_object_set_new(object, "file", text_or_raw(problem->file));
		json_object_set_new(object, "excerpt", text_or_raw(problem->excerpt));
		json_object_set_new(object, "group", text_or_raw(problem->group));
		json_object_set_new(object, "alert", text_or_raw(problem->alert));
		json_object_set_new(object, "what", text_or_raw(problem->what));
		json_object_set_new(object, "hint", text_or_raw(problem->hint));
		json_array_append_new(list, object);
	}
	return list;
}

static void show_check(const struct terminal *terminal, const struct rules_problems *problems, const struct rule_set *rules)
{
	for (unsigned i = 0; i < problems->count; i++) {
		rules_print_problem(terminal, &problems->list[i]);
		fputc('\n', terminal->out);
	}
	unsigned found = problems->errors + problems->warnings;
	if (found > problems->count)
		fprintf(terminal->out, "and %u more\n", found - problems->count);
	if (rules)
		fprintf(terminal->out, "good: %zu rules, %zu bytes of state a device", rules_count(rules), rules_device_bytes(rules));
	else
		fprintf(terminal->out, "not good: %u error%s", problems->errors, problems->errors == 1 ? "" : "s");
	if (problems->warnings)
		fprintf(terminal->out, ", %u warning%s", problems->warnings, problems->warnings == 1 ? "" : "s");
	fputc('\n', terminal->out);
}

static json_t *check_json(const struct rules_problems *problems, const struct rule_set *rules)
{
	return json_pack("{s:b,s:I,s:I,s:i,s:i,s:o}", "good", rules != 0, "rules", (json_int_t)(rules ? rules_count(rules) : 0),
		"device_bytes", (json_int_t)(rules ? rules_device_bytes(rules) : 0), "errors", (int)problems->errors, "warnings",
		(int)problems->warnings, "problems", problems_json(problems));
}

// ---- the words

// As musterd reads them at its start.
static int check(struct cli *cli)
{
	const struct options *options = &cli->options;
	if (options->count < 2)
		return cli_misuse(cli, "usage: muster rules check FILE...; the word stock names the built-in file");
	struct rules_problems *problems = calloc(1, sizeof *problems);
	if (!problems)
		return cli_fail(cli, "no memory");
	struct rule_set *rules = rule_files_compile(options->arguments + 1, options->count - 1, options->params, problems);
	if (options->json)
		cli_print_json(cli, check_json(problems, rules));
	else
		show_check(&cli->terminal, problems, rules);
	int code = rules ? EXIT_DONE : EXIT_NO;
	rules_free(rules);
	free(problems);
	return code;
}

static int list(struct cli *cli)
{
	json_t *answer = client_get(cli->client, "/api/v1/rules");
	if (!answer || cli->options.json)
		return cli_print_json(cli, answer);
	show_rules(answer, &cli->terminal);
	json_decref(answer);
	return EXIT_DONE;
}

static int show(struct cli *cli)
{
	const struct embedded_file *file = cli->options.count == 2 && strcmp(cli->options.arguments[1], "stock") == 0 ? stock() : 0;
	if (!file)
		return cli_misuse(cli, "usage: muster rules show stock; other files are yours to read");
	size_t size = (size_t)(file->end - file->bytes);
	return fwrite(file->bytes, 1, size, cli->terminal.out) == size ? EXIT_DONE : EXIT_NO;
}

int cli_rules(struct cli *cli)
{
	const char *verb = cli->options.arguments[0];
	if (strcmp(verb, "check") == 0)
		return check(cli);
	if (strcmp(verb, "test") == 0)
		return rules_test_command(cli);
	if (strcmp(verb, "list") == 0 && cli->options.count == 1)
		return list(cli);
	if (strcmp(verb, "show") == 0)
		return show(cli);
	return cli_misuse(cli,
		"usage: muster rules check FILE..., muster rules test FILE..., muster rules list, or muster rules show stock");
}
