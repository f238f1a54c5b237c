// SPDX-License-Identifier: Apache-2.0
#include "collector/http/record_text.h"
#include "collector/http/record_json.h"
#include "proto/link_reasons.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *at;
	size_t size, length;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
	va_list arguments;
	if (line->length >= line->size)
		return;
	va_start(arguments, format);
	int length = vsnprintf(line->at + line->length, line->size - line->length, format, arguments);
	va_end(arguments);
	line->length += length > 0 ? (size_t)length : 0;
}

static struct line begin(char *text, size_t size)
{
	*text = 0;
	return (struct line){ .at = text, .size = size };
}

// The name of the schema without its prefix in small letters, "brown out"; the number of a value that the schema does not know.
static void add_name(struct line *line, const ProtobufCEnumDescriptor *descriptor, int value, const char *prefix)
{
	const char *name = enum_name(descriptor, value);
	if (!name) {
		add(line, "%d", value);
		return;
	}
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	for (; *name; name++)
		add(line, "%c", *name == '_' ? ' ' : *name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
}

// ---- boots

// Of the causes that the agent itself asked for a reset for.
static const char *const causes[] = {
	[MU__RESET_CAUSE__CAUSE_LIVENESS] = "a task stopped checking in",
	[MU__RESET_CAUSE__CAUSE_COMMAND] = "an operator asked for it",
	[MU__RESET_CAUSE__CAUSE_ROLLBACK] = "to roll back",
	[MU__RESET_CAUSE__CAUSE_UPDATE] = "to update",
	[MU__RESET_CAUSE__CAUSE_NETWORK] = "no network in spite of all other steps",
	[MU__RESET_CAUSE__CAUSE_HEAP_STARVED] = "no heap for a session",
	[MU__RESET_CAUSE__CAUSE_ASSERT] = "an assertion failed",
	[MU__RESET_CAUSE__CAUSE_BOOT_LOOP] = "boot loop, back to the other slot",
	[MU__RESET_CAUSE__CAUSE_APPLICATION] = "the application asked for it",
	[MU__RESET_CAUSE__CAUSE_NO_ACK] = "the trial got no Ack",
};
enum { CAUSES = sizeof causes / sizeof *causes };

static void add_cause(struct line *line, int cause)
{
	if (cause == MU__RESET_CAUSE__CAUSE_NONE)
		return;
	if (cause > 0 && cause < CAUSES)
		add(line, " (%s)", causes[cause]);
	else
		add(line, " (cause %d)", cause);
}

void boot_text(const struct device_boot *boot, char *text, size_t size)
{
	struct line line = begin(text, size);
	add_name(&line, &mu__reset_class__descriptor, boot->reset_class, "RESET_");
	if (boot->count > 1)
		add(&line, " %" PRIu32 " times", boot->count);
	add_cause(&line, boot->cause);
	if (boot->hung_token[0])
		add(&line, ", %s hung", boot->hung_token);
	else if (boot->task[0])
		add(&line, " in task %s", boot->task);
	if (boot->pc)
		add(&line, " at 0x%08" PRIx32, boot->pc);
	if (boot->uptime_s != UINT32_MAX)
		add(&line, ", after %" PRIu32 " s", boot->uptime_s);
}

static void tell_boot(struct line *line, const Mu__Record *record)
{
	struct device device = { .id = "" };
	char text[RECORD_TEXT_BYTES];
	device_fold(&device, record, record->uptime_ms); // what the list of boots says of it
	boot_text(&device.boots[0], text, sizeof text);
	add(line, "%s%s", record->boot_report->again ? "told again: " : "", text);
	if (record->boot_report->firmware)
		add(line, "; runs %.31s", record->boot_report->firmware);
	for (unsigned i = 1; i < device.boot_count; i++) {
		boot_text(&device.boots[i], text, sizeof text);
		add(line, "; before it, not reported: %s", text);
	}
	device_clear(&device);
}

// ---- link

// The number is of the air or of ESP-IDF: whoever looks for it in their documents finds it. A session's is our own.
static void add_reason(struct line *line, uint32_t reason)
{
	const char *name = reason <= INT32_MAX ? mu_link_reason_name((int32_t)reason) : "unknown";
	bool is_session = reason > MU_LINK_REASON_SESSION && strcmp(name, "unknown") != 0;
	add(line, "%s", name);
	if (!is_session)
		add(line, " (%" PRIu32 ")", reason);
}

void reason_text(const struct device_reason *reason, char *text, size_t size)
{
	struct line line = begin(text, size);
	add_reason(&line, reason->reason);
	add(&line, reason->count == 1 ? " once" : " %" PRIu32 " times", reason->count);
}

void loss_text(const struct device_loss *loss, char *text, size_t size)
{
	static const char *const words[] = {
		[LOSS_LINK] = "lost its link",
		[LOSS_SESSION] = "lost its session",
		[LOSS_PRESENCE] = "was reported as gone by the broker",
	};
	struct line line = begin(text, size);
	add(&line, "%s%s", loss->kind <= LOSS_PRESENCE ? words[loss->kind] : "lost something", loss->reason ? ": " : "");
	if (loss->reason)
		add_reason(&line, loss->reason);
}

static void tell_link(struct line *line, const Mu__Record *record)
{
	const Mu__Link *link = record->link;
	add_name(line, &mu__link_change__descriptor, (int)link->change, "LINK_");
	if (link->change == MU__LINK_CHANGE__LINK_LADDER && link->has_state) {
		add(line, " now ");
		add_name(line, &mu__network_state__descriptor, (int)link->state, "NETWORK_");
	}
	if (link->has_outage_ms)
		add(line, " after %.1f s", link->outage_ms / 1000.0);
	if (link->has_reason && link->reason) {
		add(line, link->has_outage_ms ? ", the last failed try: " : ": ");
		add_reason(line, link->reason);
	}
	if (link->has_rssi_dbm)
		add(line, ", %" PRId32 " dBm", link->rssi_dbm);
	if (link->has_channel)
		add(line, ", channel %" PRIu32, link->channel);
}

// ---- the others

// The few numbers that one looks at first; all of them are metrics.
static void tell_heartbeat(struct line *line, const Mu__Record *record)
{
	static const enum mu_metric shown[] = { MU_METRIC_uptime_s, MU_METRIC_heap_free_bytes, MU_METRIC_heap_largest_bytes,
		MU_METRIC_rssi_dbm, MU_METRIC_spool_records, MU_METRIC_verdict };
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		int64_t value;
		if (mu_metric_get_integer(record->heartbeat, shown[i], &value))
			add(line, "%s%s=%" PRId64, line->length ? " " : "", mu_metric_words[shown[i]].name, value);
	}
}

