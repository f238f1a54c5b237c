// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/notice_json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/time_text.h"

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static void clean_name(const char *name, char out[NOTICE_NAME_BYTES])
{
	size_t length = 0;
	if (!*name || isdigit((unsigned char)*name))
		out[length++] = '_';
	for (; *name && length < NOTICE_NAME_BYTES - 1; name++)
		out[length++] = *name == '_' || isalnum((unsigned char)*name) ? *name : '_';
	out[length] = 0;
}

// Never longer than the limit, and cut between two characters.
static size_t cut_length(const char *text)
{
	size_t length = strnlen(text, NOTICE_TEXT_BYTES);
	if (length < NOTICE_TEXT_BYTES)
		return length;
	length = NOTICE_TEXT_BYTES - 1;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	return length;
}

static json_t *clean_text(const char *text)
{
	size_t length = cut_length(text);
	json_t *json = json_stringn(text, length);
	if (json)
		return json;
	char copy[NOTICE_TEXT_BYTES];
	for (size_t i = 0; i < length; i++)
		copy[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	return json_stringn(copy, length);
}

static void set(json_t *object, const char *name, const char *text)
{
	char clean[NOTICE_NAME_BYTES];
	clean_name(name, clean);
	if (*text && !json_object_get(object, clean))
		json_object_set_new(object, clean, clean_text(text));
}

json_t *notice_json_labels(const struct notice *notice, const char *severity)
{
	json_t *labels = json_object();
	for (unsigned i = 0; labels && i < notice->label_count; i++) {
		const struct notice_text *label = &notice->labels[i];
		set(labels, label->name, severity && strcmp(label->name, "severity") == 0 ? severity : label->text);
	}
	return labels;
}

json_t *notice_json_annotations(const struct notice *notice)
{
	json_t *annotations = json_object();
	if (!annotations)
		return 0;
	for (unsigned i = 0; i < notice->annotation_count; i++)
		set(annotations, notice->annotations[i].name, notice->annotations[i].text);
	if (notice->started_ms && notice->started_ms < notice->fired_ms)
		set(annotations, "pending_since", time_text(notice->started_ms).text);
	return annotations;
}

static uint64_t fold(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return (hash ^ 0xFF) * FNV_PRIME;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

uint64_t notice_json_fingerprint(const json_t *labels)
{
	size_t count = json_object_size(labels), i = 0;
	uint64_t hash = FNV_BASIS;
	const char **names = calloc(count + 1, sizeof *names), *name;
	json_t *value;
	if (!names)
		return 0;
	json_object_foreach((json_t *)labels, name, value)
		names[i++] = name;
	qsort(names, count, sizeof *names, by_name);
	for (i = 0; i < count; i++)
		hash = fold(fold(hash, names[i]), json_string_value(json_object_get(labels, names[i])));
	free(names);
	return hash;
}
