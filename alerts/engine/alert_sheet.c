// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/alert_sheet.h"
#include "alerts/engine/template.h"
#include "proto/text.h"
#include <string.h>

static const char *text_of(const struct alert_text *texts, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].text;
	return 0;
}

// The first label of a name stays.
static void add_label(struct alert_sheet *sheet, const char *name, const char *text)
{
	unsigned i = sheet->label_count;
	if (i == ALERT_SHEET_LABELS || text_of(sheet->labels, i, name))
		return;
	mu_text_copy(sheet->label_texts[i], sizeof sheet->label_texts[i], text);
	sheet->labels[i] = (struct alert_text){ name, sheet->label_texts[i] };
	sheet->label_count++;
}

void alert_sheet_label(struct alert_sheet *sheet, const struct rule *rule, const char *severity, const char *device, const char *firmware)
{
	sheet->label_count = 0;
	add_label(sheet, "alertname", rule->name);
	add_label(sheet, "severity", severity);
	add_label(sheet, "device", device);
	if (firmware && *firmware)
		add_label(sheet, "firmware", firmware);
	for (unsigned i = 0; i < rule->label_count; i++)
		add_label(sheet, rule->labels[i].name, rule->labels[i].text);
}

void alert_sheet_keep_labels(struct alert_sheet *sheet, const struct alert *alert, const char *severity)
{
	sheet->label_count = 0;
	for (unsigned i = 0; i < alert->label_count; i++) {
		bool is_severity = strcmp(alert->labels[i].name, "severity") == 0;
		add_label(sheet, alert->labels[i].name, is_severity ? severity : alert->labels[i].text);
	}
}

void alert_sheet_annotate(struct alert_sheet *sheet, const struct rule_set *rules, const struct rule *rule, double value, double threshold)
{
	const struct template_facts facts = {
		.value = value,
		.threshold = threshold,
		.value_scale = rule->value_scale,
		.device = text_of(sheet->labels, sheet->label_count, "device"),
		.severity = text_of(sheet->labels, sheet->label_count, "severity"),
		.for_ms = rule->for_ms,
		.labels = sheet->labels,
		.label_count = sheet->label_count,
		.params = rules->params,
		.param_count = rules->param_count,
	};
	for (unsigned i = 0; i < rule->annotation_count; i++) {
		template_render(rule->annotations[i].text, &facts, sheet->annotation_texts[i], sizeof sheet->annotation_texts[i]);
		sheet->annotations[i] = (struct alert_text){ rule->annotations[i].name, sheet->annotation_texts[i] };
	}
	sheet->annotation_count = rule->annotation_count;
}

void alert_sheet_keep_annotations(struct alert_sheet *sheet, const struct alert *alert)
{
	sheet->annotation_count = 0;
	for (unsigned i = 0; i < alert->annotation_count && i < RULES_LABELS_MAX; i++)
		sheet->annotations[sheet->annotation_count++] = alert->annotations[i];
}
