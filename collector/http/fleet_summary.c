// SPDX-License-Identifier: Apache-2.0
#include "collector/http/fleet_summary.h"
#include "collector/alerting/alerting.h"
#include "collector/counters.h"
#include "collector/http/alert_json.h"
#include "collector/http/api.h"
#include "collector/http/json_text.h"
#include <stdlib.h>
#include <string.h>

enum { VERSIONS_MAX = 512, SLOTS = 2048 }; // versions told apart; slots of their table, a power of two

struct fleet_summary {
	json_t *json;
	uint64_t at_ms;
};

// Devices by firmware. The table points at the devices' own texts.
struct versions {
	size_t count;
	uint64_t other; // devices with a version beyond VERSIONS_MAX
	struct version {
		const char *text;
		uint64_t devices;
	} list[VERSIONS_MAX];
	uint16_t slots[SLOTS]; // index into list + 1, 0: free
};

struct counting {
	const struct exchange *exchange;
	struct alert_engine *engine; // null: no alerts
	uint64_t online, states[CONDITION_COUNT], severities[ALERT_CRITICAL + 1];
	struct versions versions;
};

static void count_version(struct versions *versions, const char *text)
{
	uint32_t hash = 2166136261u;
	for (const char *at = text; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	uint32_t slot = hash % SLOTS;
	while (versions->slots[slot] && strcmp(versions->list[versions->slots[slot] - 1].text, text) != 0)
		slot = (slot + 1) % SLOTS;
	if (!versions->slots[slot]) {
		if (versions->count == VERSIONS_MAX) {
			versions->other++;
			return;
		}
		versions->list[versions->count] = (struct version){ text, 0 };
		versions->slots[slot] = (uint16_t)++versions->count;
	}
	versions->list[versions->slots[slot] - 1].devices++;
}

static void count_device(struct counting *counting, const struct device *device)
{
	unsigned firing;
	counting->online += device->presence == PRESENCE_ONLINE;
	counting->states[condition_state_of(device, &counting->exchange->view)]++;
	counting->severities[counting->engine ? alert_engine_worst(counting->engine, device->dev, &firing) : ALERT_NO_SEVERITY]++;
	count_version(&counting->versions, device->firmware);
}

static int by_devices(const void *a, const void *b)
{
	const struct version *x = a, *y = b;
	if (x->devices != y->devices)
		return x->devices < y->devices ? 1 : -1;
	return strcmp(x->text, y->text);
}

static json_t *firmware_json(struct versions *versions)
{
	json_t *object = json_object();
	uint64_t other = versions->other;
	qsort(versions->list, versions->count, sizeof *versions->list, by_devices);
	for (size_t i = 0; i < versions->count; i++) {
		const struct version *version = &versions->list[i];
		if (i >= FLEET_SUMMARY_FIRMWARE_MAX) {
			other += version->devices;
			continue;
		}
		json_t *name = json_text(version->text, MU_FIRMWARE_TEXT_MAX + 1);
		json_object_set_new(object, json_string_value(name), json_u64(version->devices));
		json_decref(name);
	}
	if (other)
		json_object_set_new(object, "other", json_u64(other));
	return object;
}

static json_t *states_json(const struct counting *counting)
{
	json_t *object = json_object();
	for (int i = 0; i < CONDITION_COUNT; i++)
		if (counting->states[i])
			json_object_set_new(object, condition_name(i), json_u64(counting->states[i]));
	return object;
}

static json_t *severities_json(const struct counting *counting)
{
	const uint64_t *count = counting->severities;
	return json_pack("{s:o,s:o,s:o,s:o}", "critical", json_u64(count[ALERT_CRITICAL]), "warning", json_u64(count[ALERT_WARNING]),
		"info", json_u64(count[ALERT_INFO]), "none", json_u64(count[ALERT_NO_SEVERITY]));
}

static json_t *alerts_json(struct alert_engine *engine)
{
	const struct rule_set *rules = engine ? alert_engine_rules(engine) : 0;
	json_t *list = json_array();
	for (size_t i = 0; rules && i < rules_count(rules); i++) {
		struct rule_info info;
		size_t pending = 0, firing = 0;
		alert_engine_rule_counts(engine, i, &pending, &firing);
		if (!pending && !firing)
			continue;
		rules_info(rules, i, &info);
		json_array_append_new(list,
			json_pack("{s:s,s:o,s:I,s:I}", "name", info.name, "severity", severity_json(info.most), "firing",
				(json_int_t)firing, "pending", (json_int_t)pending));
	}
	return list;
}

static json_t *kafka_json(const struct exchange *exchange)
{
	const struct counters *counters = exchange->sources->counters;
	bool configured = exchange->settings->has_kafka;
	return json_pack("{s:b,s:b,s:I}", "configured", configured, "up", configured && counters->kafka_up, "backlog",
		(json_int_t)(configured ? counters->kafka_backlog : 0));
}

static json_t *count_all(const struct exchange *exchange)
{
	const struct http_sources *sources = exchange->sources;
	struct counting *counting = calloc(1, sizeof *counting);
	if (!counting)
		return 0;
	counting->exchange = exchange;
	counting->engine = sources->alerting ? alerting_engine(sources->alerting) : 0;
	for (size_t i = 0; i < fleet_count(sources->fleet); i++)
		count_device(counting, fleet_at(sources->fleet, i));
	json_t *json = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:o}", "at_ms", json_u64(exchange->now_ms), "devices",
		json_u64(fleet_count(sources->fleet)), "online", json_u64(counting->online), "states", states_json(counting), "severities",
		severities_json(counting), "firmware", firmware_json(&counting->versions), "alerts", alerts_json(counting->engine),
		"broker_up", fleet_broker_is_up(sources->fleet), "store_ok", !sources->counters->store_stopped, "kafka",
		kafka_json(exchange));
	free(counting);
	return json;
}

json_t *fleet_summary_json(struct fleet_summary *summary, const struct exchange *exchange)
{
	bool is_old = exchange->now_ms < summary->at_ms || exchange->now_ms - summary->at_ms >= FLEET_SUMMARY_MS;
	if (summary->json && !is_old)
		return json_incref(summary->json);
	json_decref(summary->json);
	summary->json = count_all(exchange);
	summary->at_ms = exchange->now_ms;
	return json_incref(summary->json);
}

void api_fleet(struct exchange *exchange)
{
	reply_json(exchange, 200, fleet_summary_json(exchange->summary, exchange));
}

struct fleet_summary *fleet_summary_new(void)
{
	return calloc(1, sizeof(struct fleet_summary));
}

void fleet_summary_free(struct fleet_summary *summary)
{
	if (!summary)
		return;
	json_decref(summary->json);
	free(summary);
}
