// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/sample_record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void begin(struct sample_record *sample, const struct sample_moment *moment)
{
	mu__record__init(&sample->record);
	sample->record.boot = moment->boot;
	sample->record.uptime_ms = moment->uptime_ms;
	sample->record.has_wall_ms = true;
	sample->record.wall_ms = moment->wall_ms;
	sample->record.has_time_quality = true;
	sample->record.time_quality = MU__TIME_QUALITY__TIME_SERVER;
}

void sample_heartbeat(struct sample_record *sample, const struct sample_moment *moment)
{
	begin(sample, moment);
	mu__heartbeat__init(&sample->heartbeat);
	mu__vitals__init(&sample->vitals);
	mu__link_health__init(&sample->link_health);
	mu__sockets__init(&sample->sockets);
	mu__uplink_health__init(&sample->uplink);
	mu__tasks__init(&sample->tasks);
	mu__ota_health__init(&sample->ota_health);
	mu__agent_cost__init(&sample->agent);
	sample->heartbeat.vitals = &sample->vitals;
	sample->heartbeat.link = &sample->link_health;
	sample->heartbeat.sockets = &sample->sockets;
	sample->heartbeat.uplink = &sample->uplink;
	sample->heartbeat.tasks = &sample->tasks;
	sample->heartbeat.ota = &sample->ota_health;
	sample->heartbeat.agent = &sample->agent;
	sample->record.body_case = MU__RECORD__BODY_HEARTBEAT;
	sample->record.heartbeat = &sample->heartbeat;
}

bool sample_set(struct sample_record *sample, int metric, double value)
{
	const struct mu_metric_info *info = &mu_metrics[metric];
	if (!(value >= (double)info->min && value <= (double)info->max))
		return false;
	uint8_t *part;
	memcpy(&part, (const uint8_t *)&sample->heartbeat + info->part_offset, sizeof part);
	int64_t integer = (int64_t)llround(value);
	void *field = part + info->field_offset;
	*(protobuf_c_boolean *)(void *)(part + info->has_offset) = true;
	switch (info->type) {
	case MU_METRIC_UINT: *(uint32_t *)field = (uint32_t)integer; break;
	case MU_METRIC_SINT: *(int32_t *)field = (int32_t)integer; break;
	case MU_METRIC_BOOL: *(protobuf_c_boolean *)field = integer != 0; break;
	case MU_METRIC_ENUM: *(int *)field = (int)integer; break; // protobuf-c keeps every enum in an int
	}
	return true;
}

// --- events: one function a body ---

static void make_boot(struct sample_record *sample, int reset_class)
{
	mu__boot__init(&sample->boot);
	sample->boot.reset_class = (Mu__ResetClass)reset_class;
	sample->record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	sample->record.boot_report = &sample->boot;
}

static void make_link(struct sample_record *sample, int change)
{
	mu__link__init(&sample->link);
	sample->link.change = (Mu__LinkChange)change;
	sample->record.body_case = MU__RECORD__BODY_LINK;
	sample->record.link = &sample->link;
}

static void make_ota(struct sample_record *sample, int state)
{
	mu__ota__init(&sample->ota);
	sample->ota.state = (Mu__OtaState)state;
	sample->record.body_case = MU__RECORD__BODY_OTA;
	sample->record.ota = &sample->ota;
}

static void make_gap(struct sample_record *sample, int count)
{
	mu__gap__init(&sample->gap);
	sample->gap.count = (uint64_t)count;
	sample->gap.reason = MU__GAP_REASON__GAP_OVERWRITTEN;
	sample->record.body_case = MU__RECORD__BODY_GAP;
	sample->record.gap = &sample->gap;
}

static void make_app(struct sample_record *sample, int unused)
{
	(void)unused;
	mu__event__init(&sample->event);
	snprintf(sample->text, sizeof sample->text, "event");
	sample->event.name = sample->text;
	sample->record.body_case = MU__RECORD__BODY_EVENT;
	sample->record.event = &sample->event;
}

