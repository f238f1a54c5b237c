// SPDX-License-Identifier: Apache-2.0
// Labels and annotations on their way into the store and back: a JSON object of strings, in their order.
// Pure. Thread: any.
#ifndef COLLECTOR_ALERTING_TRANSITION_TEXT_H
#define COLLECTOR_ALERTING_TRANSITION_TEXT_H
#include <jansson.h>
#include "alerts/alerts.h"

// A new text for free(), or 0: no memory.
char *transition_text_write(const struct alert_text *texts, unsigned count);

// The pairs of an object; at most `most`. *object must be released when the pairs are no longer used. Returns how many; 0 also for a text
// that is no such object.
unsigned transition_text_read(const char *json, struct alert_text *texts, unsigned most, json_t **object);

#endif
