// SPDX-License-Identifier: Apache-2.0
// Alerts and their transitions as JSON, and what a request asks of them. New objects; null if there is no memory.
#ifndef COLLECTOR_HTTP_ALERT_JSON_H
#define COLLECTOR_HTTP_ALERT_JSON_H
#include <jansson.h>
#include <stdbool.h>
#include "collector/http/matcher.h"
#include "collector/store/store_alerts.h"

// A row of /api/v1/alerts/log, and of /api/v1/alerts. device: its id.
json_t *transition_json(const struct store_transition *transition, const char *device);
json_t *alert_json(const struct store_transition *transition, const char *device);

// Whether an alert begins or ends to fire with it or changes its severity, so that a person wants to know.
bool transition_is_news(const struct store_transition *transition);

// Whether the labels fit. Labels that cannot be read have no member.
bool transition_fits(const struct store_transition *transition, const struct matchers *matchers);

// Labels or annotations as an object, empty if they cannot be read.
json_t *transition_texts(const char *json);

// Names as the API writes them; ALERT_NO_SEVERITY is null.
json_t *severity_json(uint32_t severity);
const char *reason_name(uint32_t reason);

// NaN and what is infinite is null, a whole number has no fraction.
json_t *real_json(double value);

#endif
