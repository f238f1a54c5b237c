// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "proto/text.h"

static const char *const codes[] = {
#define PROBLEM(code, name, meaning) #code,
#include "alerts/engine/problem_codes.def"
#undef PROBLEM
};

const char *problem_code_text(enum problem_code code)
{
	return codes[code];
}

// What files hold is shown to people: nothing in it may move the cursor or turn the line.
static void write_safely(char *out, size_t size, const char *format, va_list arguments)
{
	char text[512];
	vsnprintf(text, sizeof text, format, arguments);
	for (char *at = text; *at; at++)
		if (*at == '\n' || *at == '\t')
			*at = ' ';
	mu_text_copy(out, size, text);
}

static struct rules_problem *add(const struct problem_where *where, struct source_place place, unsigned width, enum problem_code code)
{
	struct rules_problems *problems = where->problems;
	const bool is_warning = codes[code][0] == 'W';
	if (is_warning)
		problems->warnings++;
	else
		problems->errors++;
	if (problems->count == RULES_PROBLEMS_MAX)
		return 0;
	struct rules_problem *problem = &problems->list[problems->count++];
	*problem =
		(struct rules_problem){ .is_warning = is_warning, .line = place.line, .column = place.column, .width = width ? width : 1 };
	snprintf(problem->code, sizeof problem->code, "%s", codes[code]);
	mu_text_copy(problem->file, sizeof problem->file, where->map->name ? where->map->name : "rules");
	mu_text_copy(problem->group, sizeof problem->group, where->group);
	mu_text_copy(problem->alert, sizeof problem->alert, where->alert);
	problem->excerpt_column = source_map_excerpt(where->map, place, problem->excerpt, sizeof problem->excerpt);
	return problem;
}

// Bytes of a scalar's text as columns of the file; what goes over the end of the line is not marked.
static unsigned columns_of(const struct problem_where *where, size_t offset, size_t width, struct source_place begin)
{
	size_t last = offset + (width ? width - 1 : 0);
	struct source_place end = source_map_locate(where->map, where->scalar, last);
	if (end.line != begin.line || end.column < begin.column)
		return 1;
	return end.column - begin.column + 1;
}

struct rules_problem *problem_at(const struct problem_where *where, size_t offset, size_t width, enum problem_code code, const char *format,
	...)
{
	struct source_place place = { 1, 1 };
	unsigned columns = 1;
	if (where->problems->count < RULES_PROBLEMS_MAX) { // else it is only counted
		place = source_map_locate(where->map, where->scalar, offset);
		columns = columns_of(where, offset, width, place);
	}
	struct rules_problem *problem = add(where, place, columns, code);
	if (problem) {
		va_list arguments;
		va_start(arguments, format);
		write_safely(problem->what, sizeof problem->what, format, arguments);
		va_end(arguments);
	}
	return problem;
}

struct rules_problem *problem_in_file(const struct problem_where *where, struct source_place place, unsigned width, enum problem_code code,
	const char *format, ...)
{
	struct rules_problem *problem = add(where, place, width, code);
	if (problem) {
		va_list arguments;
		va_start(arguments, format);
		write_safely(problem->what, sizeof problem->what, format, arguments);
		va_end(arguments);
	}
	return problem;
}

void problem_hint(struct rules_problem *problem, const char *format, ...)
{
	if (!problem)
		return;
	va_list arguments;
	va_start(arguments, format);
	write_safely(problem->hint, sizeof problem->hint, format, arguments);
	va_end(arguments);
}

void problem_no_memory(const struct problem_where *where)
{
	problem_in_file(where, (struct source_place){ 1, 1 }, 1, PROBLEM_NO_MEMORY, "no memory to compile the rules");
}

// Blanks up to the caret: as many columns as are before it in the excerpt.
static void indent(char *out, size_t size, const struct rules_problem *problem)
{
	size_t blanks = problem->column - problem->excerpt_column;
	if (blanks >= size)
		blanks = size - 1;
	memset(out, ' ', blanks);
	out[blanks] = 0;
}

static void carets(char *out, size_t size, const struct rules_problem *problem)
{
	size_t count = problem->width < size ? problem->width : size - 1;
	memset(out, '^', count);
	out[count] = 0;
}

size_t rules_problem_text(const struct rules_problem *problem, char *text, size_t size)
{
	char number[16], margin[16], blanks[sizeof problem->excerpt], marks[64], where[160] = "";
	snprintf(number, sizeof number, "%u", problem->line);
	snprintf(margin, sizeof margin, "%*s", (int)strlen(number), "");
	indent(blanks, sizeof blanks, problem);
	carets(marks, sizeof marks, problem);
	if (problem->group[0] && problem->alert[0])
		snprintf(where, sizeof where, "   group \"%s\", alert \"%s\"", problem->group, problem->alert);
	else if (problem->group[0])
		snprintf(where, sizeof where, "   group \"%s\"", problem->group);
	int length = snprintf(text, size, "%s[%s]: %s\n%s--> %s:%u:%u%s\n%s |\n%s | %s\n%s | %s%s%s%s\n",
		problem->is_warning ? "warning" : "error", problem->code, problem->what, margin, problem->file, problem->line,
		problem->column, where, margin, number, problem->excerpt, margin, blanks, marks, problem->hint[0] ? " " : "",
		problem->hint);
	if (length < 0 || !size)
		return 0;
	return (size_t)length < size ? (size_t)length : size - 1;
}