static void make_log(struct sample_record *sample, int level)
{
	mu__log__init(&sample->log);
	snprintf(sample->text, sizeof sample->text, "line");
	sample->log.level = (Mu__LogLevel)level;
	sample->log.text = sample->text;
	sample->record.body_case = MU__RECORD__BODY_LOG;
	sample->record.log = &sample->log;
}

static const struct {
	void (*make)(struct sample_record *sample, int number);
	int number; // unless a label says another
} bodies[EVENT_KINDS] = {
	[EVENT_BOOT] = { make_boot, MU__RESET_CLASS__RESET_POWER_ON },
	[EVENT_CRASH] = { make_boot, MU__RESET_CLASS__RESET_CRASH },
	[EVENT_HANG] = { make_boot, MU__RESET_CLASS__RESET_HANG },
	[EVENT_BROWN_OUT] = { make_boot, MU__RESET_CLASS__RESET_BROWN_OUT },
	[EVENT_LINK_LOST] = { make_link, MU__LINK_CHANGE__LINK_LOST },
	[EVENT_SESSION_LOST] = { make_link, MU__LINK_CHANGE__LINK_SESSION_LOST },
	[EVENT_ROLLED_BACK] = { make_ota, MU__OTA_STATE__OTA_ROLLED_BACK },
	[EVENT_UPDATE_FAILED] = { make_ota, MU__OTA_STATE__OTA_FAILED },
	[EVENT_GAP] = { make_gap, 1 },
	[EVENT_APP] = { make_app, 0 },
	[EVENT_LOG] = { make_log, MU__LOG_LEVEL__LOG_INFO },
};

void sample_event(struct sample_record *sample, const struct sample_moment *moment, enum event_kind kind)
{
	begin(sample, moment);
	bodies[kind].make(sample, bodies[kind].number);
}

// The number of a value as rules write it: brown_out is RESET_BROWN_OUT. -1: no such.
static int number_of(const ProtobufCEnumDescriptor *values, const char *prefix, const char *text)
{
	for (unsigned i = 0; i < values->n_values; i++)
		if (strncmp(values->values[i].name, prefix, strlen(prefix)) == 0 &&
			strcasecmp(values->values[i].name + strlen(prefix), text) == 0)
			return values->values[i].value;
	return -1;
}

static bool label_boot(struct sample_record *sample, const char *label, const char *text)
{
	bool is_class = strcmp(label, "class") == 0;
	int number = is_class ? number_of(&mu__reset_class__descriptor, "RESET_", text)
			      : number_of(&mu__reset_cause__descriptor, "CAUSE_", text);
	if (number < 0)
		return false;
	if (is_class)
		sample->boot.reset_class = (Mu__ResetClass)number;
	else {
		sample->boot.has_cause = true;
		sample->boot.cause = (Mu__ResetCause)number;
	}
	return true;
}

static bool label_ota(struct sample_record *sample, const char *text)
{
	int number = number_of(&mu__ota_cause__descriptor, "OTA_CAUSE_", text);
	sample->ota.has_cause = number >= 0;
	if (number >= 0)
		sample->ota.cause = (Mu__OtaCause)number;
	return number >= 0;
}

static bool label_log(struct sample_record *sample, const char *text)
{
	int number = number_of(&mu__log_level__descriptor, "LOG_", text);
	if (number >= 0)
		sample->log.level = (Mu__LogLevel)number;
	return number >= 0;
}

bool sample_label(struct sample_record *sample, enum event_kind kind, const char *label, const char *text)
{
	if (!event_kind_has_label(kind, label) || strlen(text) >= sizeof sample->text)
		return false;
	switch (sample->record.body_case) {
	case MU__RECORD__BODY_BOOT_REPORT: return label_boot(sample, label, text);
	case MU__RECORD__BODY_OTA: return label_ota(sample, text);
	case MU__RECORD__BODY_LOG: return label_log(sample, text);
	case MU__RECORD__BODY_EVENT: snprintf(sample->text, sizeof sample->text, "%s", text); return true;
	default: return false;
	}
}
