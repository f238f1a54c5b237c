// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "alerts/engine/alert_sheet.h"

static struct alert_sheet sheet;

static const char *label(const char *name)
{
	for (unsigned i = 0; i < sheet.label_count; i++)
		if (strcmp(sheet.labels[i].name, name) == 0)
			return sheet.labels[i].text;
	return "";
}

static struct rule rule_with(const char *name, const char *text)
{
	return (struct rule){
		.name = (char *)"HeapLow",
		.value_scale = 1,
		.labels = { { (char *)name, (char *)text } },
		.label_count = 1,
		.annotations = { { (char *)"summary", (char *)"{{ $device }} {{ $severity }} {{ $value }}/{{ $threshold }}" } },
		.annotation_count = 1,
	};
}

static void test_labels_of_a_new_incident(void **unused)
{
	(void)unused;
	struct rule rule = rule_with("team", "firmware");
	alert_sheet_label(&sheet, &rule, "warning", "d1", "1.4.2");
	assert_int_equal(sheet.label_count, 5);
	assert_string_equal(sheet.labels[0].name, "alertname"); // the order is fixed, so that equal transitions have equal bytes
	assert_string_equal(label("alertname"), "HeapLow");
	assert_string_equal(label("severity"), "warning");
	assert_string_equal(label("device"), "d1");
	assert_string_equal(label("firmware"), "1.4.2");
	assert_string_equal(label("team"), "firmware");
	alert_sheet_label(&sheet, &rule, "warning", "d1", "");
	assert_int_equal(sheet.label_count, 4); // no empty label
	alert_sheet_label(&sheet, &rule, "warning", "d1", 0);
	assert_int_equal(sheet.label_count, 4);
}

// A rule cannot pass its alerts off as another device's.
static void test_own_labels_win(void **unused)
{
	(void)unused;
	struct rule rule = rule_with("device", "other");
	alert_sheet_label(&sheet, &rule, "warning", "d1", 0);
	assert_int_equal(sheet.label_count, 3);
	assert_string_equal(label("device"), "d1");
}

static void test_bytes_from_devices_are_made_harmless_and_cut(void **unused)
{
	(void)unused;
	static char text[ALERT_VALUE_TEXT_BYTES * 2];
	struct rule rule = rule_with("long", text);
	memset(text, 'x', sizeof text - 1);
	memcpy(text + ALERT_VALUE_TEXT_BYTES - 2, "\xc3\xa4", 2); // a character over the end
	alert_sheet_label(&sheet, &rule, "warning", "d\x1b[2J", "\xff\xfe");
	assert_string_equal(label("device"), "d?[2J");
	assert_string_equal(label("firmware"), "??");
	assert_int_equal(strlen(label("long")), ALERT_VALUE_TEXT_BYTES - 2);
}

static void test_an_incident_keeps_all_but_the_severity(void **unused)
{
	(void)unused;
	struct rule rule = rule_with("team", "firmware"), renamed = rule_with("team", "other");
	alert_sheet_label(&sheet, &rule, "warning", "d1", "1.4.2");
	alert_sheet_annotate(&sheet, &(struct rule_set){ 0 }, &rule, 4.5, 50000);
	assert_string_equal(sheet.annotations[0].text, "d1 warning 4.5/50000");
	const struct alert_transition t = {
		.uid = "low",
		.name = "HeapLow",
		.to = ALERT_FIRING,
		.labels = sheet.labels,
		.label_count = sheet.label_count,
		.annotations = sheet.annotations,
		.annotation_count = sheet.annotation_count,
	};
	struct alert *alert = alert_new(&t, 0);
	assert_non_null(alert);
	memset(&sheet, 0, sizeof sheet);
	alert_sheet_keep_labels(&sheet, alert, "critical");
	alert_sheet_keep_annotations(&sheet, alert);
	assert_int_equal(sheet.label_count, 5);
	assert_string_equal(label("firmware"), "1.4.2");
	assert_string_equal(label("severity"), "critical");
	assert_string_equal(sheet.annotations[0].text, "d1 warning 4.5/50000");
	alert_sheet_annotate(&sheet, &(struct rule_set){ 0 }, &renamed, NAN, NAN);
	assert_string_equal(sheet.annotations[0].text, "d1 critical ?/?");
	alert_free(alert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels_of_a_new_incident),
		cmocka_unit_test(test_own_labels_win),
		cmocka_unit_test(test_bytes_from_devices_are_made_harmless_and_cut),
		cmocka_unit_test(test_an_incident_keeps_all_but_the_severity),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
