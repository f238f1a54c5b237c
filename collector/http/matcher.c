// SPDX-License-Identifier: Apache-2.0
#include "collector/http/matcher.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct reader {
	const char *text, *at;
	struct matcher_problem *problem;
};

static int refuse(const struct reader *reader, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(const struct reader *reader, const char *at, const char *format, ...)
{
	va_list arguments;
	reader->problem->column = (unsigned)(at - reader->text) + 1;
	va_start(arguments, format);
	vsnprintf(reader->problem->what, sizeof reader->problem->what, format, arguments);
	va_end(arguments);
	return -1;
}

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t");
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// ---- the three parts of a matcher

static int read_name(struct reader *reader, struct matcher *matcher)
{
	size_t length = 0;
	const char *at = reader->at;
	while (is_letter(at[length]) || at[length] == '_' || (length && is_digit(at[length])))
		length++;
	if (!length)
		return refuse(reader, at, "the name of a label must be here: letters, digits and _");
	if (length >= sizeof matcher->name)
		return refuse(reader, at, "the name of a label has at most %zu characters", sizeof matcher->name - 1);
	memcpy(matcher->name, at, length);
	matcher->name[length] = 0;
	reader->at += length;
	return 0;
}

static int read_operator(struct reader *reader, struct matcher *matcher)
{
	static const struct {
		const char *text;
		enum matcher_kind kind;
	} operators[] = {
		{ "=~", MATCHER_REGEX }, { "!~", MATCHER_NOT_REGEX }, { "!=", MATCHER_NOT_EQUAL }, { "=", MATCHER_EQUAL },
	};
	skip_blanks(reader);
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		size_t length = strlen(operators[i].text);
		if (strncmp(reader->at, operators[i].text, length) != 0)
			continue;
		matcher->kind = operators[i].kind;
		reader->at += length;
		skip_blanks(reader);
		return 0;
	}
	return refuse(reader, reader->at, "=, !=, =~ or !~ must follow the name %.40s", matcher->name);
}

static int read_quoted(struct reader *reader, struct matcher *matcher)
{
	const char *begin = reader->at++;
	size_t used = 0;
	while (*reader->at != '"') {
		char c = *reader->at++;
		if (!c)
			return refuse(reader, begin, "this quotation mark is not closed");
		if (c == '\\') {
			c = *reader->at++;
			if (!c)
				return refuse(reader, begin, "this quotation mark is not closed");
			if (c == 'n')
				c = '\n';
			else if (c != '"' && c != '\\')
				return refuse(reader, reader->at - 2, "in quotation marks only \\\\, \\\" and \\n are escapes");
		}
		if (used + 1 >= sizeof matcher->value)
			return refuse(reader, begin, "a value has at most %zu characters", sizeof matcher->value - 1);
		matcher->value[used++] = c;
	}
	reader->at++;
	matcher->value[used] = 0;
	return 0;
}

static int read_bare(struct reader *reader, struct matcher *matcher)
{
	size_t length = strcspn(reader->at, ",}\" \t");
	if (reader->at[length] == '"')
		return refuse(reader, reader->at + length, "put the whole value into quotation marks");
	if (length >= sizeof matcher->value)
		return refuse(reader, reader->at, "a value has at most %zu characters", sizeof matcher->value - 1);
	memcpy(matcher->value, reader->at, length);
	matcher->value[length] = 0;
	reader->at += length;
	return 0;
}

// ---- what regcomp() may be given

// The length of a bracket expression, or 0: it is not closed.
static size_t bracket_length(const char *at)
{
	size_t i = 1 + (at[1] == '^');
	i += at[i] == ']';
	while (at[i] && at[i] != ']') {
		char class = at[i] == '[' ? at[i + 1] : 0;
		const char end[3] = { class, ']', 0 };
		const char *close = class == ':' || class == '.' || class == '=' ? strstr(at + i + 2, end) : 0;
		i = close ? (size_t)(close - at) + 2 : i + 1;
	}
	return at[i] ? i + 1 : 0;
}

struct shape {
	int depth;
	bool is_repeated; // what was read last is a quantifier
	const char *what; // why it is refused
};

static size_t quantifier(struct shape *shape)
{
	bool was_repeated = shape->is_repeated;
	shape->what = "a quantifier follows a quantifier";
	shape->is_repeated = true;
	return was_repeated ? 0 : 1;
}

static size_t escaped(const char *at, struct shape *shape)
{
	shape->what = "a backslash may stand before punctuation only; write [0-9] for digits, [[:alnum:]_] for word characters";
	return at[1] && !is_letter(at[1]) && !is_digit(at[1]) ? 2 : 0;
}

static size_t group(const char *at, struct shape *shape)
{
	shape->depth += *at == '(' ? 1 : -1;
	shape->what = shape->depth < 0 ? "a ) has no (" : "too many groups in groups";
	return shape->depth < 0 || shape->depth > MATCHER_DEPTH ? 0 : 1;
}

