// SPDX-License-Identifier: Apache-2.0
#include "collector/alerting/transition_notice.h"

#include "collector/alerting/transition_text.h"

static bool fires(uint32_t state)
{
	return state == ALERT_FIRING || state == ALERT_RECOVERING;
}

static bool is_other_severity(const struct store_transition *transition)
{
	return fires(transition->from) && fires(transition->to) && transition->was_severity != ALERT_NO_SEVERITY &&
		transition->was_severity != transition->severity;
}

bool transition_notice_is(const struct store_transition *transition)
{
	return fires(transition->from) != fires(transition->to) || is_other_severity(transition);
}

bool transition_notice_fires(const struct store_transition *transition)
{
	return fires(transition->to);
}

static unsigned read_texts(const char *json, struct notice_text *texts, json_t **owned)
{
	struct alert_text pairs[TRANSITION_NOTICE_TEXTS];
	unsigned count = transition_text_read(json ? json : "{}", pairs, TRANSITION_NOTICE_TEXTS, owned);
	for (unsigned i = 0; i < count; i++)
		texts[i] = (struct notice_text){ pairs[i].name, pairs[i].text };
	return count;
}

void transition_notice_make(struct transition_notice *made, const struct store_transition *transition)
{
	struct notice *notice = &made->notice;
	bool is_firing = fires(transition->to);
	*notice = (struct notice){
		.n = transition->n,
		.incident = transition->incident,
		.is_firing = is_firing,
		.at_ms = transition->at_ms,
		.started_ms = transition->started_ms,
		.fired_ms = transition->fired_ms,
		.resolved_ms = is_firing ? 0 : transition->at_ms,
		.labels = made->labels,
		.annotations = made->annotations,
	};
	notice->label_count = read_texts(transition->labels, made->labels, &made->owned[0]);
	notice->annotation_count = read_texts(transition->annotations, made->annotations, &made->owned[1]);
	if (is_other_severity(transition))
		notice->was_severity = alert_severity_name((enum alert_severity)transition->was_severity);
}

void transition_notice_free(struct transition_notice *made)
{
	json_decref(made->owned[0]);
	json_decref(made->owned[1]);
}
