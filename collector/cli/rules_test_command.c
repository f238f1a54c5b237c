// SPDX-License-Identifier: Apache-2.0
// `muster rules test`: runs test files of rules here, without a server. Rule files are named relative to the test file; `stock` is the
// built-in one.
#include "collector/cli/rules_command.h"
#include <stdlib.h>
#include <string.h>

// Texts that must stay until the tests of a file have run.
struct testing {
	struct cli *cli;
	const char *path; // of the test file
	unsigned count;
	char *texts[RULE_TEST_FILES_MAX], *names[RULE_TEST_FILES_MAX];
};

static bool read_stock(struct rules_source *source)
{
	const struct embedded_file *file = embedded_rules;
	while (file->name && strcmp(file->name, "stock.yml") != 0)
		file++;
	if (file->name)
		*source = (struct rules_source){ "stock", file->bytes, (size_t)(file->end - file->bytes) };
	return file->name;
}

// The name as it is, or in the folder of the test file.
static char *path_of(const struct testing *testing, const char *name)
{
	const char *slash = strrchr(testing->path, '/');
	size_t folder = slash && *name != '/' ? (size_t)(slash - testing->path) + 1 : 0;
	size_t size = folder + strlen(name) + 1;
	char *path = malloc(size);
	if (path)
		snprintf(path, size, "%.*s%s", (int)folder, testing->path, name);
	return path;
}

static bool read_rules(void *context, const char *name, struct rules_source *source)
{
	struct testing *testing = context;
	if (strcmp(name, "stock") == 0)
		return read_stock(source);
	if (testing->count == RULE_TEST_FILES_MAX)
		return false;
	char *path = path_of(testing, name);
	char *text = path ? rules_read_file(testing->cli, path, &source->size) : 0;
	source->name = path;
	source->text = text;
	testing->names[testing->count] = path;
	testing->texts[testing->count++] = text;
	return text;
}

static json_t *report_json(const char *path, const struct rule_test_report *report, int result)
{
	json_t *problems = json_array();
	for (unsigned i = 0; i < report->problems.count; i++) {
		char text[2048], clean[2048];
		rules_problem_text(&report->problems.list[i], text, sizeof text);
		json_array_append_new(problems, json_string(terminal_clean(text, clean, sizeof clean)));
	}
	return json_pack("{s:s,s:b,s:i,s:i,s:s,s:o}", "file", path, "good", result == 0, "passed", (int)report->passed, "failed",
		(int)report->failed, "text", report->text ? report->text : "", "problems", problems);
}

// The report's lines hold texts of the file: no more than what can be shown.
static void print_lines(const struct terminal *terminal, const char *text)
{
	for (const char *line = text; line && *line;) {
		size_t length = strcspn(line, "\n");
		char copy[1024], clean[1024];
		snprintf(copy, sizeof copy, "%.*s", (int)(length < sizeof copy ? length : sizeof copy - 1), line);
		fprintf(terminal->out, "%s\n", terminal_clean(copy, clean, sizeof clean));
		line += length + (line[length] == '\n');
	}
}

static void print_report(const struct terminal *terminal, const char *path, const struct rule_test_report *report, int result)
{
	for (unsigned i = 0; i < report->problems.count; i++) {
		rules_print_problem(terminal, &report->problems.list[i]);
		fputc('\n', terminal->out);
	}
	print_lines(terminal, report->text);
	if (result < 0)
		fprintf(terminal->out, "%s: cannot be run, %u error%s\n", path, report->problems.errors,
			report->problems.errors == 1 ? "" : "s");
	else
		fprintf(terminal->out, "%s: %u passed, %u failed\n", path, report->passed, report->failed);
}

static int test_file(struct cli *cli, const char *path)
{
	struct testing testing = { .cli = cli, .path = path };
	struct rules_source test = { .name = path };
	struct rule_test_report *report = calloc(1, sizeof *report);
	char *text = rules_read_file(cli, path, &test.size);
	int result = -1;
	test.text = text;
	if (text && report) {
		result = rule_test_run(&test, read_rules, &testing, report);
		if (cli->options.json)
			cli_print_json(cli, report_json(path, report, result));
		else
			print_report(&cli->terminal, path, report, result);
		rule_test_free(report);
	}
	for (unsigned i = 0; i < testing.count; i++) {
		free(testing.names[i]);
		free(testing.texts[i]);
	}
	free(text);
	free(report);
	return result;
}

int rules_test_command(struct cli *cli)
{
	int code = EXIT_DONE;
	if (cli->options.count < 2)
		return cli_misuse(cli, "usage: muster rules test FILE...; each names its rule files, the word stock the built-in one");
	for (unsigned i = 1; i < cli->options.count; i++)
		if (test_file(cli, cli->options.arguments[i]) != 0)
			code = EXIT_NO;
	return code;
}
