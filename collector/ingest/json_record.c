// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/json_record.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "collector/fleet/device.h"

// FNV-1a; 0 for "" only.
static uint32_t hash_text(const char *text)
{
	uint32_t sum = 2166136261u;
	if (!*text)
		return 0;
	while (*text)
		sum = (sum ^ (uint8_t)*text++) * 16777619u;
	return sum ? sum : 1;
}

static uint32_t hash_reset(uint32_t raw, uint32_t reset_class)
{
	char both[32];
	snprintf(both, sizeof both, "%u %u", raw, reset_class);
	return raw || reset_class ? hash_text(both) : 0;
}

struct json_known json_known_of(const struct device *device)
{
	struct json_known known = { .plain = device->ledger.plain };
	if (device_is_unacked(device)) {
		known.boot = device->ledger.boot;
		known.uptime_ms = device->ledger.uptime_ms;
	}
	if (known.plain.heard_ms)
		return known;
	uint32_t reset_class = device->boot_count ? device->boots[0].reset_class : 0;
	known.plain.heard_ms = device->last_seen_ms;
	known.plain.firmware = hash_text(device->firmware);
	known.plain.hardware = hash_text(device->hardware);
	known.plain.reset = hash_reset(device->reset_raw, reset_class);
	return known;
}

static bool is_other(uint32_t before, uint32_t now)
{
	return before && now && before != now;
}

static bool says_more(uint32_t before, uint32_t now)
{
	return now && before != now;
}

static void keep(uint32_t *told, uint32_t now)
{
	if (now)
		*told = now;
}

// ---- the heartbeat ----

// A part by the place of its pointer in the heartbeat, and its storage in json_records.
static const struct {
	size_t pointer, storage;
	const ProtobufCMessageDescriptor *descriptor;
} parts[] = {
	{ offsetof(Mu__Heartbeat, vitals), offsetof(struct json_records, vitals), &mu__vitals__descriptor },
	{ offsetof(Mu__Heartbeat, link), offsetof(struct json_records, link), &mu__link_health__descriptor },
	{ offsetof(Mu__Heartbeat, sockets), offsetof(struct json_records, sockets), &mu__sockets__descriptor },
	{ offsetof(Mu__Heartbeat, uplink), offsetof(struct json_records, uplink), &mu__uplink_health__descriptor },
	{ offsetof(Mu__Heartbeat, tasks), offsetof(struct json_records, tasks), &mu__tasks__descriptor },
	{ offsetof(Mu__Heartbeat, ota), offsetof(struct json_records, ota), &mu__ota_health__descriptor },
	{ offsetof(Mu__Heartbeat, agent), offsetof(struct json_records, agent), &mu__agent_cost__descriptor },
};

// The part that the metric belongs to, put into the heartbeat when it is first needed.
static uint8_t *part_of(struct json_records *records, const struct mu_metric_info *info)
{
	uint8_t *part = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].pointer != info->part_offset)
			continue;
		uint8_t *pointer = (uint8_t *)&records->heartbeat + parts[i].pointer;
		memcpy(&part, pointer, sizeof part);
		if (part)
			return part;
		part = (uint8_t *)records + parts[i].storage;
		parts[i].descriptor->message_init((ProtobufCMessage *)(void *)part);
		memcpy(pointer, &part, sizeof part);
	}
	return part;
}

static void set_metric(struct json_records *records, int metric, int64_t value)
{
	const struct mu_metric_info *info = &mu_metrics[metric];
	uint8_t *part = part_of(records, info);
	void *field = part + info->field_offset;
	*(protobuf_c_boolean *)(void *)(part + info->has_offset) = 1;
	switch (info->type) {
	case MU_METRIC_UINT: *(uint32_t *)field = (uint32_t)value; break;
	case MU_METRIC_SINT: *(int32_t *)field = (int32_t)value; break;
	case MU_METRIC_BOOL: *(protobuf_c_boolean *)field = value != 0; break;
	case MU_METRIC_ENUM: *(int *)field = (int)value; break; // protobuf-c keeps every enum in an int
	}
}

static bool fill_heartbeat(struct json_records *records, const struct json_reading *reading)
{
	bool has_any = false;
	mu__heartbeat__init(&records->heartbeat);
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		if (reading->has[i])
			set_metric(records, i, reading->metric[i]);
		has_any |= reading->has[i];
	}
	return has_any;
}

// ---- boots ----

struct moment {
	uint64_t boot, uptime_ms;
	bool is_boot;   // the first word of it
	bool is_report; // of the same boot, but with something that was not said before
	bool is_old;
};

