// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/event_kind.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { UNEXPECTED = 128 }; // bit of a ResetClass

// One event, or `weight` equal ones. number and text: what its labels say, by column.
struct event {
	uint64_t weight;
	int number[2];
	const char *text;
};

struct label {
	const char *name;
	const ProtobufCEnumDescriptor *values; // 0: free text
	const char *prefix;                    // of the values in muster.proto
};

typedef bool is_event(const Mu__Record *record);
typedef bool is_boot(int reset_class, int cause);

// One row a kind. Either is_boot (then the body is a Boot, and each boot that it tells of is judged) or is_event.
struct kind {
	const char *name;
	is_boot *is_boot;
	is_event *is_event;
	const struct label *labels; // EVENT_FILTERS_MAX of them
};

static bool is_any_boot(int reset_class, int cause)
{
	(void)reset_class;
	(void)cause;
	return true;
}

static bool is_hang(int reset_class, int cause)
{
	return reset_class == MU__RESET_CLASS__RESET_HANG || cause == MU__RESET_CAUSE__CAUSE_LIVENESS;
}

static bool is_brown_out(int reset_class, int cause)
{
	(void)cause;
	return reset_class == MU__RESET_CLASS__RESET_BROWN_OUT;
}

// A class that is not known yet but unexpected is one, too.
static bool is_crash(int reset_class, int cause)
{
	bool unexpected = reset_class & UNEXPECTED;
	return (unexpected || cause == MU__RESET_CAUSE__CAUSE_ASSERT) && !is_hang(reset_class, cause) && !is_brown_out(reset_class, cause);
}

static bool is_link_lost(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_LINK && record->link->change == MU__LINK_CHANGE__LINK_LOST;
}

static bool is_session_lost(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_LINK && record->link->change == MU__LINK_CHANGE__LINK_SESSION_LOST;
}

static bool is_rolled_back(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_OTA && record->ota->state == MU__OTA_STATE__OTA_ROLLED_BACK;
}

static bool is_update_failed(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_OTA && record->ota->state == MU__OTA_STATE__OTA_FAILED;
}

static bool is_gap(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_GAP;
}

static bool is_app(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_EVENT;
}

static bool is_log(const Mu__Record *record)
{
	return record->body_case == MU__RECORD__BODY_LOG;
}

static const struct label no_labels[EVENT_FILTERS_MAX] = { { 0 } };
static const struct label boot_labels[EVENT_FILTERS_MAX] = {
	{ "class", &mu__reset_class__descriptor, "RESET_" },
	{ "cause", &mu__reset_cause__descriptor, "CAUSE_" },
};
static const struct label ota_labels[EVENT_FILTERS_MAX] = { { "cause", &mu__ota_cause__descriptor, "OTA_CAUSE_" } };
static const struct label app_labels[EVENT_FILTERS_MAX] = { { "name", 0, "" } };
static const struct label log_labels[EVENT_FILTERS_MAX] = { { "level", &mu__log_level__descriptor, "LOG_" } };

static const struct kind kinds[EVENT_KINDS] = {
	[EVENT_BOOT]          = { "boot", is_any_boot, 0, boot_labels },
	[EVENT_CRASH]         = { "crash", is_crash, 0, no_labels },
	[EVENT_HANG]          = { "hang", is_hang, 0, no_labels },
	[EVENT_BROWN_OUT]     = { "brown_out", is_brown_out, 0, no_labels },
	[EVENT_LINK_LOST]     = { "link_lost", 0, is_link_lost, no_labels },
	[EVENT_SESSION_LOST]  = { "session_lost", 0, is_session_lost, no_labels },
	[EVENT_ROLLED_BACK]   = { "rolled_back", 0, is_rolled_back, ota_labels },
	[EVENT_UPDATE_FAILED] = { "update_failed", 0, is_update_failed, ota_labels },
	[EVENT_GAP]           = { "gap", 0, is_gap, no_labels },
	[EVENT_APP]           = { "app", 0, is_app, app_labels },
	[EVENT_LOG]           = { "log", 0, is_log, log_labels },
};

const char *event_kind_name(enum event_kind kind)
{
	return (unsigned)kind < EVENT_KINDS ? kinds[kind].name : "";
}

