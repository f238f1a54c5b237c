// SPDX-License-Identifier: Apache-2.0
// A rule file's text by lines, and where in it the letters of a YAML scalar come from.
//
// Lines and columns are from 1; columns count characters (UTF-8), not bytes, and a line ends where libyaml ends it. Pure. Memory: the table of
// lines, freed by source_map_free(); the text is the caller's and must stay. Thread: any.
#ifndef ALERTS_ENGINE_SOURCE_MAP_H
#define ALERTS_ENGINE_SOURCE_MAP_H
#include <stdbool.h>
#include <stddef.h>
#include "alerts/engine/rules.h"

struct source_map {
	const char *name, *text;
	size_t size;
	size_t *line_starts; // byte offsets
	size_t line_count;   // at least 1
};

int source_map_init(struct source_map *map, const struct rules_source *source); // -1: no memory
void source_map_free(struct source_map *map);

struct source_place {
	unsigned line, column;
};

enum source_style { SOURCE_PLAIN, SOURCE_SINGLE_QUOTED, SOURCE_DOUBLE_QUOTED, SOURCE_BLOCK };

// A scalar of the file: its text and where its first byte stands (the quote, or the | or > of a block).
struct source_scalar {
	const char *text;
	size_t length;
	enum source_style style;
	struct source_place place;
};

// Where byte `offset` of the scalar's text stands. Exact but for texts in double quotes with escapes of several bytes.
struct source_place source_map_locate(const struct source_map *map, const struct source_scalar *scalar, size_t offset);

// The line as text that can be shown (tabs as blanks), what fits around the column. Returns the column at which it begins.
unsigned source_map_excerpt(const struct source_map *map, struct source_place place, char *out, size_t size);

#endif
