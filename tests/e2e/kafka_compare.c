// SPDX-License-Identifier: Apache-2.0
// e2e-kafka-compare: holds a topic of telemetry against the collector's store and says what does not agree.
//
//   e2e-kafka-compare --db muster.db --brokers HOST:PORT --topic NAME [--forge TOPIC]
//
// musterd must have ended. Proven are:
//   complete  each record that was ever committed (numbers 1 .. newest, no hole) is in the topic at least once
//   true      device, epoch, seq, receive time and bytes are those of the store, the key is the device, the time of the message the receive time
//   in order  the first occurrences of a device's records come in the order of their numbers
// Prints each finding (20 at most), then one line of totals. Exit 0: nothing found; 1: findings; 2: cannot be done.
// --forge writes the messages to another topic with two of one device swapped, so that the proof can be put to the proof.
#include "muster.pb-c.h"
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <search.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXIT_PROVEN = 0,
	EXIT_FINDINGS = 1,
	EXIT_IMPOSSIBLE = 2,
	FINDINGS_SHOWN = 20,
	TIMEOUT_MS = 10000,
	PARTITIONS_MAX = 64,
	DEVICES_MAX = 20000
};

struct row {
	char *device; // null: retention took it
	uint64_t epoch, seq, recv_ms;
	unsigned char *body;
	size_t size;
	bool is_seen;
};

struct device {
	char id[40];
	uint64_t highest; // number of its last first occurrence
};

static const char *db_path, *brokers, *topic, *forged;
static struct row *rows; // by number
static uint64_t newest;
static struct device *devices;
static struct hsearch_data by_id;
static rd_kafka_message_t **messages; // kept for --forge, else null
static struct {
	uint64_t messages, repeated, devices, compared, findings;
} totals;

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "e2e-kafka-compare: %s: %s\n", what, why);
	exit(EXIT_IMPOSSIBLE);
}

__attribute__((format(printf, 1, 2))) static void found(const char *format, ...)
{
	va_list arguments;
	if (totals.findings++ >= FINDINGS_SHOWN)
		return;
	printf("found: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	if (!memory)
		die("memory", "none left");
	return memory;
}

// ---- the store

static sqlite3_stmt *ask(sqlite3 *db, const char *question)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(db, question, -1, &statement, 0) != SQLITE_OK)
		die(question, sqlite3_errmsg(db));
	return statement;
}

static void keep_row(sqlite3_stmt *statement)
{
	struct row *row = &rows[sqlite3_column_int64(statement, 0)];
	row->device = strdup((const char *)sqlite3_column_text(statement, 1));
	row->epoch = (uint64_t)sqlite3_column_int64(statement, 2);
	row->seq = (uint64_t)sqlite3_column_int64(statement, 3);
	row->recv_ms = (uint64_t)sqlite3_column_int64(statement, 4);
	row->size = (size_t)sqlite3_column_bytes(statement, 5);
	row->body = allocate(row->size + 1, 1);
	if (row->size)
		memcpy(row->body, sqlite3_column_blob(statement, 5), row->size);
}

static void read_store(void)
{
	sqlite3 *db;
	if (sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, 0) != SQLITE_OK)
		die(db_path, sqlite3_errmsg(db));
	sqlite3_stmt *statement = ask(db, "SELECT coalesce(max(n), 0) FROM record");
	if (sqlite3_step(statement) != SQLITE_ROW)
		die(db_path, sqlite3_errmsg(db));
	newest = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	rows = allocate(newest + 1, sizeof *rows);
	statement = ask(db, "SELECT n, id, epoch, seq, recv_ms, body FROM record JOIN device USING(dev)");
	while (sqlite3_step(statement) == SQLITE_ROW)
		keep_row(statement);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

// ---- one message

static struct device *device_of(const char *id)
{
	ENTRY *known, key = { .key = (char *)(uintptr_t)id };
	if (hsearch_r(key, FIND, &known, &by_id))
		return known->data;
	struct device *device = &devices[totals.devices++];
	if (totals.devices == DEVICES_MAX)
		die(id, "too many devices");
	snprintf(device->id, sizeof device->id, "%s", id);
	key = (ENTRY){ .key = device->id, .data = device };
	if (!hsearch_r(key, ENTER, &known, &by_id))
		die(id, "no memory");
	return device;
}

