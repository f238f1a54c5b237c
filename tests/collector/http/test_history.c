// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "collector/http/history.h"
#include "proto/metrics.h"

static const struct history_ask two_metrics = { .since_ms = 1000,
	.until_ms = 2000,
	.points = 8,
	.count = 2,
	.metrics = { MU_METRIC_heap_free_bytes, MU_METRIC_rssi_dbm } };

// A heartbeat with heap (negative: without) and signal (positive: without).
static void add(struct history *history, uint64_t at_ms, int heap, int rssi)
{
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	heartbeat.vitals = &vitals;
	heartbeat.link = &link;
	vitals.has_heap_free_bytes = heap >= 0;
	vitals.heap_free_bytes = (uint32_t)heap;
	link.has_rssi_dbm = rssi <= 0;
	link.rssi_dbm = rssi;
	history_add(history, at_ms, &heartbeat);
}

static void expect_rows(const struct history *history, const char *text)
{
	json_t *rows = history_rows(history);
	char *got = json_dumps(rows, JSON_COMPACT);
	assert_string_equal(got, text);
	free(got);
	json_decref(rows);
}

static void test_few_samples_are_shown_as_they_are(void **state)
{
	(void)state;
	struct history *history = history_new(&two_metrics);
	add(history, 1900, 90, 1);
	add(history, 1500, -1, -50);
	add(history, 1100, 70, -40);
	add(history, 1300, -1, 1); // carries none of the two: no row
	expect_rows(history, "[[1100,70,-40],[1500,null,-50],[1900,90,null]]");
	history_free(history);
}

static void test_what_is_outside_is_passed_over(void **state)
{
	(void)state;
	struct history *history = history_new(&two_metrics);
	add(history, 2001, 1, -1);
	add(history, 2000, 2, -2);
	add(history, 1000, 3, -3);
	add(history, 999, 4, -4);
	add(history, 0, 5, -5);
	expect_rows(history, "[[1000,3,-3],[2000,2,-2]]");
	history_free(history);
}

// A bucket is 250 ms here.
static void test_a_bucket_keeps_both_peaks_in_their_order(void **state)
{
	(void)state;
	struct history *history = history_new(&two_metrics);
	add(history, 1200, 50, -50);
	add(history, 1150, 20, -70); // least of both
	add(history, 1100, 60, -30); // greatest of both, earlier
	add(history, 1050, 40, -40);
	expect_rows(history, "[[1050,60,-30],[1200,20,-70]]");
	history_free(history);

	history = history_new(&two_metrics);
	add(history, 1200, 60, -30);
	add(history, 1150, 50, -35);
	add(history, 1050, 20, -70);
	expect_rows(history, "[[1050,20,-70],[1200,60,-30]]");
	history_free(history);
}

static void test_a_flat_line_keeps_both_ends(void **state)
{
	(void)state;
	struct history *history = history_new(&two_metrics);
	add(history, 1200, 50, 1);
	add(history, 1150, 50, 1);
	add(history, 1100, 50, 1);
	expect_rows(history, "[[1100,50,null],[1200,50,null]]");
	history_free(history);
}

// A metric that is in one heartbeat of the bucket only stands in the row that is nearer, not in both.
static void test_a_single_sample_is_shown_once(void **state)
{
	(void)state;
	struct history *history = history_new(&two_metrics);
	add(history, 1200, 50, 1);
	add(history, 1110, -1, -60);
	add(history, 1100, 40, 1);
	expect_rows(history, "[[1100,40,-60],[1200,50,null]]");
	history_free(history);
}

static void test_never_more_rows_than_asked(void **state)
{
	(void)state;
	static const unsigned points[] = { 2, 3, 10, 2000 };
	for (size_t i = 0; i < 4; i++) {
		struct history_ask ask = two_metrics;
		ask.points = points[i];
		ask.until_ms = 1000 + 50000;
		struct history *history = history_new(&ask);
		uint32_t random = 1;
		int64_t least = INT64_MAX, greatest = INT64_MIN;
		for (int k = 10000; k >= 0; k--) {
			random = random * 1664525 + 1013904223;
			int heap = (int)(random >> 8);
			least = heap < least ? heap : least;
			greatest = heap > greatest ? heap : greatest;
			add(history, 1000 + (uint64_t)k * 5, heap, -60);
		}
		json_t *rows = history_rows(history);
		int64_t shown_least = INT64_MAX, shown_greatest = INT64_MIN, last_ms = 0;
		for (size_t row = 0; row < json_array_size(rows); row++) {
			json_int_t value = json_integer_value(json_array_get(json_array_get(rows, row), 1));
			json_int_t at_ms = json_integer_value(json_array_get(json_array_get(rows, row), 0));
			assert_true(at_ms > last_ms);
			last_ms = at_ms;
			shown_least = value < shown_least ? value : shown_least;
			shown_greatest = value > shown_greatest ? value : shown_greatest;
		}
		assert_true(json_array_size(rows) <= points[i] && json_array_size(rows) >= points[i] / 2);
		assert_int_equal(shown_least, least);
		assert_int_equal(shown_greatest, greatest);
		json_decref(rows);
		history_free(history);
	}
}

// Records from the newest back, and when each was made.
static const struct {
	uint32_t boot;
	uint64_t uptime_ms, recv_ms, wall_ms; // wall 0: it has no clock
	uint64_t at_ms;
} times[] = {
	{ 7, 5000, 100000, 100000, 100000 },
	{ 7, 4000, 100000, 99100, 99100 },   // waited in the spool; its own clock says when it was made
	{ 7, 3000, 100000, 0, 98000 },       // no clock: by its uptime
	{ 7, 2000, 100000, 100500, 97000 },  // a clock that is ahead is not believed
	{ 7, 1000, 95800, 0, 95800 },        // received at once: the least difference of uptime and our clock counts from here on
	{ 6, 9000, 95000, 0, 95000 },        // another boot: when it was received
	{ 6, 8000, 95000, 94900, 94900 },
	{ 6, 7000, 94950, 94940, 94900 },    // never later than the one before
};

static void test_when_records_were_made(void **state)
{
	(void)state;
	struct history_clock clock = { 0 };
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		Mu__Record record = MU__RECORD__INIT;
		record.boot = times[i].boot;
		record.uptime_ms = times[i].uptime_ms;
		record.has_wall_ms = record.has_time_quality = times[i].wall_ms != 0;
		record.wall_ms = times[i].wall_ms;
		record.time_quality = MU__TIME_QUALITY__TIME_SNTP;
		uint64_t at_ms = history_time(&clock, &record, times[i].recv_ms);
		if (at_ms != times[i].at_ms)
			fail_msg("row %zu: %llu", i, (unsigned long long)at_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_samples_are_shown_as_they_are),
		cmocka_unit_test(test_what_is_outside_is_passed_over),
		cmocka_unit_test(test_a_bucket_keeps_both_peaks_in_their_order),
		cmocka_unit_test(test_a_flat_line_keeps_both_ends),
		cmocka_unit_test(test_a_single_sample_is_shown_once),
		cmocka_unit_test(test_never_more_rows_than_asked),
		cmocka_unit_test(test_when_records_were_made),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
