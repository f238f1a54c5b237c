// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/http/evidence.h"
#include "tests/collector/fleet/sample.h"

static const struct condition_view view = { 0, SAMPLE_NOW_MS, 180000 };

static const char *text_at(const json_t *list, size_t i)
{
	const char *text = json_string_value(json_object_get(json_array_get(list, i), "text"));
	return text ? text : "";
}

static void test_every_condition_has_a_cause_and_a_remedy(void **state)
{
	(void)state;
	struct device device = { .id = "edge-7" };
	for (int i = 0; i < CONDITION_COUNT; i++) {
		uint64_t since_ms = 1;
		json_t *list = evidence_json(&device, i, &view, &since_ms); // of a device of which nothing is known, too
		assert_true(json_is_array(list));
		json_decref(list);
		if (i == CONDITION_HEALTHY)
			continue;
		assert_true(strlen(evidence_cause(i)) > 20);
		assert_true(strlen(evidence_remedy(i)) > 20);
	}
}

// Only boots of the class that the condition is about, and only within its window.
static void test_boots(void **state)
{
	(void)state;
	const uint32_t now_s = SAMPLE_NOW_MS / 1000;
	static const uint8_t classes[] = { MU__RESET_CLASS__RESET_CRASH, MU__RESET_CLASS__RESET_HANG, MU__RESET_CLASS__RESET_BROWN_OUT,
		MU__RESET_CLASS__RESET_CRASH };
	static const uint32_t ages_s[] = { 10, 20, 30, 700 };
	struct device device = { .id = "edge-7", .boot_count = 4 };
	for (uint32_t i = 0; i < 4; i++)
		device.boots[i] = (struct device_boot){ .boot = 9 - i,
			.count = 1,
			.at_s = now_s - ages_s[i],
			.reset_class = classes[i],
			.uptime_s = 12 };
	snprintf(device.boots[0].task, sizeof device.boots[0].task, "net");
	device.boots[0].pc = 0x400d0001;
	snprintf(device.boots[1].hung_token, sizeof device.boots[1].hung_token, "main");
	device.boots[1].uptime_s = UINT32_MAX; // not said
	device.boots[2].count = 3;
	uint64_t since_ms;
	json_t *list = evidence_json(&device, CONDITION_HANGING, &view, &since_ms);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_at(list, 0), "boot 8: hang, main hung");
	assert_int_equal(since_ms, SAMPLE_NOW_MS - 20000);
	json_decref(list);
	list = evidence_json(&device, CONDITION_POWER, &view, &since_ms);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_at(list, 0), "boot 7: brown out 3 times, after 12 s");
	json_decref(list);
	list = evidence_json(&device, CONDITION_CRASH_LOOP, &view, &since_ms);
	assert_string_equal(text_at(list, 0), "boot 9: crash in task net at 0x400d0001, after 12 s");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "at_ms")), SAMPLE_NOW_MS - 10000);
	assert_int_equal(json_array_size(list),
		1); // as condition.c counts them: no hang, no brown-out, and the old crash is out of the window
	json_decref(list);
}

static void test_losses_and_numbers(void **state)
{
	(void)state;
	struct device device = { .id = "edge-7",
		.loss_count = 2,
		.presence = PRESENCE_OFFLINE,
		.presence_since_ms = SAMPLE_NOW_MS - 60000,
		.last_seen_ms = SAMPLE_NOW_MS - 90000,
		.losses = { { SAMPLE_NOW_MS - 1000, LOSS_SESSION, 0 }, { SAMPLE_NOW_MS - 400000, LOSS_LINK, 0 } },
		.metric = { [MU_METRIC_rssi_dbm] = -87 },
		.metric_at_s = { [MU_METRIC_rssi_dbm] = SAMPLE_NOW_MS / 1000 - 5 } };
	uint64_t since_ms;
	json_t *list = evidence_json(&device, CONDITION_FLAPPING, &view, &since_ms);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_at(list, 0), "lost its session");
	json_decref(list);
	list = evidence_json(&device, CONDITION_WEAK_SIGNAL, &view, &since_ms);
	assert_string_equal(text_at(list, 0), "rssi_dbm is -87 dBm");
	assert_int_equal(since_ms, 0); // since when is not known
	json_decref(list);
	list = evidence_json(&device, CONDITION_OFFLINE, &view, &since_ms);
	assert_string_equal(text_at(list, 0), "its session ended");
	assert_string_equal(text_at(list, 1), "its last word");
	assert_int_equal(since_ms, SAMPLE_NOW_MS - 60000);
	json_decref(list);
}

