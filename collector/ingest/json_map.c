// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/json_map.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "collector/ingest/topic_filter.h"

enum { PAIRS_MAX = 256 };

#define RESERVED "muster/#"
#define DEVICE_LEVEL "{device}"

struct loader {
	const char *name;
	struct config_errors *errors;
	yaml_document_t document;
	struct json_map *map;
	// the entry that is being read
	struct json_topic *topic;
	yaml_node_t *topic_node, *device_node;
	bool has_fields;
	unsigned field_count;
};

static void complain(struct loader *loader, yaml_mark_t mark, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void complain(struct loader *loader, yaml_mark_t mark, const char *format, ...)
{
	struct config_errors *errors = loader->errors;
	if (errors->count < CONFIG_ERRORS_MAX) {
		char *text = errors->text[errors->count];
		va_list arguments;
		va_start(arguments, format);
		int used = snprintf(text, CONFIG_ERROR_BYTES, "%.120s:%zu:%zu: ", loader->name, mark.line + 1, mark.column + 1);
		vsnprintf(text + used, CONFIG_ERROR_BYTES - (size_t)used, format, arguments);
		va_end(arguments);
	}
	errors->count++;
}

// ---- nodes ----

// The text of a scalar, or 0 after a complaint.
static const char *text_of(struct loader *loader, const yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE) {
		complain(loader, node->start_mark, "%s: one value belongs here, no list or mapping", what);
		return 0;
	}
	const char *text = (const char *)node->data.scalar.value;
	if (strlen(text) == node->data.scalar.length)
		return text;
	complain(loader, node->start_mark, "%s: a zero byte (remove it)", what);
	return 0;
}

// Copies it if it fits and is not empty. Returns whether it did.
static bool copy_text(struct loader *loader, const yaml_node_t *node, const char *what, char *to, size_t size)
{
	const char *text = text_of(loader, node, what);
	if (!text)
		return false;
	size_t length = strlen(text);
	if (length && length < size) {
		memcpy(to, text, length + 1);
		return true;
	}
	complain(loader, node->start_mark, length ? "%s is longer than %zu bytes" : "%s is empty (at most %zu bytes)", what, size - 1);
	return false;
}

typedef void take_pair(struct loader *loader, const char *key, const yaml_node_t *key_node, yaml_node_t *value, void *context);

static bool is_repeated(struct loader *loader, const yaml_node_t *mapping, const yaml_node_pair_t *pair, const char *key)
{
	for (const yaml_node_pair_t *before = mapping->data.mapping.pairs.start; before < pair; before++) {
		const yaml_node_t *node = yaml_document_get_node(&loader->document, before->key);
		if (node->type == YAML_SCALAR_NODE && strcmp((const char *)node->data.scalar.value, key) == 0)
			return true;
	}
	return false;
}

static void each_pair(struct loader *loader, const yaml_node_t *node, const char *what, take_pair *take, void *context)
{
	if (node->type != YAML_MAPPING_NODE) {
		complain(loader, node->start_mark, "%s: a mapping belongs here (`key: value` lines)", what);
		return;
	}
	if (node->data.mapping.pairs.top - node->data.mapping.pairs.start > PAIRS_MAX) {
		complain(loader, node->start_mark, "%s: more than %d keys", what, PAIRS_MAX);
		return;
	}
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key_node = yaml_document_get_node(&loader->document, pair->key);
		const char *key = text_of(loader, key_node, "a key");
		if (!key)
			continue;
		if (is_repeated(loader, node, pair, key))
			complain(loader, key_node->start_mark, "'%.60s' is given twice", key);
		else
			take(loader, key, key_node, yaml_document_get_node(&loader->document, pair->value), context);
	}
}

// ---- fields ----

static const char *const text_targets[] = { "firmware", "hardware", "reset_reason", "event" };

const char *json_target_name(int target)
{
	return target < MU_METRIC_COUNT ? mu_metric_words[target].name : text_targets[target - MU_METRIC_COUNT];
}

static int find_target(const char *name)
{
	for (int i = MU_METRIC_COUNT; i < JSON_TARGETS; i++)
		if (strcmp(json_target_name(i), name) == 0)
			return i;
	return mu_metric_find(name);
}

