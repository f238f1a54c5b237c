// SPDX-License-Identifier: Apache-2.0
#include "collector/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "collector/config_table.h"

enum { FILE_BYTES_MAX = 1024 * 1024, EVENTS_MAX = 20000, NAME_BYTES = 64 };

// Where the reader is: document -> sections -> keys of one section -> value of one key. What has no place is skipped as a whole.
enum place { PLACE_SECTIONS, PLACE_SECTION, PLACE_KEYS, PLACE_VALUE };

struct reader {
	const char *name;
	struct config config;
	struct config_errors *errors;
	enum place place;
	char section[NAME_BYTES]; // "" if it is unknown: its keys are passed over
	const struct config_option *option;
	bool has_root;
	yaml_mark_t seen[CONFIG_OPTIONS_MAX]; // where each option stood first
	bool is_seen[CONFIG_OPTIONS_MAX];
	unsigned skip_depth; // of the unwanted value that is being passed over
};

static void add_error(struct config_errors *errors, const char *name, size_t line, size_t column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void add_error(struct config_errors *errors, const char *name, size_t line, size_t column, const char *format, ...)
{
	if (errors->count < CONFIG_ERRORS_MAX) {
		char *text = errors->text[errors->count];
		va_list arguments;
		va_start(arguments, format);
		int used = snprintf(text, CONFIG_ERROR_BYTES, "%.120s:%zu:%zu: ", name, line, column);
		vsnprintf(text + used, CONFIG_ERROR_BYTES - (size_t)used, format, arguments);
		va_end(arguments);
	}
	errors->count++;
}

#define ERROR_AT(reader, mark, ...) add_error((reader)->errors, (reader)->name, (mark).line + 1, (mark).column + 1, __VA_ARGS__)

void config_defaults(struct config *config)
{
	char reason[CONFIG_ERROR_BYTES];
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < config_option_count; i++)
		if (config_option_set(&config_options[i], config, config_options[i].initial, reason) < 0)
			abort(); // the table contradicts itself
}

static bool is_section(const char *name)
{
	for (size_t i = 0; i < config_option_count; i++)
		if (strcmp(config_options[i].section, name) == 0)
			return true;
	return false;
}

static void take_section(struct reader *reader, const char *name, yaml_mark_t mark)
{
	reader->place = PLACE_SECTION;
	reader->section[0] = 0;
	if (is_section(name)) {
		snprintf(reader->section, sizeof reader->section, "%s", name);
		return;
	}
	const char *nearest = config_nearest(0, name);
	ERROR_AT(reader, mark, "unknown section '%.60s' (%s%s%s)", name, nearest ? "did you mean '" : "musterd --help lists them",
		nearest ? nearest : "", nearest ? "'?" : "");
}

static void take_key(struct reader *reader, const char *name, yaml_mark_t mark)
{
	reader->place = PLACE_VALUE;
	reader->option = 0;
	if (!reader->section[0])
		return;
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];
		if (strcmp(option->section, reader->section) != 0 || strcmp(option->key, name) != 0)
			continue;
		if (reader->is_seen[i]) {
			ERROR_AT(reader, mark, "%s.%s is given twice (first in line %zu)", option->section, name, reader->seen[i].line + 1);
			return;
		}
		reader->is_seen[i] = true;
		reader->seen[i] = mark;
		reader->option = option;
		return;
	}
	const char *nearest = config_nearest(reader->section, name);
	ERROR_AT(reader, mark, "unknown key '%s.%.60s' (%s%s%s)", reader->section, name,
		nearest ? "did you mean '" : "musterd --help lists them", nearest ? nearest : "", nearest ? "'?" : "");
}

static void take_value(struct reader *reader, const char *text, yaml_mark_t mark)
{
	char reason[CONFIG_ERROR_BYTES];
	reader->place = PLACE_KEYS;
	if (reader->option && config_option_set(reader->option, &reader->config, text, reason) < 0)
		ERROR_AT(reader, mark, "%s.%s: '%.60s' %s", reader->option->section, reader->option->key, text, reason);
}

