// SPDX-License-Identifier: Apache-2.0
#include "collector/alerting/alerting.h"

#include <stdlib.h>
#include <string.h>
#include "collector/alerting/rule_files.h"
#include "collector/alerting/transition_text.h"
#include "collector/log.h"

enum { TEXTS_MAX = RULES_LABELS_MAX + 8, FRESH_MAX = 1024 };

// A Boot of the transaction that is open: the fleet learns of it only after the commit, labels need its firmware now.
struct fresh_boot {
	uint32_t dev;
	const char *firmware; // in the record
};

struct alerting {
	struct alerting_parts parts;
	struct alert_engine *engine;
	struct rules_problems problems;
	uint64_t loaded_ms;
	uint64_t now_ms;   // of what is being evaluated
	int store_err;     // of the transition that could not be stored
	uint64_t stored_n; // newest transition of the transaction that is open, 0: none
	uint64_t new_n;    // newest that is durable and not announced, 0: none
	struct fresh_boot fresh[FRESH_MAX];
	unsigned fresh_count;
};

// ---- what the engine asks

static uint64_t store_one(void *context, const struct alert_transition *transition)
{
	struct alerting *alerting = context;
	char *labels = transition_text_write(transition->labels, transition->label_count);
	char *annotations = transition_text_write(transition->annotations, transition->annotation_count);
	struct store_transition row = {
		.incident = transition->incident,
		.dev = transition->dev,
		.uid = transition->uid,
		.name = transition->name,
		.from = transition->from,
		.to = transition->to,
		.severity = transition->severity,
		.was_severity = transition->was_severity,
		.reason = transition->reason,
		.at_ms = transition->at_ms,
		.stored_ms = alerting->now_ms,
		.started_ms = transition->started_ms,
		.fired_ms = transition->fired_ms,
		.value = transition->value,
		.threshold = transition->threshold,
		.labels = labels ? labels : "{}",
		.annotations = annotations ? annotations : "{}",
	};
	uint64_t n = 0;
	alerting->store_err = labels && annotations ? store_transition_add(alerting->parts.store, &row, &n) : -STORE_EIO;
	free(labels);
	free(annotations);
	if (alerting->store_err)
		return 0;
	alerting->stored_n = n;
	return n;
}

static void identify(void *context, uint32_t dev, const char **id, const char **firmware)
{
	struct alerting *alerting = context;
	const struct device *device = fleet_at(alerting->parts.fleet, dev);
	*id = device ? device->id : "";
	*firmware = device ? device->firmware : "";
	for (unsigned i = 0; i < alerting->fresh_count; i++)
		if (alerting->fresh[i].dev == dev)
			*firmware = alerting->fresh[i].firmware;
}

struct alerting *alerting_new(const struct alerting_parts *parts)
{
	struct alerting *alerting = calloc(1, sizeof *alerting);
	if (!alerting)
		return 0;
	alerting->parts = *parts;
	struct alert_engine_calls calls = { .transition = store_one, .identify = identify, .context = alerting };
	alerting->engine = alert_engine_new(&calls);
	if (alerting->engine)
		return alerting;
	free(alerting);
	return 0;
}

void alerting_free(struct alerting *alerting)
{
	if (!alerting)
		return;
	alert_engine_free(alerting->engine);
	free(alerting);
}

struct alert_engine *alerting_engine(struct alerting *alerting)
{
	return alerting->engine;
}

const struct rules_problems *alerting_problems(const struct alerting *alerting)
{
	return &alerting->problems;
}

uint64_t alerting_loaded_ms(const struct alerting *alerting)
{
	return alerting->loaded_ms;
}

// ---- the commit cycle

// What an error of the engine is for the owner of the transaction.
static int store_error(const struct alerting *alerting, int err)
{
	return err == ALERT_ENGINE_ECALLER && alerting->store_err ? alerting->store_err : -STORE_EIO;
}

int alerting_begin(struct alerting *alerting)
{
	alerting->stored_n = 0;
	alerting->store_err = 0;
	alerting->fresh_count = 0;
	return alert_engine_begin(alerting->engine) < 0 ? -STORE_EIO : 0;
}

int alerting_record(struct alerting *alerting, const struct device *device, const Mu__Record *record, uint64_t recv_ms)
{
	alerting->now_ms = recv_ms;
	if (record->body_case == MU__RECORD__BODY_BOOT_REPORT && record->boot_report->firmware && alerting->fresh_count < FRESH_MAX)
		alerting->fresh[alerting->fresh_count++] = (struct fresh_boot){ device->dev, record->boot_report->firmware };
	int err = alert_engine_record(alerting->engine, device->dev, record, recv_ms);
	return err < 0 ? store_error(alerting, err) : 0;
}

void alerting_committed(struct alerting *alerting)
{
	alert_engine_commit(alerting->engine);
	alerting->fresh_count = 0; // their records go with the transaction
	if (alerting->stored_n)
		alerting->new_n = alerting->stored_n;
}

void alerting_abandon(struct alerting *alerting)
{
	alert_engine_rollback(alerting->engine);
	alerting->fresh_count = 0;
}

void alerting_announce(struct alerting *alerting)
{
	uint64_t n = alerting->new_n;
	alerting->new_n = 0;
	if (n && alerting->parts.changed)
		alerting->parts.changed(alerting->parts.context, n);
}

