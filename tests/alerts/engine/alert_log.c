// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/engine/alert_log.h"
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_set.h"

static const char *const reasons[] = { "sample", "time", "reload" };

struct alert_log *alert_log_new(void)
{
	struct alert_log *log = calloc(1, sizeof *log);
	assert_non_null(log);
	return log;
}

void alert_log_free(struct alert_log *log)
{
	for (unsigned i = 0; i < log->made_count; i++)
		alert_free(log->made[i]);
	free(log);
}

static void keep(struct alert_log *log, const struct alert_transition *t, uint64_t incident)
{
	struct alert_transition copy = *t;
	unsigned i = 0;
	copy.incident = incident;
	while (i < log->kept_count && (log->kept[i].dev != t->dev || strcmp(log->kept[i].alert->uid, t->uid) != 0))
		i++;
	bool is_known = i < log->kept_count;
	assert_int_equal(t->from != ALERT_OK, is_known); // the engine and its caller know the same alerts
	if (is_known)
		assert_int_equal(log->kept[i].alert->state, t->from);
	if (t->to == ALERT_OK) {
		log->kept[i] = log->kept[--log->kept_count];
		return;
	}
	assert_true(i < LOG_KEPT);
	log->kept[i] = (struct log_kept){ t->dev, alert_new(&copy, 0) };
	assert_non_null(log->kept[i].alert);
	assert_true(log->made_count < LOG_LINES);
	log->made[log->made_count++] = log->kept[i].alert;
	log->kept_count += !is_known;
}

static void note_last(struct alert_log *log, const struct alert_transition *t, uint64_t incident)
{
	size_t used = 0;
	log->last_summary[0] = log->last_labels[0] = 0;
	for (unsigned i = 0; i < t->annotation_count; i++)
		if (strcmp(t->annotations[i].name, "summary") == 0)
			snprintf(log->last_summary, sizeof log->last_summary, "%s", t->annotations[i].text);
	for (unsigned i = 0; i < t->label_count && used < sizeof log->last_labels; i++)
		used += (size_t)snprintf(log->last_labels + used, sizeof log->last_labels - used, "%s%s=%s", i ? " " : "",
			t->labels[i].name, t->labels[i].text);
	log->last_value = t->value;
	log->last_threshold = t->threshold;
	log->last_incident = incident;
	log->last_started_ms = t->started_ms;
	log->last_fired_ms = t->fired_ms;
}

static uint64_t on_transition(void *context, const struct alert_transition *t)
{
	struct alert_log *log = context;
	assert_true(log->count < LOG_LINES);
	if (log->fail_at && log->count + 1 == log->fail_at)
		return 0;
	snprintf(log->lines[log->count++], LOG_LINE_BYTES, "%u %s %s>%s %s %s @%" PRId64 ".%03" PRIu64, t->dev, t->uid,
		alert_state_name(t->from), alert_state_name(t->to), alert_severity_name(t->severity), reasons[t->reason],
		((int64_t)(t->at_ms - LOG_T0)) / 1000, (t->at_ms - LOG_T0) % 1000);
	uint64_t number = log->count, incident = t->incident ? t->incident : number;
	assert_true((t->incident == 0) == (t->from == ALERT_OK));
	keep(log, t, incident);
	note_last(log, t, incident);
	return number;
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	struct alert_log *log = context;
	if (!log->id[0] || log->id[0] == 'd')
		snprintf(log->id, sizeof log->id, "d%u", dev);
	*id = log->id;
	*firmware = log->firmware;
}

struct alert_engine_calls alert_log_calls(struct alert_log *log)
{
	return (struct alert_engine_calls){ on_transition, identify, log };
}

void alert_log_begin(struct alert_log *log, struct alert_engine *engine)
{
	memcpy(log->kept_before, log->kept, log->kept_count * sizeof *log->kept);
	log->kept_count_before = log->kept_count;
	assert_int_equal(alert_engine_begin(engine), 0);
}

void alert_log_commit(struct alert_log *log, struct alert_engine *engine)
{
	alert_engine_commit(engine);
	log->committed = log->count;
}

void alert_log_rollback(struct alert_log *log, struct alert_engine *engine)
{
	alert_engine_rollback(engine);
	memcpy(log->kept, log->kept_before, log->kept_count_before * sizeof *log->kept);
	log->kept_count = log->kept_count_before;
	log->count = log->committed;
}

