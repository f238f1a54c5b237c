// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/alert.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = { "ok", "pending", "firing", "recovering" };

enum { STATES = sizeof state_names / sizeof *state_names };

// Read a row as a picture of a state. Unknown changes nothing; what was pending and is false was never firing; what recovers and is true, or no
// longer clear, fires on.
static const enum alert_state table[STATES][ALERT_INPUTS] = {
	// TRUE, TRUE_LONG, HELD, FALSE, FALSE_LONG, UNKNOWN
	[ALERT_OK] = { ALERT_PENDING, ALERT_FIRING, ALERT_OK, ALERT_OK, ALERT_OK, ALERT_OK },
	[ALERT_PENDING] = { ALERT_PENDING, ALERT_FIRING, ALERT_OK, ALERT_OK, ALERT_OK, ALERT_PENDING },
	[ALERT_FIRING] = { ALERT_FIRING, ALERT_FIRING, ALERT_FIRING, ALERT_RECOVERING, ALERT_OK, ALERT_FIRING },
	[ALERT_RECOVERING] = { ALERT_FIRING, ALERT_FIRING, ALERT_FIRING, ALERT_RECOVERING, ALERT_OK, ALERT_RECOVERING },
};

const char *alert_state_name(enum alert_state state)
{
	return (unsigned)state < STATES ? state_names[state] : "";
}

int alert_state_find(const char *name)
{
	for (int i = 0; i < STATES; i++)
		if (strcmp(state_names[i], name) == 0)
			return i;
	return -1;
}

enum alert_state alert_next(enum alert_state state, enum alert_input input)
{
	assert((unsigned)state < STATES && (unsigned)input < ALERT_INPUTS);
	return table[state][input];
}

static size_t text_size(const struct alert_text *texts, unsigned count)
{
	size_t size = 0;
	for (unsigned i = 0; i < count; i++)
		size += strlen(texts[i].name) + strlen(texts[i].text) + 2;
	return size;
}

static const char *copy(char **to, const char *text)
{
	size_t size = strlen(text) + 1;
	char *begin = memcpy(*to, text, size);
	*to += size;
	return begin;
}

static void copy_texts(char **to, struct alert_text *copies, const struct alert_text *texts, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		copies[i].name = copy(to, texts[i].name);
		copies[i].text = copy(to, texts[i].text);
	}
}

struct alert *alert_new(const struct alert_transition *t, uint32_t rule)
{
	unsigned count = t->label_count + t->annotation_count;
	size_t size = sizeof(struct alert) + count * sizeof(struct alert_text) + strlen(t->uid) + strlen(t->name) + 2 +
		text_size(t->labels, t->label_count) + text_size(t->annotations, t->annotation_count);
	struct alert *alert = malloc(size);
	if (!alert)
		return 0;
	struct alert_text *texts = (struct alert_text *)(alert + 1);
	char *to = (char *)(texts + count);
	*alert = (struct alert){
		.rule = rule,
		.state = t->to,
		.severity = t->severity,
		.at_ms = t->at_ms,
		.started_ms = t->started_ms,
		.fired_ms = t->fired_ms,
		.incident = t->incident,
		.value = t->value,
		.threshold = t->threshold,
		.labels = texts,
		.annotations = texts + t->label_count,
		.label_count = t->label_count,
		.annotation_count = t->annotation_count,
	};
	alert->uid = copy(&to, t->uid);
	alert->name = copy(&to, t->name);
	copy_texts(&to, alert->labels, t->labels, t->label_count);
	copy_texts(&to, alert->annotations, t->annotations, t->annotation_count);
	return alert;
}

void alert_free(struct alert *alert)
{
	free(alert);
}

struct alert *alert_find(struct alert *list, uint32_t rule)
{
	while (list && list->rule < rule)
		list = list->next;
	return list && list->rule == rule ? list : 0;
}

void alert_put(struct alert **list, struct alert *alert)
{
	while (*list && (*list)->rule <= alert->rule)
		list = &(*list)->next;
	alert->next = *list;
	*list = alert;
}

void alert_take(struct alert **list, struct alert *alert)
{
	while (*list && *list != alert)
		list = &(*list)->next;
	assert(*list);
	*list = alert->next;
	alert->next = 0;
}
