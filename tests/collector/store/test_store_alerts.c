// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "collector/store/devices.h"
#include "collector/store/store_alerts.h"
#include "tests/collector/store/scratch.h"

enum { SHOWN_MAX = 16 };

struct shown {
	unsigned count, stop_at;
	struct store_transition row[SHOWN_MAX]; // texts: only until the callback returned
	char line[SHOWN_MAX][200];
};

static int show(void *context, const struct store_transition *row)
{
	struct shown *shown = context;
	assert_true(shown->count < SHOWN_MAX);
	shown->row[shown->count] = *row;
	snprintf(shown->line[shown->count++], sizeof shown->line[0], "%u %s %s %u>%u %s %s", row->dev, row->uid, row->name, row->from,
		row->to, row->labels, row->annotations);
	return shown->count == shown->stop_at ? 77 : 0;
}

static uint64_t add(struct store *store, uint32_t dev, const char *uid, uint32_t from, uint32_t to, uint64_t incident)
{
	uint64_t n;
	struct store_transition row = {
		.n = 999, // ignored
		.incident = incident,
		.dev = dev,
		.uid = uid,
		.name = "HeapLow",
		.from = from,
		.to = to,
		.severity = 3,
		.was_severity = 2,
		.reason = 1,
		.at_ms = UINT64_C(1790000000123) + dev,
		.stored_ms = UINT64_C(1790000000456),
		.started_ms = UINT64_C(1790000000001),
		.fired_ms = UINT64_C(1790000000002),
		.value = 48000.5,
		.threshold = NAN,
		.labels = "{\"a\":\"b\"}",
		.annotations = "{}",
	};
	assert_int_equal(store_transition_add(store, &row, &n), 0);
	return n;
}

static void test_a_row_comes_back_as_it_was(void **state)
{
	struct scratch *scratch = *state;
	struct shown shown = { 0 };
	assert_int_equal(add(scratch->store, 7, "heap_low", 0, 2, 0), 1);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_transition_after(scratch->store, 0, 10, show, &shown), 1);
	const struct store_transition *row = &shown.row[0];
	assert_string_equal(shown.line[0], "7 heap_low HeapLow 0>2 {\"a\":\"b\"} {}");
	assert_int_equal(row->n, 1);
	assert_int_equal(row->incident, 1); // a new incident is named by its first transition
	assert_int_equal(row->severity, 3);
	assert_int_equal(row->was_severity, 2);
	assert_int_equal(row->reason, 1);
	assert_true(row->at_ms == UINT64_C(1790000000130) && row->stored_ms == UINT64_C(1790000000456));
	assert_true(row->started_ms == UINT64_C(1790000000001) && row->fired_ms == UINT64_C(1790000000002));
	assert_true(row->value > 48000.4 && row->value < 48000.6);
	assert_true(isnan(row->threshold));
}

// The table of alerts holds the latest transition of each that is not ok, and nothing else.
static void test_alerts_that_are_not_ok(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	uint64_t first = add(store, 2, "a", 0, 1, 0);
	add(store, 1, "a", 0, 2, 0);
	add(store, 1, "b", 0, 2, 0);
	add(store, 2, "a", 1, 2, first);
	add(store, 1, "a", 2, 0, 2);
	assert_int_equal(store_alert_each(store, show, &shown), 2);
	assert_string_equal(shown.line[0], "1 b HeapLow 0>2 {\"a\":\"b\"} {}");
	assert_string_equal(shown.line[1], "2 a HeapLow 1>2 {\"a\":\"b\"} {}");
	assert_int_equal(shown.row[1].incident, first);
	shown.count = 0;
	assert_int_equal(store_alert_of(store, 2, show, &shown), 1);
	assert_int_equal(shown.row[0].n, 4);
	assert_int_equal(store_alert_of(store, 3, show, &shown), 0);
}

