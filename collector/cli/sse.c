// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/sse.h"
#include <stdlib.h>
#include <string.h>

struct sse {
	sse_take *take;
	void *context;
	char id[SSE_ID_BYTES];     // of the last event that was whole
	char next_id[SSE_ID_BYTES]; // of the one that is being read
	char name[SSE_NAME_BYTES];
	size_t line_size, data_size, dropped;
	int is_line_too_long, is_event_too_long, ends_with_return;
	char line[SSE_EVENT_MAX], data[SSE_EVENT_MAX];
};

struct sse *sse_new(sse_take *take, void *context)
{
	struct sse *sse = calloc(1, sizeof *sse);
	if (!sse)
		return 0;
	sse->take = take;
	sse->context = context;
	return sse;
}

void sse_free(struct sse *sse)
{
	free(sse);
}

const char *sse_last_id(const struct sse *sse)
{
	return sse->id;
}

size_t sse_dropped(const struct sse *sse)
{
	return sse->dropped;
}

static void begin_event(struct sse *sse)
{
	sse->name[0] = 0;
	sse->data_size = 0;
	sse->is_event_too_long = 0;
}

void sse_restart(struct sse *sse)
{
	begin_event(sse);
	memcpy(sse->next_id, sse->id, sizeof sse->next_id);
	sse->line_size = 0;
	sse->is_line_too_long = sse->ends_with_return = 0;
}

// A value that does not fit is no value.
static void set(char *to, size_t size, const char *text, size_t length)
{
	if (length >= size || memchr(text, 0, length))
		return;
	memcpy(to, text, length);
	to[length] = 0;
}

static void add_data(struct sse *sse, const char *text, size_t length)
{
	if (sse->data_size + length + 1 > sizeof sse->data) {
		sse->is_event_too_long = 1;
		return;
	}
	memcpy(sse->data + sse->data_size, text, length);
	sse->data_size += length;
	sse->data[sse->data_size++] = '\n'; // the last one is taken off again
}

static int end_event(struct sse *sse)
{
	int code = 0;
	memcpy(sse->id, sse->next_id, sizeof sse->id);
	if (sse->is_event_too_long)
		sse->dropped++;
	else if (sse->data_size) {
		sse->data[sse->data_size - 1] = 0;
		const struct sse_event event = { sse->name[0] ? sse->name : "message", sse->id, sse->data };
		code = sse->take(sse->context, &event);
	}
	begin_event(sse);
	return code;
}

static int is_name(const char *line, size_t length, const char *name)
{
	return length == strlen(name) && memcmp(line, name, length) == 0;
}

static void take_field(struct sse *sse, size_t length)
{
	const char *line = sse->line, *colon = memchr(line, ':', length), *end = line + length;
	size_t name = colon ? (size_t)(colon - line) : length;
	const char *value = colon ? colon + 1 : end;
	value += value < end && *value == ' ';
	size_t size = (size_t)(end - value);
	if (is_name(line, name, "id"))
		set(sse->next_id, sizeof sse->next_id, value, size);
	else if (is_name(line, name, "data"))
		add_data(sse, value, size);
	else if (is_name(line, name, "event"))
		set(sse->name, sizeof sse->name, value, size);
}

static int end_line(struct sse *sse)
{
	size_t length = sse->line_size;
	sse->line_size = 0;
	if (sse->is_line_too_long) {
		sse->is_line_too_long = 0;
		sse->is_event_too_long = 1;
		return 0;
	}
	if (!length)
		return end_event(sse);
	take_field(sse, length);
	return 0;
}

static void add_byte(struct sse *sse, char c)
{
	if (sse->line_size < sizeof sse->line)
		sse->line[sse->line_size++] = c;
	else
		sse->is_line_too_long = 1;
}

int sse_feed(struct sse *sse, const char *bytes, size_t size)
{
	int code = 0;
	for (size_t i = 0; i < size && !code; i++) {
		char c = bytes[i];
		int is_second = c == '\n' && sse->ends_with_return; // CR LF is one end
		sse->ends_with_return = c == '\r';
		if (is_second)
			continue;
		if (c == '\n' || c == '\r')
			code = end_line(sse);
		else
			add_byte(sse, c);
	}
	return code;
}