// Units by what they measure, each in the smallest one of its kind.
static const struct unit {
	const char *name, *kind;
	double size;
} units[] = {
	{ "us", "time", 1e-3 },
	{ "ms", "time", 1 },
	{ "milliseconds", "time", 1 },
	{ "s", "time", 1e3 },
	{ "seconds", "time", 1e3 },
	{ "min", "time", 6e4 },
	{ "h", "time", 3.6e6 },
	{ "bytes", "size", 1 },
	{ "kB", "size", 1000 },
	{ "KiB", "size", 1024 },
	{ "permille", "share", 1 },
	{ "percent", "share", 10 },
	{ "decicelsius", "temperature", 1 },
	{ "celsius", "temperature", 10 },
};

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return 0;
}

struct field_reader {
	int target;
	struct json_field *field;
	const yaml_node_t *unit, *scale;
};

static void take_unit(struct loader *loader, struct field_reader *reader, const yaml_node_t *node)
{
	const char *name = text_of(loader, node, "unit");
	if (!name)
		return;
	const char *target = json_target_name(reader->target);
	const struct unit *from = find_unit(name),
			  *to = reader->target < MU_METRIC_COUNT ? find_unit(mu_metric_words[reader->target].unit) : 0;
	if (!from)
		complain(loader, node->start_mark,
			"unknown unit '%.40s' (known: us, ms, s, min, h, bytes, kB, KiB, permille, percent, celsius, decicelsius)", name);
	else if (!to || strcmp(from->kind, to->kind) != 0)
		complain(loader, node->start_mark, "unit '%s' does not fit %s, which is in %s", name, target,
			reader->target < MU_METRIC_COUNT ? mu_metric_words[reader->target].unit : "words");
	else
		reader->field->scale = from->size / to->size;
}

static void take_scale(struct loader *loader, struct field_reader *reader, const yaml_node_t *node)
{
	const char *text = text_of(loader, node, "scale");
	if (!text)
		return;
	char *end;
	double scale = strtod(text, &end);
	if (end == text || *end || !isfinite(scale) || scale == 0)
		complain(loader, node->start_mark, "scale: '%.40s' is no number other than 0", text);
	else if (reader->target >= MU_METRIC_COUNT)
		complain(loader, node->start_mark, "scale does not fit %s, which is a text", json_target_name(reader->target));
	else
		reader->field->scale = scale;
}

static void take_field_key(struct loader *loader, const char *key, const yaml_node_t *key_node, yaml_node_t *value, void *context)
{
	struct field_reader *reader = context;
	if (strcmp(key, "path") == 0) {
		copy_text(loader, value, "path", reader->field->path, sizeof reader->field->path);
	} else if (strcmp(key, "unit") == 0) {
		reader->unit = value;
		take_unit(loader, reader, value);
	} else if (strcmp(key, "scale") == 0) {
		reader->scale = value;
		take_scale(loader, reader, value);
	} else {
		complain(loader, key_node->start_mark, "unknown key '%.60s' of a field (known: path, unit, scale)", key);
	}
}

static void take_field(struct loader *loader, const char *key, const yaml_node_t *key_node, yaml_node_t *value, void *context)
{
	struct json_topic *topic = context;
	struct field_reader reader = { .target = find_target(key) };
	unsigned errors = loader->errors->count;
	loader->field_count++;
	if (reader.target < 0) {
		complain(loader, key_node->start_mark,
			"unknown field '%.60s' (metrics: proto/metrics.def; texts: firmware, hardware, reset_reason, event)", key);
		return;
	}
	reader.field = &topic->fields[reader.target];
	reader.field->scale = 1;
	if (value->type == YAML_SCALAR_NODE) {
		copy_text(loader, value, "path", reader.field->path, sizeof reader.field->path);
		return;
	}
	each_pair(loader, value, "a field", take_field_key, &reader);
	if (reader.unit && reader.scale)
		complain(loader, reader.scale->start_mark, "unit and scale of %s (give one of them)", key);
	else if (loader->errors->count == errors && !reader.field->path[0])
		complain(loader, value->start_mark, "field %s has no path", key);
}

static void set_builtin_fields(struct json_topic *topic)
{
	static const struct {
		int target;
		const char *path;
	} builtin[] = {
		{ JSON_FIRMWARE, "firmware" },
		{ JSON_RESET_REASON, "reset_reason" },
		{ MU_METRIC_uptime_s, "uptime" },
		{ MU_METRIC_heap_free_bytes, "free_heap" },
		{ MU_METRIC_heap_min_bytes, "min_free_heap" },
		{ MU_METRIC_heap_largest_bytes, "max_alloc_heap" },
		{ MU_METRIC_rssi_dbm, "rssi" },
	};
	for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++) {
		struct json_field *field = &topic->fields[builtin[i].target];
		snprintf(field->path, sizeof field->path, "%s", builtin[i].path);
		field->scale = 1;
	}
}

