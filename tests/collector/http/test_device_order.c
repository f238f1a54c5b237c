// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/http/device_order.h"

enum { COUNT = 5 };

// e has told nothing; c and d are equal but for the id.
static const struct {
	const char *id, *firmware;
	uint64_t last_seen_ms;
	int heap, rssi, uptime; // heap 0: none of the three is told
} told[COUNT] = {
	{ "d", "1.2.0", 30, 50, -60, 9 },
	{ "b", "1.10.0", 20, 10, -90, 8 },
	{ "e", "", 0, 0, 0, 0 },
	{ "a", "1.0.0", 40, 99, -30, 7 },
	{ "c", "1.2.0", 30, 50, -60, 9 },
};

static void fill(struct device *device, size_t i)
{
	*device = (struct device){ .last_seen_ms = told[i].last_seen_ms };
	snprintf(device->id, sizeof device->id, "%s", told[i].id);
	snprintf(device->firmware, sizeof device->firmware, "%s", told[i].firmware);
	device->metric[MU_METRIC_heap_free_bytes] = told[i].heap;
	device->metric[MU_METRIC_rssi_dbm] = told[i].rssi;
	device->metric[MU_METRIC_uptime_s] = told[i].uptime;
	device->metric_at_s[MU_METRIC_heap_free_bytes] = device->metric_at_s[MU_METRIC_rssi_dbm] = device->metric_at_s[MU_METRIC_uptime_s] =
		told[i].heap != 0;
}

static const struct {
	const char *order, *ids;
} rows[] = {
	{ "id", "abcde" },
	{ "-id", "edcba" },
	{ "firmware", "abcde" },  // by its text: 1.10 before 1.2
	{ "-firmware", "cdbae" }, // equal ones by id in either direction, unknown last
	{ "heap", "bcdae" },
	{ "-heap", "acdbe" },
	{ "rssi", "bcdae" },
	{ "-rssi", "acdbe" },
	{ "uptime", "abcde" },
	{ "-uptime", "cdbae" },
	{ "last_seen", "bcdae" },
	{ "-last_seen", "acdbe" },
	{ "alerts", "abcde" }, // there are none
	{ "-alerts", "abcde" },
};

static void test_each_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct device devices[COUNT];
		struct device_place places[COUNT];
		bool is_descending;
		char ids[COUNT + 1] = "";
		int order = device_order_find(rows[i].order, &is_descending);
		assert_true(order >= 0);
		for (size_t k = 0; k < COUNT; k++) {
			fill(&devices[k], k);
			places[k] = device_order_place(&devices[k], (enum device_order)order, 0);
		}
		device_order_sort(places, COUNT, is_descending);
		for (size_t k = 0; k < COUNT; k++)
			ids[k] = places[k].device->id[0];
		if (strcmp(ids, rows[i].ids) != 0)
			fail_msg("%s: %s", rows[i].order, ids);
	}
}

static void test_what_is_no_order(void **state)
{
	(void)state;
	static const char *const words[] = { "", "-", "--id", "Id", "worst", "id ", "-seen" };
	bool is_descending;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_int_equal(device_order_find(words[i], &is_descending), -1);
}

static void test_nothing_to_sort(void **state)
{
	(void)state;
	device_order_sort(0, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_order),
		cmocka_unit_test(test_what_is_no_order),
		cmocka_unit_test(test_nothing_to_sort),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
