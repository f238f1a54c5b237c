// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/lexer.h"
#include "alerts/engine/rule_scenario.h"
#include "alerts/engine/rule_watch.h"

enum { CHECKS_MAX = 5000 };

// One test of the file while it is read and run.
struct job {
	struct problem_where where;
	struct rules_source files[RULE_TEST_FILES_MAX];
	size_t file_count;
	struct rule_test_report *report;
	FILE *out;
	const char *name;
	struct rule_scenario scenario;
	struct rule_watch watch;
};

// --- keys ---

// The value of a key if it has this kind; tells if it has another.
static const struct rule_yaml_node *get(const struct problem_where *where, const struct rule_yaml_node *node, const char *key,
	enum rule_yaml_kind kind)
{
	const struct rule_yaml_node *value = rule_yaml_find(node, key);
	if (!value || value->is_null || value->kind == kind)
		return value && !value->is_null ? value : 0;
	problem_hint(rule_yaml_problem(where, value, PROBLEM_BAD_TEST, "`%s` holds %s", key, rule_yaml_kind_name(value)), "it wants %s",
		kind == RULE_YAML_LIST           ? "a list"
			: kind == RULE_YAML_TEXT ? "a text"
						 : "a mapping");
	return 0;
}

// names: all keys that are taken, with a blank before and behind each.
static void check_keys(const struct problem_where *where, const struct rule_yaml_node *node, const char *names)
{
	for (const struct rule_yaml_node *at = node->child; at; at = at->next) {
		char wanted[80];
		snprintf(wanted, sizeof wanted, " %.70s ", at->key ? at->key->scalar.text : "");
		if (!at->key || !strstr(names, wanted))
			problem_hint(rule_yaml_problem(where, at->key ? at->key : at, PROBLEM_BAD_TEST, "a test knows no%s", wanted),
				"known:%s", names);
	}
}

static bool is_mapping(const struct problem_where *where, const struct rule_yaml_node *node)
{
	if (node->kind == RULE_YAML_MAPPING)
		return true;
	problem_hint(rule_yaml_problem(where, node, PROBLEM_BAD_TEST, "%s where a mapping is wanted", rule_yaml_kind_name(node)),
		"write key: value");
	return false;
}

static uint64_t get_duration(const struct problem_where *where, const struct rule_yaml_node *node, const char *key, uint64_t initial)
{
	const struct rule_yaml_node *value = get(where, node, key, RULE_YAML_TEXT);
	uint64_t ms = initial;
	if (value && (lexer_duration(value->scalar.text, &ms) < 0 || ms > UINT64_C(366) * 86400 * 1000)) {
		problem_hint(rule_yaml_problem(where, value, PROBLEM_BAD_TEST, "`%.40s` is not a duration", value->scalar.text),
			"30s, 5m, 1h30m; at most 366d");
		return initial;
	}
	return ms;
}

// --- what happens ---

static void read_series(struct job *job, const struct rule_yaml_node *node)
{
	struct rule_series series;
	if (!is_mapping(&job->where, node))
		return;
	check_keys(&job->where, node, " series values ");
	const struct rule_yaml_node *name = get(&job->where, node, "series", RULE_YAML_TEXT),
				    *values = get(&job->where, node, "values", RULE_YAML_TEXT);
	if (!name || !values)
		rule_yaml_problem(&job->where, node, PROBLEM_BAD_TEST, "a series without `series` or `values`");
	else if (rule_series_read(&series, &job->where, &name->scalar, &values->scalar) == 0 &&
		rule_scenario_add_series(&job->scenario, &series) < 0) {
		problem_hint(rule_yaml_problem(&job->where, name, PROBLEM_BAD_TEST, "too many series or devices"), "at most %d and %d",
			SCENARIO_SERIES_MAX, SCENARIO_DEVICES_MAX);
		rule_series_free(&series);
	}
}