// ---- a topic ----

static void take_reset(struct loader *loader, const char *key, const yaml_node_t *key_node, yaml_node_t *value, void *context)
{
	struct json_topic *topic = context;
	const char *name = text_of(loader, value, "reset_reasons");
	int reset_class = name ? reset_class_find(name) : 0;
	if (topic->reset_count == JSON_MAP_RESETS_MAX)
		complain(loader, key_node->start_mark, "more than %d reset_reasons", JSON_MAP_RESETS_MAX);
	else if (strlen(key) >= JSON_MAP_RESET_BYTES)
		complain(loader, key_node->start_mark, "a reset reason is longer than %d bytes", JSON_MAP_RESET_BYTES - 1);
	else if (reset_class < 0)
		complain(loader, value->start_mark, "unknown class '%.40s' (known: %s)", name, reset_class_names());
	else {
		snprintf(topic->resets[topic->reset_count].text, JSON_MAP_RESET_BYTES, "%s", key);
		topic->resets[topic->reset_count++].reset_class = (Mu__ResetClass)reset_class;
	}
}

static bool is_device_level(const char *level, size_t length)
{
	return length == strlen(DEVICE_LEVEL) && memcmp(level, DEVICE_LEVEL, length) == 0;
}

// Writes the filter with `+` where `{device}` stands.
static const char *take_filter(struct json_topic *topic, const char *text)
{
	char *out = topic->filter;
	size_t length;
	const char *level = topic_level(text, 0, &length);
	for (unsigned i = 0; level; level = topic_level(text, ++i, &length)) {
		bool is_device = is_device_level(level, length);
		if (is_device && topic->device_level >= 0)
			return "has " DEVICE_LEVEL " twice";
		if (is_device)
			topic->device_level = (int)i;
		out += snprintf(out, JSON_MAP_FILTER_BYTES - (size_t)(out - topic->filter), "%s%.*s", i ? "/" : "",
			is_device ? 1 : (int)length, is_device ? "+" : level);
	}
	if (strpbrk(topic->filter, "{}"))
		return "has a brace: " DEVICE_LEVEL " stands alone between the slashes";
	return topic_filter_problem(topic->filter);
}

static void check_overlaps(struct loader *loader, const struct json_topic *topic)
{
	if (topic_filter_overlaps(topic->filter, RESERVED))
		complain(loader, loader->topic_node->start_mark, "topic: '%s' overlaps %s, which belongs to devices with the agent",
			topic->filter, RESERVED);
	for (const struct json_topic *other = loader->map->topics; other < topic; other++)
		if (topic_filter_overlaps(topic->filter, other->filter))
			complain(loader, loader->topic_node->start_mark,
				"topic: '%s' overlaps '%s' above (a message must belong to one of them)", topic->filter, other->filter);
}

static void take_topic_key(struct loader *loader, const char *key, const yaml_node_t *key_node, yaml_node_t *value, void *context)
{
	struct json_topic *topic = context;
	char text[JSON_MAP_FILTER_BYTES];
	if (strcmp(key, "topic") == 0) {
		loader->topic_node = value;
		if (!copy_text(loader, value, "topic", text, sizeof text))
			return;
		const char *problem = take_filter(topic, text);
		if (problem)
			complain(loader, value->start_mark, "topic: '%s' %s", text, problem);
		else
			check_overlaps(loader, topic);
	} else if (strcmp(key, "device") == 0) {
		loader->device_node = value;
		copy_text(loader, value, "device", topic->device, sizeof topic->device);
	} else if (strcmp(key, "fields") == 0) {
		loader->has_fields = true;
		loader->field_count = 0;
		each_pair(loader, value, "fields", take_field, topic);
		if (value->type == YAML_MAPPING_NODE && !loader->field_count)
			complain(loader, value->start_mark, "fields is empty (leave it out for the built-in ones)");
	} else if (strcmp(key, "reset_reasons") == 0) {
		each_pair(loader, value, "reset_reasons", take_reset, topic);
	} else {
		complain(loader, key_node->start_mark, "unknown key '%.60s' of a topic (known: topic, device, fields, reset_reasons)", key);
	}
}

