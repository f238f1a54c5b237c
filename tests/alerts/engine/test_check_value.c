// SPDX-License-Identifier: Apache-2.0
// Values: metrics, states and parameters by name, and how units are brought together.
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

static void test_names(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "heap_fre_bytes < 5", "E203" },
		{ "heap_free_bytes{device=\"d1\"} < 5", "E206" },
		{ "heap_free_bytes[5m] < 5", "E212" },
		{ "heap_free_bytes < $floor", "" },
		{ "heap_free_bytes < $flor", "E207" },
		{ "heap_free_bytes < $wanted", "E207" },
		{ "uptime_s < $hold", "" },
		{ "heap_free_bytes < $hold", "E208" },
		{ "heap_free_bytes == \"low\"", "E209" },
		{ "rssi_dbm < up", "E203" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

static void test_states(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "ota_state == downloading", "" },
		{ "ota_state == \"downloading\"", "" },
		{ "downloading != ota_state", "" }, // either side
		{ "ota_state == $wanted", "" },
		{ "ota_state == 2", "" },
		{ "ota_state == panik", "E204" },
		{ "ota_state == DOWNLOADING", "E204" },
		{ "network_state == $wanted", "E204" },
		{ "ota_state == $floor", "" }, // a number
		{ "ota_state == $hold", "E209" },
		{ "ota_state < trial", "E209" },
		{ "ota_state == network_state", "E209" },
		{ "running_slot_state == other_slot_state", "" }, // one enum
		{ "ota_state == uptime_s", "E209" },
		{ "ota_state + 1 > 1", "E209" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

static void test_units(void **unused)
{
	(void)unused;
	static const char *const rows[][2] = {
		{ "heap_free_bytes < 50%", "E208" },
		{ "rssi_dbm > 10s", "E208" },
		{ "heap_free_bytes + uptime_s > 5", "E208" },
		{ "heap_free_bytes - 5 < heap_min_bytes", "" },
		{ "heap_free_bytes % 4096 == 0", "" },
		{ "sockets_open / sockets_limit > 90%", "" },
		{ "sockets_open / sockets_limit > 10s", "E208" },
		{ "heap_free_bytes < heap_min_bytes * 120%", "" },
		{ "heap_free_bytes * heap_min_bytes > 5", "E208" },
		{ "agent_sent_bytes / uptime_s > 100", "" },
		{ "agent_sent_bytes / uptime_s > 100s", "E208" },
		{ "heap_slope_bytes_per_h * 1h < -1Ki", "" },
		{ "heap_slope_bytes_per_h * 24 + heap_free_bytes < 0", "" },
		{ "heap_slope_bytes_per_h + heap_free_bytes < 0", "E208" },
		{ "5 / uptime_s > 1", "" },
	};
	check_rig_expect(rows, sizeof rows / sizeof *rows);
}

// The number that the right side of a comparison becomes.
static void test_scaling_of_constants(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		double right;
	} rows[] = {
		{ "uptime_s > 5m", 300 },
		{ "ack_ms > 2s", 2000 },
		{ "agent_step_max_us > 5ms", 5000 },
		{ "spool_used_permille > 90%", 900 },
		{ "spool_used_permille > 57%", 570 }, // exactly
		{ "spool_used_permille > $share", 900 },
		{ "sockets_open / sockets_limit > 90%", 0.9 },
		{ "uptime_s > 5m + 5", 305 },         // a plain number beside a duration is seconds
		{ "ack_ms > 2s + 500ms", 2500 },
		{ "ack_ms > 2 * 1s", 2000 },
		{ "ack_ms > 5000", 5000 },            // in the metric's own unit
		{ "uptime_s > -5m", -300 },
		{ "heap_free_bytes < 20Ki", 20480 },
		{ "age(uptime_s) > 10m", 600 },
		{ "agent_cpu_us_per_s > 5%", 50000 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_rig_codes(&rig, rows[i].text);
		assert_int_equal(rig.written.problems.errors, 0);
		const struct value_info *right = &rig.expression.root->right->value;
		if (!right->is_const || right->number != rows[i].right)
			fail_msg("%s: %.17g", rows[i].text, right->number);
		check_rig_end(&rig);
	}
}

// Values that are not constant are multiplied when they are evaluated.
static void test_scaling_of_metrics(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		double left, right;
	} rows[] = {
		{ "ack_ms > uptime_s", 1, 1000 },
		{ "uptime_s > ack_ms", 1, 0.001 },
		{ "2s < ack_ms", 1, 1 }, // the constant is scaled
		{ "deriv(heap_free_bytes[1h]) < heap_slope_bytes_per_h", 1, 1.0 / 3600 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(check_rig_codes(&rig, rows[i].text), "");
		const struct value_info *left = &rig.expression.root->left->value, *right = &rig.expression.root->right->value;
		if (fabs(left->num / left->den - rows[i].left) > 1e-12 || fabs(right->num / right->den - rows[i].right) > 1e-12)
			fail_msg("%s: %g, %g", rows[i].text, left->num / left->den, right->num / right->den);
		check_rig_end(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_scaling_of_constants),
		cmocka_unit_test(test_scaling_of_metrics),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
