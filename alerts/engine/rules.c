// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rules.h"

#include <stdlib.h>
#include <string.h>
#include "alerts/engine/rule_file.h"

static const char *const severities[] = { "none", "info", "warning", "critical" };

enum { SEVERITIES = sizeof severities / sizeof *severities };

const char *alert_severity_name(enum alert_severity severity)
{
	return (unsigned)severity < SEVERITIES ? severities[severity] : "none";
}

int alert_severity_find(const char *name)
{
	for (int i = ALERT_INFO; i < SEVERITIES; i++)
		if (strcmp(severities[i], name) == 0)
			return i;
	return -1;
}

void rules_free(struct rule_set *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		rule_build_free(&rules->rules[i]);
	for (size_t i = 0; i < rules->param_count; i++) {
		free(rules->params[i].name);
		free(rules->params[i].text);
	}
	free(rules->params);
	free(rules->rules);
	free(rules->slots);
	free(rules);
}

// Everything that lives while a set is compiled.
struct job {
	struct rules_problems *problems;
	struct rule_file *files;
	size_t count;
	struct rule_file overrides;
	struct rule_params params;
	struct slot_table slots;
	struct rule_set *set;
};

static void no_memory(struct rules_problems *problems)
{
	struct source_map map = { .name = "rules", .text = "", .line_starts = &(size_t){ 0 }, .line_count = 1 };
	problem_no_memory(&(struct problem_where){ .problems = problems, .map = &map });
}

static int begin(struct job *job, size_t count)
{
	job->files = calloc(count + 1, sizeof *job->files);
	job->set = calloc(1, sizeof *job->set);
	if (!job->files || !job->set || rule_params_init(&job->params) < 0)
		return -1;
	job->set->rules = calloc(RULES_MAX, sizeof *job->set->rules);
	return job->set->rules ? 0 : -1;
}

static int read_files(struct job *job, const struct rules_source *files, size_t count)
{
	for (; job->count < count; job->count++)
		if (rule_file_open(&job->files[job->count], &files[job->count], job->problems) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		rule_file_read_params(&job->files[i], &job->params);
	return 0;
}

static int read_overrides(struct job *job, const struct rules_source *overrides)
{
	if (!overrides || !overrides->text)
		return 0;
	if (rule_file_open(&job->overrides, overrides, job->problems) < 0)
		return -1;
	if (job->overrides.root)
		rule_params_override(&job->params, &job->overrides.where, job->overrides.root);
	return 0;
}

static int keep_params(struct job *job)
{
	struct rule_set *set = job->set;
	set->params = calloc(job->params.count + 1, sizeof *set->params);
	if (!set->params)
		return -1;
	for (unsigned i = 0; i < job->params.count; i++, set->param_count++) {
		set->params[i].name = strdup(job->params.list[i].name);
		set->params[i].text = strdup(job->params.list[i].text);
		if (!set->params[i].name || !set->params[i].text) {
			set->param_count++;
			return -1;
		}
	}
	return 0;
}

static int compile(struct job *job, const struct rules_source *files, size_t count, const struct rules_source *overrides)
{
	if (begin(job, count) < 0 || read_files(job, files, count) < 0 || read_overrides(job, overrides) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		rule_file_read_rules(&job->files[i], &job->params, &job->slots, job->set);
	job->set->slots = job->slots.slots;
	job->set->slot_count = job->slots.count;
	job->set->slot_bytes = job->slots.bytes;
	job->slots = (struct slot_table){ 0 };
	return keep_params(job);
}

static void end(struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		rule_file_close(&job->files[i]);
	rule_file_close(&job->overrides);
	free(job->files);
	rule_params_free(&job->params);
	slot_table_free(&job->slots);
}

struct rule_set *rules_compile(const struct rules_source *files, size_t count, const struct rules_source *overrides,
	struct rules_problems *problems)
{
	struct job job = { .problems = problems };
	memset(problems, 0, sizeof *problems);
	if (compile(&job, files, count, overrides) < 0)
		no_memory(problems);
	end(&job);
	if (!problems->errors)
		return job.set;
	rules_free(job.set);
	return 0;
}

size_t rules_count(const struct rule_set *rules)
{
	return rules->count;
}

size_t rules_device_bytes(const struct rule_set *rules)
{
	return rules->slot_bytes;
}

static const char *annotation(const struct rule *rule, const char *name)
{
	for (unsigned i = 0; i < rule->annotation_count; i++)
		if (strcmp(rule->annotations[i].name, name) == 0)
			return rule->annotations[i].text;
	return "";
}

void rules_info(const struct rule_set *rules, size_t rule, struct rule_info *info)
{
	const struct rule *from = &rules->rules[rule];
	*info = (struct rule_info){
		.uid = from->uid,
		.name = from->name,
		.group = from->group,
		.file = from->file,
		.line = from->line,
		.expression = from->expression,
		.least = from->levels[0].severity,
		.most = from->levels[from->level_count - 1].severity,
		.for_ms = from->for_ms,
		.keep_firing_for_ms = from->keep_firing_for_ms,
		.summary = annotation(from, "summary"),
		.symptom = annotation(from, "symptom"),
		.cause = annotation(from, "cause"),
		.remedy = annotation(from, "remedy"),
		.device_bytes = from->device_bytes,
	};
}

long rules_find(const struct rule_set *rules, const char *uid)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->rules[i].uid, uid) == 0)
			return (long)i;
	return -1;
}

static bool reads_slot(const struct rule_op *op)
{
	return op->code >= OP_VALUE && op->code <= OP_EVENTS;
}

static void add_metric(struct rule_inputs *inputs, int metric)
{
	for (unsigned i = 0; i < inputs->metric_count; i++)
		if (inputs->metrics[i] == metric)
			return;
	if (metric >= 0 && inputs->metric_count < RULES_INPUTS_MAX)
		inputs->metrics[inputs->metric_count++] = metric;
}

void rules_inputs(const struct rule_set *rules, size_t rule, struct rule_inputs *inputs)
{
	const struct rule *from = &rules->rules[rule];
	*inputs = (struct rule_inputs){ .events = from->events };
	for (unsigned level = 0; level < from->level_count; level++) {
		const struct rule_program *program = &from->levels[level].program;
		for (unsigned i = 0; i < program->count; i++)
			if (reads_slot(&program->ops[i]))
				add_metric(inputs, rules->slots[program->ops[i].slot].metric);
	}
}