static void test_what_speaks_for_health(void **state)
{
	(void)state;
	struct device device = { .id = "edge-7",
		.presence = PRESENCE_ONLINE,
		.last_seen_ms = SAMPLE_NOW_MS - 3000,
		.metric = { [MU_METRIC_uptime_s] = 500 },
		.metric_at_s = { [MU_METRIC_uptime_s] = 1 } };
	json_t *list = evidence_of_health(&device, &view);
	char *text = json_dumps(list, 0);
	assert_non_null(strstr(text, "it is online, its last word came 3 s ago"));
	assert_non_null(strstr(text, "it has been up for 500 s"));
	assert_null(strstr(text, "heap")); // not told: nothing is said of it
	free(text);
	json_decref(list);
	device.ledger.gaps[MU__GAP_REASON__GAP_UNEXPLAINED] = 1;
	list = evidence_of_health(&device, &view);
	text = json_dumps(list, 0);
	assert_null(strstr(text, "none is missing"));
	free(text);
	json_decref(list);
}

// What a rule reads is its evidence: metrics that were reported, boots of the class it counts, losses of the kind it counts.
static void test_inputs_of_a_rule(void **state)
{
	(void)state;
	const uint32_t now_s = SAMPLE_NOW_MS / 1000;
	struct device device = { .id = "edge-7", .boot_count = 3, .loss_count = 2 };
	static const uint8_t classes[] = { MU__RESET_CLASS__RESET_POWER_ON, MU__RESET_CLASS__RESET_CRASH, MU__RESET_CLASS__RESET_HANG };
	for (uint32_t i = 0; i < 3; i++)
		device.boots[i] =
			(struct device_boot){ .boot = 3 - i, .count = 1, .at_s = now_s - 9000, .reset_class = classes[i], .uptime_s = 7 };
	device.losses[0] = (struct device_loss){ .at_ms = SAMPLE_NOW_MS - 9000000, .kind = LOSS_SESSION, .reason = 1114 };
	device.losses[1] = (struct device_loss){ .at_ms = SAMPLE_NOW_MS - 9000000, .kind = LOSS_LINK, .reason = 200 };
	device.metric[MU_METRIC_rssi_dbm] = -81;
	device.metric_at_s[MU_METRIC_rssi_dbm] = now_s;
	static const struct {
		struct rule_inputs inputs;
		const char *texts[4];
	} rows[] = {
		{ { .events = 1 << EVENT_CRASH }, { "boot 2: crash, after 7 s" } }, // however long ago
		{ { .events = 1 << EVENT_BOOT }, { "boot 3: power on, after 7 s", "boot 2: crash, after 7 s", "boot 1: hang, after 7 s" } },
		{ { .events = 1 << EVENT_LINK_LOST }, { "lost its link: beacon_timeout (200)" } },
		{ { .events = 1 << EVENT_SESSION_LOST }, { "lost its session: closed" } },
		{ { .metrics = { MU_METRIC_rssi_dbm }, .metric_count = 1 }, { "rssi_dbm is -81 dBm" } },
		{ { .events = 0 }, { 0 } }, // silent() reads nothing
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *list = json_array();
		size_t count = 0;
		evidence_of_inputs(list, &device, &rows[i].inputs);
		for (; count < 4 && rows[i].texts[count]; count++)
			assert_string_equal(text_at(list, count), rows[i].texts[count]);
		assert_int_equal(json_array_size(list), count);
		json_decref(list);
	}
}

// The step that leaks is told by an event of the device. One of the boot before says nothing of this one.
static void test_the_leaking_step_is_evidence(void **state)
{
	(void)state;
	struct device_notice notice = { .at_s = SAMPLE_NOW_MS / 1000 - 30,
		.boot = 4,
		.value = 1536,
		.event = MU_OWN_EVENT_heap_step,
		.text = "tls" };
	struct device device = { .id = "edge-7", .boot = 4, .notice_count = 1, .notices = &notice };
	uint64_t since_ms;
	json_t *list = evidence_json(&device, CONDITION_HEAP_LEAK, &view, &since_ms);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_at(list, 0),
		"heap_step: 1536 bytes, tls: internal RAM that a network step does not give back, a reconnect cycle");
	json_decref(list);
	device.boot = 5;
	list = evidence_json(&device, CONDITION_HEAP_LEAK, &view, &since_ms);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inputs_of_a_rule),
		cmocka_unit_test(test_the_leaking_step_is_evidence),
		cmocka_unit_test(test_every_condition_has_a_cause_and_a_remedy),
		cmocka_unit_test(test_boots),
		cmocka_unit_test(test_losses_and_numbers),
		cmocka_unit_test(test_what_speaks_for_health),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
