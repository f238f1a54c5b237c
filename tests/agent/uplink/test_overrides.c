// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/overrides.h"
#include "muster.pb-c.h"
#include "tests/agent/fake_port.h"

static struct fake_port fake;
static struct mu_overrides overrides;
static const uint8_t id[16] = "command-0000001", other_id[16] = "xommand-0000002";

enum { WARNING = MU__LOG_LEVEL__LOG_WARNING, DEBUG = MU__LOG_LEVEL__LOG_DEBUG, USUAL_MS = 60000 };

static int set_up(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	return mu_overrides_init(&overrides, &fake.port, WARNING, 0);
}

static int tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static int boot(void)
{
	memset(&overrides, 0xA5, sizeof overrides); // nothing but what is stored may count
	return mu_overrides_init(&overrides, &fake.port, WARNING, 0);
}

static uint32_t interval_ms(void)
{
	uint64_t until_ms;
	return mu_overrides_interval_ms(&overrides, USUAL_MS, &until_ms);
}

// Steps as told to, from now_ms on; returns when the override of this kind has ended.
static uint64_t run_until_over(enum mu_override_kind kind, uint64_t now_ms)
{
	uint64_t next_ms = now_ms;
	while (mu_overrides_active(&overrides, kind)) {
		now_ms = next_ms;
		assert_true(now_ms != UINT64_MAX);
		mu_overrides_step(&overrides, now_ms, &next_ms);
		assert_true(next_ms > now_ms);
	}
	return now_ms;
}

static void test_without_a_command_nothing_is_changed(void **unused)
{
	(void)unused;
	uint64_t next_ms, until_ms;
	assert_false(mu_overrides_step(&overrides, 1000, &next_ms));
	assert_int_equal(next_ms, UINT64_MAX);
	assert_int_equal(mu_overrides_interval_ms(&overrides, USUAL_MS, &until_ms), USUAL_MS);
	assert_int_equal(until_ms, UINT64_MAX);
	assert_int_equal(mu_overrides_log_level(&overrides), WARNING);
	assert_int_equal(fake.calls[FAKE_CALL_SET], 0);
}

// value and time at the ends of their ranges, and one beyond.
static void test_what_is_out_of_range_is_refused(void **unused)
{
	(void)unused;
	static const struct {
		enum mu_override_kind kind;
		uint32_t value, for_s;
		int result;
	} rows[] = {
		{ MU_OVERRIDE_REPORT, 1, 1, 0 },
		{ MU_OVERRIDE_REPORT, 86400, 604800, 0 },
		{ MU_OVERRIDE_REPORT, 0, 60, MU_ERR_RANGE },
		{ MU_OVERRIDE_REPORT, 86401, 60, MU_ERR_RANGE },
		{ MU_OVERRIDE_REPORT, 5, 0, MU_ERR_RANGE },
		{ MU_OVERRIDE_REPORT, 5, 604801, MU_ERR_RANGE },
		{ MU_OVERRIDE_LOG, MU__LOG_LEVEL__LOG_NONE, 60, 0 },
		{ MU_OVERRIDE_LOG, DEBUG, 60, 0 },
		{ MU_OVERRIDE_LOG, DEBUG + 1, 60, MU_ERR_RANGE },
		{ MU_OVERRIDE_DIAGNOSE, 0, 60, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		boot();
		uint64_t sets = fake.calls[FAKE_CALL_SET];
		assert_int_equal(mu_overrides_set(&overrides, rows[i].kind, rows[i].value, rows[i].for_s, id, 0), rows[i].result);
		assert_int_equal(fake.calls[FAKE_CALL_SET] - sets, rows[i].result == 0);
	}
}

static void test_it_ends_by_itself(void **unused)
{
	(void)unused;
	assert_int_equal(mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 5, 600, id, 7000), 0);
	assert_int_equal(interval_ms(), 5000);
	assert_int_equal(run_until_over(MU_OVERRIDE_REPORT, 7000), 607000);
	assert_int_equal(interval_ms(), USUAL_MS);
}