void alert_log_record(struct alert_log *log, struct alert_engine *engine, uint32_t dev, const Mu__Record *record, uint64_t recv_ms)
{
	alert_log_begin(log, engine);
	assert_int_equal(alert_engine_record(engine, dev, record, recv_ms), 0);
	alert_log_commit(log, engine);
}

void alert_log_advance(struct alert_log *log, struct alert_engine *engine, uint64_t now_ms)
{
	unsigned before = log->count;
	alert_log_begin(log, engine);
	int changes = alert_engine_advance(engine, now_ms);
	assert_int_equal(changes, log->count - before);
	alert_log_commit(log, engine);
}

struct rule_set *alert_log_compile(const char *yaml)
{
	static struct rules_problems problems;
	struct rules_source source = { "test.yml", yaml, strlen(yaml) };
	struct rule_set *rules = rules_compile(&source, 1, 0, &problems);
	if (!rules)
		fail_msg("line %u: %s", problems.list[0].line, problems.list[0].what);
	return rules;
}

struct alert_reload alert_log_load(struct alert_log *log, struct alert_engine *engine, const char *yaml, uint64_t now_ms)
{
	struct alert_reload reload;
	alert_log_begin(log, engine);
	assert_int_equal(alert_engine_load(engine, alert_log_compile(yaml), now_ms, &reload), 0);
	alert_log_commit(log, engine);
	return reload;
}

void alert_log_restore(const struct alert_log *log, struct alert_engine *engine)
{
	for (unsigned i = 0; i < log->kept_count; i++) {
		const struct alert *alert = log->kept[i].alert;
		const struct alert_transition t = {
			.dev = log->kept[i].dev,
			.uid = alert->uid,
			.name = alert->name,
			.to = alert->state,
			.severity = alert->severity,
			.at_ms = alert->at_ms,
			.started_ms = alert->started_ms,
			.fired_ms = alert->fired_ms,
			.incident = alert->incident,
			.value = alert->value,
			.threshold = alert->threshold,
			.labels = alert->labels,
			.label_count = alert->label_count,
			.annotations = alert->annotations,
			.annotation_count = alert->annotation_count,
		};
		assert_int_equal(alert_engine_restore(engine, &t), 0);
	}
}

void alert_log_check(const struct alert_log *log, unsigned from, const char *lines)
{
	char text[16384];
	size_t used = 0;
	text[0] = 0;
	for (unsigned i = from; i < log->count && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", log->lines[i]);
	assert_string_equal(text, lines);
}

static void begin(struct record *r, uint32_t boot, uint64_t uptime_ms)
{
	mu__record__init(&r->record);
	r->record.boot = boot;
	r->record.uptime_ms = uptime_ms;
}

void record_heartbeat(struct record *r, uint32_t boot, uint64_t uptime_ms, int64_t heap, int64_t refused)
{
	begin(r, boot, uptime_ms);
	mu__heartbeat__init(&r->heartbeat);
	mu__vitals__init(&r->vitals);
	mu__sockets__init(&r->sockets);
	r->vitals.has_heap_free_bytes = heap >= 0;
	r->vitals.heap_free_bytes = (uint32_t)heap;
	r->sockets.has_refused = refused >= 0;
	r->sockets.refused = (uint32_t)refused;
	r->heartbeat.vitals = &r->vitals;
	r->heartbeat.sockets = &r->sockets;
	r->record.body_case = MU__RECORD__BODY_HEARTBEAT;
	r->record.heartbeat = &r->heartbeat;
}

void record_crash(struct record *r, uint32_t boot, uint64_t uptime_ms)
{
	begin(r, boot, uptime_ms);
	mu__boot__init(&r->boot);
	r->boot.reset_class = MU__RESET_CLASS__RESET_CRASH;
	r->record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	r->record.boot_report = &r->boot;
}

void record_link_lost(struct record *r, uint32_t boot, uint64_t uptime_ms)
{
	begin(r, boot, uptime_ms);
	mu__link__init(&r->link);
	r->link.change = MU__LINK_CHANGE__LINK_LOST;
	r->record.body_case = MU__RECORD__BODY_LINK;
	r->record.link = &r->link;
}