// One element of an expression. Returns its length, or 0: shape->what says why it is refused.
static size_t element(const char *at, struct shape *shape)
{
	if (strchr("*+?", *at))
		return quantifier(shape);
	shape->is_repeated = false;
	switch (*at) {
	case '[': shape->what = "a [ is not closed"; return bracket_length(at);
	case '{': shape->what = "counted repetition ({2,9}) is not taken"; return 0;
	case '\\': return escaped(at, shape);
	case '(':
	case ')': return group(at, shape);
	default: return 1;
	}
}

static const char *refusal_of(const char *expression)
{
	struct shape shape = { 0, true, 0 }; // a quantifier at the beginning repeats nothing
	while (*expression) {
		size_t length = element(expression, &shape);
		if (!length)
			return shape.what;
		expression += length;
	}
	return shape.depth ? "a ( is not closed" : 0;
}

static int compile(struct reader *reader, struct matcher *matcher, const char *begin)
{
	char anchored[MATCHER_VALUE_BYTES + 8], why[100];
	const char *refusal = refusal_of(matcher->value);
	if (refusal)
		return refuse(reader, begin, "in this regular expression %s", refusal);
	snprintf(anchored, sizeof anchored, "^(%s)$", matcher->value);
	int err = regcomp(&matcher->regex, anchored, REG_EXTENDED | REG_NOSUB);
	if (!err)
		return 0;
	regerror(err, &matcher->regex, why, sizeof why);
	return refuse(reader, begin, "this regular expression is not valid: %s", why);
}

// ---- the list

static int read_matcher(struct reader *reader, struct matchers *matchers)
{
	if (matchers->count == MATCHERS_MAX)
		return refuse(reader, reader->at, "more than %d matchers", MATCHERS_MAX);
	struct matcher *matcher = &matchers->list[matchers->count];
	if (read_name(reader, matcher) < 0 || read_operator(reader, matcher) < 0)
		return -1;
	const char *begin = reader->at;
	int err = *begin == '"' ? read_quoted(reader, matcher) : read_bare(reader, matcher);
	bool is_regex = matcher->kind == MATCHER_REGEX || matcher->kind == MATCHER_NOT_REGEX;
	if (err < 0 || (is_regex && compile(reader, matcher, begin) < 0))
		return -1;
	matchers->count++;
	skip_blanks(reader);
	return 0;
}

static int read_list(struct reader *reader, struct matchers *matchers)
{
	skip_blanks(reader);
	bool has_braces = *reader->at == '{';
	const char end = has_braces ? '}' : 0;
	reader->at += has_braces;
	skip_blanks(reader);
	while (*reader->at != end) {
		if (read_matcher(reader, matchers) < 0)
			return -1;
		if (*reader->at == ',')
			reader->at++;
		else if (*reader->at != end)
			return refuse(reader, reader->at, has_braces ? "a comma or } must be here" : "a comma must be here");
		skip_blanks(reader);
	}
	reader->at += has_braces;
	skip_blanks(reader);
	return *reader->at ? refuse(reader, reader->at, "nothing may follow the }") : 0;
}

int matchers_parse(struct matchers *matchers, const char *text, struct matcher_problem *problem)
{
	struct reader reader = { text, text, problem };
	matchers->count = 0;
	*problem = (struct matcher_problem){ 0 };
	if (strlen(text) >= MATCHER_TEXT_BYTES)
		return refuse(&reader, text, "the matchers have at most %d characters in all", MATCHER_TEXT_BYTES - 1);
	if (read_list(&reader, matchers) == 0)
		return 0;
	matchers_free(matchers);
	return -1;
}

void matchers_free(struct matchers *matchers)
{
	for (unsigned i = 0; i < matchers->count; i++)
		if (matchers->list[i].kind == MATCHER_REGEX || matchers->list[i].kind == MATCHER_NOT_REGEX)
			regfree(&matchers->list[i].regex);
	matchers->count = 0;
}

static bool fits(const struct matcher *matcher, const char *text)
{
	switch (matcher->kind) {
	case MATCHER_EQUAL: return strcmp(text, matcher->value) == 0;
	case MATCHER_NOT_EQUAL: return strcmp(text, matcher->value) != 0;
	case MATCHER_REGEX: return regexec(&matcher->regex, text, 0, 0, 0) == 0;
	default: return regexec(&matcher->regex, text, 0, 0, 0) == REG_NOMATCH;
	}
}

bool matchers_fit(const struct matchers *matchers, const char *(*label)(void *context, const char *name), void *context)
{
	for (unsigned i = 0; i < matchers->count; i++) {
		const char *text = label(context, matchers->list[i].name);
		if (!fits(&matchers->list[i], text ? text : ""))
			return false;
	}
	return true;
}