static void test_a_later_command_replaces_the_earlier(void **unused)
{
	(void)unused;
	mu_overrides_set(&overrides, MU_OVERRIDE_LOG, DEBUG, 86400, id, 0);
	mu_overrides_set(&overrides, MU_OVERRIDE_LOG, MU__LOG_LEVEL__LOG_ERROR, 60, other_id, 1000);
	assert_int_equal(mu_overrides_log_level(&overrides), MU__LOG_LEVEL__LOG_ERROR);
	assert_true(mu_overrides_holds(&overrides, other_id));
	assert_false(mu_overrides_holds(&overrides, id));
	assert_int_equal(run_until_over(MU_OVERRIDE_LOG, 1000), 61000); // shorter, too
}

// What `diagnose` makes of the interval that holds otherwise: a sixth, at least 5 s, never slower than before.
static void test_diagnose(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t usual_ms, interval_ms;
	} rows[] = { { 60000, 10000 }, { 3600000, 600000 }, { 30000, 5000 }, { 10000, 5000 }, { 5000, 5000 }, { 2000, 2000 } };
	uint64_t until_ms;
	mu_overrides_set(&overrides, MU_OVERRIDE_DIAGNOSE, 0, 100, id, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(mu_overrides_interval_ms(&overrides, rows[i].usual_ms, &until_ms), rows[i].interval_ms);
	assert_int_equal(until_ms, 100000);
	assert_int_equal(mu_overrides_log_level(&overrides), MU__LOG_LEVEL__LOG_INFO);

	// Beside the two others: of the reported interval, and never quieter than what was asked for.
	mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 600, 50, other_id, 0);
	mu_overrides_set(&overrides, MU_OVERRIDE_LOG, DEBUG, 50, other_id, 0);
	assert_int_equal(mu_overrides_interval_ms(&overrides, USUAL_MS, &until_ms), 100000);
	assert_int_equal(until_ms, 50000); // then another one holds
	assert_int_equal(mu_overrides_log_level(&overrides), DEBUG);
	assert_int_equal(run_until_over(MU_OVERRIDE_LOG, 0), 50000);
	assert_true(mu_overrides_active(&overrides, MU_OVERRIDE_DIAGNOSE));
	assert_int_equal(mu_overrides_log_level(&overrides), MU__LOG_LEVEL__LOG_INFO);
}

// All three outlive a reset, with their command's name, and each pays its own period for it.
static void test_a_reset_costs_a_period(void **unused)
{
	(void)unused;
	mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 5, 1600, id, 0);
	mu_overrides_set(&overrides, MU_OVERRIDE_LOG, DEBUG, 3200, id, 0);
	mu_overrides_set(&overrides, MU_OVERRIDE_DIAGNOSE, 0, 160, other_id, 0);
	assert_int_equal(boot(), 0);
	assert_int_equal(overrides.kind[MU_OVERRIDE_REPORT].until_ms, 1500000);
	assert_int_equal(overrides.kind[MU_OVERRIDE_LOG].until_ms, 3000000);
	assert_int_equal(overrides.kind[MU_OVERRIDE_DIAGNOSE].until_ms, 150000);
	assert_int_equal(interval_ms(), 5000);
	assert_true(mu_overrides_holds(&overrides, id) && mu_overrides_holds(&overrides, other_id));
}

// However often it resets, and whenever: neither the time with the override nor the resets that it outlives nor the writes exceed the
// bound. Each row: asked for, and how long each boot lives.
static void test_resets_never_extend_it(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t for_s;
		uint64_t life_ms;
		unsigned boots_most;
	} rows[] = {
		{ 600, 300, 15 }, // a boot loop that never lives to its first write
		{ 600, 38000, 15 }, // dies just at a period
		{ 600, 37999, 15 },
		{ 600, 90000, 15 },
		{ 5, 300, 0 }, // shorter than the least period: a reset ends it
		{ 175, 1000, 15 }, // not a multiple of 16
		{ 604800, 20000, 167 },
		{ 604800, 5400000, 167 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tear_down(0);
		set_up(0);
		uint64_t lived_ms = 0, next_ms = 0, now_ms = 0;
		unsigned boots = 0;
		assert_int_equal(mu_overrides_set(&overrides, MU_OVERRIDE_LOG, DEBUG, rows[i].for_s, id, 0), 0);
		while (mu_overrides_active(&overrides, MU_OVERRIDE_LOG)) {
			for (now_ms = 0; now_ms < rows[i].life_ms && mu_overrides_active(&overrides, MU_OVERRIDE_LOG); now_ms = next_ms) {
				mu_overrides_step(&overrides, now_ms, &next_ms);
				if (!mu_overrides_active(&overrides, MU_OVERRIDE_LOG))
					break;
				uint64_t end_ms = next_ms < rows[i].life_ms ? next_ms : rows[i].life_ms;
				lived_ms += end_ms - now_ms;
			}
			fake_port_power_on(&fake); // no RTC, no retained memory
			boot();
			boots += mu_overrides_active(&overrides, MU_OVERRIDE_LOG);
		}
		assert_true(lived_ms <= (uint64_t)rows[i].for_s * 1000);
		assert_true(boots <= rows[i].boots_most);
		assert_true(fake.calls[FAKE_CALL_SET] <= rows[i].boots_most + 1u);
	}
}

