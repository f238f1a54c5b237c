// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/alerts.h"
#include "collector/http/marks.h"
#include "tests/collector/fleet/sample.h"

static const char *text_at(const json_t *list, size_t i, const char *name)
{
	const char *text = json_string_value(json_object_get(json_array_get(list, i), name));
	return text ? text : "";
}

static void test_one_of_each(void **state)
{
	(void)state;
	struct sample sample;
	struct marks *marks = marks_new();
	const struct store_transition fires = { .at_ms = 5000,
		.name = "HeapLow",
		.from = ALERT_OK,
		.to = ALERT_FIRING,
		.severity = ALERT_CRITICAL };
	const struct store_transition ends = { .at_ms = 6000,
		.name = "HeapLow",
		.from = ALERT_FIRING,
		.to = ALERT_OK,
		.severity = ALERT_CRITICAL };

	sample_heartbeat(&sample, 1, 1000);
	marks_add_record(marks, 9000, &sample.record); // no mark
	sample_boot(&sample, 2, MU__RESET_CLASS__RESET_CRASH);
	sample.boot.task = (char *)"net";
	sample.boot.has_pc = 1;
	sample.boot.pc = 0x400d1234;
	sample.boot.has_previous_uptime_s = 1;
	sample.boot.previous_uptime_s = 12;
	marks_add_record(marks, 4000, &sample.record);
	sample.boot.has_again = sample.boot.again = 1;
	marks_add_record(marks, 9500, &sample.record); // the same boot: no other mark
	sample_boot(&sample, 3, MU__RESET_CLASS__RESET_HANG);
	sample.boot.hung_token = (char *)"main";
	sample.boot.has_cause = 1;
	sample.boot.cause = MU__RESET_CAUSE__CAUSE_LIVENESS;
	marks_add_record(marks, 3000, &sample.record);
	sample_boot(&sample, 4, 77); // a class of a later schema
	marks_add_record(marks, 2000, &sample.record);
	sample_link(&sample, MU__LINK_CHANGE__LINK_RESTORED);
	sample.link.has_outage_ms = 1;
	sample.link.outage_ms = 2500;
	marks_add_record(marks, 1000, &sample.record);
	marks_add_transition(marks, &ends);
	marks_add_transition(marks, &fires);

	static const struct {
		int at_ms;
		const char *kind, *text, *severity;
	} rows[] = {
		{ 1000, "link", "link: restored after 2.5 s", "" },
		{ 2000, "boot", "boot: 77; runs 1.1.0", "" },
		{ 3000, "boot", "boot: hang (a task stopped checking in), main hung; runs 1.1.0", "" },
		{ 4000, "boot", "boot: crash in task net at 0x400d1234, after 12 s; runs 1.1.0", "" },
		{ 5000, "alert", "HeapLow fires, critical", "critical" },
		{ 6000, "alert", "HeapLow resolved", "critical" },
	};
	json_t *list = marks_json(marks);
	assert_int_equal(json_array_size(list), 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(json_integer_value(json_object_get(json_array_get(list, i), "at_ms")), rows[i].at_ms);
		assert_string_equal(text_at(list, i, "kind"), rows[i].kind);
		assert_string_equal(text_at(list, i, "text"), rows[i].text);
		assert_string_equal(text_at(list, i, "severity"), rows[i].severity);
	}
	json_decref(list);
	marks_free(marks);
}

static void test_an_update(void **state)
{
	(void)state;
	struct marks *marks = marks_new();
	Mu__Record record = MU__RECORD__INIT;
	Mu__Ota ota = MU__OTA__INIT;
	record.body_case = MU__RECORD__BODY_OTA;
	record.ota = &ota;
	ota.state = MU__OTA_STATE__OTA_ROLLED_BACK;
	ota.has_cause = 1;
	ota.cause = MU__OTA_CAUSE__OTA_CAUSE_BOOT_LOOP;
	ota.firmware = (char *)"1.2.0\x1b[2J\xff";
	marks_add_record(marks, 1, &record);
	json_t *list = marks_json(marks);
	assert_string_equal(text_at(list, 0, "text"), "update: rolled back (boot loop), 1.2.0\x1b[2J?"); // text of a device stays data
	json_decref(list);
	marks_free(marks);
}

// The newest are kept, and of the same time the order stays.
static void test_bounds_and_order(void **state)
{
	(void)state;
	struct marks *marks = marks_new();
	struct sample sample;
	for (int i = MARKS_MAX + 10; i > 0; i--) {
		sample_link(&sample, i % 2 ? MU__LINK_CHANGE__LINK_LOST : MU__LINK_CHANGE__LINK_RESTORED);
		marks_add_record(marks, (uint64_t)(i + 1) / 2, &sample.record); // 2k-1 lost, 2k restored, both at k
	}
	json_t *list = marks_json(marks);
	assert_int_equal(json_array_size(list), MARKS_MAX);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "at_ms")), 6);
	for (size_t i = 0; i < MARKS_MAX; i++)
		assert_string_equal(text_at(list, i, "text"), i % 2 ? "link: restored" : "link: lost");
	json_decref(list);
	marks_free(marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_each),
		cmocka_unit_test(test_an_update),
		cmocka_unit_test(test_bounds_and_order),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
