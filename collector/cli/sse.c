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

static int end_line(struct sse *sse)
{
	const char *line = sse->line, *colon = memchr(line, ':', sse->line_size);
	size_t length = sse->line_size, name_length = colon ? (size_t)(colon - line) : length;
	sse->line_size = 0;
	if (sse->is_line_too_long) {
		sse->is_line_too_long = 0;
		sse->is_event_too_long = 1;
		return 0;
	}
	if (!length)
		return end_event(sse);
	size_t skip = colon ? 1 + (name_length + 1 < length && colon[1] == ' ') : 0;
	const char *value = line + name_length + skip;
	size_t value_length = length - name_length - skip;
	if (name_length == 2 && memcmp(line, "id", 2) == 0)
		set(sse->next_id, sizeof sse->next_id, value, value_length);
	else if (name_length == 4 && memcmp(line, "data", 4) == 0)
		add_data(sse, value, value_length);
	else if (name_length == 5 && memcmp(line, "event", 5) == 0)
		set(sse->name, sizeof sse->name, value, value_length);
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