static bool is_nothing(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static void take_section_value(struct reader *reader, bool nothing, yaml_mark_t mark)
{
	reader->place = PLACE_SECTIONS;
	if (reader->section[0] && !nothing)
		ERROR_AT(reader, mark, "section '%s' holds a value (its keys go below it, indented)", reader->section);
}

static void complain_of_root(struct reader *reader, yaml_mark_t mark)
{
	ERROR_AT(reader, mark, "the file is not a mapping of sections (write `broker:` and its keys below)");
}

static void take_scalar(struct reader *reader, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	bool nothing = is_nothing(event);
	if (strlen(text) != event->data.scalar.length) {
		ERROR_AT(reader, event->start_mark, "a zero byte in a value (remove it)");
		text = "";
	}
	if (!reader->has_root) {
		if (!nothing) // else an empty document
			complain_of_root(reader, event->start_mark);
		return;
	}
	switch (reader->place) {
	case PLACE_SECTIONS: take_section(reader, text, event->start_mark); break;
	case PLACE_SECTION: take_section_value(reader, nothing, event->start_mark); break;
	case PLACE_KEYS: take_key(reader, text, event->start_mark); break;
	case PLACE_VALUE: take_value(reader, nothing ? "" : text, event->start_mark); break;
	}
}

static void complain_of_nesting(struct reader *reader, const char *kind, yaml_mark_t mark)
{
	switch (reader->place) {
	case PLACE_SECTION:
		if (reader->section[0])
			ERROR_AT(reader, mark, "section '%s' holds a %s (its keys go below it, indented)", reader->section, kind);
		break;
	case PLACE_VALUE:
		if (reader->option)
			ERROR_AT(reader, mark, "%s.%s: a %s where one value belongs", reader->option->section, reader->option->key, kind);
		break;
	case PLACE_SECTIONS:
	case PLACE_KEYS: ERROR_AT(reader, mark, "a %s where a name belongs", kind); break;
	}
}

// A list or a mapping begins. Where neither belongs it is passed over as a whole.
static void take_begin(struct reader *reader, const yaml_event_t *event)
{
	bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
	if (!reader->has_root && is_mapping) {
		reader->has_root = true;
		return;
	}
	if (reader->has_root && reader->place == PLACE_SECTION && is_mapping) {
		reader->place = PLACE_KEYS;
		return;
	}
	reader->skip_depth = 1;
	if (reader->has_root)
		complain_of_nesting(reader, is_mapping ? "mapping" : "list", event->start_mark);
	else
		complain_of_root(reader, event->start_mark);
}

// After a value that was passed over the reader stands where the value would have brought it.
static void take_end_of_skipped(struct reader *reader)
{
	static const enum place next[] = {
		[PLACE_SECTIONS] = PLACE_SECTION,
		[PLACE_SECTION] = PLACE_SECTIONS,
		[PLACE_KEYS] = PLACE_VALUE,
		[PLACE_VALUE] = PLACE_KEYS,
	};
	if (reader->place == PLACE_SECTIONS)
		reader->section[0] = 0;
	if (reader->place == PLACE_KEYS)
		reader->option = 0;
	reader->place = next[reader->place];
}

static void skip(struct reader *reader, const yaml_event_t *event)
{
	if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
		reader->skip_depth++;
	if (event->type != YAML_MAPPING_END_EVENT && event->type != YAML_SEQUENCE_END_EVENT)
		return;
	if (--reader->skip_depth == 0)
		take_end_of_skipped(reader);
}

// Returns -1 where reading on makes no sense.
static int take_event(struct reader *reader, const yaml_event_t *event, unsigned documents)
{
	if (event->type == YAML_ALIAS_EVENT) {
		ERROR_AT(reader, event->start_mark, "an alias (write the value out)");
		return -1;
	}
	if (event->type == YAML_DOCUMENT_START_EVENT && documents > 1) {
		ERROR_AT(reader, event->start_mark, "a second document (one file, one configuration)");
		return -1;
	}
	if (reader->skip_depth) {
		skip(reader, event);
		return 0;
	}
	switch (event->type) {
	case YAML_SCALAR_EVENT: take_scalar(reader, event); break;
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT: take_begin(reader, event); break;
	case YAML_MAPPING_END_EVENT: reader->place = PLACE_SECTIONS; break;
	default: break;
	}
	return 0;
}

static void read_events(struct reader *reader, yaml_parser_t *parser)
{
	unsigned documents = 0;
	for (unsigned events = 0;; events++) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			ERROR_AT(reader, parser->problem_mark, "not YAML: %s%s%s", parser->context ? parser->context : "",
				parser->context ? ": " : "", parser->problem ? parser->problem : "cannot be read");
			return;
		}
		bool is_end = event.type == YAML_STREAM_END_EVENT;
		documents += event.type == YAML_DOCUMENT_START_EVENT;
		int failed = take_event(reader, &event, documents);
		if (events > EVENTS_MAX) {
			ERROR_AT(reader, event.start_mark, "more than %d values (this is no configuration of musterd)", EVENTS_MAX);
			failed = -1;
		}
		yaml_event_delete(&event);
		if (is_end || failed)
			return;
	}
}

static yaml_mark_t mark_of(const struct reader *reader, const void *field)
{
	size_t offset = (size_t)((const char *)field - (const char *)&reader->config);
	for (size_t i = 0; i < config_option_count; i++)
		if (config_options[i].offset == offset)
			return reader->seen[i];
	return (yaml_mark_t){ 0 };
}

static void check_pair(struct reader *reader, const char *one, const char *other, const char *names)
{
	if ((one[0] != 0) != (other[0] != 0))
		ERROR_AT(reader, mark_of(reader, one[0] ? one : other), "%s belong together (give both or neither)", names);
}

