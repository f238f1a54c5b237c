// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
	const struct problem_where *where;
	yaml_parser_t parser;
	unsigned nodes;
};

static struct source_place place_of(yaml_mark_t mark)
{
	return (struct source_place){ (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

static struct rules_problem *complain(const struct reader *reader, yaml_mark_t mark, enum problem_code code, const char *what)
{
	return problem_in_file(reader->where, place_of(mark), 1, code, "%s", what);
}

const char *rule_yaml_kind_name(const struct rule_yaml_node *node)
{
	static const char *const names[] = { "a text", "a mapping", "a list" };
	return node->is_null ? "nothing" : names[node->kind];
}

struct rules_problem *rule_yaml_problem(const struct problem_where *where, const struct rule_yaml_node *node, enum problem_code code,
	const char *format, ...)
{
	char what[sizeof((struct rules_problem *)0)->what];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	if (node->kind != RULE_YAML_TEXT || !node->scalar.length)
		return problem_in_file(where, node->scalar.place, 1, code, "%s", what);
	struct problem_where at = *where;
	at.scalar = &node->scalar;
	return problem_at(&at, 0, node->scalar.length, code, "%s", what);
}

struct rule_yaml_node *rule_yaml_find(const struct rule_yaml_node *mapping, const char *key)
{
	for (struct rule_yaml_node *at = mapping->child; at; at = at->next)
		if (at->key && strcmp(at->key->scalar.text, key) == 0)
			return at;
	return 0;
}

void rule_yaml_free(struct rule_yaml_node *node)
{
	while (node) {
		struct rule_yaml_node *next = node->next;
		rule_yaml_free(node->child);
		rule_yaml_free(node->key);
		if (node->kind == RULE_YAML_TEXT)
			free((char *)node->scalar.text);
		free(node);
		node = next;
	}
}

static enum source_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE: return SOURCE_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return SOURCE_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE: return SOURCE_BLOCK;
	default: return SOURCE_PLAIN;
	}
}

static bool is_nothing(const char *text, enum source_style style)
{
	return style == SOURCE_PLAIN && (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static struct rule_yaml_node *new_node(struct reader *reader, enum rule_yaml_kind kind, yaml_mark_t mark)
{
	if (++reader->nodes > RULE_YAML_NODES_MAX) {
		char what[80];
		snprintf(what, sizeof what, "more than %d values", RULE_YAML_NODES_MAX);
		problem_hint(complain(reader, mark, PROBLEM_TOO_LARGE, what), "split the rules into several files");
		return 0;
	}
	struct rule_yaml_node *node = calloc(1, sizeof *node);
	if (!node) {
		problem_no_memory(reader->where);
		return 0;
	}
	node->kind = kind;
	node->scalar.place = place_of(mark);
	return node;
}

static struct rule_yaml_node *read_text(struct reader *reader, const yaml_event_t *event)
{
	struct rule_yaml_node *node = new_node(reader, RULE_YAML_TEXT, event->start_mark);
	if (!node)
		return 0;
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	node->scalar.text = strndup(text, length);
	if (!node->scalar.text) {
		problem_no_memory(reader->where);
		free(node);
		return 0;
	}
	node->scalar.length = strlen(node->scalar.text);
	node->scalar.style = style_of(event->data.scalar.style);
	node->is_null = is_nothing(node->scalar.text, node->scalar.style);
	if (node->scalar.length != length)
		problem_hint(complain(reader, event->start_mark, PROBLEM_WRONG_SHAPE, "a zero byte in a text"), "remove it");
	return node;
}

static struct rule_yaml_node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth);

// The next event; false: the file is broken, and it was said.
static bool next_event(struct reader *reader, yaml_event_t *event)
{
	yaml_parser_t *parser = &reader->parser;
	if (yaml_parser_parse(parser, event))
		return true;
	char what[160];
	snprintf(what, sizeof what, "not YAML: %s%s%s", parser->context ? parser->context : "", parser->context ? ": " : "",
		parser->problem ? parser->problem : "cannot be read");
	problem_hint(complain(reader, parser->problem_mark, PROBLEM_NOT_YAML, what),
		parser->error == YAML_READER_ERROR ? "write the file as UTF-8"
						   : "look at the indentation and the quotes before this place");
	return false;
}

static void check_twice(const struct reader *reader, const struct rule_yaml_node *mapping, const struct rule_yaml_node *key)
{
	const struct rule_yaml_node *first = rule_yaml_find(mapping, key->scalar.text);
	if (!first)
		return;
	problem_hint(rule_yaml_problem(reader->where, key, PROBLEM_DUPLICATE_KEY, "the key `%.60s` stands twice", key->scalar.text),
		"the first is in line %u", first->key->scalar.place.line);
}

// A key of a mapping must be a text, and there may not be too many.
static bool is_key(const struct reader *reader, const struct rule_yaml_node *mapping, const struct rule_yaml_node *key, unsigned keys)
{
	if (key->kind != RULE_YAML_TEXT)
		problem_in_file(reader->where, key->scalar.place, 1, PROBLEM_WRONG_SHAPE, "a key that is no text");
	else if (keys > RULE_YAML_KEYS_MAX)
		problem_in_file(reader->where, key->scalar.place, 1, PROBLEM_TOO_LARGE, "more than %d keys in a mapping",
			RULE_YAML_KEYS_MAX);
	else {
		check_twice(reader, mapping, key);
		return true;
	}
	return false;
}

// The next value of a list or mapping. 0: its end (*is_end), or give up.
static struct rule_yaml_node *read_child(struct reader *reader, unsigned depth, bool *is_end)
{
	yaml_event_t event;
	*is_end = false;
	if (!next_event(reader, &event))
		return 0;
	*is_end = event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
	struct rule_yaml_node *node = *is_end ? 0 : read_node(reader, &event, depth);
	yaml_event_delete(&event);
	return node;
}

// What is read of a mapping or list, until its end. -1: give up.
static int read_children(struct reader *reader, struct rule_yaml_node *parent, unsigned depth)
{
	struct rule_yaml_node **end = &parent->child, *key = 0, *node;
	unsigned keys = 0;
	bool is_end;
	while ((node = read_child(reader, depth, &is_end))) {
		if (parent->kind == RULE_YAML_MAPPING && !key) {
			key = node;
			if (!is_key(reader, parent, key, ++keys))
				break;
			continue;
		}
		node->key = key;
		key = 0;
		*end = node;
		end = &node->next;
	}
	rule_yaml_free(key);
	return is_end ? 0 : -1;
}

static struct rule_yaml_node *read_nested(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	if (depth == RULE_YAML_DEPTH_MAX) {
		char what[80];
		snprintf(what, sizeof what, "lists and mappings more than %d deep", RULE_YAML_DEPTH_MAX);
		complain(reader, event->start_mark, PROBLEM_TOO_DEEP, what);
		return 0;
	}
	struct rule_yaml_node *node = new_node(reader, is_list ? RULE_YAML_LIST : RULE_YAML_MAPPING, event->start_mark);
	if (node && read_children(reader, node, depth + 1) < 0) {
		rule_yaml_free(node);
		return 0;
	}
	return node;
}

// What an event has that rule files may not have. true: it was said.
static bool is_refused(const struct reader *reader, const yaml_event_t *event)
{
	const yaml_char_t *anchor = 0, *tag = 0;
	if (event->type == YAML_ALIAS_EVENT) {
		problem_hint(complain(reader, event->start_mark, PROBLEM_ALIAS, "an alias"),
			"write the value out, or use a parameter of `params`");
		return true;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		problem_hint(complain(reader, event->start_mark, PROBLEM_ALIAS, "an anchor"),
			"remove it; aliases are not part of rule files");
	else if (tag)
		problem_hint(complain(reader, event->start_mark, PROBLEM_TAG, "a tag"), "remove it; the key says what type the value has");
	return anchor || tag;
}

static struct rule_yaml_node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
	if (is_refused(reader, event))
		return 0;
	switch (event->type) {
	case YAML_SCALAR_EVENT: return read_text(reader, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT: return read_nested(reader, event, depth);
	default: return 0;
	}
}

// Behind the first document nothing may come.
static bool ends_here(struct reader *reader)
{
	yaml_event_t event;
	for (;;) {
		if (!next_event(reader, &event))
			return false;
		yaml_event_type_t type = event.type;
		yaml_mark_t mark = event.start_mark;
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			return true;
		if (type == YAML_DOCUMENT_END_EVENT)
			continue;
		problem_hint(complain(reader, mark, PROBLEM_SECOND_DOCUMENT, "a second document"), "write it as a file of its own");
		return false;
	}
}

// The first event that is no beginning of the stream or the document.
static bool first_event(struct reader *reader, yaml_event_t *event)
{
	while (next_event(reader, event)) {
		if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT)
			return true;
		yaml_event_delete(event);
	}
	return false;
}

static struct rule_yaml_node *read_document(struct reader *reader, bool *is_empty)
{
	yaml_event_t event;
	if (!first_event(reader, &event))
		return 0;
	*is_empty = event.type == YAML_STREAM_END_EVENT;
	struct rule_yaml_node *root = *is_empty ? 0 : read_node(reader, &event, 0);
	yaml_event_delete(&event);
	if (!root)
		return 0;
	*is_empty = root->is_null;
	if (ends_here(reader) && !*is_empty)
		return root;
	rule_yaml_free(root);
	return 0;
}

struct rule_yaml_node *rule_yaml_read(const struct problem_where *where, bool *is_empty)
{
	struct reader reader = { .where = where };
	*is_empty = false;
	if (where->map->size > RULES_FILE_BYTES_MAX) {
		problem_hint(problem_in_file(where, (struct source_place){ 1, 1 }, 1, PROBLEM_TOO_LARGE, "the file has more than %d bytes",
				     RULES_FILE_BYTES_MAX),
			"split the rules into several files");
		return 0;
	}
	if (!yaml_parser_initialize(&reader.parser)) {
		problem_no_memory(where);
		return 0;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)where->map->text, where->map->size);
	struct rule_yaml_node *root = read_document(&reader, is_empty);
	yaml_parser_delete(&reader.parser);
	return root;
}
