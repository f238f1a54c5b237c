// SPDX-License-Identifier: Apache-2.0
#include "collector/config_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/log.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define ROW(section_, key_, type_, min_, max_, initial_, restart_, choices_, help_)                                                     \
	.section = #section_, .key = #key_, .type = type_, .offset = offsetof(struct config, section_.key_), .min = min_, .max = max_,     \
	.initial = initial_, .needs_restart = restart_, .choices = choices_, .help = help_

static const char *const kafka_format_names[] = { "protobuf", "json", 0 };

// section, key, type, least, most, default, needs a restart, choices, meaning
const struct config_option config_options[] = {
	{ ROW(broker, uri, OPTION_TEXT, 1, 0, "mqtt://127.0.0.1:1883", true, 0, "address of the broker: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]") },
	{ ROW(broker, client_id, OPTION_TEXT, 1, 0, "musterd", true, 0, "MQTT client id; the session at the broker is kept under it") },
	{ ROW(broker, user, OPTION_TEXT, 0, 0, "", true, 0, "MQTT user name; empty: no login") },
	{ ROW(broker, password_file, OPTION_TEXT, 0, 0, "", true, 0, "file whose first line is the password") },
	{ ROW(broker, ca_file, OPTION_TEXT, 0, 0, "", true, 0, "CA certificates for mqtts, PEM; empty: those of the system") },
	{ ROW(broker, cert_file, OPTION_TEXT, 0, 0, "", true, 0, "client certificate, PEM, with key_file") },
	{ ROW(broker, key_file, OPTION_TEXT, 0, 0, "", true, 0, "key of the client certificate, PEM, without a passphrase") },
	{ ROW(broker, keepalive_s, OPTION_NUMBER, 10, 3600, "60", true, 0, "MQTT keep-alive, seconds") },
	{ ROW(store, path, OPTION_TEXT, 1, 0, "./muster.db", true, 0, "the database; made if there is none") },
	{ ROW(store, retention_days, OPTION_NUMBER, 1, 36500, "30", false, 0, "records older than this are deleted") },
	{ ROW(store, retention_bytes, OPTION_BYTES, 16 * MIB, 16384 * GIB, "10 GiB", false, 0,
		"and the oldest, while the database uses more; full of what Kafka lacks: no more are taken") },
	{ ROW(store, snapshot_s, OPTION_NUMBER, 1, 3600, "10", false, 0, "time between snapshots of the device table, seconds") },
	{ ROW(ingest, commit_interval_ms, OPTION_NUMBER, 0, 1000, "5", false, 0, "how long messages are gathered for one commit, milliseconds") },
	{ ROW(ingest, batch_records, OPTION_NUMBER, 1, 65536, "1024", false, 0, "messages in one commit at most") },
	{ ROW(ingest, batch_bytes, OPTION_BYTES, 16 * KIB, 64 * MIB, "1 MiB", false, 0, "bytes of payload in one commit at most") },
	{ ROW(ingest, json_topics, OPTION_TEXT, 0, 0, "", true, 0, "YAML file that says how plain JSON on other topics becomes records; empty: none") },
	{ ROW(kafka, brokers, OPTION_TEXT, 0, 0, "", true, 0,
		"HOST:PORT[,HOST:PORT] of the Kafka cluster; empty: none. Records wait for it up to store.retention_bytes") },
	{ ROW(kafka, format, OPTION_CHOICE, 0, 0, "protobuf", true, kafka_format_names, "values on the telemetry topic: protobuf or json") },
	{ ROW(kafka, client_id, OPTION_TEXT, 1, 0, "musterd", true, 0, "Kafka client id") },
	{ ROW(kafka, telemetry_topic, OPTION_TEXT, 1, 0, "muster.telemetry", true, 0, "topic of the records") },
	{ ROW(kafka, alerts_topic, OPTION_TEXT, 1, 0, "muster.alerts", true, 0, "topic of the alerts, CloudEvents") },
	{ ROW(kafka, deadletter_topic, OPTION_TEXT, 1, 0, "muster.deadletter", true, 0, "topic of what could not be accepted") },
	{ ROW(kafka, properties_file, OPTION_TEXT, 0, 0, "", true, 0, "file of librdkafka properties, name=value a line: TLS, SASL; empty: none") },
	{ ROW(alerts, rules, OPTION_TEXT, 0, 0, "stock", false, 0, "rule files, separated by blanks; `stock` is the built-in one; empty: no rules") },
	{ ROW(alerts, params_file, OPTION_TEXT, 0, 0, "", false, 0, "YAML file `name: value` that overrides parameters of the rules; empty: none") },
	{ ROW(notify, alertmanager_urls, OPTION_TEXT, 0, 0, "", true, 0, "Alertmanagers, separated by blanks: http://HOST:9093; each gets every alert") },
	{ ROW(notify, resend_s, OPTION_NUMBER, 1, 3600, "60", true, 0, "firing alerts are sent to them again so often, seconds") },
	{ ROW(notify, timeout_ms, OPTION_NUMBER, 100, 60000, "5000", true, 0, "a request to an Alertmanager or webhook takes at most so long, milliseconds") },
	{ ROW(notify, webhook_url, OPTION_TEXT, 0, 0, "", true, 0, "URL that gets each alert in the shape of Alertmanager's webhook; empty: none") },
	{ ROW(notify, webhook_secret_file, OPTION_TEXT, 0, 0, "", true, 0, "file whose first line signs the posts (HMAC-SHA256); empty: unsigned") },
	{ ROW(http, listen, OPTION_TEXT, 1, 0, "127.0.0.1:8970", true, 0, "HOST:PORT of the HTTP server; other hosts than loopback need TLS and a token") },
	{ ROW(http, tls_cert_file, OPTION_TEXT, 0, 0, "", true, 0, "certificate chain of the HTTP server, PEM, its own first, with tls_key_file") },
	{ ROW(http, tls_key_file, OPTION_TEXT, 0, 0, "", true, 0, "key of the HTTP server, PEM, without a passphrase") },
	{ ROW(http, external_url, OPTION_TEXT, 0, 0, "", true, 0, "how people reach this server, for links in notifications; empty: http.listen") },
	{ ROW(log, level, OPTION_CHOICE, 0, 0, "info", false, log_threshold_names, "least level that is logged: error, warn, info or debug") },
	{ ROW(fleet, silent_after_s, OPTION_NUMBER, 10, 86400, "180", false, 0, "a device that says nothing for so long is silent, seconds") },
	{ ROW(fleet, command_key_file, OPTION_TEXT, 0, 0, "", true, 0, "musterd's own key (role collector) for rollbacks from the page; empty: none") },
};

