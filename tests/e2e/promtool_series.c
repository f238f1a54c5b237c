// SPDX-License-Identifier: Apache-2.0
// The same rules over the same random series in Muster's engine and in Prometheus' promtool.
//
//   e2e-promtool-series write RULES         prints a test file for promtool: the series of 200 devices, and what fires in our engine each minute
//   e2e-promtool-series judge RULES OUTPUT  reads what promtool found different and lists it; exit 1 if a difference is larger than one bucket of
//                                           the rule's longest window (two minutes for 16m)
//
// The series are the same in each run: plateaus of random heights and lengths, counters with bursts and reboots, single values missing.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_scenario.h"
#include "alerts/engine/rule_set.h"
#include "alerts/engine/rule_watch.h"
#include "proto/metrics.h"

enum { DEVICES = 200, MINUTES = 90, RULES = 32, NAME_BYTES = 48 };

struct comparison {
	struct rule_scenario scenario;
	struct rule_watch watch;
	unsigned rules;
	char names[RULES][NAME_BYTES], severities[RULES][16];
	unsigned slack[RULES]; // minutes: a bucket of the longest window, rounded up
	bool fires[RULES][DEVICES][MINUTES];
};

static struct comparison all;
static uint64_t seed = 20260101;

// xorshift64*: the same numbers everywhere.
static unsigned below(unsigned limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * UINT64_C(2685821657736338717)) >> 33) % limit;
}

// --- series ---

// Heights are whole grains: a step is never so small that it is near the limit of a rule for long.
static void plateaus(double *values, int low, int high)
{
	int grain = high - low >= 80 ? (high - low) / 40 : 1;
	for (unsigned i = 0; i < MINUTES;) {
		unsigned length = 12 + below(40);
		double height = low + grain * (int)below((unsigned)((high - low) / grain));
		for (unsigned end = i + length; i < end && i < MINUTES; i++)
			values[i] = height;
	}
}

static void counter(double *values)
{
	double count = below(5);
	unsigned quiet = below(60);
	for (unsigned i = 0; i < MINUTES; i++) {
		if (quiet)
			quiet--;
		else if (below(8) == 0)
			quiet = 20 + below(60);
		else
			count += below(2);
		if (below(150) == 0)
			count = 0; // a reboot
		values[i] = count;
	}
}

static void constant(double *values, double value)
{
	for (unsigned i = 0; i < MINUTES; i++)
		values[i] = value;
}

// Up to three minutes in a row: Prometheus looks back for five.
static void leave_out(double *values)
{
	for (unsigned i = 5; i + 4 < MINUTES; i++)
		if (below(40) == 0) {
			for (unsigned end = i + 1 + below(3); i < end; i++)
				values[i] = NAN;
			i++; // never more than these
		}
}

static void add_series(unsigned dev, int metric, const double *values)
{
	struct rule_series series = { .metric = metric, .values = malloc(MINUTES * sizeof *values), .count = MINUTES };
	snprintf(series.device, sizeof series.device, "d%u", dev);
	if (!series.values || rule_scenario_add_series(&all.scenario, &series) < 0)
		exit(2);
	memcpy(series.values, values, MINUTES * sizeof *values);
}

static void make_device(unsigned dev)
{
	static const struct {
		int metric, low, high; // high 0: a counter
	} rows[] = {
		{ MU_METRIC_heap_free_bytes, 10000, 90000 }, { MU_METRIC_rssi_dbm, -95, -60 },    { MU_METRIC_spool_used_permille, 0, 1000 },
		{ MU_METRIC_sockets_open, 0, 11 },           { MU_METRIC_ota_state, 0, 4 },       { MU_METRIC_link_disconnects, 0, 0 },
		{ MU_METRIC_dropped_records, 0, 0 },
	};
	double values[MINUTES];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].high)
			plateaus(values, rows[i].low, rows[i].high);
		else
			counter(values);
		leave_out(values);
		add_series(dev, rows[i].metric, values);
	}
	constant(values, 10);
	add_series(dev, MU_METRIC_sockets_limit, values);
	constant(values, 6); // so that each minute has a heartbeat
	add_series(dev, MU_METRIC_wifi_channel, values);
}

// --- our engine ---

static uint64_t transition(void *context, const struct alert_transition *transition)
{
	(void)context;
	return rule_watch_transition(&all.watch, transition);
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	(void)context;
	rule_scenario_identify(&all.scenario, dev, id, firmware);
}

