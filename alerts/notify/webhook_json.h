// SPDX-License-Identifier: Apache-2.0
// The body of a webhook post, in the shape of Alertmanager's (version "4"). Pure. 0: no memory.
#ifndef ALERTS_NOTIFY_WEBHOOK_JSON_H
#define ALERTS_NOTIFY_WEBHOOK_JSON_H
#include <jansson.h>
#include "alerts/notify/notice.h"

// Adds the alert of a notice to an array of them; the one with the old severity, resolved, before it. url: of the page, "": none.
// 0, or -1: no memory.
int webhook_json_add(json_t *alerts, const struct notice *notice, const char *url);

// The whole document as text, to be freed; takes the array over in any case.
char *webhook_json_text(json_t *alerts, const char *url);

#endif