static void test_ways_through_the_log(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	uint64_t oldest, newest;
	assert_int_equal(store_transition_bounds(store, &oldest, &newest), 0);
	assert_true(oldest == 0 && newest == 0);
	for (uint32_t i = 0; i < 6; i++)
		add(store, i % 2, "a", 0, 2, 0);
	assert_int_equal(store_transition_bounds(store, &oldest, &newest), 0);
	assert_true(oldest == 1 && newest == 6);
	assert_int_equal(store_transition_after(store, 2, 2, show, &shown), 2);
	assert_true(shown.row[0].n == 3 && shown.row[1].n == 4);
	assert_int_equal(store_transition_before(store, 0, 2, show, &shown), 2);
	assert_true(shown.row[2].n == 6 && shown.row[3].n == 5);
	assert_int_equal(store_transition_before(store, 2, 9, show, &shown), 1);
	assert_int_equal(shown.row[4].n, 1);
	assert_int_equal(store_transition_of(store, 1, 0, 2, show, &shown), 2);
	assert_true(shown.row[5].n == 6 && shown.row[6].n == 4);
	assert_int_equal(store_transition_of(store, 1, UINT64_C(1790000009999), 9, show, &shown), 0);
	shown = (struct shown){ .stop_at = 1 };
	assert_int_equal(store_transition_after(store, 0, 9, show, &shown), 77);
}

// A transaction that is taken back leaves neither log nor alert; its numbers are given out again.
static void test_rollback(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(add(store, 1, "a", 0, 2, 0), 1);
	store_rollback(store);
	assert_int_equal(store_alert_each(store, show, &shown), 0);
	assert_int_equal(store_transition_after(store, 0, 9, show, &shown), 0);
	assert_int_equal(add(store, 1, "a", 0, 2, 0), 1);
}

// Deleted oldest first, in bounded steps, never beyond a cursor, never what an open alert is.
static void test_deletion(void **state)
{
	struct store *store = ((struct scratch *)*state)->store;
	struct shown shown = { 0 };
	const uint64_t later = UINT64_C(1790000000457);
	assert_int_equal(store_transition_delete(store, 9, later, 9), 0); // an empty log
	add(store, 1, "open", 0, 2, 0);
	for (int i = 0; i < 5; i++)
		add(store, 1, "a", 2, 0, 0);
	assert_int_equal(store_transition_delete(store, UINT64_MAX, later - 1, 9), 0); // none is so old
	assert_int_equal(store_transition_delete(store, 0, later, 9), 0);              // none is delivered
	assert_int_equal(store_transition_delete(store, 3, later, 9), 2);
	assert_int_equal(store_transition_delete(store, UINT64_MAX, later, 2), 2);
	assert_int_equal(store_transition_delete(store, UINT64_MAX, later, 2), 1);
	assert_int_equal(store_transition_delete(store, UINT64_MAX, later, 2), 0);
	assert_int_equal(store_alert_each(store, show, &shown), 1);
	assert_string_equal(shown.line[0], "1 open HeapLow 0>2 {\"a\":\"b\"} {}");
}

static int keep(void *context, uint32_t dev, struct store_blob windows)
{
	snprintf(context, 64, "%u:%.*s", dev, (int)windows.size, (const char *)windows.bytes);
	return 0;
}

static void test_windows_stay_beside_the_snapshot(void **state)
{
	struct scratch *scratch = *state;
	char text[64] = "";
	assert_int_equal(store_device_add(scratch->store, 0, "d0", 1), 0);
	assert_int_equal(store_device_add(scratch->store, 1, "d1", 1), 0);
	assert_int_equal(store_windows_set(scratch->store, 1, (struct store_blob){ "windows", 7 }), 0);
	assert_int_equal(store_device_snapshot(scratch->store, 1, (struct store_blob){ "snapshot", 8 }), 0);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(store_windows_load(scratch->store, keep, text), 0);
	assert_string_equal(text, "1:windows");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_row_comes_back_as_it_was, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_alerts_that_are_not_ok, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_ways_through_the_log, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_rollback, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_deletion, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_windows_stay_beside_the_snapshot, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