const size_t config_option_count = sizeof config_options / sizeof *config_options;
_Static_assert(sizeof config_options / sizeof *config_options <= CONFIG_OPTIONS_MAX, "room for each option");

size_t config_option_size(const struct config_option *option)
{
	return option->type == OPTION_TEXT ? sizeof(config_text) : option->type == OPTION_BYTES ? sizeof(uint64_t) : sizeof(uint32_t);
}

static int set_text(const struct config_option *option, void *field, const char *text, char *reason)
{
	if (option->min && !*text) {
		snprintf(reason, CONFIG_ERROR_BYTES, "must not be empty (default: %s)", option->initial);
		return -1;
	}
	if (strlen(text) >= sizeof(config_text)) {
		snprintf(reason, CONFIG_ERROR_BYTES, "is longer than %zu bytes", sizeof(config_text) - 1);
		return -1;
	}
	snprintf(field, sizeof(config_text), "%s", text);
	return 0;
}

// "10", and with units "10 GiB". -1 if it is no such number.
static int parse_number(const char *text, bool has_units, uint64_t *value)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = { { "", 1 }, { "B", 1 }, { "KiB", KIB }, { "MiB", MIB }, { "GiB", GIB } };
	char *end;
	errno = 0;
	if (!isdigit((unsigned char)*text))
		return -1;
	*value = strtoull(text, &end, 10);
	while (has_units && *end == ' ')
		end++;
	for (size_t i = 0; i < (has_units ? sizeof units / sizeof *units : 1); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (errno || *value > UINT64_MAX / units[i].factor)
			*value = UINT64_MAX;
		else
			*value *= units[i].factor;
		return 0;
	}
	return -1;
}

static int set_number(const struct config_option *option, void *field, const char *text, char *reason)
{
	bool has_units = option->type == OPTION_BYTES;
	uint64_t value;
	if (parse_number(text, has_units, &value) < 0) {
		snprintf(reason, CONFIG_ERROR_BYTES, "is not a whole number%s (default: %s)",
			has_units ? " with an optional KiB, MiB or GiB" : "", option->initial);
		return -1;
	}
	if (value < option->min || value > option->max) {
		snprintf(reason, CONFIG_ERROR_BYTES, "is out of range: %llu .. %llu (default: %s)", (unsigned long long)option->min,
			(unsigned long long)option->max, option->initial);
		return -1;
	}
	if (has_units)
		*(uint64_t *)field = value;
	else
		*(uint32_t *)field = (uint32_t)value;
	return 0;
}

static int set_choice(const struct config_option *option, void *field, const char *text, char *reason)
{
	size_t used = (size_t)snprintf(reason, CONFIG_ERROR_BYTES, "is none of");
	for (uint32_t i = 0; option->choices[i]; i++) {
		if (strcmp(option->choices[i], text) == 0) {
			*(uint32_t *)field = i;
			return 0;
		}
		used += (size_t)snprintf(reason + used, CONFIG_ERROR_BYTES - used, " %s", option->choices[i]);
	}
	return -1;
}

int config_option_set(const struct config_option *option, struct config *config, const char *text, char *reason)
{
	static int (*const setters[])(const struct config_option *, void *, const char *, char *) = {
		[OPTION_TEXT] = set_text,
		[OPTION_NUMBER] = set_number,
		[OPTION_BYTES] = set_number,
		[OPTION_CHOICE] = set_choice,
	};
	return setters[option->type](option, (char *)config + option->offset, text, reason);
}

// The i-th name of a section, or of the sections; a section's name comes as often as it has options, which does no harm.
static const char *name_at(const void *section, size_t i)
{
	for (const struct config_option *option = config_options; option < config_options + config_option_count; option++) {
		if (section && strcmp(section, option->section) != 0)
			continue;
		if (i-- == 0)
			return section ? option->key : option->section;
	}
	return 0;
}

const char *config_nearest(const char *section, const char *name)
{
	return nearest_name(name, name_at, section);
}
