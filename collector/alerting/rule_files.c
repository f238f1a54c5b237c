// SPDX-License-Identifier: Apache-2.0
#include "collector/alerting/rule_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 256 };

struct file {
	char name[NAME_BYTES];
	char *text; // of a file that was read; 0: embedded, or not read
};

struct reading {
	struct rules_problems *problems;
	struct file files[RULE_FILES_MAX + 1]; // the last is for the overrides
	struct rules_source sources[RULE_FILES_MAX + 1];
	size_t count;
	struct rules_problems unread; // problems of files as a whole
};

void rule_files_complain(struct rules_problems *problems, const char *file, const char *what, const char *hint)
{
	problems->errors++;
	if (problems->count >= RULES_PROBLEMS_MAX)
		return;
	struct rules_problem *problem = &problems->list[problems->count++];
	*problem = (struct rules_problem){ .code = "E121", .line = 1, .column = 1, .width = 1 };
	snprintf(problem->file, sizeof problem->file, "%s", file);
	snprintf(problem->what, sizeof problem->what, "%s", what);
	snprintf(problem->hint, sizeof problem->hint, "%s", hint);
}

static bool find_embedded(const char *name, struct rules_source *source)
{
	for (const struct embedded_file *row = embedded_rules; row->name; row++) {
		size_t stem = strlen(row->name) - strlen(".yml");
		if (strlen(name) != stem || strncmp(row->name, name, stem) != 0)
			continue;
		*source = (struct rules_source){ name, row->bytes, (size_t)(row->end - row->bytes) };
		return true;
	}
	return false;
}

// One byte more than a rule file may have, so that the compiler sees that it is too large.
static void read_file(struct reading *reading, struct file *file, struct rules_source *source)
{
	char what[200];
	FILE *stream = fopen(file->name, "re");
	file->text = malloc(RULES_FILE_BYTES_MAX + 1);
	size_t size = stream && file->text ? fread(file->text, 1, RULES_FILE_BYTES_MAX + 1, stream) : 0;
	*source = (struct rules_source){ file->name, file->text ? file->text : "", size };
	if (!stream || !file->text || ferror(stream)) {
		snprintf(what, sizeof what, "the file cannot be read: %s", file->text ? strerror(errno) : "no memory");
		rule_files_complain(reading->problems, file->name, what,
			"check the name and its permissions; `stock` names the built-in rules");
	}
	if (stream)
		fclose(stream);
}

static void add_file(struct reading *reading, const char *name)
{
	struct file *file = &reading->files[reading->count];
	snprintf(file->name, sizeof file->name, "%s", name);
	if (!find_embedded(file->name, &reading->sources[reading->count]))
		read_file(reading, file, &reading->sources[reading->count]);
	reading->count++;
}

// The compiler begins its list anew; what was found before comes first, so that it is not what is left out.
static void put_first(struct rules_problems *problems, const struct rules_problems *first)
{
	unsigned room = RULES_PROBLEMS_MAX - first->count;
	unsigned kept = problems->count < room ? problems->count : room;
	memmove(&problems->list[first->count], problems->list, kept * sizeof *problems->list);
	memcpy(problems->list, first->list, first->count * sizeof *problems->list);
	problems->count = first->count + kept;
	problems->errors += first->errors;
	problems->warnings += first->warnings;
}

static struct rule_set *compile(struct reading *reading, const char *params)
{
	struct file *overrides = &reading->files[RULE_FILES_MAX];
	struct rules_source none = { "", 0, 0 };
	snprintf(overrides->name, sizeof overrides->name, "%s", params);
	if (*params)
		read_file(reading, overrides, &reading->sources[RULE_FILES_MAX]);
	reading->unread = *reading->problems;
	struct rule_set *rules =
		rules_compile(reading->sources, reading->count, *params ? &reading->sources[RULE_FILES_MAX] : &none, reading->problems);
	put_first(reading->problems, &reading->unread);
	if (!reading->unread.errors)
		return rules;
	rules_free(rules);
	return 0;
}

struct rule_set *rule_files_compile(const char *const *names, size_t count, const char *params, struct rules_problems *problems)
{
	struct reading *reading = calloc(1, sizeof *reading);
	memset(problems, 0, sizeof *problems);
	if (!reading || count > RULE_FILES_MAX) {
		rule_files_complain(problems, "alerts.rules", reading ? "more rule files than there may be" : "no memory",
			"at most 64; join some");
		free(reading);
		return 0;
	}
	reading->problems = problems;
	for (size_t i = 0; i < count; i++)
		add_file(reading, names[i]);
	struct rule_set *rules = compile(reading, params ? params : "");
	for (size_t i = 0; i <= RULE_FILES_MAX; i++)
		free(reading->files[i].text);
	free(reading);
	return rules;
}

struct rule_set *rule_files_compile_list(const char *text, const char *params, struct rules_problems *problems)
{
	const char *names[RULE_FILES_MAX + 1];
	char *copy = strdup(text), *rest = copy;
	size_t count = 0;
	for (char *name; copy && count <= RULE_FILES_MAX && (name = strtok_r(rest, " \t", &rest));)
		names[count++] = name;
	struct rule_set *rules = 0;
	if (copy)
		rules = rule_files_compile(names, count, params, problems);
	else
		rule_files_complain(problems, "alerts.rules", "no memory", "try again");
	free(copy);
	return rules;
}

void rule_files_print(const struct rules_problems *problems, FILE *out)
{
	char text[1024];
	for (unsigned i = 0; i < problems->count; i++) {
		rules_problem_text(&problems->list[i], text, sizeof text);
		fprintf(out, "%s\n", text);
	}
	if (problems->errors + problems->warnings > problems->count)
		fprintf(out, "and %u more\n", problems->errors + problems->warnings - problems->count);
}
