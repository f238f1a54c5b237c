// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/alert_body.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include "alerts/notify/notice_json.h"
#include "alerts/notify/time_text.h"

enum { LASTING_RESENDS = 4, RESEND_LEAST_MS = 15000 };

char *alert_body_details(const struct notice *notice, const char *generator_url)
{
	json_t *details = json_pack("{s:o}", "annotations", notice_json_annotations(notice));
	if (details && *generator_url)
		json_object_set_new(details, "generatorURL", json_string(generator_url));
	// Without the braces: it becomes part of a larger object.
	char *text = details ? json_dumps(details, JSON_COMPACT | JSON_EMBED) : 0;
	json_decref(details);
	return text;
}

uint64_t alert_body_lasting_ms(uint32_t resend_ms)
{
	return (uint64_t)LASTING_RESENDS * (resend_ms > RESEND_LEAST_MS ? resend_ms : RESEND_LEAST_MS);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void alert_body_add(struct evbuffer *body, const struct outbox_alert *alert, uint64_t now_ms, uint64_t lasting_ms, bool is_first)
{
	// A clock that was put back must not make the alert end before it starts: that would be refused.
	uint64_t starts_ms = least(alert->fired_ms, now_ms);
	uint64_t ends_ms = alert->is_firing ? now_ms + lasting_ms : least(alert->resolved_ms, now_ms);
	if (ends_ms < starts_ms)
		ends_ms = starts_ms;
	evbuffer_add_printf(body, "%s{\"labels\":%s,\"startsAt\":\"%s\",\"endsAt\":\"%s\",%s}", is_first ? "" : ",", alert->labels,
		time_text(starts_ms).text, time_text(ends_ms).text, alert->details);
}