// Whether the device was heard at a time at which, by this uptime, it had not been started. An uptime that is much less (more than a second)
// needs the slack, because the message before may have been under way for long.
static bool is_same_run(const struct json_known *known, uint64_t uptime_ms, uint64_t recv_ms)
{
	uint64_t started_ms = recv_ms > uptime_ms ? recv_ms - uptime_ms : 0;
	bool is_near = uptime_ms + JSON_JITTER_MS >= known->uptime_ms;
	return known->plain.heard_ms + (is_near ? JSON_JITTER_MS : 0) >= started_ms + (is_near ? 0 : JSON_BOOT_SLACK_MS);
}

// By the uptime that it says, or, if it says none, counted on since it was heard last. An uptime that has not grown is a boot, an old message,
// or, if it is hardly less, the same moment measured twice.
static void place_in_time(struct moment *moment, const struct json_known *known, const struct json_reading *reading, uint64_t recv_ms)
{
	moment->uptime_ms =
		known->boot && recv_ms > known->plain.heard_ms ? known->uptime_ms + (recv_ms - known->plain.heard_ms) : known->uptime_ms;
	if (!reading->has_uptime)
		return;
	moment->uptime_ms = reading->uptime_ms;
	if (!known->boot || reading->uptime_ms > known->uptime_ms + JSON_JITTER_MS)
		return;
	moment->is_boot = !is_same_run(known, reading->uptime_ms, recv_ms);
	moment->is_old = !moment->is_boot && known->uptime_ms > reading->uptime_ms + JSON_BOOT_SLACK_MS;
	if (!moment->is_boot && moment->uptime_ms < known->uptime_ms)
		moment->uptime_ms = known->uptime_ms;
}

static struct moment moment_of(const struct json_known *known, const struct json_reading *reading, const struct ledger_plain *now,
	uint64_t recv_ms)
{
	const struct ledger_plain *told = &known->plain;
	struct moment moment = { .is_boot = false };
	place_in_time(&moment, known, reading, recv_ms);
	moment.is_boot |= !known->boot || is_other(told->firmware, now->firmware) || is_other(told->reset, now->reset);
	moment.is_report = moment.is_boot || says_more(told->firmware, now->firmware) || says_more(told->hardware, now->hardware) ||
		says_more(told->reset, now->reset);
	moment.boot = moment.is_boot && known->boot < UINT32_MAX ? known->boot + 1 : known->boot;
	return moment;
}

static void fill_boot(struct json_records *records, const struct json_reading *reading, const struct json_known *known, bool is_boot)
{
	Mu__Boot *boot = &records->boot;
	mu__boot__init(boot);
	boot->reset_raw = reading->has_reset ? reading->reset.raw : 0;
	boot->reset_class = reading->has_reset ? reading->reset.reset_class : MU__RESET_CLASS__RESET_UNKNOWN;
	boot->firmware = *reading->firmware ? (char *)reading->firmware : 0;
	boot->hardware = *reading->hardware ? (char *)reading->hardware : 0;
	boot->has_previous_uptime_s = is_boot && known->boot && reading->has_uptime;
	boot->previous_uptime_s = known->uptime_ms / 1000 < UINT32_MAX ? (uint32_t)(known->uptime_ms / 1000) : UINT32_MAX;
}

static Mu__Record *add_record(struct json_records *records, const struct moment *moment)
{
	Mu__Record *record = &records->list[records->count++];
	mu__record__init(record);
	record->boot = (uint32_t)moment->boot;
	record->uptime_ms = moment->uptime_ms;
	return record;
}

void json_records_make(struct json_records *records, const struct json_reading *reading, const struct json_known *known, uint64_t recv_ms)
{
	struct ledger_plain now = {
		.firmware = hash_text(reading->firmware),
		.hardware = hash_text(reading->hardware),
		.reset = reading->has_reset ? hash_reset(reading->reset.raw, reading->reset.reset_class) : 0,
	};
	struct moment moment = moment_of(known, reading, &now, recv_ms);
	records->count = 0;
	records->plain = known->plain;
	if (moment.is_old)
		return;
	records->plain.heard_ms = recv_ms;
	keep(&records->plain.firmware, now.firmware);
	keep(&records->plain.hardware, now.hardware);
	keep(&records->plain.reset, now.reset);
	if (moment.is_report) {
		Mu__Record *record = add_record(records, &moment);
		fill_boot(records, reading, known, moment.is_boot);
		record->body_case = MU__RECORD__BODY_BOOT_REPORT;
		record->boot_report = &records->boot;
	}
	if (fill_heartbeat(records, reading)) {
		Mu__Record *record = add_record(records, &moment);
		record->body_case = MU__RECORD__BODY_HEARTBEAT;
		record->heartbeat = &records->heartbeat;
	}
	if (*reading->event) {
		Mu__Record *record = add_record(records, &moment);
		mu__event__init(&records->event);
		records->event.name = (char *)reading->event_name;
		records->event.text = (char *)reading->event;
		record->body_case = MU__RECORD__BODY_EVENT;
		record->event = &records->event;
	}
}