static void note_rules(const struct rule_set *rules)
{
	for (size_t i = 0; i < rules->count && i < RULES; i++, all.rules++) {
		const struct rule_program *program = &rules->rules[i].levels[0].program;
		snprintf(all.names[i], NAME_BYTES, "%s", rules->rules[i].name);
		snprintf(all.severities[i], sizeof all.severities[i], "%s", alert_severity_name(rules->rules[i].levels[0].severity));
		for (unsigned op = 0; op < program->count; op++) {
			bool has_slot = program->ops[op].code >= OP_VALUE && program->ops[op].code <= OP_EVENTS;
			uint64_t window_ms = has_slot ? rules->slots[program->ops[op].slot].window_ms : 0;
			unsigned minutes = (unsigned)((window_ms / SLOT_BUCKETS + 59999) / 60000);
			if (minutes > all.slack[i])
				all.slack[i] = minutes;
		}
	}
}

static struct alert_engine *begin(const char *path)
{
	static struct rules_problems problems;
	static char text[64 * 1024];
	FILE *file = fopen(path, "r");
	struct rules_source source = { path, text, file ? fread(text, 1, sizeof text, file) : 0 };
	struct alert_engine_calls calls = { transition, identify, 0 };
	struct alert_engine *engine = alert_engine_new(&calls);
	struct rule_set *rules = rules_compile(&source, 1, 0, &problems);
	struct alert_reload reload;
	if (file)
		fclose(file);
	if (!rules || !engine || alert_engine_begin(engine) < 0)
		return 0;
	note_rules(rules);
	if (alert_engine_load(engine, rules, SCENARIO_BEGIN_MS, &reload) < 0)
		return 0;
	alert_engine_commit(engine);
	alert_engine_set_hearing(engine, true, SCENARIO_BEGIN_MS);
	return engine;
}

static int run(const char *rules)
{
	if (rule_scenario_init(&all.scenario, 60000) < 0)
		return -1;
	for (unsigned dev = 0; dev < DEVICES; dev++)
		make_device(dev);
	struct alert_engine *engine = begin(rules);
	if (!engine)
		return -1;
	rule_scenario_begin(&all.scenario);
	for (uint64_t minute = 0; minute < MINUTES; minute++) {
		if (rule_scenario_play(&all.scenario, engine, minute * 60000) < 0)
			return -1;
		for (unsigned rule = 0; rule < all.rules; rule++)
			for (unsigned dev = 0; dev < DEVICES; dev++)
				all.fires[rule][dev][minute] = rule_watch_fires(&all.watch, all.names[rule], dev);
	}
	alert_engine_free(engine);
	rule_watch_clear(&all.watch);
	return 0;
}

// --- the test file ---

static void write_series(void)
{
	for (unsigned i = 0; i < all.scenario.series_count; i++) {
		const struct rule_series *series = &all.scenario.series[i];
		printf("  - {series: '%s{device=\"%s\"}', values: '", mu_metric_words[series->metric].name, series->device);
		for (size_t k = 0; k < series->count; k++)
			if (isnan(series->values[k]))
				fputs("_ ", stdout);
			else
				printf("%g ", series->values[k]);
		puts("'}");
	}
}

static void write_expectations(unsigned rule, unsigned minute)
{
	printf("  - {eval_time: %um, alertname: %s, exp_alerts: [", minute, all.names[rule]);
	for (unsigned dev = 0; dev < DEVICES; dev++)
		if (all.fires[rule][dev][minute])
			printf("{exp_labels: {device: d%u, severity: %s}}, ", dev, all.severities[rule]);
	puts("]}");
}

static void write_test(const char *rules)
{
	printf("rule_files: ['%s']\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n", rules);
	write_series();
	puts("  alert_rule_test:");
	for (unsigned minute = 0; minute < MINUTES; minute++)
		for (unsigned rule = 0; rule < all.rules; rule++)
			write_expectations(rule, minute);
}

// --- promtool's findings ---

struct finding {
	int rule, minute; // -1: none yet
	bool in_got;
	bool expected[DEVICES], got[DEVICES];
};

static bool differs[RULES][DEVICES][MINUTES];

// promtool found the two lists of one rule and minute.
static void take_lists(struct finding *finding)
{
	bool is_good = finding->rule >= 0 && finding->minute >= 0 && finding->minute < MINUTES;
	for (unsigned dev = 0; dev < DEVICES && is_good; dev++)
		differs[finding->rule][dev][finding->minute] = finding->expected[dev] != finding->got[dev];
	memset(finding->expected, 0, sizeof finding->expected);
	memset(finding->got, 0, sizeof finding->got);
}

static bool promtool_fires(unsigned rule, unsigned dev, unsigned minute)
{
	return all.fires[rule][dev][minute] != differs[rule][dev][minute];
}

static bool our_engine_fires(unsigned rule, unsigned dev, unsigned minute)
{
	return all.fires[rule][dev][minute];
}

