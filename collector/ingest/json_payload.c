// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/json_payload.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/ingest/topic_filter.h"
#include "proto/text.h"

struct reader {
	const struct json_topic *mapping;
	struct json_reading *reading;
	char *reason;
};

static int refuse(const struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *reader, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reader->reason, JSON_PAYLOAD_REASON_BYTES, format, arguments);
	va_end(arguments);
	return -1;
}

// ---- the text ----

static int step_of(char c)
{
	return c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
}

// Counted before the parser sees it, because that one goes a call deeper with each level.
static bool is_too_deep(const char *text, size_t size)
{
	int depth = 0;
	bool is_string = false;
	for (size_t i = 0; i < size; i++) {
		if (is_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			is_string = !is_string;
		else if (!is_string)
			depth += step_of(text[i]);
		if (depth > JSON_PAYLOAD_DEPTH)
			return true;
	}
	return false;
}

static json_t *parse(const struct reader *reader, const char *text, size_t size)
{
	json_error_t error;
	if (size > JSON_PAYLOAD_BYTES_MAX) {
		refuse(reader, "%zu bytes; at most %d are taken", size, JSON_PAYLOAD_BYTES_MAX);
		return 0;
	}
	if (is_too_deep(text, size)) {
		refuse(reader, "nested deeper than %d levels", JSON_PAYLOAD_DEPTH);
		return 0;
	}
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!root) {
		refuse(reader, "not JSON: %.100s (line %d, column %d)", error.text, error.line, error.column);
		return 0;
	}
	if (json_is_object(root))
		return root;
	refuse(reader, "not a JSON object");
	json_decref(root);
	return 0;
}

// The value at a dotted path, or 0; null counts as absent.
static const json_t *value_at(const json_t *root, const char *path)
{
	char key[JSON_MAP_PATH_BYTES];
	const json_t *value = root;
	for (const char *at = path; value; at++) {
		size_t length = strcspn(at, ".");
		memcpy(key, at, length);
		key[length] = 0;
		if (json_is_array(value))
			value = isdigit((unsigned char)*key) ? json_array_get(value, strtoul(key, 0, 10)) : 0;
		else
			value = json_object_get(value, key);
		at += length;
		if (!*at)
			break;
	}
	return json_is_null(value) ? 0 : value;
}

// ---- the values ----

static const char *kind_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "a text";
	case JSON_TRUE:
	case JSON_FALSE: return "true or false";
	default: return "a number";
	}
}

// A number, a text that is one, or true and false as 1 and 0.
static bool number_of(const json_t *value, double *number)
{
	if (json_is_number(value)) {
		*number = json_number_value(value);
		return true;
	}
	if (json_is_boolean(value)) {
		*number = json_is_true(value);
		return true;
	}
	const char *text = json_string_value(value);
	if (!text || !*text || strspn(text, "0123456789.+-eE") != strlen(text))
		return false;
	char *end;
	*number = strtod(text, &end);
	return !*end && isfinite(*number);
}

static int take_metric(struct reader *reader, int metric, const json_t *value)
{
	const struct mu_metric_info *info = &mu_metrics[metric];
	const struct json_field *field = &reader->mapping->fields[metric];
	double number;
	if (!number_of(value, &number))
		return refuse(reader, "%s: %s where a number belongs (%s)", field->path, kind_of(value), mu_metric_words[metric].name);
	double scaled = number * field->scale, whole = metric == MU_METRIC_uptime_s ? floor(scaled) : round(scaled);
	if (!(whole >= (double)info->min && whole <= (double)info->max))
		return refuse(reader, "%s: %g is outside of %lld .. %lld %s (%s)", field->path, scaled, (long long)info->min,
			(long long)info->max, mu_metric_words[metric].unit, mu_metric_words[metric].name);
	reader->reading->has[metric] = true;
	reader->reading->metric[metric] = (int64_t)whole;
	if (metric == MU_METRIC_uptime_s) {
		reader->reading->has_uptime = true;
		reader->reading->uptime_ms = (uint64_t)(scaled * 1000);
	}
	return 0;
}

