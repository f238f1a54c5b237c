// SPDX-License-Identifier: Apache-2.0
#include "collector/http/marks.h"
#include "alerts/alerts.h"
#include "collector/http/alert_json.h"
#include "collector/http/json_text.h"
#include "collector/http/record_text.h"
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

static const struct {
	Mu__Record__BodyCase body;
	const char *kind, *label;
} kinds[] = {
	{ MU__RECORD__BODY_BOOT_REPORT, "boot", "boot: " },
	{ MU__RECORD__BODY_OTA, "ota", "update: " },
	{ MU__RECORD__BODY_LINK, "link", "link: " },
};

void marks_add_record(struct marks *marks, uint64_t at_ms, const Mu__Record *record)
{
	if (record->body_case == MU__RECORD__BODY_BOOT_REPORT && record->boot_report->again)
		return; // has its mark
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].body != record->body_case)
			continue;
		struct mark *mark = add(marks, at_ms, kinds[i].kind);
		size_t label = strlen(kinds[i].label);
		memcpy(mark->text, kinds[i].label, label);
		record_text(record, mark->text + label, sizeof mark->text - label);
	}
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
