// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/template.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/lexer.h"
#include "proto/text.h"

// --- reading ---

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t skip_blanks(const char *text, size_t at)
{
	while (is_blank(text[at]))
		at++;
	return at;
}

static size_t skip_name(const char *text, size_t at)
{
	while (is_name_byte(text[at]))
		at++;
	return at;
}

static const struct {
	const char *name;
	enum template_variable variable;
} variables[] = {
	{ "value", TEMPLATE_VALUE },       { "threshold", TEMPLATE_THRESHOLD }, { "device", TEMPLATE_DEVICE },
	{ "severity", TEMPLATE_SEVERITY }, { "for", TEMPLATE_FOR },             { "labels", TEMPLATE_LABEL },
	{ "firmware", TEMPLATE_LABEL }, // {{ $firmware }} is the label of that name
};

static const char *const filters[] = { "", "bytes", "duration", "percent", "number" };

enum { FILTERS = sizeof filters / sizeof *filters };

static bool copy_name(struct template_part *part, const char *text, size_t begin, size_t end)
{
	if (begin == end || end - begin >= sizeof part->name)
		return false;
	snprintf(part->name, sizeof part->name, "%.*s", (int)(end - begin), text + begin);
	return true;
}

static enum template_variable variable_of(const char *name)
{
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		if (strcmp(name, variables[i].name) == 0)
			return variables[i].variable;
	return TEMPLATE_PARAM;
}

// $name or $labels.name. Returns the offset behind it, 0 if there is none.
static size_t read_name(const char *text, size_t at, struct template_part *part)
{
	part->name_begin = part->name_end = at;
	if (text[at] != '$')
		return 0;
	size_t end = part->name_end = skip_name(text, at + 1);
	if (!copy_name(part, text, at + 1, end))
		return 0;
	part->variable = variable_of(part->name);
	if (strcmp(part->name, "labels") != 0)
		return end;
	size_t label = part->name_end = text[end] == '.' ? skip_name(text, end + 1) : end;
	return label > end && copy_name(part, text, end + 1, label) ? label : 0;
}

static enum template_error read_filter(const char *text, size_t *at, struct template_part *part)
{
	part->filter_begin = part->filter_end = *at;
	if (text[*at] != '|')
		return TEMPLATE_OK;
	part->filter_begin = skip_blanks(text, *at + 1);
	part->filter_end = skip_name(text, part->filter_begin);
	*at = skip_blanks(text, part->filter_end);
	size_t length = part->filter_end - part->filter_begin;
	for (unsigned i = 1; i < FILTERS; i++)
		if (strlen(filters[i]) == length && memcmp(filters[i], text + part->filter_begin, length) == 0) {
			part->filter = (enum template_filter)i;
			return TEMPLATE_OK;
		}
	return TEMPLATE_UNKNOWN_FILTER;
}

enum template_error template_next(const char *text, size_t from, struct template_part *part)
{
	*part = (struct template_part){ 0 };
	const char *begin = strstr(text + from, "{{");
	part->begin = part->end = begin ? (size_t)(begin - text) : from + strlen(text + from);
	if (!begin)
		return TEMPLATE_OK;
	const char *close = strstr(begin, "}}");
	part->end = close ? (size_t)(close - text) + 2 : part->begin + 2;
	if (!close)
		return TEMPLATE_UNCLOSED;
	size_t at = read_name(text, skip_blanks(text, part->begin + 2), part);
	if (!at)
		return TEMPLATE_NOT_A_NAME;
	at = skip_blanks(text, at);
	enum template_error error = read_filter(text, &at, part);
	if (error != TEMPLATE_OK)
		return error;
	return at + 2 == part->end ? TEMPLATE_OK : TEMPLATE_TRAILING;
}

// --- writing ---

struct writer {
	char *out;
	size_t size, length;
	bool is_full;
};

// Only whole, printable characters; at the first that does not fit it ends.
static void put(struct writer *writer, const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;
	for (size_t at = 0; at < length && !writer->is_full;) {
		size_t wide = mu_text_character(bytes + at, length - at);
		bool is_break = bytes[at] == '\n'; // a template's own
		if (writer->length + (wide ? wide : 1) >= writer->size) {
			writer->is_full = true;
			return;
		}
		if (wide)
			memcpy(writer->out + writer->length, bytes + at, wide);
		else
			writer->out[writer->length] = is_break ? '\n' : '?';
		writer->length += wide ? wide : 1;
		at += wide ? wide : 1;
	}
}

static void put_outside(struct writer *writer, const char *text)
{
	char clean[256];
	size_t length = mu_text_copy(clean, sizeof clean, text && *text ? text : "?");
	put(writer, clean, length);
}

static void format_plain(char *out, size_t size, double number)
{
	if (number == floor(number) && fabs(number) < 1e15)
		snprintf(out, size, "%.0f", number == 0 ? 0.0 : number);
	else
		snprintf(out, size, "%.6g", number);
}