static void tell_ota(struct line *line, const Mu__Record *record)
{
	const Mu__Ota *ota = record->ota;
	add_name(line, &mu__ota_state__descriptor, (int)ota->state, "OTA_");
	if (ota->has_cause && ota->cause != MU__OTA_CAUSE__OTA_CAUSE_NONE) {
		add(line, " (");
		add_name(line, &mu__ota_cause__descriptor, (int)ota->cause, "OTA_CAUSE_");
		add(line, ")");
	}
	if (ota->firmware)
		add(line, ", %.31s", ota->firmware);
}

static void tell_result(struct line *line, const Mu__Record *record)
{
	const Mu__CommandResult *result = record->command_result;
	add(line, "command ");
	for (size_t i = 0; i < 4 && i < result->id.len; i++)
		add(line, "%02x", result->id.data[i]);
	add(line, "%s", result->id.len ? ": " : "that it could not read: ");
	add_name(line, &mu__command_outcome__descriptor, (int)result->outcome, "OUTCOME_");
	if (result->detail && *result->detail)
		add(line, ", %s", result->detail);
}

// "1536 bytes, tls: what it means"
static void add_own(struct line *line, const struct mu_event_words *words, int64_t value, const char *text)
{
	add(line, "%" PRId64 " %s", value, words->unit);
	if (*text)
		add(line, ", %s", text);
	add(line, ": %s", words->meaning);
}

void notice_text(const struct device_notice *notice, char *text, size_t size)
{
	struct line line = begin(text, size);
	add_own(&line, &mu_event_words[notice->event], notice->value, notice->text);
}

static void tell_event(struct line *line, const Mu__Record *record)
{
	const Mu__Event *event = record->event;
	int own = mu_event_find(event->name);
	add(line, "%s", event->name);
	if (own >= 0) {
		add(line, " ");
		add_own(line, &mu_event_words[own], event->value, event->text ? event->text : "");
		return;
	}
	if (event->has_value)
		add(line, " %" PRId64, event->value);
	if (event->text && *event->text)
		add(line, ", %s", event->text);
}

static void tell_log(struct line *line, const Mu__Record *record)
{
	const Mu__Log *log = record->log;
	add_name(line, &mu__log_level__descriptor, (int)log->level, "LOG_");
	add(line, "%s%s: %s", log->tag ? " " : "", log->tag ? log->tag : "", log->text);
}

static void tell_gap(struct line *line, const Mu__Record *record)
{
	add(line, "%" PRIu64 " number%s without a record: ", record->gap->count, record->gap->count == 1 ? "" : "s");
	add_name(line, &mu__gap_reason__descriptor, (int)record->gap->reason, "GAP_");
}

static const struct {
	Mu__Record__BodyCase kind;
	void (*tell)(struct line *line, const Mu__Record *record);
} rows[] = {
	{ MU__RECORD__BODY_HEARTBEAT, tell_heartbeat },
	{ MU__RECORD__BODY_BOOT_REPORT, tell_boot },
	{ MU__RECORD__BODY_LINK, tell_link },
	{ MU__RECORD__BODY_OTA, tell_ota },
	{ MU__RECORD__BODY_COMMAND_RESULT, tell_result },
	{ MU__RECORD__BODY_EVENT, tell_event },
	{ MU__RECORD__BODY_LOG, tell_log },
	{ MU__RECORD__BODY_GAP, tell_gap },
};

void record_text(const Mu__Record *record, char *text, size_t size)
{
	struct line line = begin(text, size);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].kind == record->body_case)
			rows[i].tell(&line, record);
}
