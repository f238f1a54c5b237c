// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/logs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/clock.h"
#include "collector/kafka/cloud_event.h"
#include "collector/kafka/dead_letter_json.h"
#include "collector/kafka/telemetry.h"
#include "collector/store/dead_letters.h"
#include "collector/store/records.h"
#include "collector/store/store_alerts.h"
#include "collector/store/store_audit.h"

static const char *device_id(const struct stream *stream, uint32_t dev)
{
	const struct device *device = fleet_at(stream->parts->fleet, dev);
	return device ? device->id : "";
}

// A JSON text that is freed here. Null is no memory: later.
static int offer_text(struct stream *stream, uint64_t n, const char *key, char *text, uint64_t timestamp_ms)
{
	struct producer_message message = { key, text, text ? strlen(text) : 0, timestamp_ms };
	int result = text ? stream_offer(stream, n, &message) : STREAM_STOP;
	free(text);
	return result;
}

// ---- records

static int offer_record(void *context, const struct store_record *record)
{
	struct stream *stream = context;
	const char *device = device_id(stream, record->dev);
	uint8_t value[TELEMETRY_BYTES_MAX];
	if (stream->parts->config->kafka.format == CONFIG_KAFKA_JSON)
		return offer_text(stream, record->n, device, telemetry_json(device, record), record->recv_ms);
	struct producer_message message = { device, value, telemetry_pack(device, record, value, sizeof value), record->recv_ms };
	return stream_offer(stream, record->n, &message);
}

static int read_records(struct stream *stream, uint64_t after, unsigned limit)
{
	return store_record_chunk(stream->parts->store, after, limit, offer_record, stream);
}

static int keep_record(void *context, const struct store_record *record)
{
	struct stream *stream = context;
	struct dead_letter letter = {
		.recv_ms = record->recv_ms,
		.topic = stream_topic(stream),
		.device = device_id(stream, record->dev),
		.epoch = record->epoch,
		.seq = record->seq,
		.reason = "Kafka takes no message of this size",
		.size = record->body.size,
		.payload = record->body,
	};
	int dropped = store_dead_letter_add(stream->parts->store, &letter);
	if (dropped < 0)
		return dropped;
	stream->parts->counters->dead_letters++;
	stream->parts->counters->dead_letters_dropped += (uint64_t)dropped;
	return 0;
}

static int refuse_record(struct stream *stream, uint64_t n)
{
	int err = store_record_read(stream->parts->store, n, keep_record, stream);
	return err == -STORE_ENOENT ? 0 : err;
}

// ---- transitions of alerts, dead letters: few

static int offer_transition(void *context, const struct store_transition *transition)
{
	struct stream *stream = context;
	const char *device = device_id(stream, transition->dev);
	if (!cloud_event_is_due(transition))
		return stream_offer(stream, transition->n, 0);
	char *text = cloud_event_json(stream->parts->config->kafka.client_id, device, transition);
	return offer_text(stream, transition->n, device, text, transition->stored_ms);
}

static int read_transitions(struct stream *stream, uint64_t after, unsigned limit)
{
	return store_transition_after(stream->parts->store, after, limit, offer_transition, stream);
}

static int offer_letter(void *context, const struct dead_letter *letter)
{
	return offer_text(context, letter->n, letter->device, dead_letter_json(letter), letter->recv_ms);
}

static int read_letters(struct stream *stream, uint64_t after, unsigned limit)
{
	return store_dead_letter_after(stream->parts->store, after, limit, offer_letter, stream);
}

// A dead letter about a dead letter could be refused again; the audit log cannot.
static int refuse_to_audit(struct stream *stream, uint64_t n)
{
	char target[64];
	snprintf(target, sizeof target, "%s %llu", stream->source->name, (unsigned long long)n);
	struct store_audit row = {
		.at_ms = clock_wall_ms(),
		.actor = "musterd",
		.action = "kafka.send",
		.target = target,
		.detail = stream_topic(stream),
		.outcome = "Kafka takes no message of this size",
	};
	return store_audit_add(stream->parts->store, &row);
}

const struct stream_source logs_sources[LOGS_COUNT] = {
	[LOGS_TRANSITIONS] = {
		.name = "transitions of alerts",
		.kept = "it stays in the store, and the audit log names it",
		.topic_name = offsetof(struct config, kafka.alerts_topic),
		.cursor = CURSOR_KAFKA_TRANSITIONS,
		.topic = LOGS_TRANSITIONS,
		.limit = 256,
		.read = read_transitions,
		.refuse = refuse_to_audit,
	},
	[LOGS_LETTERS] = {
		.name = "dead letters",
		.kept = "it stays among the dead letters, and the audit log names it",
		.topic_name = offsetof(struct config, kafka.deadletter_topic),
		.cursor = CURSOR_KAFKA_LETTERS,
		.topic = LOGS_LETTERS,
		.limit = 64,
		.read = read_letters,
		.refuse = refuse_to_audit,
	},
	[LOGS_RECORDS] = {
		.name = "records",
		.kept = "among the dead letters",
		.topic_name = offsetof(struct config, kafka.telemetry_topic),
		.cursor = CURSOR_KAFKA_RECORDS,
		.topic = LOGS_RECORDS,
		.limit = IN_FLIGHT_MAX,
		.read = read_records,
		.refuse = refuse_record,
	},
};

void logs_topics(const struct config *config, struct producer_topic topics[LOGS_COUNT])
{
	bool is_json = config->kafka.format == CONFIG_KAFKA_JSON;
	topics[LOGS_TRANSITIONS] =
		(struct producer_topic){ config->kafka.alerts_topic, "application/cloudevents+json", "org.muster.alert.v1" };
	topics[LOGS_LETTERS] = (struct producer_topic){ config->kafka.deadletter_topic, "application/json", "org.muster.deadletter.v1" };
	topics[LOGS_RECORDS] = (struct producer_topic){ config->kafka.telemetry_topic,
		is_json ? "application/json" : "application/x-protobuf", is_json ? "org.muster.telemetry.v1" : "mu.Telemetry" };
}
