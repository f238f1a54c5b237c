// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/source_map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "proto/text.h"

// Bytes of the line break at `at`, 0 if there is none: CR LF, CR, LF, and NEL, LS, PS as libyaml has them.
static size_t line_break(const char *text, size_t size, size_t at)
{
	static const char *const breaks[] = { "\r\n", "\r", "\n", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };
	for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
		size_t length = strlen(breaks[i]);
		if (size - at >= length && memcmp(text + at, breaks[i], length) == 0)
			return length;
	}
	return 0;
}

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

// Counts the lines; with `starts` it writes down where they begin.
static size_t find_lines(const char *text, size_t size, size_t *starts)
{
	size_t count = 0;
	size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; // a byte order mark has no column
	if (starts)
		starts[0] = at;
	for (count = 1; at < size;) {
		size_t bytes = line_break(text, size, at);
		at += bytes ? bytes : 1;
		if (bytes && starts)
			starts[count] = at;
		count += bytes > 0;
	}
	return count;
}

int source_map_init(struct source_map *map, const struct rules_source *source)
{
	*map = (struct source_map){ .name = source->name,
		.text = source->text ? source->text : "",
		.size = source->text ? source->size : 0 };
	map->line_count = find_lines(map->text, map->size, 0);
	map->line_starts = malloc(map->line_count * sizeof *map->line_starts);
	if (!map->line_starts)
		return -1;
	find_lines(map->text, map->size, map->line_starts);
	return 0;
}

void source_map_free(struct source_map *map)
{
	free(map->line_starts);
	*map = (struct source_map){ 0 };
}

static size_t line_start(const struct source_map *map, unsigned line)
{
	if (line < 1 || line > map->line_count)
		return map->size;
	return map->line_starts[line - 1];
}

static size_t line_end(const struct source_map *map, unsigned line)
{
	size_t at = line_start(map, line);
	while (at < map->size && !line_break(map->text, map->size, at))
		at++;
	return at;
}

static size_t byte_of(const struct source_map *map, struct source_place place)
{
	size_t at = line_start(map, place.line);
	size_t end = line_end(map, place.line);
	for (unsigned column = 1; column < place.column && at < end; column++)
		for (at++; at < end && continues(map->text[at]); at++)
			;
	return at;
}

static struct source_place place_of(const struct source_map *map, size_t at)
{
	size_t low = 0;
	for (size_t high = map->line_count; high - low > 1;) {
		size_t middle = low + (high - low) / 2;
		if (map->line_starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	struct source_place place = { (unsigned)low + 1, 1 };
	for (size_t i = map->line_starts[low]; i < at && i < map->size; i++)
		place.column += !continues(map->text[i]);
	// A position within a character counts from its first byte.
	if (at < map->size && at > map->line_starts[low] && continues(map->text[at]))
		place.column--;
	return place;
}

// --- from a scalar's text back to the file: both are walked together ---

struct walk {
	const struct source_map *map;
	size_t at; // in the file
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// Bytes in the file of an escape in double quotes.
static size_t escape_bytes(const struct walk *walk)
{
	if (walk->at + 1 >= walk->map->size)
		return 1;
	switch (walk->map->text[walk->at + 1]) {
	case 'x': return 4;
	case 'u': return 6;
	case 'U': return 10;
	default: return 2;
	}
}

static bool is_at(const struct walk *walk, char byte)
{
	return walk->at < walk->map->size && walk->map->text[walk->at] == byte;
}

static void pass_blanks(struct walk *walk)
{
	while (walk->at < walk->map->size && is_blank(walk->map->text[walk->at]))
		walk->at++;
}

static void pass_letter(struct walk *walk, enum source_style style, char byte)
{
	while (walk->at < walk->map->size && walk->map->text[walk->at] != byte)
		walk->at++;
	walk->at += walk->at < walk->map->size;
	if (style == SOURCE_SINGLE_QUOTED && byte == '\'' && is_at(walk, '\'')) // '' is one quote
		walk->at++;
}

// Passes what made one byte of the text. A run of blanks stands for any run of blanks and line breaks, as folding makes it.
static void pass(struct walk *walk, enum source_style style, char byte, bool is_last_blank)
{
	if (style == SOURCE_DOUBLE_QUOTED && is_at(walk, '\\'))
		walk->at += escape_bytes(walk);
	else if (!is_blank(byte))
		pass_letter(walk, style, byte);
	else if (is_last_blank)
		pass_blanks(walk);
}

static void begin(struct walk *walk, const struct source_scalar *scalar)
{
	walk->at = byte_of(walk->map, scalar->place);
	if (scalar->style == SOURCE_SINGLE_QUOTED || scalar->style == SOURCE_DOUBLE_QUOTED)
		walk->at++;
	if (scalar->style == SOURCE_BLOCK)
		walk->at = line_start(walk->map, scalar->place.line + 1);
	if (scalar->style == SOURCE_BLOCK || (scalar->length && is_blank(scalar->text[0])))
		pass_blanks(walk);
}

struct source_place source_map_locate(const struct source_map *map, const struct source_scalar *scalar, size_t offset)
{
	struct walk walk = { .map = map };
	size_t end = offset < scalar->length ? offset : scalar->length, i = 0;
	begin(&walk, scalar);
	while (i < end && is_blank(scalar->text[i])) // passed already
		i++;
	for (; i < end; i++)
		pass(&walk, scalar->style, scalar->text[i], i + 1 == scalar->length || !is_blank(scalar->text[i + 1]));
	return place_of(map, walk.at < map->size ? walk.at : map->size);
}

unsigned source_map_excerpt(const struct source_map *map, struct source_place place, char *out, size_t size)
{
	enum { BEFORE = 100 }; // columns that are kept before the place where a line is long
	char line[512];
	unsigned first = place.column > BEFORE + 20 ? place.column - BEFORE : 1;
	size_t at = byte_of(map, (struct source_place){ place.line, first });
	size_t length = line_end(map, place.line) - at;
	if (length >= sizeof line)
		length = sizeof line - 1;
	for (size_t i = 0; i < length; i++) {
		char byte = map->text[at + i];
		line[i] = byte;
		if (byte == '\t' || !byte)
			line[i] = ' ';
	}
	line[length] = 0;
	mu_text_copy(out, size, line);
	return first;
}
