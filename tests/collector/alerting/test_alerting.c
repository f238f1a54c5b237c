// SPDX-License-Identifier: Apache-2.0
// Rules and the store in one transaction: what is committed is there once, what is taken back is not, and a restart goes on as if there were none.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "collector/alerting/alerting.h"
#include "collector/clock.h"
#include "collector/store/devices.h"
#include "tests/collector/store/scratch.h"

#define START_MS UINT64_C(1790000000000)
enum { MINUTE_MS = 60000 };

static const char two_rules[] = "groups:\n- name: g\n  rules:\n"
				"  - {alert: Low, expr: heap_free_bytes < 50000, for: 2m, annotations: {summary: '{{ $device }} low'}}\n"
				"  - {alert: Silent, expr: silent(10m), annotations: {summary: silent}}\n";
static const char one_rule[] = "groups:\n- name: g\n  rules:\n  - {alert: Silent, expr: silent(10m), annotations: {summary: silent}}\n";

struct bench {
	struct scratch *scratch;
	struct fleet *fleet;
	struct alerting *alerting;
	struct counters counters;
	struct config config;
	uint64_t announced;
	unsigned announcements;
	char rules[128];
};

static void changed(void *context, uint64_t n)
{
	struct bench *bench = context;
	assert_true(n > bench->announced);
	bench->announced = n;
	bench->announcements++;
}

