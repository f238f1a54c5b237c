// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/kafka/in_flight.h"

static struct in_flight window;

static int begin_at_100(void **unused)
{
	(void)unused;
	memset(&window, 0, sizeof window);
	in_flight_reset(&window, 100);
	return 0;
}

// Each row: which of four rows (numbers 101, 103, 104, 110) is confirmed, and where the mark then stands. It waits for the oldest.
static const struct {
	unsigned row;
	uint64_t low;
} reports[] = {
	{ 1, 100 }, // the first is still out
	{ 3, 100 },
	{ 0, 103 }, // now the first two are through
	{ 2, 110 }, // and all
};

static void test_the_mark_waits_for_the_oldest(void **unused)
{
	static const uint64_t numbers[] = { 101, 103, 104, 110 };
	uint64_t tickets[4];
	(void)unused;
	for (int i = 0; i < 4; i++)
		tickets[i] = in_flight_add(&window, numbers[i]);
	assert_int_equal(window.waiting, 4);
	assert_int_equal(in_flight_held(&window), 4);
	assert_int_equal(in_flight_row(&window, tickets[3]), 110);
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
		uint64_t before = window.low;
		assert_int_equal(in_flight_done(&window, tickets[reports[i].row]), reports[i].low != before);
		assert_int_equal(window.low, reports[i].low);
	}
	assert_int_equal(window.waiting, 0);
	assert_int_equal(in_flight_held(&window), 0);
	assert_int_equal(in_flight_row(&window, tickets[3]), 0);
}

// A report that comes twice, or for a row that was given up, must not count for another.
static void test_reports_that_mean_nothing(void **unused)
{
	(void)unused;
	uint64_t a = in_flight_add(&window, 101), b = in_flight_add(&window, 102);
	assert_false(in_flight_done(&window, b));
	assert_false(in_flight_done(&window, b));
	assert_int_equal(window.waiting, 1);
	assert_false(in_flight_done(&window, b + 1));
	in_flight_reset(&window, window.low); // back to the cursor
	uint64_t again = in_flight_add(&window, 101);
	assert_true(again > b);
	assert_false(in_flight_done(&window, a)); // the report of the first try
	assert_int_equal(window.low, 100);
	assert_true(in_flight_done(&window, again));
	assert_int_equal(window.low, 101);
}

// A refused row holds the mark, also when all behind it are confirmed, until the reader goes back.
static void test_a_refused_row_holds_the_mark(void **unused)
{
	(void)unused;
	uint64_t a = in_flight_add(&window, 101), b = in_flight_add(&window, 102), c = in_flight_add(&window, 103);
	assert_true(in_flight_done(&window, a));
	in_flight_failed(&window, b);
	in_flight_failed(&window, b); // said twice, counted once
	assert_int_equal(window.waiting, 1);
	assert_false(in_flight_done(&window, c));
	assert_false(in_flight_done(&window, b));
	assert_int_equal(window.waiting, 0);
	assert_int_equal(window.low, 101);
	in_flight_reset(&window, window.low);
	assert_int_equal(in_flight_ticket(&window), c + 1);
	assert_int_equal(in_flight_add(&window, 102), c + 1);
}

// Rows that are not sent: the mark passes them, but only in their turn.
static void test_rows_that_are_passed(void **unused)
{
	(void)unused;
	in_flight_pass(&window, 105);
	assert_int_equal(window.low, 105); // nothing before it waits
	uint64_t a = in_flight_add(&window, 106);
	in_flight_pass(&window, 107);
	in_flight_pass(&window, 109);
	uint64_t b = in_flight_add(&window, 110);
	assert_int_equal(window.low, 105);
	assert_int_equal(in_flight_row(&window, a), 106); // still itself
	assert_true(in_flight_done(&window, a));
	assert_int_equal(window.low, 109);
	assert_true(in_flight_done(&window, b));
	assert_int_equal(window.low, 110);
}

// Full, and round the ring several times: no slot is used while it is in use.
static void test_full_and_around(void **unused)
{
	(void)unused;
	uint64_t tickets[IN_FLIGHT_MAX], n = 100;
	for (int i = 0; i < IN_FLIGHT_MAX; i++)
		tickets[i] = in_flight_add(&window, ++n);
	assert_true(in_flight_is_full(&window));
	for (int round = 0; round < 3 * IN_FLIGHT_MAX; round++) {
		int slot = round % IN_FLIGHT_MAX;
		assert_true(in_flight_done(&window, tickets[slot]));
		assert_false(in_flight_is_full(&window));
		tickets[slot] = in_flight_add(&window, ++n);
		assert_int_equal(window.waiting, IN_FLIGHT_MAX);
		assert_int_equal(window.low, 101 + (uint64_t)round);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_mark_waits_for_the_oldest, begin_at_100),
		cmocka_unit_test_setup(test_reports_that_mean_nothing, begin_at_100),
		cmocka_unit_test_setup(test_a_refused_row_holds_the_mark, begin_at_100),
		cmocka_unit_test_setup(test_rows_that_are_passed, begin_at_100),
		cmocka_unit_test_setup(test_full_and_around, begin_at_100),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
