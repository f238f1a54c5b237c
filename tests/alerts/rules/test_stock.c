// SPDX-License-Identifier: Apache-2.0
// The stock rules: each fires when it must, stays quiet when it must, and ends (stock_lives.h).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "tests/alerts/rules/stock_lives.h"

#define CLASS(name) MU__RESET_CLASS__RESET_##name
#define CAUSE(name) MU__RESET_CAUSE__CAUSE_##name

enum { MINUTE = WORLD_MINUTE, DAY = WORLD_DAY };

static void must(bool holds, size_t row, const char *what, const struct world *world)
{
	if (holds)
		return;
	for (unsigned i = 0; i < world->alert_count; i++)
		print_error("  %s is %s, fired %u times: %s\n", world->alerts[i].uid, alert_state_name(world->alerts[i].state),
			world->alerts[i].fired, world->alerts[i].summary);
	fail_msg("row %zu: %s %s", row, lives[row].uid, what);
}

static bool is_finished(const char *text)
{
	return *text && !strstr(text, "{{") && !strstr(text, "$") && !strstr(text, "NaN") && !strstr(text, "nan");
}

// Each text is there, complete and with its numbers put in.
static void check_texts(size_t row, const struct world *world)
{
	const struct world_alert *alert = world_alert(world, lives[row].uid);
	must(strncmp(alert->summary, "edge-7 ", 7) == 0 && is_finished(alert->summary), row, alert->summary, world);
	must(is_finished(alert->symptom), row, alert->symptom, world);
	must(is_finished(alert->cause), row, alert->cause, world);
	must(is_finished(alert->remedy), row, alert->remedy, world);
	size_t length = strlen(alert->remedy); // was not cut
	must(alert->remedy[length - 1] == '.', row, alert->remedy, world);
	must(alert->cause[strlen(alert->cause) - 1] == '.', row, alert->cause, world);
}

static void test_each_fires_and_ends(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < life_count; i++) {
		static struct world world;
		world_begin(&world, 0);
		life_start_up(&world);
		life_healthy(&world, 10 * MINUTE);
		must(world_fired_any(&world) == 0, i, "fires on a healthy device", &world);
		lives[i].fires(&world);
		must(world_fires(&world, lives[i].uid, lives[i].severity), i, "does not fire", &world);
		must(world_fired(&world, lives[i].uid) == 1, i, "fires more than once", &world);
		check_texts(i, &world);
		life_well_again(&world);
		life_healthy(&world, lives[i].ok_after_s);
		must(world_alert(&world, lives[i].uid)->state == ALERT_OK, i, "does not end", &world);
		world_end(&world);
	}
}

static void test_each_stays_quiet(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < life_count; i++) {
		static struct world world;
		world_begin(&world, 0);
		life_start_up(&world);
		life_healthy(&world, 10 * MINUTE);
		lives[i].stays(&world);
		must(world_fired(&world, lives[i].uid) == 0, i, "fires though it must not", &world);
		world_end(&world);
	}
}

// Three days of a healthy device, then of one that restarts now and then for good reasons: nobody is told anything.
static void test_a_healthy_life(void **unused)
{
	(void)unused;
	static struct world world;
	world_begin(&world, 0);
	life_start_up(&world);
	for (int day = 0; day < 3; day++) {
		life_healthy(&world, DAY);
		life_restart(&world, CLASS(SOFTWARE), CAUSE(COMMAND));
		life_broker_and_access_point_restart(&world);
		life_update_goes_well(&world);
	}
	must(world_fired_any(&world) == 0, 0, "(or another rule) fires on a healthy device", &world);
	world_end(&world);
}

// Of a device that publishes plain JSON only a few values are known: rules for others must not fire, nor must one keep firing for ever.
static void test_plain_json(void **unused)
{
	(void)unused;
	static struct world world;
	world_begin(&world, 0);
	world.is_plain = true;
	world_boot(&world, CLASS(POWER_ON), CAUSE(NONE));
	life_healthy(&world, DAY);
	assert_int_equal(world_fired_any(&world), 0);
	life_heap_below_20_kib(&world);
	assert_true(world_fires(&world, "heap_low", ALERT_CRITICAL));
	life_crash_loop(&world);
	assert_true(world_fires(&world, "boot_loop", ALERT_CRITICAL));
	life_weak_signal(&world);
	assert_true(world_fires(&world, "weak_signal", ALERT_WARNING));
	world_beats(&world, 10 * MINUTE, 1);
	assert_true(world_fires(&world, "chatty", ALERT_WARNING));
	life_silent_2_h(&world);
	assert_true(world_fires(&world, "silent", ALERT_CRITICAL));
	life_well_again(&world);
	life_healthy(&world, DAY);
	for (unsigned i = 0; i < world.alert_count; i++)
		must(world.alerts[i].state == ALERT_OK, 0, "(or another rule) does not end", &world);
	world_end(&world);
}

// What a fleet, or the demo, overrides: also durations in ranges, `for` and silent().
static void test_overrides(void **unused)
{
	(void)unused;
	static struct world world;
	world_begin(&world,
		"heap_floor: 100Ki\nheap_for: 0s\nsilent_after: 15s\nsilent_critical: 40s\ncrash_window: 1m\nweak_window: 10s\nweak_for: 0s\n");
	world_beat(&world);
	world.now.heap_free = 90000;
	world_beats(&world, 2, 1);
	assert_true(world_fires(&world, "heap_low", ALERT_WARNING));
	world.now.rssi = -90;
	world_beats(&world, 12, 1);
	assert_true(world_fires(&world, "weak_signal", ALERT_WARNING));
	world_boot(&world, CLASS(CRASH), CAUSE(NONE));
	assert_true(world_fires(&world, "crash", ALERT_WARNING));
	world_beats(&world, MINUTE + 1, 1);
	assert_false(world_fires(&world, "crash", ALERT_WARNING));
	world_quiet(&world, 16);
	assert_true(world_fires(&world, "silent", ALERT_WARNING));
	world_quiet(&world, 30);
	assert_true(world_fires(&world, "silent", ALERT_CRITICAL));
	world_end(&world);
}

// No rule without a row here and in the README; no row for a rule that is gone.
static void test_every_rule_is_covered(void **unused)
{
	(void)unused;
	static struct world world;
	static char readme[32768];
	FILE *file = fopen("alerts/rules/README.md", "r");
	assert_non_null(file);
	readme[fread(readme, 1, sizeof readme - 1, file)] = 0;
	fclose(file);
	world_begin(&world, 0);
	const struct rule_set *rules = alert_engine_rules(world.engine);
	size_t covered = 0;
	for (size_t i = 0; i < rules_count(rules); i++) {
		struct rule_info info;
		char line[160];
		size_t row = 0;
		rules_info(rules, i, &info);
		while (row < life_count && strcmp(lives[row].uid, info.uid) != 0)
			row++;
		if (row == life_count)
			fail_msg("the rule %s has no row", info.uid);
		snprintf(line, sizeof line, "\n| %s | %s | ", info.uid, info.name);
		if (!strstr(readme, line))
			fail_msg("alerts/rules/README.md has no row for %s", info.uid);
		covered++;
	}
	size_t known = 0;
	for (size_t i = 0; i < life_count; i++)
		known += i == 0 || strcmp(lives[i].uid, lives[i - 1].uid) != 0;
	assert_int_equal(covered, known);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule_is_covered),
		cmocka_unit_test(test_each_fires_and_ends),
		cmocka_unit_test(test_each_stays_quiet),
		cmocka_unit_test(test_a_healthy_life),
		cmocka_unit_test(test_plain_json),
		cmocka_unit_test(test_overrides),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