static void write_rules(struct bench *bench, const char *text)
{
	FILE *file = fopen(bench->rules, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void open_alerting(struct bench *bench)
{
	struct alerting_parts parts = { bench->scratch->store, bench->fleet, &bench->counters, changed, bench };
	bench->alerting = alerting_new(&parts);
	assert_non_null(bench->alerting);
	assert_int_equal(alerting_load(bench->alerting, &bench->config, START_MS), 0);
}

static int setup(void **state)
{
	static struct bench bench;
	void *scratch;
	assert_int_equal(scratch_setup(&scratch), 0);
	bench = (struct bench){ .scratch = scratch, .fleet = fleet_new() };
	config_defaults(&bench.config);
	snprintf(bench.rules, sizeof bench.rules, "%s/rules.yml", bench.scratch->folder);
	snprintf(bench.config.alerts.rules, sizeof bench.config.alerts.rules, "%s", bench.rules);
	write_rules(&bench, two_rules);
	for (uint32_t i = 0; i < 2; i++) {
		const char *id = i ? "dev-b" : "dev-a";
		fleet_add(bench.fleet, id, START_MS);
		assert_int_equal(store_device_add(bench.scratch->store, i, id, START_MS), 0);
	}
	open_alerting(&bench);
	alert_engine_set_hearing(alerting_engine(bench.alerting), true, 0);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	void *scratch = bench->scratch;
	alerting_free(bench->alerting);
	fleet_free(bench->fleet);
	remove(bench->rules);
	return scratch_teardown(&scratch);
}

// One heartbeat as the commit cycle brings it, up to before the commit.
static int take(struct bench *bench, uint32_t dev, unsigned minute, uint32_t heap)
{
	Mu__Record record = MU__RECORD__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	record.boot = 1;
	record.uptime_ms = minute * MINUTE_MS;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	heartbeat.vitals = &vitals;
	vitals.has_heap_free_bytes = true;
	vitals.heap_free_bytes = heap;
	assert_int_equal(store_begin(bench->scratch->store), 0);
	assert_int_equal(alerting_begin(bench->alerting), 0);
	return alerting_record(bench->alerting, fleet_at(bench->fleet, dev), &record, START_MS + minute * MINUTE_MS);
}

static void commit(struct bench *bench)
{
	assert_int_equal(store_commit(bench->scratch->store), 0);
	alerting_committed(bench->alerting);
	alerting_announce(bench->alerting);
}

static void heartbeat(struct bench *bench, uint32_t dev, unsigned minute, uint32_t heap)
{
	assert_int_equal(take(bench, dev, minute, heap), 0);
	commit(bench);
}

static void abandon(struct bench *bench)
{
	store_rollback(bench->scratch->store);
	alerting_abandon(bench->alerting);
}

// "uid 0>1@minute", joined by blanks.
static int tell(void *context, const struct store_transition *row)
{
	char *story = context;
	size_t used = strlen(story);
	snprintf(story + used, 512 - used, "%s%u:%s %u>%u@%llu", used ? " " : "", row->dev, row->name, row->from, row->to,
		(unsigned long long)((row->at_ms - START_MS) / MINUTE_MS));
	return 0;
}

static void assert_story(struct bench *bench, const char *expected)
{
	char story[512] = "";
	assert_true(store_transition_after(bench->scratch->store, 0, 100, tell, story) >= 0);
	assert_string_equal(story, expected);
}

static int show_texts(void *context, const struct store_transition *row)
{
	snprintf(context, 512, "%s %s", row->labels, row->annotations);
	return 0;
}

static void test_transitions_are_stored_with_their_texts(void **state)
{
	struct bench *bench = *state;
	char texts[512] = "";
	for (unsigned minute = 1; minute <= 4; minute++)
		heartbeat(bench, 0, minute, 40000);
	heartbeat(bench, 0, 5, 60000);
	assert_story(bench, "0:Low 0>1@1 0:Low 1>2@3 0:Low 2>0@5");
	assert_int_equal(bench->announced, 3);
	assert_int_equal(bench->announcements, 3); // nothing is announced where nothing changed
	assert_int_equal(store_transition_before(bench->scratch->store, 3, 1, show_texts, texts), 1);
	assert_non_null(strstr(texts, "\"alertname\":\"Low\""));
	assert_non_null(strstr(texts, "\"device\":\"dev-a\""));
	assert_non_null(strstr(texts, "\"severity\":\"warning\""));
	assert_non_null(strstr(texts, "\"summary\":\"dev-a low\""));
	alerting_count(bench->alerting);
	assert_int_equal(bench->counters.alert_transitions, 3);
	assert_int_equal(bench->counters.alerts_firing, 0);
}

// The transaction fails and its messages come again: everything happens once.
static void test_what_is_taken_back_comes_again(void **state)
{
	struct bench *bench = *state;
	for (unsigned minute = 1; minute <= 3; minute++) {
		assert_int_equal(take(bench, 0, minute, 40000), 0);
		abandon(bench);
		heartbeat(bench, 0, minute, 40000);
	}
	assert_story(bench, "0:Low 0>1@1 0:Low 1>2@3");
}

// The store fails within the evaluation: the caller is told which way.
static void test_a_store_that_fails(void **state)
{
	struct bench *bench = *state;
	scratch_sql(bench->scratch->path, "CREATE TRIGGER refuse BEFORE INSERT ON transition BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_true(take(bench, 0, 1, 40000) < 0);
	abandon(bench);
	scratch_sql(bench->scratch->path, "DROP TRIGGER refuse");
	heartbeat(bench, 0, 1, 40000);
	assert_story(bench, "0:Low 0>1@1");
}

// A restart in the middle of `for:`, and one while it fires.
static void restart(struct bench *bench)
{
	size_t most = alert_engine_pack_max(alerting_engine(bench->alerting));
	uint8_t bytes[4096];
	assert_true(most <= sizeof bytes);
	for (uint32_t dev = 0; dev < 2; dev++) {
		size_t size = alert_engine_pack(alerting_engine(bench->alerting), dev, bytes, sizeof bytes);
		assert_int_equal(store_windows_set(bench->scratch->store, dev, (struct store_blob){ bytes, size }), 0);
		fleet_at(bench->fleet, dev)->ledger.last_n = 1; // its snapshot was good
	}
	alerting_free(bench->alerting);
	open_alerting(bench);
	assert_int_equal(alerting_restore(bench->alerting), 0);
	assert_int_equal(alerting_load(bench->alerting, &bench->config, START_MS), 0);
	alert_engine_set_hearing(alerting_engine(bench->alerting), true, 0);
}

static void test_restarts(void **state)
{
	struct bench *bench = *state;
	for (unsigned minute = 1; minute <= 6; minute++) {
		heartbeat(bench, 0, minute, minute < 6 ? 40000 : 60000);
		restart(bench);
	}
	assert_story(bench, "0:Low 0>1@1 0:Low 1>2@3 0:Low 2>0@6");
}

static void test_silence_by_the_clock(void **state)
{
	struct bench *bench = *state;
	heartbeat(bench, 0, 1, 60000);
	heartbeat(bench, 1, 3, 60000);
	assert_int_equal(alerting_tick(bench->alerting, START_MS + 10 * MINUTE_MS), 0);
	assert_story(bench, "");
	assert_int_equal(alerting_tick(bench->alerting, START_MS + 12 * MINUTE_MS), 0);
	assert_story(bench, "0:Silent 0>2@11"); // at its deadline, not at the tick
	restart(bench);
	assert_int_equal(alerting_tick(bench->alerting, START_MS + 14 * MINUTE_MS), 0);
	assert_story(bench, "0:Silent 0>2@11 1:Silent 0>2@13");
	heartbeat(bench, 0, 20, 60000);
	assert_story(bench, "0:Silent 0>2@11 1:Silent 0>2@13 0:Silent 2>0@20");
}

// Good rules stay when the file goes bad; a rule that is gone ends its alerts, at a reload and at a start.
static void test_reload(void **state)
{
	struct bench *bench = *state;
	for (unsigned minute = 1; minute <= 3; minute++)
		heartbeat(bench, 0, minute, 40000);
	write_rules(bench, "groups: 3\n");
	assert_int_equal(alerting_load(bench->alerting, &bench->config, START_MS), -1);
	assert_true(alerting_problems(bench->alerting)->errors > 0);
	heartbeat(bench, 0, 4, 60000);
	assert_story(bench, "0:Low 0>1@1 0:Low 1>2@3 0:Low 2>0@4");
	write_rules(bench, one_rule);
	for (unsigned minute = 5; minute <= 7; minute++)
		heartbeat(bench, 0, minute, 40000);
	assert_int_equal(alerting_load(bench->alerting, &bench->config, START_MS + 8 * MINUTE_MS), 0);
	assert_story(bench, "0:Low 0>1@1 0:Low 1>2@3 0:Low 2>0@4 0:Low 0>1@5 0:Low 1>2@7 0:Low 2>0@8");
	assert_int_equal(bench->counters.alert_rules, 1);
}

static void test_a_rule_that_is_gone_at_the_start(void **state)
{
	struct bench *bench = *state;
	for (unsigned minute = 1; minute <= 3; minute++)
		heartbeat(bench, 0, minute, 40000);
	write_rules(bench, one_rule);
	restart(bench); // its reload is at minute 0, but time does not go back for an alert
	char story[512] = "";
	assert_int_equal(store_transition_after(bench->scratch->store, 2, 100, tell, story), 1);
	assert_non_null(strstr(story, "0:Low 2>0@"));
	assert_int_equal(store_alert_each(bench->scratch->store, tell, story), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_transitions_are_stored_with_their_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_taken_back_comes_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_store_that_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence_by_the_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_rule_that_is_gone_at_the_start, setup, teardown),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
