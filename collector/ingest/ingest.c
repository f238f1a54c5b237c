// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/ingest.h"

#include <stdlib.h>
#include <string.h>
#include "collector/alerting/alerting.h"
#include "collector/clock.h"
#include "collector/fleet/commands.h"
#include "collector/ingest/batch.h"
#include "collector/ingest/complaints.h"
#include "collector/ingest/identity.h"
#include "collector/ingest/intake.h"
#include "collector/ingest/json_map.h"
#include "collector/log.h"
#include "collector/store/store.h"

struct ingest {
	struct ingest_parts parts;
	struct batch batch;
	struct intake *intake;
	struct identity *identity;
	struct complaints complaints;
};

struct ingest *ingest_new(const struct ingest_parts *parts, size_t messages, size_t bytes)
{
	struct ingest *ingest = calloc(1, sizeof *ingest);
	if (!ingest)
		return 0;
	ingest->parts = *parts;
	ingest->intake = intake_new(parts->store, parts->fleet, parts->alerting, parts->counters);
	ingest->identity = identity_new();
	if (ingest->intake && ingest->identity && batch_init(&ingest->batch, messages, bytes) == 0)
		return ingest;
	ingest_free(ingest);
	return 0;
}

void ingest_free(struct ingest *ingest)
{
	if (!ingest)
		return;
	intake_free(ingest->intake);
	identity_free(ingest->identity);
	batch_free(&ingest->batch);
	free(ingest);
}

int ingest_resize(struct ingest *ingest, size_t messages, size_t bytes)
{
	struct batch fresh = { 0 };
	if (ingest->batch.count || batch_init(&fresh, messages, bytes) < 0)
		return -1;
	batch_free(&ingest->batch);
	ingest->batch = fresh;
	return 0;
}

int ingest_add(struct ingest *ingest, const char *topic, const void *payload, size_t size, uint64_t wall_ms)
{
	struct batch_message message = { .recv_ms = wall_ms, .bytes = payload, .size = size };
	message.kind = topic_parse(topic, message.id);
	message.json = message.kind == TOPIC_FOREIGN ? json_map_find(ingest->parts.json, topic) : 0;
	if (message.json) {
		message.kind = TOPIC_JSON;
		message.topic = topic;
	}
	if (message.kind == TOPIC_UP || message.kind == TOPIC_STATE || message.kind == TOPIC_JSON)
		return batch_add(&ingest->batch, &message);
	ingest->parts.counters->mqtt_topic_rejected++;
	complaints_say(&ingest->complaints, COMPLAINT_TOPIC, clock_monotonic_ms(), "topic=%s bytes=%zu", log_quote(topic).text, size);
	return 1;
}

bool ingest_is_full(const struct ingest *ingest)
{
	return batch_is_full(&ingest->batch);
}

bool ingest_is_empty(const struct ingest *ingest)
{
	return ingest->batch.count == 0;
}

void ingest_drop(struct ingest *ingest)
{
	batch_clear(&ingest->batch);
}

static void follow_state(struct ingest *ingest, const struct intake_item *item)
{
	struct device *device = item->device;
	bool is_online = item->kind == INTAKE_ONLINE;
	fleet_set_presence(ingest->parts.fleet, device, is_online, item->recv_ms);
	if (!is_online)
		return;
	if (identity_online(ingest->identity, device->dev, item->recv_ms)) {
		ingest->parts.counters->session_flaps++;
		complaints_say(&ingest->complaints, COMPLAINT_FLAPS, clock_monotonic_ms(), "device=%s", device->id);
	}
	if (ingest->parts.commands)
		commands_on_online(ingest->parts.commands, device, item->recv_ms);
}

// What follows from a committed item, in the order of arrival.
static void follow(struct ingest *ingest, const struct intake_item *item)
{
	switch (item->kind) {
	case INTAKE_RECORD:
		fleet_fold(ingest->parts.fleet, item->device, item->record, item->recv_ms);
		if (ingest->parts.commands)
			commands_on_record(ingest->parts.commands, item->device, item->record, item->recv_ms);
		break;
	case INTAKE_ONLINE:
	case INTAKE_OFFLINE: follow_state(ingest, item); break;
	case INTAKE_ACK: ingest->parts.ask_ack(ingest->parts.context, item->device, false); break;
	case INTAKE_ACK_URGENT: ingest->parts.ask_ack(ingest->parts.context, item->device, true); break;
	}
}

static int commit_part(struct ingest *ingest)
{
	struct counters *counters = ingest->parts.counters;
	uint64_t begun_us = clock_monotonic_us();
	int err = intake_commit(ingest->intake);
	if (err) {
		counters->batches_failed++;
		return err;
	}
	uint64_t took_us = clock_monotonic_us() - begun_us;
	counters->batches++;
	counters->commit_us += took_us;
	counters->commit_last_us = (int64_t)took_us;
	size_t count;
	const struct intake_item *items = intake_items(ingest->intake, &count);
	for (size_t i = 0; i < count; i++)
		follow(ingest, &items[i]);
	if (ingest->parts.alerting)
		alerting_announce(ingest->parts.alerting);
	return 0;
}

int ingest_commit(struct ingest *ingest)
{
	int err = 0;
	for (size_t i = 0; !err && i < ingest->batch.count;) {
		err = intake_begin(ingest->intake);
		while (!err && i < ingest->batch.count && intake_has_room(ingest->intake))
			err = intake_take(ingest->intake, &ingest->batch.messages[i++]);
		if (err)
			intake_abandon(ingest->intake);
		else
			err = commit_part(ingest);
	}
	batch_clear(&ingest->batch);
	ingest->parts.counters->devices = (int64_t)fleet_count(ingest->parts.fleet);
	return err;
}