int event_kind_find(const char *name)
{
	for (int i = 0; i < EVENT_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return i;
	return -1;
}

// Index of the label, or -1.
static int find_label(const struct kind *kind, const char *label)
{
	for (int i = 0; i < EVENT_FILTERS_MAX && kind->labels[i].name; i++)
		if (strcmp(kind->labels[i].name, label) == 0)
			return i;
	return -1;
}

bool event_kind_has_label(enum event_kind kind, const char *label)
{
	return (unsigned)kind < EVENT_KINDS && find_label(&kinds[kind], label) >= 0;
}

// Whether text is this value as rules write it: RESET_BROWN_OUT is brown_out.
static bool is_value(const struct label *label, const char *value, const char *text)
{
	size_t prefix = strlen(label->prefix);
	if (strncmp(value, label->prefix, prefix) != 0)
		return false;
	for (value += prefix; *value && *text; value++, text++)
		if (tolower((unsigned char)*value) != *text)
			return false;
	return !*value && !*text;
}

bool event_kind_knows(enum event_kind kind, const char *label, const char *text)
{
	int at = (unsigned)kind < EVENT_KINDS ? find_label(&kinds[kind], label) : -1;
	if (at < 0)
		return false;
	const ProtobufCEnumDescriptor *values = kinds[kind].labels[at].values;
	if (!values)
		return true;
	for (unsigned i = 0; i < values->n_values; i++)
		if (is_value(&kinds[kind].labels[at], values->values[i].name, text))
			return true;
	return false;
}

const char *event_kind_values(enum event_kind kind, const char *label, char *buffer, size_t size)
{
	int at = (unsigned)kind < EVENT_KINDS ? find_label(&kinds[kind], label) : -1;
	if (size)
		*buffer = 0;
	if (at < 0 || !kinds[kind].labels[at].values)
		return buffer;
	const struct label *row = &kinds[kind].labels[at];
	size_t used = 0;
	for (unsigned i = 0; i < row->values->n_values && used < size; i++) {
		int length = snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", row->values->values[i].name + strlen(row->prefix));
		for (size_t end = used + (size_t)length; used < end && used < size; used++)
			buffer[used] = (char)tolower((unsigned char)buffer[used]);
	}
	return buffer;
}

// A number that muster.proto does not know yet is no value that a rule can name.
static bool has_text(const struct label *label, const struct event *event, unsigned column, const char *text)
{
	if (!label->values)
		return event->text && strcmp(event->text, text) == 0;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(label->values, event->number[column]);
	return value && is_value(label, value->name, text);
}

static bool passes(const struct event_filter *filter, const struct event *event)
{
	const struct kind *kind = &kinds[filter->kind];
	for (unsigned i = 0; i < filter->count && i < EVENT_FILTERS_MAX; i++) {
		int at = find_label(kind, filter->matchers[i].label);
		if (at < 0 || has_text(&kind->labels[at], event, (unsigned)at, filter->matchers[i].text) == filter->matchers[i].is_not)
			return false;
	}
	return true;
}

static uint64_t boot_weight(const struct event_filter *filter, const struct event *boot)
{
	if (!kinds[filter->kind].is_boot(boot->number[0], boot->number[1]))
		return 0;
	return passes(filter, boot) ? boot->weight : 0;
}

// The boot that reports (if it is not told again), those before it that could not, and those of which only the number is left.
static uint64_t boots_weight(const struct event_filter *filter, const Mu__Boot *boot)
{
	int cause = boot->has_cause ? (int)boot->cause : (int)MU__RESET_CAUSE__CAUSE_NONE;
	uint64_t sum = boot->again ? 0 : boot_weight(filter, &(struct event){ 1, { (int)boot->reset_class, cause }, 0 });
	for (size_t i = 0; i < boot->n_unreported; i++) {
		const Mu__UnreportedBoot *group = boot->unreported[i];
		cause = group->has_cause ? (int)group->cause : (int)MU__RESET_CAUSE__CAUSE_NONE;
		sum += boot_weight(filter, &(struct event){ group->count, { (int)group->reset_class, cause }, 0 });
	}
	if (boot->has_boots_lost)
		sum += boot_weight(filter,
			&(struct event){ boot->boots_lost, { MU__RESET_CLASS__RESET_UNKNOWN, MU__RESET_CAUSE__CAUSE_NONE }, 0 });
	return sum;
}

static struct event event_of(const Mu__Record *record)
{
	switch (record->body_case) {
	case MU__RECORD__BODY_GAP: return (struct event){ .weight = record->gap->count };
	case MU__RECORD__BODY_EVENT: return (struct event){ .weight = 1, .text = record->event->name };
	case MU__RECORD__BODY_LOG: return (struct event){ .weight = 1, .number = { (int)record->log->level } };
	case MU__RECORD__BODY_OTA:
		return (struct event){ .weight = 1,
			.number = { record->ota->has_cause ? (int)record->ota->cause : (int)MU__OTA_CAUSE__OTA_CAUSE_NONE } };
	default: return (struct event){ .weight = 1 };
	}
}

uint64_t event_weight(const struct event_filter *filter, const Mu__Record *record)
{
	if ((unsigned)filter->kind >= EVENT_KINDS)
		return 0;
	const struct kind *kind = &kinds[filter->kind];
	if (kind->is_boot)
		return record->body_case == MU__RECORD__BODY_BOOT_REPORT ? boots_weight(filter, record->boot_report) : 0;
	struct event event = event_of(record);
	return kind->is_event(record) && passes(filter, &event) ? event.weight : 0;
}

uint64_t event_kinds_of(const Mu__Record *record)
{
	uint64_t bits = 0;
	if (record->body_case == MU__RECORD__BODY_HEARTBEAT)
		return 0;
	for (unsigned i = 0; i < EVENT_KINDS; i++)
		if (event_weight(&(struct event_filter){ .kind = i }, record))
			bits |= UINT64_C(1) << i;
	return bits;
}