static int take_text(struct reader *reader, int target, const json_t *value, char *to, size_t size)
{
	const char *path = reader->mapping->fields[target].path, *name = json_target_name(target);
	const char *text = json_string_value(value);
	if (!text)
		return refuse(reader, "%s: %s where a text belongs (%s)", path, kind_of(value), name);
	if (strlen(text) >= size)
		return refuse(reader, "%s: %zu bytes, at most %zu are taken (%s)", path, strlen(text), size - 1, name);
	if (!mu_text_valid((const uint8_t *)text, strlen(text)))
		return refuse(reader, "%s: not printable (%s)", path, name);
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

static int take_reset(struct reader *reader, const json_t *value)
{
	struct json_reading *reading = reader->reading;
	const char *path = reader->mapping->fields[JSON_RESET_REASON].path;
	reading->has_reset = true;
	if (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= UINT32_MAX) {
		reading->reset = reset_reason_of_number((uint32_t)json_integer_value(value));
		return 0;
	}
	const char *text = json_string_value(value);
	if (!text)
		return refuse(reader, "%s: %s where a text or a code belongs (reset_reason)", path, kind_of(value));
	reset_reason_of_text(text, &reading->reset); // a word that nobody knows is an unknown reason, not a fault
	for (unsigned i = 0; i < reader->mapping->reset_count; i++)
		if (reset_reason_is_same(text, reader->mapping->resets[i].text))
			reading->reset = (struct reset_reason){ 0, reader->mapping->resets[i].reset_class };
	return 0;
}

static int take_event(struct reader *reader, const json_t *value)
{
	struct json_reading *reading = reader->reading;
	int err = take_text(reader, JSON_EVENT, value, reading->event, sizeof reading->event);
	for (size_t i = 0; !err && reading->event[i] && i < MU_EVENT_NAME_MAX; i++) {
		unsigned char c = (unsigned char)reading->event[i];
		reading->event_name[i] = c < 128 && isalnum(c) ? (char)tolower(c) : '_';
	}
	return err;
}

static int take_field(struct reader *reader, int target, const json_t *value)
{
	struct json_reading *reading = reader->reading;
	switch (target) {
	case JSON_FIRMWARE: return take_text(reader, target, value, reading->firmware, sizeof reading->firmware);
	case JSON_HARDWARE: return take_text(reader, target, value, reading->hardware, sizeof reading->hardware);
	case JSON_EVENT: return take_event(reader, value);
	case JSON_RESET_REASON: return take_reset(reader, value);
	default: return take_metric(reader, target, value);
	}
}

static int take_fields(struct reader *reader, const json_t *root)
{
	for (int target = 0; target < JSON_TARGETS; target++) {
		const char *path = reader->mapping->fields[target].path;
		const json_t *value = *path ? value_at(root, path) : 0;
		if (!value)
			continue;
		if (take_field(reader, target, value) < 0)
			return -1;
		reader->reading->count++;
	}
	return reader->reading->count ? 0 : refuse(reader, "none of the mapped fields is in it");
}

static int take_id(struct reader *reader, const json_t *root, const char *topic)
{
	const char *text;
	size_t length;
	if (reader->mapping->device_level >= 0) {
		text = topic_level(topic, (unsigned)reader->mapping->device_level, &length);
	} else {
		const json_t *value = value_at(root, reader->mapping->device);
		text = json_string_value(value);
		length = text ? strlen(text) : 0;
		if (!text)
			return refuse(reader, "%s: %s where the device's id belongs, a text", reader->mapping->device,
				value ? kind_of(value) : "nothing");
	}
	if (!text || !mu_id_valid_bytes(text, length))
		return refuse(reader, "'%.*s' is no device id: 1 to 32 of A-Z a-z 0-9 _ - (a MAC address: write it without colons)",
			(int)(length < 40 ? length : 40), text ? text : "");
	memcpy(reader->reading->id, text, length);
	reader->reading->id[length] = 0;
	return 0;
}

int json_payload_read(const struct json_topic *mapping, const char *topic, const void *bytes, size_t size, struct json_reading *reading,
	char reason[JSON_PAYLOAD_REASON_BYTES])
{
	struct reader reader = { mapping, reading, reason };
	memset(reading, 0, sizeof *reading);
	json_t *root = parse(&reader, bytes, size);
	if (!root)
		return -1;
	int err = take_id(&reader, root, topic);
	if (!err)
		err = take_fields(&reader, root);
	json_decref(root);
	return err;
}