static void take_topic(struct loader *loader, const yaml_node_t *node)
{
	if (loader->map->topic_count == JSON_MAP_TOPICS_MAX) {
		complain(loader, node->start_mark, "more than %d topics", JSON_MAP_TOPICS_MAX);
		return;
	}
	struct json_topic *topic = &loader->map->topics[loader->map->topic_count];
	topic->device_level = -1;
	loader->topic_node = loader->device_node = 0;
	loader->has_fields = false;
	each_pair(loader, node, "a topic", take_topic_key, topic);
	if (!loader->has_fields)
		set_builtin_fields(topic);
	if (topic->device_level >= 0 && loader->device_node)
		complain(loader, loader->device_node->start_mark,
			"device: the id comes from the level " DEVICE_LEVEL " already (give one of them)");
	if (topic->device_level < 0 && !loader->device_node)
		snprintf(topic->device, sizeof topic->device, "device_id");
	if (loader->topic_node)
		loader->map->topic_count++;
	else if (node->type == YAML_MAPPING_NODE)
		complain(loader, node->start_mark, "an entry without `topic:`");
}

// ---- the file ----

static void take_key(struct loader *loader, const char *key, const yaml_node_t *key_node, yaml_node_t *value, void *context)
{
	(void)context;
	if (strcmp(key, "version") == 0) {
		const char *version = text_of(loader, value, "version");
		if (version && strcmp(version, "1") != 0)
			complain(loader, value->start_mark, "version '%.20s' is not known (write 1)", version);
		return;
	}
	if (strcmp(key, "topics") != 0) {
		complain(loader, key_node->start_mark, "unknown key '%.60s' (known: version, topics)", key);
		return;
	}
	if (value->type != YAML_SEQUENCE_NODE) {
		complain(loader, value->start_mark, "topics: a list belongs here (`- topic: devices/telemetry`)");
		return;
	}
	for (yaml_node_item_t *item = value->data.sequence.items.start; item < value->data.sequence.items.top; item++)
		take_topic(loader, yaml_document_get_node(&loader->document, *item));
}

static void take_document(struct loader *loader, yaml_parser_t *parser)
{
	const yaml_node_t *root = yaml_document_get_root_node(&loader->document);
	yaml_document_t second;
	if (root)
		each_pair(loader, root, "the file", take_key, 0);
	if (!loader->errors->count && !loader->map->topic_count)
		complain(loader, (yaml_mark_t){ 0 }, "no topics (write `topics:` and below it `- topic: devices/telemetry`)");
	if (!yaml_parser_load(parser, &second))
		return;
	if (yaml_document_get_root_node(&second))
		complain(loader, second.start_mark, "a second document (one file, one mapping)");
	yaml_document_delete(&second);
}

struct json_map *json_map_parse(const char *name, const void *text, size_t size, struct config_errors *errors)
{
	yaml_parser_t parser;
	struct loader loader = { .name = name, .errors = errors, .map = calloc(1, sizeof *loader.map) };
	errors->count = 0;
	if (!loader.map || !yaml_parser_initialize(&parser)) {
		complain(&loader, (yaml_mark_t){ 0 }, "no memory");
		free(loader.map);
		return 0;
	}
	yaml_parser_set_input_string(&parser, text, size);
	if (size > JSON_MAP_BYTES_MAX) {
		complain(&loader, (yaml_mark_t){ 0 }, "the file has more than %d bytes", JSON_MAP_BYTES_MAX);
	} else if (!yaml_parser_load(&parser, &loader.document)) {
		complain(&loader, parser.problem_mark, "not YAML: %s", parser.problem ? parser.problem : "cannot be read");
	} else {
		take_document(&loader, &parser);
		yaml_document_delete(&loader.document);
	}
	yaml_parser_delete(&parser);
	if (!errors->count)
		return loader.map;
	free(loader.map);
	return 0;
}

struct json_map *json_map_load(const char *path, struct config_errors *errors)
{
	struct json_map *map = 0;
	FILE *file = fopen(path, "re");
	char *text = malloc(JSON_MAP_BYTES_MAX + 1);
	size_t size = file && text ? fread(text, 1, JSON_MAP_BYTES_MAX + 1, file) : 0;
	errors->count = 0;
	if (!file || !text || ferror(file)) {
		struct loader loader = { .name = path, .errors = errors };
		complain(&loader, (yaml_mark_t){ 0 }, "cannot be read: %s (check the name and its permissions)", strerror(errno));
	} else {
		map = json_map_parse(path, text, size, errors);
	}
	free(text);
	if (file)
		fclose(file);
	return map;
}

void json_map_free(struct json_map *map)
{
	free(map);
}

const struct json_topic *json_map_find(const struct json_map *map, const char *topic)
{
	for (unsigned i = 0; map && i < map->topic_count; i++)
		if (topic_filter_matches(map->topics[i].filter, topic))
			return &map->topics[i];
	return 0;
}
