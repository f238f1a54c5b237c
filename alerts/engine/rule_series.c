// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/lexer.h"
#include "proto/metrics.h"

void rule_series_free(struct rule_series *series)
{
	free(series->values);
	*series = (struct rule_series){ 0 };
}

static int fail(const struct problem_where *where, size_t offset, size_t width, const char *what, const char *hint)
{
	problem_hint(problem_at(where, offset, width, PROBLEM_BAD_TEST, "%s", what), "%s", hint);
	return -1;
}

static bool is_sign(const struct token *token, const char *sign)
{
	return token->kind == TOKEN_SIGN && strcmp(token->text, sign) == 0;
}

static void next(const struct problem_where *where, struct token *token)
{
	lexer_next(where->scalar->text, token->offset + token->width, token);
}

// label="text"; -1: it is none, and it was said.
static int read_label(struct rule_series *series, const struct problem_where *where, struct token *token)
{
	struct token label = *token;
	next(where, token);
	bool is_equal = label.kind == TOKEN_NAME && is_sign(token, "=");
	if (is_equal)
		next(where, token);
	if (!is_equal || token->kind != TOKEN_TEXT)
		return fail(where, label.offset, label.width, "this is no label", "write {device=\"d1\"}");
	char *out = strcmp(label.text, "device") == 0 ? series->device : strcmp(label.text, "firmware") == 0 ? series->firmware : 0;
	if (!out)
		return fail(where, label.offset, label.width, "a series has no such label", "known: device, firmware");
	memcpy(out, token->text, sizeof token->text);
	next(where, token);
	return 0;
}

static int read_name(struct rule_series *series, const struct problem_where *where)
{
	struct token token = { 0 };
	snprintf(series->device, sizeof series->device, "d1");
	next(where, &token);
	series->metric = token.kind == TOKEN_NAME ? mu_metric_find(token.text) : -1;
	if (series->metric < 0)
		return fail(where, token.offset, token.width, "this is no metric",
			"write heap_free_bytes{device=\"d1\"}; metrics.def lists them");
	next(where, &token);
	if (is_sign(&token, "{")) {
		next(where, &token);
		while (!is_sign(&token, "}")) {
			if (read_label(series, where, &token) < 0)
				return -1;
			if (is_sign(&token, ","))
				next(where, &token);
		}
		next(where, &token);
	}
	return token.kind == TOKEN_END ? 0
				       : fail(where, token.offset, token.width, "this cannot stand here", "write METRIC{device=\"d1\"}");
}

static int add(struct rule_series *series, double value)
{
	if (series->count == RULE_SERIES_VALUES_MAX)
		return -1;
	series->values[series->count++] = value;
	return 0;
}

struct word {
	double first, step;
	unsigned long more;
	bool is_repeated;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// `_`, or a number.
static const char *read_first(const char *at, struct word *word)
{
	char *end;
	word->first = NAN;
	if (*at == '_')
		return at + 1;
	if (!is_digit(*at) && !strchr("+-.", *at))
		return at;
	word->first = strtod(at, &end);
	return isfinite(word->first) ? end : at;
}

// +bxn, -bxn or xn; nothing is one value.
static const char *read_repeat(const char *at, struct word *word)
{
	char *end = (char *)at;
	if ((*at == '+' || *at == '-') && is_digit(at[1]))
		word->step = strtod(at, &end);
	if (*end == 'x' && is_digit(end[1])) {
		word->more = strtoul(end + 1, &end, 10);
		word->is_repeated = true;
		return end;
	}
	return at; // a step without its number of times is none
}

// One word of the notation. Returns its length, 0 if it is none.
static size_t read_word(const char *text, struct word *word)
{
	*word = (struct word){ 0 };
	const char *end = read_first(text, word);
	if (end == text)
		return 0;
	end = read_repeat(end, word);
	bool is_whole = !*end || strchr(" \t\n", *end);
	return is_whole && (!isnan(word->first) || word->step == 0) ? (size_t)(end - text) : 0;
}

// promtool: _x3 is three times nothing, 5x3 four times 5.
static int add_word(struct rule_series *series, const struct word *word)
{
	unsigned long count = word->more + (isnan(word->first) && word->is_repeated ? 0 : 1);
	for (unsigned long i = 0; i < count; i++)
		if (add(series, word->first + word->step * (double)i) < 0)
			return -1;
	return 0;
}

static int read_values(struct rule_series *series, const struct problem_where *where)
{
	const char *text = where->scalar->text;
	size_t at = strspn(text, " \t\n");
	while (text[at]) {
		struct word word;
		size_t length = read_word(text + at, &word);
		if (!length)
			return fail(where, at, strcspn(text + at, " \t\n"), "these are no values",
				"write 5, 5x3, 5+1x3, _ or _x3, with blanks between them");
		if (add_word(series, &word) < 0)
			return fail(where, at, length, "too many values", "at most 20000 in a series");
		at += length;
		at += strspn(text + at, " \t\n");
	}
	return 0;
}

static int check_values(const struct rule_series *series, const struct problem_where *where)
{
	const struct mu_metric_info *info = &mu_metrics[series->metric];
	for (size_t i = 0; i < series->count; i++) {
		double value = series->values[i];
		if (isnan(value) || (value >= (double)info->min && value <= (double)info->max))
			continue;
		problem_hint(problem_at(where, 0, where->scalar->length, PROBLEM_BAD_TEST, "`%s` is never %g",
				     mu_metric_words[series->metric].name, value),
			"it is between %lld and %lld", (long long)info->min, (long long)info->max);
		return -1;
	}
	return 0;
}

int rule_series_read(struct rule_series *series, const struct problem_where *where, const struct source_scalar *name,
	const struct source_scalar *values)
{
	struct problem_where at = *where;
	*series = (struct rule_series){ .values = calloc(RULE_SERIES_VALUES_MAX, sizeof *series->values) };
	if (!series->values) {
		problem_no_memory(where);
		return -1;
	}
	at.scalar = name;
	int result = read_name(series, &at);
	at.scalar = values;
	if (result == 0 && (result = read_values(series, &at)) == 0)
		result = check_values(series, &at);
	double *fitting = result == 0 ? realloc(series->values, (series->count + 1) * sizeof *fitting) : 0;
	if (fitting)
		series->values = fitting;
	if (result < 0)
		rule_series_free(series);
	return result;
}
