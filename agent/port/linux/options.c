// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/options.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	const struct mu_program *program;
	char *all, *values; // values: those of the rows that the option is one of
	FILE *errors;
};

static const struct mu_option *find(const struct mu_option *options, size_t count, const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(options[i].name) == size && !memcmp(options[i].name, name, size))
			return &options[i];
	return 0;
}

static int set_number(const struct parse *parse, const struct mu_option *option, const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);
	if (end == text || *end || *text == '-' || value < option->low || value > option->high) {
		fprintf(parse->errors, "%s: --%s %s: wants a whole number from %u to %u\n", parse->program->name, option->name, text,
			option->low, option->high);
		return 1;
	}
	uint32_t number = (uint32_t)value;
	memcpy(parse->values + option->offset, &number, sizeof number);
	return 0;
}

static int add_item(const struct parse *parse, const struct mu_option *option, const char *text)
{
	struct mu_option_list *list = (struct mu_option_list *)(void *)(parse->values + option->offset);
	if (list->count == MU_OPTION_LIST_MAX) {
		fprintf(parse->errors, "%s: --%s was given more than %d times\n", parse->program->name, option->name, MU_OPTION_LIST_MAX);
		return 1;
	}
	list->items[list->count++] = text;
	return 0;
}

static int set(const struct parse *parse, const struct mu_option *option, const char *text)
{
	bool on = true;
	switch (option->kind) {
	case MU_OPTION_FLAG: memcpy(parse->values + option->offset, &on, sizeof on); return 0;
	case MU_OPTION_TEXT: memcpy(parse->values + option->offset, &text, sizeof text); return 0;
	case MU_OPTION_NUMBER: return set_number(parse, option, text);
	case MU_OPTION_LIST: return add_item(parse, option, text);
	}
	return 1;
}

// In the program's own rows, else in those that it shares; the values lie where they belong from then on.
static const struct mu_option *look_up(struct parse *parse, const char *name, size_t size)
{
	const struct mu_program *program = parse->program;
	const struct mu_option *option = find(program->options, program->count, name, size);
	parse->values = parse->all;
	if (option)
		return option;
	parse->values = parse->all + program->shared_offset;
	return find(program->shared, program->shared_count, name, size);
}

// One argument and, if it takes one, its value. *index moves past them. Returns the number of mistakes.
static int parse_one(struct parse *parse, int argc, char **argv, int *index)
{
	const char *text = argv[(*index)++];
	const char *program = parse->program->name;
	if (strncmp(text, "--", 2) != 0) {
		fprintf(parse->errors, "%s: \"%s\" is not an option; try \"%s --help\"\n", program, text, program);
		return 1;
	}
	size_t size = strcspn(text + 2, "=");
	const struct mu_option *option = look_up(parse, text + 2, size);
	const char *inlined = text[2 + size] ? text + 3 + size : 0;
	if (!option) {
		fprintf(parse->errors, "%s: no option is called --%.*s; try \"%s --help\"\n", program, (int)size, text + 2, program);
		return 1;
	}
	if (option->kind == MU_OPTION_FLAG && inlined) {
		fprintf(parse->errors, "%s: --%s takes no value\n", program, option->name);
		return 1;
	}
	if (option->kind == MU_OPTION_FLAG || inlined)
		return set(parse, option, inlined);
	if (*index == argc) {
		fprintf(parse->errors, "%s: --%s wants %s\n", program, option->name, option->argument);
		return 1;
	}
	return set(parse, option, argv[(*index)++]);
}

int mu_options_parse(const struct mu_program *program, void *values, int argc, char **argv, FILE *errors)
{
	struct parse parse = { .program = program, .all = values, .errors = errors };
	int mistakes = 0;
	for (int index = 1; index < argc;)
		mistakes += parse_one(&parse, argc, argv, &index);
	return mistakes;
}

static void help_rows(const struct mu_option *options, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		char usage[64];
		snprintf(usage, sizeof usage, "--%s %s", options[i].name, options[i].argument ? options[i].argument : "");
		fprintf(out, "  %-26s %s\n", usage, options[i].help);
	}
}

void mu_options_help(const struct mu_program *program, FILE *out)
{
	fprintf(out, "usage: %s [options]\n%s\n", program->name, program->summary);
	help_rows(program->options, program->count, out);
	help_rows(program->shared, program->shared_count, out);
	if (program->examples)
		fprintf(out, "\n%s", program->examples);
}
