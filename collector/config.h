// SPDX-License-Identifier: Apache-2.0
// The configuration of musterd: a YAML file over defaults that need no file. config_help() prints every option from the same table that parses.
//
// All errors of a file are found in one run, each as `file:line:col: what (hint)`. A file is at most 1 MiB; aliases are refused, so is
// nesting deeper than the two levels that exist. A text option holds at most its array less one byte.
// Thread: the loop's. Memory: a plain struct without pointers; copy it to swap it.
#ifndef COLLECTOR_CONFIG_H
#define COLLECTOR_CONFIG_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CONFIG_TEXT_BYTES = 256, CONFIG_ERRORS_MAX = 32, CONFIG_ERROR_BYTES = 640 };

enum config_kafka_format { CONFIG_KAFKA_PROTOBUF, CONFIG_KAFKA_JSON };

typedef char config_text[CONFIG_TEXT_BYTES];

struct config {
	struct {
		config_text uri; // mqtt://HOST[:PORT] or mqtts://HOST[:PORT]
		config_text client_id;
		config_text user;
		config_text password_file;
		config_text ca_file, cert_file, key_file;
		uint32_t keepalive_s;
	} broker;
	struct {
		config_text path;
		uint32_t retention_days;
		uint64_t retention_bytes;
		uint32_t snapshot_s;
	} store;
	struct {
		uint32_t commit_interval_ms;
		uint32_t batch_records;
		uint64_t batch_bytes;
		config_text json_topics;
	} ingest;
	struct {
		config_text brokers; // empty: no Kafka
		uint32_t format;     // enum config_kafka_format
		config_text client_id;
		config_text telemetry_topic, alerts_topic, deadletter_topic;
		config_text properties_file;
	} kafka;
	struct {
		config_text rules; // files separated by blanks; the word `stock` is the built-in one; empty: none
		config_text params_file;
	} alerts;
	struct {
		config_text alertmanager_urls; // separated by blanks; empty: none
		uint32_t resend_s, timeout_ms;
		config_text webhook_url, webhook_secret_file;
	} notify;
	struct {
		config_text listen; // HOST:PORT
		config_text tls_cert_file, tls_key_file;
		config_text external_url;
	} http;
	struct {
		uint32_t level; // enum log_threshold
	} log;
	struct {
		uint32_t silent_after_s;
		config_text command_key_file;
	} fleet;
};

struct config_errors {
	unsigned count; // found; only the first CONFIG_ERRORS_MAX are kept
	char text[CONFIG_ERRORS_MAX][CONFIG_ERROR_BYTES];
};

void config_defaults(struct config *config);

// Reads path over the defaults. Returns 0, or -1 with errors->count > 0 and *config untouched. Options are checked one by one and against
// each other; files that options name are not opened here.
int config_load(struct config *config, const char *path, struct config_errors *errors);

// The same from memory; name stands for the file in the texts.
int config_parse(struct config *config, const char *name, const void *text, size_t length, struct config_errors *errors);

// One line an error.
void config_errors_print(const struct config_errors *errors, FILE *out);

// Copies what a reload may change from fresh to live and writes the keys that differ but need a restart, separated by ", ", into restart
// (capacity >= 1; cut if too long). Returns the number of those.
unsigned config_reload(struct config *live, const struct config *fresh, char *restart, size_t capacity);

// Every option with its type, range, default and meaning, as a YAML file that config_parse() takes.
void config_help(FILE *out);

// Splits uri into host, port and whether TLS is asked for. host has capacity >= 1 bytes. Returns 0, or -1 if it is not such an address.
int config_broker_address(const char *uri, char *host, size_t capacity, uint16_t *port, int *tls);

#endif
