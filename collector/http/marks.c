// SPDX-License-Identifier: Apache-2.0
#include "collector/http/marks.h"
#include "alerts/alerts.h"
#include "collector/http/alert_json.h"
#include "collector/http/json_text.h"
#include "collector/http/record_json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mark {
	uint64_t at_ms;
	unsigned order; // as they came, for equal times
	const char *kind;
	uint32_t severity;
	char text[MARK_TEXT_BYTES];
};

struct marks {
	unsigned count;
	struct mark list[MARKS_MAX];
	struct mark beyond; // where what has no room is written
};

struct marks *marks_new(void)
{
	return calloc(1, sizeof(struct marks));
}

void marks_free(struct marks *marks)
{
	free(marks);
}

static struct mark *add(struct marks *marks, uint64_t at_ms, const char *kind)
{
	if (marks->count == MARKS_MAX)
		return &marks->beyond;
	struct mark *mark = &marks->list[marks->count];
	*mark = (struct mark){ .at_ms = at_ms, .order = marks->count++, .kind = kind };
	return mark;
}

struct lower {
	char text[40];
};

static char lower_of(char c)
{
	if (c == '_')
		return ' ';
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

// RESET_BROWN_OUT to "brown out"; the number of a value that the schema does not know.
static struct lower words_of(const ProtobufCEnumDescriptor *descriptor, int value, const char *prefix)
{
	struct lower lower;
	const char *name = enum_name(descriptor, value);
	snprintf(lower.text, sizeof lower.text, "%d", value);
	if (!name)
		return lower;
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	snprintf(lower.text, sizeof lower.text, "%s", name);
	for (char *at = lower.text; *at; at++)
		*at = lower_of(*at);
	return lower;
}

void boot_text(const Mu__Boot *boot, char *text, size_t size)
{
	char cause[48] = "", where[96] = "", reached[48] = "";
	if (boot->has_cause && boot->cause != MU__RESET_CAUSE__CAUSE_NONE)
		snprintf(cause, sizeof cause, " (%s)", words_of(&mu__reset_cause__descriptor, boot->cause, "CAUSE_").text);
	if (boot->hung_token && *boot->hung_token)
		snprintf(where, sizeof where, ", %.32s hung", boot->hung_token);
	else if (boot->task && *boot->task)
		snprintf(where, sizeof where, " in task %.32s", boot->task);
	if (boot->has_pc && boot->pc)
		snprintf(where + strlen(where), sizeof where - strlen(where), " at 0x%08" PRIx32, boot->pc);
	if (boot->has_previous_uptime_s)
		snprintf(reached, sizeof reached, ", after %" PRIu32 " s", boot->previous_uptime_s);
	snprintf(text, size, "boot: %s%s%s%s", words_of(&mu__reset_class__descriptor, (int)boot->reset_class, "RESET_").text, cause, where,
		reached);
}

static void add_boot(struct marks *marks, uint64_t at_ms, const Mu__Boot *boot)
{
	struct mark *mark = add(marks, at_ms, "boot");
	boot_text(boot, mark->text, sizeof mark->text);
}

static void add_ota(struct marks *marks, uint64_t at_ms, const Mu__Ota *ota)
{
	struct mark *mark = add(marks, at_ms, "ota");
	char cause[48] = "";
	if (ota->has_cause && ota->cause != MU__OTA_CAUSE__OTA_CAUSE_NONE)
		snprintf(cause, sizeof cause, " (%s)", words_of(&mu__ota_cause__descriptor, ota->cause, "OTA_CAUSE_").text);
	snprintf(mark->text, sizeof mark->text, "update: %s%s%s%.32s", words_of(&mu__ota_state__descriptor, (int)ota->state, "OTA_").text,
		cause, ota->firmware ? ", " : "", ota->firmware ? ota->firmware : "");
}

static void add_link(struct marks *marks, uint64_t at_ms, const Mu__Link *link)
{
	struct mark *mark = add(marks, at_ms, "link");
	char outage[40] = "";
	if (link->has_outage_ms)
		snprintf(outage, sizeof outage, ", after %.1f s", link->outage_ms / 1000.0);
	snprintf(mark->text, sizeof mark->text, "link: %s%s", words_of(&mu__link_change__descriptor, (int)link->change, "LINK_").text,
		outage);
}

void marks_add_record(struct marks *marks, uint64_t at_ms, const Mu__Record *record)
{
	if (record->body_case == MU__RECORD__BODY_BOOT_REPORT)
		add_boot(marks, at_ms, record->boot_report);
	else if (record->body_case == MU__RECORD__BODY_OTA)
		add_ota(marks, at_ms, record->ota);
	else if (record->body_case == MU__RECORD__BODY_LINK)
		add_link(marks, at_ms, record->link);
}

void marks_add_transition(struct marks *marks, const struct store_transition *transition)
{
	struct mark *mark = add(marks, transition->at_ms, "alert");
	const char *severity = alert_severity_name((enum alert_severity)transition->severity);
	mark->severity = transition->severity;
	if (transition->to == ALERT_OK)
		snprintf(mark->text, sizeof mark->text, "%.100s resolved", transition->name);
	else
		snprintf(mark->text, sizeof mark->text, "%.100s fires%s%s", transition->name, severity ? ", " : "",
			severity ? severity : "");
}

static int by_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? 1 : -1; // they came newest first
}

json_t *marks_json(struct marks *marks)
{
	json_t *list = json_array();
	qsort(marks->list, marks->count, sizeof *marks->list, by_time);
	for (unsigned i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->list[i];
		json_array_append_new(list,
			json_pack("{s:o,s:s,s:o,s:o}", "at_ms", json_u64(mark->at_ms), "kind", mark->kind, "text",
				json_text(mark->text, sizeof mark->text), "severity", severity_json(mark->severity)));
	}
	return list;
}
