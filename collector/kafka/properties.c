// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/properties.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *text;
	size_t size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span span)
{
	while (span.size && is_blank(span.text[0]))
		span = (struct span){ span.text + 1, span.size - 1 };
	while (span.size && is_blank(span.text[span.size - 1]))
		span.size--;
	return span;
}

static bool has_control_character(struct span span)
{
	for (size_t i = 0; i < span.size; i++)
		if ((unsigned char)span.text[i] < ' ' && span.text[i] != '\t')
			return true;
	return false;
}

static bool is_name(struct span span)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
	for (size_t i = 0; i < span.size; i++)
		if (!memchr(alphabet, span.text[i], sizeof alphabet - 1))
			return false;
	return span.size > 0 && span.size <= PROPERTY_NAME_MAX;
}

// What is wrong with the line, or 0.
static const char *problem_of(struct span line, struct span name, struct span value, const char *equals)
{
	if (has_control_character(line))
		return "has a control character";
	if (!equals)
		return "has no '='";
	if (!is_name(name))
		return "does not begin with the name of a property";
	return value.size > PROPERTY_VALUE_MAX ? "has a value of more than 16 KiB" : 0;
}

static void take_line(struct span line, unsigned number, const struct properties_calls *calls)
{
	char name_text[PROPERTY_NAME_MAX + 1], value_text[PROPERTY_VALUE_MAX + 1];
	line = trim(line);
	if (!line.size || line.text[0] == '#')
		return;
	const char *equals = memchr(line.text, '=', line.size);
	size_t name_size = equals ? (size_t)(equals - line.text) : line.size;
	struct span name = trim((struct span){ line.text, name_size }), value = { line.text, 0 };
	if (equals)
		value = trim((struct span){ equals + 1, line.size - name_size - 1 });
	const char *problem = problem_of(line, name, value, equals);
	if (problem) {
		calls->problem(calls->context, number, problem);
		return;
	}
	memcpy(name_text, name.text, name.size);
	name_text[name.size] = 0;
	memcpy(value_text, value.text, value.size);
	value_text[value.size] = 0;
	calls->property(calls->context, number, name_text, value_text);
}

void properties_parse(const char *text, size_t size, const struct properties_calls *calls)
{
	unsigned number = 1;
	if (size > PROPERTIES_BYTES_MAX) {
		calls->problem(calls->context, number, "begins a file of more than 64 KiB");
		return;
	}
	for (const char *at = text, *end = text + size; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		take_line((struct span){ at, (size_t)(stop - at) }, number, calls);
		at = stop + 1;
	}
}