static bool is_key(const rd_kafka_message_t *message, const char *device)
{
	return message->key_len == strlen(device) && memcmp(message->key, device, message->key_len) == 0;
}

static bool has_header(const rd_kafka_message_t *message, const char *name, const char *value)
{
	rd_kafka_headers_t *headers;
	const void *bytes;
	size_t size;
	return !rd_kafka_message_headers(message, &headers) && !rd_kafka_header_get_last(headers, name, &bytes, &size) &&
		size == strlen(value) && memcmp(bytes, value, size) == 0;
}

// The record's bytes are the last field of the message.
static bool is_body(const rd_kafka_message_t *message, const struct row *row)
{
	return message->len >= row->size && memcmp((const char *)message->payload + message->len - row->size, row->body, row->size) == 0;
}

static bool is_row(const rd_kafka_message_t *message, const Mu__Telemetry *telemetry, const struct row *row)
{
	return strcmp(row->device, telemetry->device) == 0 && row->epoch == telemetry->epoch && row->seq == telemetry->seq &&
		row->recv_ms == telemetry->received_ms && is_body(message, row);
}

static void compare(const rd_kafka_message_t *message, const Mu__Telemetry *telemetry)
{
	const struct row *row = &rows[telemetry->n];
	if (!row->device)
		return;
	totals.compared++;
	if (!is_row(message, telemetry, row))
		found("record %" PRIu64 " of %s differs from the store", telemetry->n, telemetry->device);
	if (!is_key(message, telemetry->device) || (uint64_t)rd_kafka_message_timestamp(message, 0) != telemetry->received_ms)
		found("record %" PRIu64 " of %s has another key or time", telemetry->n, telemetry->device);
	if (!has_header(message, "content-type", "application/x-protobuf") || !has_header(message, "schema", "mu.Telemetry"))
		found("record %" PRIu64 " of %s lacks a header", telemetry->n, telemetry->device);
}

static void take_telemetry(const rd_kafka_message_t *message, const Mu__Telemetry *telemetry)
{
	if (!telemetry->n || telemetry->n > newest) {
		found("record %" PRIu64 " of %s came from nowhere", telemetry->n, telemetry->device);
		return;
	}
	compare(message, telemetry);
	if (rows[telemetry->n].is_seen) {
		totals.repeated++;
		return;
	}
	rows[telemetry->n].is_seen = true;
	struct device *device = device_of(telemetry->device);
	if (telemetry->n < device->highest)
		found("record %" PRIu64 " of %s comes first after %" PRIu64, telemetry->n, telemetry->device, device->highest);
	else
		device->highest = telemetry->n;
}

static void take_message(rd_kafka_message_t *message)
{
	Mu__Telemetry *telemetry = mu__telemetry__unpack(0, message->len, message->payload);
	if (telemetry)
		take_telemetry(message, telemetry);
	else
		found("a message at offset %" PRId64 " is no Telemetry", message->offset);
	mu__telemetry__free_unpacked(telemetry, 0);
	if (forged) {
		messages = realloc(messages, (totals.messages + 1) * sizeof *messages);
		if (!messages)
			die("memory", "none left");
		messages[totals.messages] = message;
	} else {
		rd_kafka_message_destroy(message);
	}
	totals.messages++;
}

// ---- the topic

static rd_kafka_t *open_client(rd_kafka_type_t type)
{
	char problem[256];
	static const char *const settings[][2] = { { "group.id", "e2e-kafka-compare" }, { "enable.auto.commit", "false" },
		{ "fetch.wait.max.ms", "20" } };
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool is_good = rd_kafka_conf_set(conf, "bootstrap.servers", brokers, problem, sizeof problem) == RD_KAFKA_CONF_OK;
	for (size_t i = 0; type == RD_KAFKA_CONSUMER && i < sizeof settings / sizeof *settings; i++)
		is_good &= rd_kafka_conf_set(conf, settings[i][0], settings[i][1], problem, sizeof problem) == RD_KAFKA_CONF_OK;
	rd_kafka_t *rk = is_good ? rd_kafka_new(type, conf, problem, sizeof problem) : 0;
	if (!rk)
		die(brokers, problem);
	return rk;
}

