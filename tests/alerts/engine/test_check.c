// SPDX-License-Identifier: Apache-2.0
// Types: what is a condition, what is constant, and which comparison $value comes from.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "tests/alerts/engine/check_rig.h"

static struct check_rig rig;

static void test_conditions(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "heap_free_bytes < 50000", "" },
		{ "heap_free_bytes", "E210" },
		{ "ota_state", "E210" },
		{ "rollback_ready", "" }, // a flag is one
		{ "not rollback_ready and watchdog_armed == 1", "" },
		{ "rollback_ready == true or rollback_ready != $yes", "" },
		{ "heap_free_bytes < bool 5", "E210" },
		{ "(heap_free_bytes < bool 5) + (uptime_s < bool 5) == 2", "" },
		{ "(heap_free_bytes < 5) + 1 > 1", "E209" },
		{ "heap_free_bytes and rssi_dbm", "E209 E209" }, // both are told
		{ "not heap_free_bytes", "E209" },
		{ "ota_state and uptime_s > 5", "E209" },
		{ "(uptime_s < 5) == (uptime_s < 6)", "E209 E209" },
		{ "-(uptime_s < 5) > 1", "E209" },
		{ "unknown_metric < 5 or rssi_dbm > 10s", "E203 E208" }, // one error hides no other
		{ "unknown_metric + 1 < 5 and other_unknown < 5", "E203 E203" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

static void test_lists(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "ota_state in (downloading, trial)", "" },
		{ "ota_state not in (downloading, 99)", "" },
		{ "wifi_channel in (1, 6, 11)", "" },
		{ "uptime_s in (5m, 600)", "" },
		{ "uptime_s in (5, 50%)", "E208" },
		{ "ota_state in (downloading, other)", "E204" },
		{ "wifi_channel in (running_slot)", "E209" },
		{ "(uptime_s < 5) in (1)", "E209" },
		{ "nothing in (1)", "E203" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

static void test_constants(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "1 + 2 * 3 == 7", "W403" },
		{ "not (1 < 2)", "W403" },
		{ "1 < 2 and 2 < 3", "W403" },
		{ "5m == 300s", "W403" },
		{ "90% == 0.9", "W403" },
		{ "uptime_s > -1", "W403" },  // it never is below 0
		{ "uptime_s == -1", "W403" },
		{ "-1 < uptime_s", "" },      // written the other way round it is not looked at
		{ "rssi_dbm < -128", "W403" },
		{ "rssi_dbm < -127", "" },
		{ "rssi_dbm == -128", "" },
		{ "uptime_s / 0 > 1", "E211" },
		{ "uptime_s % 0 > 1", "E211" },
		{ "uptime_s / (5 - 5) > 1", "E211" },
		{ "uptime_s / rssi_dbm > 1", "E208" },
		{ "uptime_s * 0 > 1", "" },
		{ "1e300 * 1e300 > uptime_s", "E202" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
	check_rig_codes(&rig, "uptime_s > 2 * 3 + 4");
	assert_true(rig.expression.root->right->value.is_const && rig.expression.root->right->value.number == 10);
	check_rig_end(&rig);
}

// $value is the left side of the leftmost true comparison: only those that can be it decide about its unit.
static void test_what_value_is(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		bool is_known, is_mixed;
		enum dimension dimension;
	} rows[] = {
		{ "heap_free_bytes < 5", true, false, DIMENSION_BYTES },
		{ "heap_free_bytes < 5 and uptime_s > 5", true, false, DIMENSION_BYTES },
		{ "heap_free_bytes < 5 unless uptime_s > 5", true, false, DIMENSION_BYTES },
		{ "heap_free_bytes < 5 or uptime_s > 5", true, true, DIMENSION_TIME },
		{ "heap_free_bytes < 5 or heap_min_bytes < 5", true, false, DIMENSION_BYTES },
		{ "(heap_free_bytes < 5 or heap_min_bytes < 5) and uptime_s > 5", true, false, DIMENSION_BYTES },
		{ "silent(5m) and uptime_s > 5", true, false, DIMENSION_TIME }, // silent() compares nothing
		{ "not heap_free_bytes < 5 and uptime_s > 5", true, true, DIMENSION_TIME },
		{ "uptime_s > 5s or ack_ms > 5s", true, true, DIMENSION_TIME }, // seconds and milliseconds
		{ "silent(5m)", false, false, DIMENSION_ANY },
		{ "ota_state in (trial)", false, false, DIMENSION_ANY },
		{ "rollback_ready", true, false, DIMENSION_ANY },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(check_rig_codes(&rig, rows[i].text), "");
		if (rig.check.value.is_known != rows[i].is_known || rig.check.value.is_mixed != rows[i].is_mixed ||
			(rig.check.value.is_known && rig.check.value.unit.dimension != rows[i].dimension))
			fail_msg("%s", rows[i].text);
		check_rig_end(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_what_value_is),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
