// SPDX-License-Identifier: Apache-2.0
// What happens to devices, played into an engine in the order of time.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_scenario.h"
#include "alerts/engine/rule_watch.h"
#include "proto/metrics.h"

struct play {
	struct rule_scenario scenario;
	struct rule_watch watch;
	uint64_t at_ms[16]; // of each transition
	unsigned count;
};

static uint64_t transition(void *context, const struct alert_transition *transition)
{
	struct play *play = context;
	assert_true(play->count < 16);
	play->at_ms[play->count++] = transition->at_ms - SCENARIO_BEGIN_MS;
	return rule_watch_transition(&play->watch, transition);
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	rule_scenario_identify(&((struct play *)context)->scenario, dev, id, firmware);
}

static struct alert_engine *begin(struct play *play, const char *expr)
{
	static struct rules_problems problems;
	struct alert_engine_calls calls = { transition, identify, play };
	struct alert_reload reload;
	char text[256];
	snprintf(text, sizeof text, "groups: [{name: g, rules: [{alert: A, expr: '%s', annotations: {summary: s}}]}]", expr);
	struct rules_source source = { "test.yml", text, strlen(text) };
	struct rule_set *rules = rules_compile(&source, 1, 0, &problems);
	struct alert_engine *engine = alert_engine_new(&calls);
	assert_true(rules && engine);
	assert_int_equal(alert_engine_begin(engine), 0);
	assert_int_equal(alert_engine_load(engine, rules, SCENARIO_BEGIN_MS, &reload), 0);
	alert_engine_commit(engine);
	alert_engine_set_hearing(engine, true, SCENARIO_BEGIN_MS);
	assert_int_equal(rule_scenario_init(&play->scenario, 60000), 0);
	return engine;
}

static void end(struct play *play, struct alert_engine *engine)
{
	alert_engine_free(engine);
	rule_watch_clear(&play->watch);
	rule_scenario_free(&play->scenario);
}

static void add_series(struct play *play, const char *device, int metric, const double *values, size_t count)
{
	struct rule_series series = { .metric = metric, .values = calloc(count, sizeof *values), .count = count };
	assert_non_null(series.values);
	memcpy(series.values, values, count * sizeof *values);
	snprintf(series.device, sizeof series.device, "%s", device);
	assert_int_equal(rule_scenario_add_series(&play->scenario, &series), 0);
}

static void test_series_are_played_at_their_times(void **unused)
{
	(void)unused;
	struct play play = { 0 };
	struct alert_engine *engine = begin(&play, "heap_free_bytes < 5");
	add_series(&play, "d1", MU_METRIC_heap_free_bytes, (double[]){ 9, 9, 1, NAN, 9 }, 5);
	add_series(&play, "d2", MU_METRIC_heap_free_bytes, (double[]){ 9, 1 }, 2);
	rule_scenario_begin(&play.scenario);
	assert_int_equal(rule_scenario_play(&play.scenario, engine, 59999), 0);
	assert_int_equal(play.count, 0);
	assert_int_equal(rule_scenario_play(&play.scenario, engine, 120000), 0);
	assert_int_equal(play.count, 2);
	assert_int_equal(play.at_ms[0], 60000);
	assert_int_equal(play.at_ms[1], 120000);
	assert_true(rule_watch_fires(&play.watch, "A", 0) && rule_watch_fires(&play.watch, "A", 1));
	assert_int_equal(rule_scenario_play(&play.scenario, engine, 239999), 0);
	assert_int_equal(play.count, 2); // no value changes nothing
	assert_int_equal(rule_scenario_play(&play.scenario, engine, 600000), 0);
	assert_int_equal(play.at_ms[2], 240000);
	assert_false(rule_watch_fires(&play.watch, "A", 0));
	end(&play, engine);
}

static void test_events_and_silence(void **unused)
{
	(void)unused;
	struct play play = { 0 };
	struct alert_engine *engine = begin(&play, "event_count(boot{class=\"crash\"}[1h]) > 1 or silent(10m)");
	struct scenario_event event = { .dev = 0, .kind = EVENT_BOOT, .label_count = 1, .labels = { { "class", "crash" } } };
	assert_int_equal(rule_scenario_device(&play.scenario, "d1"), 0);
	assert_int_equal(rule_scenario_device(&play.scenario, "d1"), 0);
	event.at_ms = 180000; // the later one is added first
	assert_int_equal(rule_scenario_add_event(&play.scenario, &event), 0);
	event.at_ms = 60000;
	assert_int_equal(rule_scenario_add_event(&play.scenario, &event), 0);
	rule_scenario_begin(&play.scenario);
	assert_int_equal(rule_scenario_play(&play.scenario, engine, 3600000), 0);
	assert_true(play.count >= 1);
	assert_int_equal(play.at_ms[0], 180000);
	assert_true(rule_watch_fires(&play.watch, "A", 0));
	end(&play, engine);
}

static void test_bounds(void **unused)
{
	(void)unused;
	struct rule_scenario scenario;
	struct scenario_event event = { .kind = EVENT_LOG };
	char id[16];
	assert_int_equal(rule_scenario_init(&scenario, 60000), 0);
	for (int i = 0; i < SCENARIO_DEVICES_MAX; i++) {
		snprintf(id, sizeof id, "d%d", i);
		assert_int_equal(rule_scenario_device(&scenario, id), i);
	}
	assert_int_equal(rule_scenario_device(&scenario, "one more"), -1);
	for (int i = 0; i < SCENARIO_EVENTS_MAX; i++)
		assert_int_equal(rule_scenario_add_event(&scenario, &event), 0);
	assert_int_equal(rule_scenario_add_event(&scenario, &event), -1);
	rule_scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series_are_played_at_their_times),
		cmocka_unit_test(test_events_and_silence),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
