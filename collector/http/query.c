// SPDX-License-Identifier: Apache-2.0
#include "collector/http/query.h"
#include "collector/http/json_text.h"
#include <string.h>

// Decodes text[0..length) into out. 0, or -1 with *problem.
static int decode(const char *text, size_t length, char *out, size_t size, const char **problem)
{
	size_t used = 0;
	for (size_t i = 0; i < length; i++) {
		int c = (unsigned char)text[i];
		if (c == '+')
			c = ' ';
		if (c == '%') {
			int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
			int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
			c = high < 0 || low < 0 ? 0 : high << 4 | low;
			i += 2;
		}
		if (c == 0) {
			*problem = "has a % that is not followed by two hex digits, or stands for a NUL";
			return -1;
		}
		if (used + 1 >= size) {
			*problem = "has a name or a value that is too long";
			return -1;
		}
		out[used++] = (char)c;
	}
	out[used] = 0;
	return 0;
}

static int parse_pair(struct query *query, const char *text, size_t length, const char **problem)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals ? (size_t)(equals - text) : length;
	size_t value_length = equals ? length - name_length - 1 : 0;
	char name[QUERY_NAME_BYTES];

	if (query->count == QUERY_PAIRS_MAX) {
		*problem = "has more than 16 parameters";
		return -1;
	}
	if (decode(text, name_length, name, sizeof name, problem) < 0)
		return -1;
	if (!*name || query_get(query, name)) {
		*problem = *name ? "has a parameter twice" : "has a parameter without a name";
		return -1;
	}
	if (decode(equals ? equals + 1 : "", value_length, query->pairs[query->count].value, QUERY_VALUE_BYTES, problem) < 0)
		return -1;
	memcpy(query->pairs[query->count++].name, name, sizeof name);
	return 0;
}

int query_parse(struct query *query, const char *text, const char **problem)
{
	query->count = 0;
	while (text && *text) {
		size_t length = strcspn(text, "&");
		if (length && parse_pair(query, text, length, problem) < 0) {
			query->count = 0;
			return -1;
		}
		text += length + (text[length] == '&');
	}
	return 0;
}

const char *query_get(const struct query *query, const char *name)
{
	for (unsigned i = 0; i < query->count; i++)
		if (strcmp(query->pairs[i].name, name) == 0)
			return query->pairs[i].value;
	return 0;
}

static int is_word_of(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");
		if (here == length && memcmp(at, word, length) == 0)
			return 1;
		at += here;
	}
	return 0;
}

const char *query_unknown(const struct query *query, const char *allowed)
{
	for (unsigned i = 0; i < query->count; i++)
		if (!is_word_of(allowed, query->pairs[i].name))
			return query->pairs[i].name;
	return 0;
}

int query_number(const struct query *query, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
	const char *text = query_get(query, name);
	uint64_t number = 0;
	if (!text)
		return 0;
	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || number > (UINT64_MAX - 9) / 10)
			return -1;
		number = number * 10 + (uint64_t)(*text - '0');
	}
	if (number < min || number > max)
		return -1;
	*value = number;
	return 0;
}
