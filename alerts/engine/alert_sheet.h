// SPDX-License-Identifier: Apache-2.0
// Inside of alerts/engine: the labels and annotations of a transition while it is made.
//
// Labels: alertname, severity, device, firmware if it is known, and those of the rule that have other names. Each text at most
// ALERT_VALUE_TEXT_BYTES with its final zero, cut at a character; bytes from a device that may not be shown become `?`.
// Pure. Thread: one at a time a sheet. Memory: the caller's struct; texts live until the next call on the sheet.
#ifndef ALERTS_ENGINE_ALERT_SHEET_H
#define ALERTS_ENGINE_ALERT_SHEET_H
#include "alerts/engine/alert.h"
#include "alerts/engine/rule_set.h"

enum { ALERT_SHEET_OWN_LABELS = 4, ALERT_SHEET_LABELS = ALERT_SHEET_OWN_LABELS + RULES_LABELS_MAX };

struct alert_sheet {
	struct alert_text labels[ALERT_SHEET_LABELS], annotations[RULES_LABELS_MAX];
	unsigned label_count, annotation_count;
	char label_texts[ALERT_SHEET_LABELS][ALERT_VALUE_TEXT_BYTES], annotation_texts[RULES_LABELS_MAX][ALERT_VALUE_TEXT_BYTES];
};

// For a new incident.
void alert_sheet_label(struct alert_sheet *sheet, const struct rule *rule, const char *severity, const char *device, const char *firmware);
// For an incident that goes on: its labels as they were, but for the severity.
void alert_sheet_keep_labels(struct alert_sheet *sheet, const struct alert *alert, const char *severity);

// Renders the annotations of the rule. After the labels: templates name them.
void alert_sheet_annotate(struct alert_sheet *sheet, const struct rule_set *rules, const struct rule *rule, double value, double threshold);
void alert_sheet_keep_annotations(struct alert_sheet *sheet, const struct alert *alert);

#endif