// A transaction of the store and the engine around one step.
static int within_transaction(struct alerting *alerting, int (*step)(struct alerting *alerting, void *argument), void *argument)
{
	int err = store_begin(alerting->parts.store);
	if (err)
		return err;
	err = alerting_begin(alerting);
	if (!err)
		err = step(alerting, argument);
	if (!err)
		err = store_commit(alerting->parts.store);
	else
		store_rollback(alerting->parts.store);
	if (err) {
		alerting_abandon(alerting);
		return err;
	}
	alerting_committed(alerting);
	alerting_announce(alerting);
	return 0;
}

static int advance(struct alerting *alerting, void *nothing)
{
	(void)nothing;
	int changes = alert_engine_advance(alerting->engine, alerting->now_ms);
	return changes < 0 ? store_error(alerting, changes) : 0;
}

int alerting_tick(struct alerting *alerting, uint64_t now_ms)
{
	if (alert_engine_next_deadline(alerting->engine) > now_ms)
		return 0;
	alerting->now_ms = now_ms;
	return within_transaction(alerting, advance, 0);
}

// ---- rules

struct loading {
	struct rule_set *rules;
	struct alert_reload reload;
};

static int put_in_force(struct alerting *alerting, void *argument)
{
	struct loading *loading = argument;
	int err = alert_engine_load(alerting->engine, loading->rules, alerting->now_ms, &loading->reload);
	return err < 0 ? store_error(alerting, err) : 0;
}

int alerting_load(struct alerting *alerting, const struct config *config, uint64_t now_ms)
{
	struct loading loading = { .rules =
					   rule_files_compile_list(config->alerts.rules, config->alerts.params_file, &alerting->problems) };
	if (!loading.rules)
		return -1;
	alerting->now_ms = now_ms;
	int err = within_transaction(alerting, put_in_force, &loading);
	if (err) {
		rule_files_complain(&alerting->problems, "alerts.rules", store_fault(alerting->parts.store)->what,
			store_fault(alerting->parts.store)->remedy);
		rules_free(loading.rules);
		return -1;
	}
	alerting->loaded_ms = now_ms;
	alerting->parts.counters->alert_rules = (int64_t)rules_count(loading.rules);
	if (loading.reload.changed || loading.reload.added || loading.reload.removed)
		log_info("alerts", "rules in force", "rules=%zu kept=%u changed=%u added=%u removed=%u warnings=%u bytes_per_device=%zu",
			rules_count(loading.rules), loading.reload.kept, loading.reload.changed, loading.reload.added,
			loading.reload.removed, alerting->problems.warnings, rules_device_bytes(loading.rules));
	return 0;
}

void alerting_count(struct alerting *alerting)
{
	struct counters *counters = alerting->parts.counters;
	struct alert_counts counts;
	alert_engine_counts(alerting->engine, &counts);
	counters->alert_evaluations = counts.evaluations;
	counters->alert_unknown_results = counts.unknown_results;
	counters->alert_transitions = counts.transitions;
	counters->alerts_pending = (int64_t)counts.alerts[ALERT_PENDING];
	counters->alerts_firing = (int64_t)(counts.alerts[ALERT_FIRING] + counts.alerts[ALERT_RECOVERING]);
}

// ---- start

static int restore_windows(void *context, uint32_t dev, struct store_blob windows)
{
	struct alerting *alerting = context;
	const struct device *device = fleet_at(alerting->parts.fleet, dev);
	if (!device || !device->ledger.last_n) // its snapshot cannot be read: all its records are folded again
		return 0;
	if (windows.size && alert_engine_unpack(alerting->engine, dev, windows.bytes, windows.size) < 0)
		log_warn("alerts", "windows of a device cannot be read; they begin empty", "device=%s", device->id);
	return 0;
}

static int restore_alert(void *context, const struct store_transition *row)
{
	struct alerting *alerting = context;
	struct alert_text labels[TEXTS_MAX], annotations[TEXTS_MAX];
	json_t *label_object, *annotation_object;
	struct alert_transition transition = {
		.dev = row->dev,
		.uid = row->uid,
		.name = row->name,
		.from = (enum alert_state)row->from,
		.to = (enum alert_state)row->to,
		.severity = (enum alert_severity)row->severity,
		.was_severity = (enum alert_severity)row->was_severity,
		.reason = (enum alert_reason)row->reason,
		.at_ms = row->at_ms,
		.started_ms = row->started_ms,
		.fired_ms = row->fired_ms,
		.incident = row->incident,
		.value = row->value,
		.threshold = row->threshold,
		.labels = labels,
		.label_count = transition_text_read(row->labels, labels, TEXTS_MAX, &label_object),
		.annotations = annotations,
		.annotation_count = transition_text_read(row->annotations, annotations, TEXTS_MAX, &annotation_object),
	};
	int err = alert_engine_restore(alerting->engine, &transition);
	json_decref(label_object);
	json_decref(annotation_object);
	return err < 0 ? -STORE_EIO : 0;
}

int alerting_restore(struct alerting *alerting)
{
	int err = store_windows_load(alerting->parts.store, restore_windows, alerting);
	if (err < 0)
		return err;
	err = store_alert_each(alerting->parts.store, restore_alert, alerting);
	return err < 0 ? err : 0;
}
