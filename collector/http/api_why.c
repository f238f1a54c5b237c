// SPDX-License-Identifier: Apache-2.0
#include "collector/alerting/alerting.h"
#include "collector/http/api.h"
#include "collector/http/why_json.h"

void api_why(struct exchange *exchange)
{
	const struct device *device = exchange_device(exchange);
	int err = 0;
	if (!device)
		return;
	struct alerting *alerting = exchange->sources->alerting;
	const struct rule_set *rules = alerting ? alert_engine_rules(alerting_engine(alerting)) : 0;
	json_t *why = why_json(device, &exchange->view, exchange->sources->store, rules, &err);
	if (err < 0)
		reply_store_error(exchange);
	else
		reply_json(exchange, 200, why);
}