static int partitions_of(rd_kafka_t *rk)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, 0);
	rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 0, handle, &metadata, TIMEOUT_MS);
	if (error || metadata->topics[0].partition_cnt < 1 || metadata->topics[0].partition_cnt > PARTITIONS_MAX)
		die(topic, error ? rd_kafka_err2str(error) : "no such topic, or too many partitions");
	int count = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(handle);
	return count;
}

static void read_topic(void)
{
	int64_t low, ends[PARTITIONS_MAX], left = 0;
	rd_kafka_t *rk = open_client(RD_KAFKA_CONSUMER);
	rd_kafka_poll_set_consumer(rk);
	int count = partitions_of(rk);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
	for (int32_t i = 0; i < count; i++) {
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
		if (rd_kafka_query_watermark_offsets(rk, topic, i, &low, &ends[i], TIMEOUT_MS))
			die(topic, "its ends cannot be asked for");
		left += ends[i] > 0;
	}
	rd_kafka_assign(rk, list);
	while (left > 0) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, TIMEOUT_MS);
		if (!message || message->err)
			die(topic, message ? rd_kafka_message_errstr(message) : "no message within 10 s");
		left -= message->offset + 1 == ends[message->partition];
		take_message(message);
	}
	rd_kafka_topic_partition_list_destroy(list);
	if (forged)
		return; // its messages live with it
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

static void find_missing(void)
{
	for (uint64_t n = 1; n <= newest; n++)
		if (!rows[n].is_seen)
			found("record %" PRIu64 " of %s is missing", n, rows[n].device ? rows[n].device : "a device");
}

// ---- --forge: message `first` and the next one of the same key change places

static void swap_two(void)
{
	for (size_t i = 1; i < totals.messages; i++)
		if (messages[i]->key_len == messages[0]->key_len && memcmp(messages[i]->key, messages[0]->key, messages[0]->key_len) == 0) {
			rd_kafka_message_t *first = messages[0];
			messages[0] = messages[i];
			messages[i] = first;
			return;
		}
	die(topic, "no device has two messages");
}

static void forge(void)
{
	rd_kafka_t *rk = open_client(RD_KAFKA_PRODUCER);
	swap_two();
	for (size_t i = 0; i < totals.messages; i++) {
		rd_kafka_headers_t *headers;
		rd_kafka_message_headers(messages[i], &headers);
		rd_kafka_resp_err_t error = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(forged), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(messages[i]->key, messages[i]->key_len),
			RD_KAFKA_V_VALUE(messages[i]->payload, messages[i]->len), RD_KAFKA_V_HEADERS(rd_kafka_headers_copy(headers)),
			RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(messages[i], 0)), RD_KAFKA_V_END);
		if (error)
			die(forged, rd_kafka_err2str(error));
		rd_kafka_poll(rk, 0);
	}
	if (rd_kafka_flush(rk, TIMEOUT_MS))
		die(forged, "is not written within 10 s");
	rd_kafka_destroy(rk);
}

static void parse(int argc, char **argv)
{
	static const struct {
		const char *name, **value;
	} options[] = { { "--db", &db_path }, { "--brokers", &brokers }, { "--topic", &topic }, { "--forge", &forged } };
	for (int i = 1; i + 1 < argc; i += 2)
		for (size_t o = 0; o < sizeof options / sizeof *options; o++)
			if (strcmp(argv[i], options[o].name) == 0)
				*options[o].value = argv[i + 1];
	if (!db_path || !brokers || !topic)
		die("usage", "--db FILE --brokers HOST:PORT --topic NAME [--forge TOPIC]");
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	devices = allocate(DEVICES_MAX, sizeof *devices);
	if (!hcreate_r(2 * (size_t)DEVICES_MAX, &by_id))
		die("memory", "none left");
	read_store();
	read_topic();
	find_missing();
	if (forged)
		forge();
	printf("records=%" PRIu64 " messages=%" PRIu64 " repeated=%" PRIu64 " devices=%" PRIu64 " compared=%" PRIu64 " findings=%" PRIu64
	       "\n",
		newest, totals.messages, totals.repeated, totals.devices, totals.compared, totals.findings);
	return totals.findings ? EXIT_FINDINGS : EXIT_PROVEN;
}