static void read_labels(const struct job *job, const struct rule_yaml_node *labels, struct scenario_event *event)
{
	for (const struct rule_yaml_node *at = labels ? labels->child : 0; at; at = at->next) {
		const char *name = at->key->scalar.text, *text = at->kind == RULE_YAML_TEXT ? at->scalar.text : "";
		bool is_known = event_kind_knows(event->kind, name, text) && strlen(text) < EVENT_FILTER_BYTES && strlen(name) < 16;
		if (!is_known || event->label_count == SCENARIO_LABELS_MAX) {
			problem_hint(rule_yaml_problem(&job->where, at->key, PROBLEM_BAD_TEST, "the event `%s` cannot have this label",
					     event_kind_name(event->kind)),
				"alerts/README.md lists events and labels");
			continue;
		}
		snprintf(event->labels[event->label_count].name, sizeof event->labels->name, "%s", name);
		snprintf(event->labels[event->label_count++].text, sizeof event->labels->text, "%s", text);
	}
}

static void read_event(struct job *job, const struct rule_yaml_node *node)
{
	if (!is_mapping(&job->where, node))
		return;
	check_keys(&job->where, node, " at device event labels ");
	const struct rule_yaml_node *kind = get(&job->where, node, "event", RULE_YAML_TEXT),
				    *device = get(&job->where, node, "device", RULE_YAML_TEXT);
	int found = kind ? event_kind_find(kind->scalar.text) : -1;
	bool is_long = device && device->scalar.length >= RULE_SERIES_NAME_BYTES;
	int dev = is_long ? -1 : rule_scenario_device(&job->scenario, device ? device->scalar.text : "d1");
	if (found < 0 || dev < 0) {
		problem_hint(rule_yaml_problem(&job->where, kind ? kind : node, PROBLEM_BAD_TEST, "this is no event of a device"),
			"{at: 5m, device: d1, event: boot, labels: {class: crash}}");
		return;
	}
	struct scenario_event event = { .at_ms = get_duration(&job->where, node, "at", 0),
		.dev = (uint32_t)dev,
		.kind = (enum event_kind)found };
	read_labels(job, get(&job->where, node, "labels", RULE_YAML_MAPPING), &event);
	if (rule_scenario_add_event(&job->scenario, &event) < 0)
		rule_yaml_problem(&job->where, node, PROBLEM_BAD_TEST, "too many events");
}

// --- what is expected ---

struct expectation {
	uint64_t at_ms;
	const struct rule_yaml_node *name, *alerts;
};

static void read_expectation(const struct job *job, const struct rule_yaml_node *node, struct expectation *expectations, size_t *count)
{
	if (!is_mapping(&job->where, node))
		return;
	check_keys(&job->where, node, " eval_time alertname exp_alerts ");
	struct expectation expectation = { get_duration(&job->where, node, "eval_time", 0),
		get(&job->where, node, "alertname", RULE_YAML_TEXT), get(&job->where, node, "exp_alerts", RULE_YAML_LIST) };
	for (const struct rule_yaml_node *at = expectation.alerts ? expectation.alerts->child : 0; at; at = at->next) {
		if (!is_mapping(&job->where, at))
			continue;
		check_keys(&job->where, at, " exp_labels exp_annotations ");
		get(&job->where, at, "exp_labels", RULE_YAML_MAPPING);
		get(&job->where, at, "exp_annotations", RULE_YAML_MAPPING);
	}
	if (!expectation.name)
		rule_yaml_problem(&job->where, node, PROBLEM_BAD_TEST, "an expectation without `alertname`");
	else if (*count == CHECKS_MAX)
		rule_yaml_problem(&job->where, node, PROBLEM_BAD_TEST, "more than %d expectations in a test", CHECKS_MAX);
	else
		expectations[(*count)++] = expectation;
}