static void test_writes_of_a_long_life_are_bounded(void **unused)
{
	(void)unused;
	mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 5, 57600, id, 0);
	run_until_over(MU_OVERRIDE_REPORT, 0);
	assert_int_equal(fake.calls[FAKE_CALL_SET], 16);
}

// What cannot be charged is not kept: a store that fails must not make a change that lasts for ever.
static void test_a_store_that_fails_ends_it(void **unused)
{
	(void)unused;
	uint64_t next_ms;
	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1);
	assert_int_equal(mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 5, 600, id, 0), MU_ERR_IO);
	assert_int_equal(interval_ms(), USUAL_MS); // not done at all

	assert_int_equal(mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 5, 600, id, 0), 0);
	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1);
	assert_int_equal(mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 9, 600, id, 0), MU_ERR_IO);
	assert_int_equal(interval_ms(), 5000); // the earlier one goes on

	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1); // the period
	assert_true(mu_overrides_step(&overrides, 38000, &next_ms));
	assert_int_equal(interval_ms(), USUAL_MS);
	assert_int_equal(next_ms, UINT64_MAX);

	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1); // the charge of a boot
	assert_int_equal(boot(), MU_ERR_IO);
	assert_int_equal(interval_ms(), USUAL_MS);
	assert_int_equal(overrides.store_faults, 1);

	fake_port_fail(&fake, FAKE_CALL_GET, 1, 1);
	assert_int_equal(boot(), MU_ERR_IO);
	assert_int_equal(interval_ms(), USUAL_MS);
	assert_int_equal(boot(), 0); // and nothing was lost by it
	assert_int_equal(interval_ms(), 5000);
}

// Each byte of what is stored, changed: no value out of range comes out of it.
static void test_what_is_stored_may_be_rubbish(void **unused)
{
	(void)unused;
	mu_overrides_set(&overrides, MU_OVERRIDE_REPORT, 5, 600, id, 0);
	mu_overrides_set(&overrides, MU_OVERRIDE_LOG, DEBUG, 600, id, 0);
	struct fake_key good = fake.keys[0];
	assert_string_equal(good.key, "overrides");
	for (size_t i = 0; i < good.size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			fake.keys[0] = good;
			fake.keys[0].value[i] ^= (uint8_t)(1u << bit);
			boot();
			assert_in_range(interval_ms(), 1000, 86400000);
			assert_true(mu_overrides_log_level(&overrides) <= DEBUG);
			for (int kind = 0; kind < MU_OVERRIDE_KINDS; kind++)
				assert_true(overrides.kind[kind].until_ms <= UINT64_C(604800000));
		}
	for (size_t size = 0; size < good.size; size++) {
		fake.keys[0] = good;
		fake.keys[0].size = size;
		assert_int_equal(boot(), MU_ERR_INVALID);
		assert_int_equal(interval_ms(), USUAL_MS);
	}
	fake.keys[0] = good;
	fake.keys[0].value[0]++; // of a later version
	assert_int_equal(boot(), MU_ERR_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_a_command_nothing_is_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_out_of_range_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_it_ends_by_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_later_command_replaces_the_earlier, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_diagnose, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_reset_costs_a_period, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resets_never_extend_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writes_of_a_long_life_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_store_that_fails_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_stored_may_be_rubbish, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
