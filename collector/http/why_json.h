// SPDX-License-Identifier: Apache-2.0
// Why a device is as it is: a verdict first, then each finding with evidence (times and numbers), likely cause and remedy. Findings are the alerts
// that fire and the conditions that hold, the gravest first; without any, what is good is said.
// rules: those in force, for what the alerts read; null: none.
// Thread: the loop's only. A new object; null: no memory, or the store cannot be read (*err is then STORE_E*).
#ifndef COLLECTOR_HTTP_WHY_JSON_H
#define COLLECTOR_HTTP_WHY_JSON_H
#include <jansson.h>
#include "alerts/alerts.h"
#include "collector/fleet/condition.h"
#include "collector/store/store.h"

json_t *why_json(const struct device *device, const struct condition_view *view, struct store *store, const struct rule_set *rules,
	int *err);

#endif
