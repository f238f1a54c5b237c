// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "alerts/alerts.h"
#include "collector/http/alert_query.h"
#include "collector/store/store_alerts.h"
#include "tests/collector/http/served.h"

static uint64_t after(struct served *served, uint64_t since_ms)
{
	uint64_t n = 99;
	assert_int_equal(transition_since(served->store, since_ms, &n), 0);
	return n;
}

static void test_the_place_of_a_time(void **state)
{
	struct served *served = *state;
	static const uint64_t stored_ms[] = { 10, 20, 20, 20, 30, 50, 50, 80 };
	assert_int_equal(after(served, 0), 0); // nothing is there
	for (size_t i = 0; i < sizeof stored_ms / sizeof *stored_ms; i++) {
		const struct served_alert alert = { "edge-1", "A", i % 2, ALERT_PENDING, ALERT_INFO, 1, stored_ms[i], 0, 0, 0 };
		served_transition(served, &alert);
	}
	static const struct {
		uint64_t since_ms, after;
	} rows[] = { { 0, 0 }, { 10, 0 }, { 11, 1 }, { 20, 1 }, { 21, 4 }, { 30, 4 }, { 31, 5 }, { 50, 5 }, { 51, 7 }, { 80, 7 }, { 81, 8 },
		{ UINT64_MAX, 8 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(after(served, rows[i].since_ms), rows[i].after);
	assert_int_equal(store_transition_delete(served->store, 3, INT64_MAX, 100), 3);
	assert_int_equal(after(served, 0), 3); // what is gone is no place
	assert_int_equal(after(served, 50), 5);
}

// The parameter match: what is refused names the column. What fits: test_matcher.c.
static void test_match(void **state)
{
	const struct served_row rows[] = {
		{ "GET", "/api/v1/alerts?match=", 0, 0, 200, "\"alerts\":[]" },
		{ "GET", "/api/v1/alerts?match=%7Bseverity%3D%22critical%22%7D", 0, 0, 200, "\"alerts\":[]" },
		{ "GET", "/api/v1/alerts?match=severity", 0, 0, 400, "parameter match cannot be read: column 9" },
	};
	served_check(*state, rows, sizeof rows / sizeof *rows);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, served_set_up, served_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_the_place_of_a_time), CASE(test_match) };
	return cmocka_run_group_tests(tests, 0, 0);
}
