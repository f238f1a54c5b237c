// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/alerting/alerting.h"
#include "collector/http/alert_json.h"
#include "collector/http/json_text.h"

static json_t *rule_json(struct alert_engine *engine, size_t rule)
{
	struct rule_info info;
	size_t pending = 0, firing = 0;
	rules_info(alert_engine_rules(engine), rule, &info);
	alert_engine_rule_counts(engine, rule, &pending, &firing);
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:o,s:o,s:o,s:o,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "uid", info.uid, "name", info.name,
		"group", info.group, "file", info.file, "line", (json_int_t)info.line, "expr", info.expression, "severity",
		severity_json(info.least), "severity_most", severity_json(info.most), "for_ms", json_u64(info.for_ms), "keep_firing_for_ms",
		json_u64(info.keep_firing_for_ms), "summary", info.summary, "symptom", info.symptom, "cause", info.cause, "remedy",
		info.remedy, "pending", (json_int_t)pending, "firing", (json_int_t)firing, "device_bytes", (json_int_t)info.device_bytes);
}

static json_t *problems_json(const struct rules_problems *problems)
{
	json_t *list = json_array();
	char text[1024];
	for (unsigned i = 0; problems && i < problems->count; i++) {
		rules_problem_text(&problems->list[i], text, sizeof text);
		json_array_append_new(list, json_text(text, sizeof text));
	}
	return list;
}

void api_rules(struct exchange *exchange)
{
	struct alerting *alerting = exchange->sources->alerting;
	struct alert_engine *engine = alerting ? alerting_engine(alerting) : 0;
	const struct rule_set *rules = engine ? alert_engine_rules(engine) : 0;
	json_t *list = json_array();
	for (size_t i = 0; rules && i < rules_count(rules); i++)
		json_array_append_new(list, rule_json(engine, i));
	uint64_t loaded_ms = alerting ? alerting_loaded_ms(alerting) : 0;
	reply_json(exchange, 200,
		json_pack("{s:o,s:o,s:o}", "rules", list, "loaded_ms", loaded_ms ? json_u64(loaded_ms) : json_null(), "problems",
			problems_json(alerting ? alerting_problems(alerting) : 0)));
}