static void check_together(struct reader *reader)
{
	struct config *config = &reader->config;
	char host[CONFIG_TEXT_BYTES];
	uint16_t port;
	int tls;
	if (config_broker_address(config->broker.uri, host, sizeof host, &port, &tls) < 0)
		ERROR_AT(reader, mark_of(reader, config->broker.uri),
			"broker.uri: '%.60s' is no address (write mqtt://HOST:PORT or mqtts://HOST:PORT)", config->broker.uri);
	if (strlen(config->broker.client_id) > 200)
		ERROR_AT(reader, mark_of(reader, config->broker.client_id), "broker.client_id is longer than 200 bytes");
	check_pair(reader, config->broker.cert_file, config->broker.key_file, "broker.cert_file and broker.key_file");
	check_pair(reader, config->http.tls_cert_file, config->http.tls_key_file, "http.tls_cert_file and http.tls_key_file");
	if (config->broker.password_file[0] && !config->broker.user[0])
		ERROR_AT(reader, mark_of(reader, config->broker.password_file), "broker.password_file without broker.user (give both)");
}

int config_parse(struct config *config, const char *name, const void *text, size_t length, struct config_errors *errors)
{
	yaml_parser_t parser;
	struct reader reader = { .name = name, .errors = errors, .place = PLACE_SECTIONS };
	errors->count = 0;
	if (length > FILE_BYTES_MAX) {
		add_error(errors, name, 1, 1, "the file has more than %d bytes (this is no configuration of musterd)", FILE_BYTES_MAX);
		return -1;
	}
	config_defaults(&reader.config);
	if (!yaml_parser_initialize(&parser)) {
		add_error(errors, name, 1, 1, "no memory");
		return -1;
	}
	yaml_parser_set_input_string(&parser, text, length);
	read_events(&reader, &parser);
	yaml_parser_delete(&parser);
	check_together(&reader);
	if (errors->count)
		return -1;
	*config = reader.config;
	return 0;
}

int config_load(struct config *config, const char *path, struct config_errors *errors)
{
	errors->count = 0;
	FILE *file = fopen(path, "re");
	char *text = malloc(FILE_BYTES_MAX + 1);
	size_t length = file && text ? fread(text, 1, FILE_BYTES_MAX + 1, file) : 0;
	int result = -1;
	if (!file || !text || ferror(file))
		add_error(errors, path, 1, 1, "cannot be read: %s (check the name and its permissions)", strerror(errno));
	else
		result = config_parse(config, path, text, length, errors);
	free(text);
	if (file)
		fclose(file);
	return result;
}

void config_errors_print(const struct config_errors *errors, FILE *out)
{
	for (unsigned i = 0; i < errors->count && i < CONFIG_ERRORS_MAX; i++)
		fprintf(out, "%s\n", errors->text[i]);
	if (errors->count > CONFIG_ERRORS_MAX)
		fprintf(out, "and %u more\n", errors->count - CONFIG_ERRORS_MAX);
}

unsigned config_reload(struct config *live, const struct config *fresh, char *restart, size_t capacity)
{
	unsigned differ = 0;
	size_t used = 0;
	restart[0] = 0;
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];
		char *to = (char *)live + option->offset;
		const char *from = (const char *)fresh + option->offset;
		size_t size = config_option_size(option);
		if (memcmp(to, from, size) == 0)
			continue;
		if (!option->needs_restart) {
			memcpy(to, from, size);
			continue;
		}
		differ++;
		if (used < capacity)
			used += (size_t)snprintf(restart + used, capacity - used, "%s%s.%s", used ? ", " : "", option->section,
				option->key);
	}
	return differ;
}

void config_help(FILE *out)
{
	const char *section = "";
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];
		if (strcmp(section, option->section) != 0)
			fprintf(out, "%s:\n", option->section);
		section = option->section;
		fprintf(out, "  # %s%s\n", option->help, option->needs_restart ? " [restart]" : "");
		if (option->type == OPTION_NUMBER)
			fprintf(out, "  # %llu .. %llu\n", (unsigned long long)option->min, (unsigned long long)option->max);
		fprintf(out, "  %s: %s\n", option->key, option->initial[0] ? option->initial : "\"\"");
	}
}

// What may follow the host: nothing, a slash, or :PORT.
static int parse_port(const char *text, uint16_t *port)
{
	if (*text == ':') {
		char *stop;
		unsigned long number = strtoul(text + 1, &stop, 10);
		if (stop == text + 1 || number < 1 || number > 65535)
			return -1;
		*port = (uint16_t)number;
		text = stop;
	}
	return *text == 0 || strcmp(text, "/") == 0 ? 0 : -1;
}

int config_broker_address(const char *uri, char *host, size_t capacity, uint16_t *port, int *tls)
{
	*tls = strncmp(uri, "mqtts://", 8) == 0;
	if (!*tls && strncmp(uri, "mqtt://", 7) != 0)
		return -1;
	const char *name = uri + (*tls ? 8 : 7);
	bool is_bracketed = *name == '[';
	name += is_bracketed;
	size_t length = strcspn(name, is_bracketed ? "]" : ":/");
	if (!length || length >= capacity || (is_bracketed && !name[length]))
		return -1;
	snprintf(host, capacity, "%.*s", (int)length, name);
	*port = *tls ? 8883 : 1883;
	return parse_port(name + length + is_bracketed, port);
}
