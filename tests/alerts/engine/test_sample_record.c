// SPDX-License-Identifier: Apache-2.0
// Records made of names and numbers are what the engine reads back.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "alerts/engine/sample_record.h"

static const struct sample_moment moment = { .boot = 7, .uptime_ms = 5000, .wall_ms = 1700000000000 };

static void test_every_metric_is_read_back(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		struct sample_record sample;
		double limits[] = { (double)mu_metrics[i].min, (double)mu_metrics[i].max }, value;
		sample_heartbeat(&sample, &moment);
		assert_false(mu_metric_get(sample.record.heartbeat, i, &value));
		for (unsigned k = 0; k < 2; k++) {
			assert_true(sample_set(&sample, i, limits[k]));
			assert_true(mu_metric_get(sample.record.heartbeat, i, &value));
			assert_true(value == limits[k]);
		}
		assert_false(sample_set(&sample, i, limits[0] - 1));
		assert_false(sample_set(&sample, i, limits[1] + 1));
	}
}

static void test_every_event_counts_as_itself(void **unused)
{
	(void)unused;
	for (int i = 0; i < EVENT_KINDS; i++) {
		struct sample_record sample;
		struct event_filter filter = { .kind = (enum event_kind)i };
		sample_event(&sample, &moment, (enum event_kind)i);
		assert_int_equal(event_weight(&filter, &sample.record), 1);
		assert_true(event_kinds_of(&sample.record) & 1u << i);
		assert_int_equal(sample.record.boot, 7);
		assert_true(sample.record.wall_ms == moment.wall_ms && sample.record.uptime_ms == 5000);
	}
}

static void test_labels(void **unused)
{
	(void)unused;
	static const struct {
		enum event_kind kind;
		const char *label, *text;
		bool is_set;
	} rows[] = {
		{ EVENT_BOOT, "class", "brown_out", true },
		{ EVENT_BOOT, "cause", "boot_loop", true },
		{ EVENT_BOOT, "class", "brownout", false },
		{ EVENT_BOOT, "name", "x", false },
		{ EVENT_UPDATE_FAILED, "cause", "image_damaged", true },
		{ EVENT_LOG, "level", "error", true },
		{ EVENT_LOG, "level", "loud", false },
		{ EVENT_APP, "name", "door_open", true },
		{ EVENT_APP, "name", "123456789012345678901234567890123456789012345678", false }, // 48 bytes
		{ EVENT_GAP, "class", "x", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sample_record sample;
		struct event_filter filter = { .kind = rows[i].kind, .count = 1 };
		sample_event(&sample, &moment, rows[i].kind);
		if (sample_label(&sample, rows[i].kind, rows[i].label, rows[i].text) != rows[i].is_set)
			fail_msg("row %zu", i);
		if (!rows[i].is_set)
			continue;
		strncpy(filter.matchers[0].label, rows[i].label, sizeof filter.matchers[0].label - 1);
		strncpy(filter.matchers[0].text, rows[i].text, sizeof filter.matchers[0].text - 1);
		assert_int_equal(event_weight(&filter, &sample.record), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_metric_is_read_back),
		cmocka_unit_test(test_every_event_counts_as_itself),
		cmocka_unit_test(test_labels),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
