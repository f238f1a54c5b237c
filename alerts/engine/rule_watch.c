// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/rule_watch.h"

#include <stdlib.h>
#include <string.h>

enum { TEXTS_MAX = RULES_LABELS_MAX + 4 }; // alertname, severity, device and firmware are added

struct watched_text {
	char *name, *text;
};

struct watched_alert {
	struct watched_alert *next;
	uint32_t dev;
	char *uid, *name;
	enum alert_state state;
	struct watched_text labels[TEXTS_MAX], annotations[TEXTS_MAX];
	unsigned label_count, annotation_count;
	const struct rule_yaml_node *taken; // by the expected one, while they are compared
};

static void free_texts(struct watched_text *texts, unsigned *count)
{
	for (unsigned i = 0; i < *count; i++) {
		free(texts[i].name);
		free(texts[i].text);
	}
	*count = 0;
}

static int copy_texts(struct watched_text *out, unsigned *count, const struct alert_text *texts, unsigned wanted)
{
	free_texts(out, count);
	for (unsigned i = 0; i < wanted && i < TEXTS_MAX; i++) {
		out[i] = (struct watched_text){ strdup(texts[i].name), strdup(texts[i].text) };
		*count = i + 1;
		if (!out[i].name || !out[i].text)
			return -1;
	}
	return 0;
}

static void free_alert(struct watched_alert *alert)
{
	free_texts(alert->labels, &alert->label_count);
	free_texts(alert->annotations, &alert->annotation_count);
	free(alert->uid);
	free(alert->name);
	free(alert);
}

void rule_watch_clear(struct rule_watch *watch)
{
	while (watch->alerts) {
		struct watched_alert *alert = watch->alerts;
		watch->alerts = alert->next;
		free_alert(alert);
	}
}

static struct watched_alert **find(struct rule_watch *watch, const struct alert_transition *transition)
{
	struct watched_alert **at = &watch->alerts;
	while (*at && ((*at)->dev != transition->dev || strcmp((*at)->uid, transition->uid) != 0))
		at = &(*at)->next;
	return at;
}

static struct watched_alert *new_alert(const struct alert_transition *transition)
{
	struct watched_alert *alert = calloc(1, sizeof *alert);
	if (!alert)
		return 0;
	alert->dev = transition->dev;
	alert->uid = strdup(transition->uid);
	alert->name = strdup(transition->name);
	if (alert->uid && alert->name)
		return alert;
	free_alert(alert);
	return 0;
}

uint64_t rule_watch_transition(void *context, const struct alert_transition *transition)
{
	struct rule_watch *watch = context;
	struct watched_alert **place = find(watch, transition), *alert = *place;
	if (alert && transition->to == ALERT_OK) {
		*place = alert->next;
		free_alert(alert);
	} else if (transition->to != ALERT_OK) {
		if (!alert && !(alert = *place = new_alert(transition)))
			return 0;
		alert->state = transition->to;
		if (copy_texts(alert->labels, &alert->label_count, transition->labels, transition->label_count) < 0 ||
			copy_texts(alert->annotations, &alert->annotation_count, transition->annotations, transition->annotation_count) < 0)
			return 0;
	}
	return ++watch->transitions;
}

static bool fires(const struct watched_alert *alert, const char *name)
{
	return (alert->state == ALERT_FIRING || alert->state == ALERT_RECOVERING) && strcmp(alert->name, name) == 0;
}

bool rule_watch_fires(const struct rule_watch *watch, const char *name, uint32_t dev)
{
	for (const struct watched_alert *alert = watch->alerts; alert; alert = alert->next)
		if (alert->dev == dev && fires(alert, name))
			return true;
	return false;
}

// --- comparison with what is expected ---

static bool has_texts(const struct watched_text *texts, unsigned count, const struct rule_yaml_node *wanted)
{
	for (const struct rule_yaml_node *at = wanted ? wanted->child : 0; at; at = at->next) {
		unsigned i = 0;
		while (i < count && strcmp(texts[i].name, at->key->scalar.text) != 0)
			i++;
		if (i == count || at->kind != RULE_YAML_TEXT || strcmp(texts[i].text, at->scalar.text) != 0)
			return false;
	}
	return true;
}

static bool fits(const struct watched_alert *alert, const struct rule_yaml_node *expected)
{
	return has_texts(alert->labels, alert->label_count, rule_yaml_find(expected, "exp_labels")) &&
		has_texts(alert->annotations, alert->annotation_count, rule_yaml_find(expected, "exp_annotations"));
}

// Finds an alert for the expected one; one that another has taken if that finds another. Each alert is asked for once a search.
static bool match(const struct rule_watch *watch, const char *name, const struct rule_yaml_node *expected, unsigned depth)
{
	for (struct watched_alert *alert = watch->alerts; alert; alert = alert->next) {
		if (!fires(alert, name) || !fits(alert, expected))
			continue;
		const struct rule_yaml_node *other = alert->taken;
		if (other && (other == expected || !depth))
			continue;
		alert->taken = expected;
		if (!other || match(watch, name, other, depth - 1))
			return true;
		alert->taken = other;
	}
	return false;
}

static void write_wanted(FILE *out, const struct rule_yaml_node *expected)
{
	static const char *const keys[] = { "exp_labels", "exp_annotations" };
	fputs("    expected:", out);
	for (unsigned i = 0; i < 2; i++) {
		const struct rule_yaml_node *texts = rule_yaml_find(expected, keys[i]);
		for (const struct rule_yaml_node *at = texts ? texts->child : 0; at; at = at->next)
			fprintf(out, " %s=\"%s\"", at->key->scalar.text, at->kind == RULE_YAML_TEXT ? at->scalar.text : "");
	}
	fputc('\n', out);
}

static void write_texts(FILE *out, const struct watched_text *texts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(out, " %s=\"%s\"", texts[i].name, texts[i].text);
}

static void write_difference(const struct rule_watch *watch, const char *name, const struct rule_yaml_node *expected, FILE *out)
{
	for (const struct rule_yaml_node *at = expected ? expected->child : 0; at; at = at->next)
		write_wanted(out, at);
	for (const struct watched_alert *alert = watch->alerts; alert; alert = alert->next) {
		if (!fires(alert, name))
			continue;
		fputs("    firing:  ", out);
		write_texts(out, alert->labels, alert->label_count);
		write_texts(out, alert->annotations, alert->annotation_count);
		fputc('\n', out);
	}
}

bool rule_watch_agrees(const struct rule_watch *watch, const char *name, const struct rule_yaml_node *expected, FILE *out)
{
	size_t firing = 0, wanted = 0;
	bool agrees = true;
	for (struct watched_alert *alert = watch->alerts; alert; alert = alert->next) {
		alert->taken = 0;
		firing += fires(alert, name);
	}
	for (const struct rule_yaml_node *at = expected ? expected->child : 0; at; at = at->next, wanted++)
		agrees = agrees && match(watch, name, at, 8);
	if (agrees && firing == wanted)
		return true;
	write_difference(watch, name, expected, out);
	return false;
}
