// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/topic_filter.h"

#include <string.h>

// A level: its text, its length, and where the next one begins (0: there is none).
struct level {
	const char *text;
	size_t length;
	const char *next;
};

static struct level first_level(const char *text)
{
	struct level level = { text, strcspn(text, "/"), 0 };
	if (text[level.length] == '/')
		level.next = text + level.length + 1;
	return level;
}

static bool is_one(const struct level *level, char wildcard)
{
	return level->length == 1 && level->text[0] == wildcard;
}

static bool is_same(const struct level *a, const struct level *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

const char *topic_filter_problem(const char *filter)
{
	if (!*filter)
		return "is empty";
	if (*filter == '$')
		return "begins with $: such topics are the broker's own";
	for (const char *at = filter; at;) {
		struct level level = first_level(at);
		bool has_wildcard = memchr(level.text, '+', level.length) || memchr(level.text, '#', level.length);
		if (has_wildcard && level.length > 1)
			return "has a wildcard beside other characters: + and # stand alone between the slashes";
		if (is_one(&level, '#') && level.next)
			return "has a # that is not the last level";
		at = level.next;
	}
	return 0;
}

// `#` also stands for nothing: a/# matches a. rest: what is left of a filter, 0 nothing.
static bool can_be_nothing(const char *rest)
{
	return !rest || strcmp(rest, "#") == 0;
}

bool topic_filter_matches(const char *filter, const char *topic)
{
	if (*topic == '$' && *filter != '$')
		return false;
	while (filter && topic) {
		struct level a = first_level(filter), b = first_level(topic);
		if (is_one(&a, '#'))
			return true;
		if (!is_one(&a, '+') && !is_same(&a, &b))
			return false;
		filter = a.next;
		topic = b.next;
	}
	return !topic && can_be_nothing(filter);
}

bool topic_filter_overlaps(const char *one, const char *other)
{
	while (one && other) {
		struct level a = first_level(one), b = first_level(other);
		if (is_one(&a, '#') || is_one(&b, '#'))
			return true;
		if (!is_one(&a, '+') && !is_one(&b, '+') && !is_same(&a, &b))
			return false;
		one = a.next;
		other = b.next;
	}
	return can_be_nothing(one) && can_be_nothing(other);
}

const char *topic_level(const char *topic, unsigned place, size_t *length)
{
	for (const char *at = topic; at; place--) {
		struct level level = first_level(at);
		if (!place) {
			*length = level.length;
			return level.text;
		}
		at = level.next;
	}
	*length = 0;
	return 0;
}