typedef bool source(unsigned rule, unsigned dev, unsigned minute);

// Whether the source has this state at most a bucket away.
static bool is_near(source *fires, unsigned rule, unsigned dev, unsigned minute, bool state)
{
	unsigned slack = all.slack[rule];
	unsigned from = minute < slack ? 0 : minute - slack;
	for (unsigned at = from; at <= minute + slack && at < MINUTES; at++)
		if (fires(rule, dev, at) == state)
			return true;
	return false;
}

// Whether the source has the state of that minute for no longer than a bucket.
static bool is_short(source *fires, unsigned rule, unsigned dev, unsigned minute)
{
	unsigned from = minute, to = minute;
	bool state = fires(rule, dev, minute);
	while (from && fires(rule, dev, from - 1) == state)
		from--;
	while (to + 1 < MINUTES && fires(rule, dev, to + 1) == state)
		to++;
	return to - from + 1 <= all.slack[rule];
}

// A window that is a bucket shorter begins and ends a state up to a bucket later or earlier, and may miss one that is not longer than that.
static bool is_within_a_bucket(unsigned rule, unsigned dev, unsigned minute)
{
	return is_near(our_engine_fires, rule, dev, minute, promtool_fires(rule, dev, minute)) ||
		is_short(our_engine_fires, rule, dev, minute) || is_short(promtool_fires, rule, dev, minute);
}

static int judge(void)
{
	unsigned firing = 0, different = 0, outside = 0;
	for (unsigned rule = 0; rule < all.rules; rule++)
		for (unsigned dev = 0; dev < DEVICES; dev++)
			for (unsigned minute = 0; minute < MINUTES; minute++) {
				firing += all.fires[rule][dev][minute];
				if (!differs[rule][dev][minute])
					continue;
				bool within = is_within_a_bucket(rule, dev, minute);
				different++;
				outside += !within;
				printf("%s d%u at %um: promtool %s, ours %s%s\n", all.names[rule], dev, minute,
					promtool_fires(rule, dev, minute) ? "fires" : "does not",
					all.fires[rule][dev][minute] ? "fires" : "does not", within ? "" : "   <- more than a bucket away");
			}
	printf("%u states, %u of them firing; %u differ, %u of these by more than a bucket\n", all.rules * DEVICES * MINUTES, firing,
		different, outside);
	return outside ? 1 : 0;
}

// "1h7m" in minutes.
static int minutes_of(const char *text)
{
	int minutes = 0;
	while (*text >= '0' && *text <= '9') {
		char *unit;
		int number = (int)strtol(text, &unit, 10);
		minutes += *unit == 'h' ? number * 60 : *unit == 'm' ? number : 0;
		text = *unit ? unit + 1 : unit;
	}
	return minutes;
}

static void take_heading(struct finding *finding, const char *line)
{
	char name[NAME_BYTES];
	const char *time = strstr(line, ", time: ");
	take_lists(finding);
	finding->rule = -1;
	if (!time || sscanf(line, "alertname: %47[^,]", name) != 1)
		return;
	for (unsigned rule = 0; rule < all.rules; rule++)
		if (strcmp(all.names[rule], name) == 0)
			finding->rule = (int)rule;
	finding->minute = minutes_of(time + strlen(", time: "));
}

static void take_line(struct finding *finding, const char *line)
{
	const char *heading = strstr(line, "alertname: "), *device = strstr(line, "device=\"d");
	if (heading)
		take_heading(finding, heading);
	else if (strstr(line, "exp:["))
		finding->in_got = false;
	else if (strstr(line, "got:["))
		finding->in_got = true;
	else if (device) {
		unsigned long dev = strtoul(device + strlen("device=\"d"), 0, 10);
		if (dev < DEVICES)
			(finding->in_got ? finding->got : finding->expected)[dev] = true;
	}
}

static int judge_output(const char *path)
{
	static struct finding finding = { .rule = -1 };
	char line[4096];
	FILE *file = fopen(path, "r");
	if (!file)
		return 2;
	while (fgets(line, sizeof line, file))
		take_line(&finding, line);
	take_lists(&finding);
	fclose(file);
	return judge();
}

int main(int argc, char **argv)
{
	bool writes = argc == 3 && strcmp(argv[1], "write") == 0, judges = argc == 4 && strcmp(argv[1], "judge") == 0;
	if ((!writes && !judges) || run(argv[2]) < 0) {
		fprintf(stderr, "usage: e2e-promtool-series write RULES | judge RULES OUTPUT\n");
		return 2;
	}
	int code = 0;
	if (writes)
		write_test(argv[2]);
	else
		code = judge_output(argv[3]);
	rule_scenario_free(&all.scenario);
	return code;
}
