// SPDX-License-Identifier: Apache-2.0
// The body of POST /api/v2/alerts: an array of alerts, each from the outbox. Pure.
#ifndef ALERTS_NOTIFY_ALERT_BODY_H
#define ALERTS_NOTIFY_ALERT_BODY_H
#include "alerts/notify/notice.h"
#include "alerts/notify/outbox.h"

struct evbuffer;

// What one alert says besides its labels and times: `"annotations":{...},"generatorURL":"..."`. generator_url "": none.
// To be freed; 0: no memory.
char *alert_body_details(const struct notice *notice, const char *generator_url);

// How long an Alertmanager shall believe that an alert fires that it is not told of again: three repetitions may get lost.
uint64_t alert_body_lasting_ms(uint32_t resend_ms);

// Adds the alert as it is at now_ms (Unix time), after a comma unless it is the first.
void alert_body_add(struct evbuffer *body, const struct outbox_alert *alert, uint64_t now_ms, uint64_t lasting_ms, bool is_first);

#endif