static int by_time(const void *a, const void *b)
{
	const struct expectation *left = a, *right = b;
	if (left->at_ms != right->at_ms)
		return left->at_ms < right->at_ms ? -1 : 1;
	return (left->name->scalar.place.line > right->name->scalar.place.line) -
		(left->name->scalar.place.line < right->name->scalar.place.line);
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	const struct job *job = context;
	rule_scenario_identify(&job->scenario, dev, id, firmware);
}

static uint64_t transition(void *context, const struct alert_transition *transition)
{
	struct job *job = context;
	return rule_watch_transition(&job->watch, transition);
}

static int expect(struct job *job, struct alert_engine *engine, const struct expectation *expectation)
{
	const char *name = expectation->name->scalar.text;
	char *difference = 0;
	size_t size = 0;
	int result = rule_scenario_play(&job->scenario, engine, expectation->at_ms);
	FILE *out = result == 0 ? open_memstream(&difference, &size) : 0;
	if (!out)
		return -1;
	bool agrees = rule_watch_agrees(&job->watch, name, expectation->alerts, out);
	fclose(out);
	job->report->passed += agrees;
	job->report->failed += !agrees;
	if (!agrees)
		fprintf(job->out, "not as expected: %s:%u: %s%s%s at %" PRIu64 "s\n%s", job->where.map->name,
			expectation->name->scalar.place.line, job->name, *job->name ? ": " : "", name, expectation->at_ms / 1000,
			size ? difference : "    expected none, none is firing\n");
	free(difference);
	return 0;
}

// The set again: an engine takes its rules over. They were good a moment ago.
static struct rule_set *compile(const struct rules_source *files, size_t count)
{
	struct rules_problems *unused = malloc(sizeof *unused);
	struct rule_set *rules = unused ? rules_compile(files, count, 0, unused) : 0;
	free(unused);
	return rules;
}

static int load(struct alert_engine *engine, struct rule_set *rules)
{
	struct alert_reload reload;
	if (alert_engine_begin(engine) < 0)
		return -1;
	if (alert_engine_load(engine, rules, SCENARIO_BEGIN_MS, &reload) < 0) {
		alert_engine_rollback(engine);
		return -1;
	}
	alert_engine_commit(engine);
	alert_engine_set_hearing(engine, true, SCENARIO_BEGIN_MS);
	return 0;
}

static struct alert_engine *begin(struct job *job)
{
	const struct alert_engine_calls calls = { transition, identify, job };
	struct rule_set *rules = compile(job->files, job->file_count);
	struct alert_engine *engine = rules ? alert_engine_new(&calls) : 0;
	if (engine && load(engine, rules) == 0)
		return engine;
	alert_engine_free(engine);
	rules_free(rules);
	return 0;
}

static void run(struct job *job, const struct expectation *expectations, size_t count)
{
	struct alert_engine *engine = begin(job);
	int result = engine ? 0 : -1;
	rule_scenario_begin(&job->scenario);
	for (size_t i = 0; i < count && result == 0; i++)
		result = expect(job, engine, &expectations[i]);
	alert_engine_free(engine);
	rule_watch_clear(&job->watch);
	if (result < 0)
		problem_no_memory(&job->where);
}

static void read_list(struct job *job, const struct rule_yaml_node *test, const char *key,
	void (*read)(struct job *, const struct rule_yaml_node *))
{
	const struct rule_yaml_node *list = get(&job->where, test, key, RULE_YAML_LIST);
	for (const struct rule_yaml_node *at = list ? list->child : 0; at; at = at->next)
		read(job, at);
}