static void format_bytes(char *out, size_t size, double number)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned i = 0;
	while (fabs(number) >= 1024 && i < 4) {
		number /= 1024;
		i++;
	}
	char digits[32];
	snprintf(digits, sizeof digits, "%.*f", i && fabs(number) < 100 ? 1 : 0, number);
	size_t length = strlen(digits);
	if (length > 2 && strcmp(digits + length - 2, ".0") == 0)
		digits[length - 2] = 0;
	snprintf(out, size, "%s %s", digits, units[i]);
}

// The two largest units: 1h30m, 5m, 12s, 250ms.
static void format_duration(char *out, size_t size, double seconds)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = { { "d", 86400e3 }, { "h", 3600e3 }, { "m", 60e3 }, { "s", 1e3 }, { "ms", 1 } };
	double left = round(fabs(seconds) * 1000);
	size_t used = (size_t)snprintf(out, size, "%s", seconds < 0 && left > 0 ? "-" : "");
	unsigned parts = 0;
	for (unsigned i = 0; i < 5 && used < size; i++) {
		double count = floor(left / units[i].ms);
		if ((count == 0 && !parts) || parts == 2)
			continue;
		parts++;
		left -= count * units[i].ms;
		if (count > 0)
			used += (size_t)snprintf(out + used, size - used, "%.0f%s", count, units[i].name);
	}
	if (!parts)
		snprintf(out, size, "0s");
}

// 49152 -> 49.2k; three digits that count.
static void format_number(char *out, size_t size, double number)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	unsigned i = 0;
	while (fabs(number) >= 1000 && i < 4) {
		number /= 1000;
		i++;
	}
	snprintf(out, size, "%.3g%s", number, units[i]);
}

static void put_number(struct writer *writer, enum template_filter filter, double number, double scale)
{
	char text[64];
	if (!isfinite(number)) {
		put(writer, "?", 1);
		return;
	}
	switch (filter) {
	case TEMPLATE_BYTES: format_bytes(text, sizeof text, number); break;
	case TEMPLATE_DURATION: format_duration(text, sizeof text, number * scale); break;
	case TEMPLATE_PERCENT: {
		char digits[32];
		format_plain(digits, sizeof digits, round(number * scale * 1000) / 10);
		snprintf(text, sizeof text, "%s%%", digits);
		break;
	}
	case TEMPLATE_NUMBER: format_number(text, sizeof text, number); break;
	default: format_plain(text, sizeof text, number); break;
	}
	put(writer, text, strlen(text));
}

static const char *param_text(const struct template_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->param_count; i++)
		if (strcmp(facts->params[i].name, name) == 0)
			return facts->params[i].text;
	return "";
}

static void put_param(struct writer *writer, const struct template_part *part, const struct template_facts *facts)
{
	struct token value;
	const char *text = param_text(facts, part->name);
	lexer_literal(text, &value);
	if (part->filter == TEMPLATE_PLAIN)
		put_outside(writer, text);
	else if (value.kind == TOKEN_NUMBER)
		put_number(writer, part->filter, value.number, 1);
	else if (value.kind == TOKEN_PERCENT)
		put_number(writer, part->filter, value.number, 0.01);
	else if (value.kind == TOKEN_DURATION)
		put_number(writer, part->filter, value.number, 0.001);
	else
		put_outside(writer, text);
}

static void put_label(struct writer *writer, const char *name, const struct template_facts *facts)
{
	for (unsigned i = 0; i < facts->label_count; i++)
		if (strcmp(facts->labels[i].name, name) == 0) {
			put_outside(writer, facts->labels[i].text);
			return;
		}
	put(writer, "?", 1);
}

static void put_part(struct writer *writer, const struct template_part *part, const struct template_facts *facts)
{
	switch (part->variable) {
	case TEMPLATE_VALUE: put_number(writer, part->filter, facts->value, facts->value_scale); break;
	case TEMPLATE_THRESHOLD: put_number(writer, part->filter, facts->threshold, facts->value_scale); break;
	case TEMPLATE_FOR:
		put_number(writer, part->filter == TEMPLATE_PLAIN ? TEMPLATE_DURATION : part->filter, (double)facts->for_ms / 1000, 1);
		break;
	case TEMPLATE_DEVICE: put_outside(writer, facts->device); break;
	case TEMPLATE_SEVERITY: put_outside(writer, facts->severity); break;
	case TEMPLATE_LABEL: put_label(writer, part->name, facts); break;
	case TEMPLATE_PARAM: put_param(writer, part, facts); break;
	}
}

size_t template_render(const char *text, const struct template_facts *facts, char *out, size_t size)
{
	struct writer writer = { .out = out, .size = size };
	for (size_t at = 0; text[at] && !writer.is_full;) {
		struct template_part part;
		enum template_error error = template_next(text, at, &part);
		put(&writer, text + at, part.begin - at);
		if (error == TEMPLATE_OK && part.end > part.begin)
			put_part(&writer, &part, facts);
		else if (error != TEMPLATE_OK) // refused when rules are compiled
			put(&writer, "?", 1);
		at = part.end;
	}
	out[writer.length] = 0;
	return writer.length;
}