static void run_test(struct job *job, const struct rule_yaml_node *test)
{
	if (!is_mapping(&job->where, test))
		return;
	check_keys(&job->where, test, " name interval input_series events alert_rule_test ");
	const struct rule_yaml_node *name = get(&job->where, test, "name", RULE_YAML_TEXT);
	struct expectation *expectations = calloc(CHECKS_MAX, sizeof *expectations);
	size_t count = 0;
	uint64_t interval_ms = get_duration(&job->where, test, "interval", 60000);
	job->name = name ? name->scalar.text : "";
	if (rule_scenario_init(&job->scenario, interval_ms ? interval_ms : 60000) < 0 || !expectations)
		problem_no_memory(&job->where);
	else {
		read_list(job, test, "input_series", read_series);
		read_list(job, test, "events", read_event);
		const struct rule_yaml_node *list = get(&job->where, test, "alert_rule_test", RULE_YAML_LIST);
		for (const struct rule_yaml_node *at = list ? list->child : 0; at; at = at->next)
			read_expectation(job, at, expectations, &count);
		qsort(expectations, count, sizeof *expectations, by_time);
		if (!job->report->problems.errors)
			run(job, expectations, count);
	}
	free(expectations);
	rule_scenario_free(&job->scenario);
}

// --- the file ---

static size_t read_rule_files(const struct problem_where *where, const struct rule_yaml_node *root, rule_test_read *read, void *context,
	struct rules_source *files)
{
	const struct rule_yaml_node *list = get(where, root, "rule_files", RULE_YAML_LIST);
	size_t count = 0;
	for (const struct rule_yaml_node *at = list ? list->child : 0; at; at = at->next) {
		if (at->kind != RULE_YAML_TEXT || count == RULE_TEST_FILES_MAX || !read(context, at->scalar.text, &files[count]))
			problem_hint(rule_yaml_problem(where, at, PROBLEM_BAD_TEST, "this rule file cannot be read"),
				"names are relative to the test file; at most %d", RULE_TEST_FILES_MAX);
		else
			count++;
	}
	return count;
}

// Problems of the rules stand behind those of the test file.
static bool are_good(const struct rules_source *files, size_t count, struct rules_problems *problems)
{
	struct rules_problems *own = calloc(1, sizeof *own);
	struct rule_set *rules = own ? rules_compile(files, count, 0, own) : 0;
	if (!rules) {
		problems->errors += own ? own->errors : 1;
		problems->warnings += own ? own->warnings : 0;
		for (unsigned i = 0; own && i < own->count && problems->count < RULES_PROBLEMS_MAX; i++)
			problems->list[problems->count++] = own->list[i];
	}
	rules_free(rules);
	free(own);
	return rules && !problems->errors;
}

static void run_file(struct job *job, const struct rule_yaml_node *root, rule_test_read *read, void *context)
{
	if (!is_mapping(&job->where, root))
		return;
	check_keys(&job->where, root, " rule_files evaluation_interval tests ");
	get_duration(&job->where, root, "evaluation_interval", 60000); // promtool's grid; rules are evaluated on each record
	job->file_count = read_rule_files(&job->where, root, read, context, job->files);
	if (!are_good(job->files, job->file_count, &job->report->problems))
		return;
	const struct rule_yaml_node *tests = get(&job->where, root, "tests", RULE_YAML_LIST);
	for (const struct rule_yaml_node *at = tests ? tests->child : 0; at; at = at->next)
		run_test(job, at);
}

int rule_test_run(const struct rules_source *test, rule_test_read *read, void *context, struct rule_test_report *report)
{
	struct source_map map;
	size_t size = 0;
	bool is_empty;
	memset(report, 0, sizeof *report);
	FILE *out = open_memstream(&report->text, &size);
	struct job job = { .report = report, .out = out };
	if (!out || source_map_init(&map, test) < 0) {
		if (out)
			fclose(out);
		report->problems.errors++;
		return -1;
	}
	job.where = (struct problem_where){ .problems = &report->problems, .map = &map };
	struct rule_yaml_node *root = rule_yaml_read(&job.where, &is_empty);
	if (root)
		run_file(&job, root, read, context);
	rule_yaml_free(root);
	source_map_free(&map);
	fclose(out);
	if (report->problems.errors)
		return -1;
	return report->failed ? 1 : 0;
}

void rule_test_free(struct rule_test_report *report)
{
	free(report->text);
	report->text = 0;
}
