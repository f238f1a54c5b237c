// SPDX-License-Identifier: Apache-2.0
#include "collector/http/device_json.h"
#include "collector/fleet/metric_text.h"
#include "collector/http/json_text.h"
#include "collector/http/record_json.h"
#include "collector/http/record_text.h"
#include <stdio.h>
#include <string.h>

static json_t *time_json(uint64_t ms)
{
	return ms ? json_u64(ms) : json_null();
}

static json_t *sha_json(const uint8_t *sha, bool has)
{
	return has ? json_hex(sha, MU_IMAGE_SHA_BYTES) : json_null();
}

static json_t *metric_or_null(const struct device *device, enum mu_metric metric)
{
	return device->metric_at_s[metric] ? json_i64(device->metric[metric]) : json_null();
}

static json_t *condition_json(const struct device *device, const struct condition_view *view)
{
	struct condition condition;
	condition_of(device, view, &condition);
	json_t *reasons = json_array();
	for (unsigned i = 0; i < condition.count; i++) {
		const struct condition_reason *reason = &condition.reasons[i];
		json_array_append_new(reasons,
			json_pack("{s:s,s:s,s:o}", "code", condition_name(reason->state), "severity",
				condition_severity_name(condition_severity(reason->state)), "text",
				json_text(reason->text, sizeof reason->text)));
	}
	return json_pack("{s:s,s:s,s:o}", "state", condition_name(condition.state), "severity",
		condition_severity_name(condition_severity(condition.state)), "reasons", reasons);
}

static json_t *online_json(const struct device *device)
{
	return device->presence == PRESENCE_UNKNOWN ? json_null() : json_boolean(device->presence == PRESENCE_ONLINE);
}

json_t *device_row_json(const struct device *device, const struct condition_view *view)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "id", device->id, "online", online_json(device),
		"condition", condition_json(device, view), "firmware", json_string_or_null(device->firmware), "boot",
		json_u64(device->boot), "last_seen_ms", time_json(device->last_seen_ms), "last_heartbeat_ms",
		time_json(device->last_heartbeat_ms), "uptime_s", metric_or_null(device, MU_METRIC_uptime_s), "heap_free_bytes",
		metric_or_null(device, MU_METRIC_heap_free_bytes), "heap_min_bytes", metric_or_null(device, MU_METRIC_heap_min_bytes),
		"heap_largest_bytes", metric_or_null(device, MU_METRIC_heap_largest_bytes), "rssi_dbm",
		metric_or_null(device, MU_METRIC_rssi_dbm), "session_reconnects", metric_or_null(device, MU_METRIC_session_reconnects),
		"acked", !device_is_unacked(device));
}

static json_t *metrics_json(const struct device *device, uint64_t now_ms)
{
	json_t *metrics = json_object();
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		if (!device->metric_at_s[i])
			continue;
		int64_t age_s = (int64_t)(now_ms / 1000) - device->metric_at_s[i];
		json_t *metric = json_pack("{s:o,s:s,s:I}", "value", json_i64(device->metric[i]), "unit", mu_metric_words[i].unit, "age_s",
			(json_int_t)(age_s < 0 ? 0 : age_s));
		struct metric_text name = metric_name_text(i, device->metric[i]);
		if (*name.text)
			json_object_set_new(metric, "text", json_string(name.text));
		json_object_set_new(metrics, mu_metric_words[i].name, metric);
	}
	return metrics;
}

static json_t *app_json(const struct device *device, uint64_t now_ms)
{
	json_t *metrics = json_object();
	for (unsigned i = 0; device->app && i < device->app_count; i++) {
		const struct device_app_metric *app = &device->app[i];
		if (!app->at_s)
			continue;
		json_t *name = json_text(app->name, sizeof app->name);
		int64_t age_s = (int64_t)(now_ms / 1000) - app->at_s;
		json_object_set_new(metrics, json_string_value(name),
			json_pack("{s:o,s:I}", "value", app->is_real ? json_real(app->real) : json_i64(app->integer), "age_s",
				(json_int_t)(age_s < 0 ? 0 : age_s)));
		json_decref(name);
	}
	return metrics;
}

static json_t *named(const ProtobufCEnumDescriptor *descriptor, int value)
{
	const char *name = enum_name(descriptor, value);
	return name ? json_string(name) : json_integer(value);
}

static json_t *boot_json(const struct device_boot *boot)
{
	json_t *object = json_pack("{s:I,s:I,s:I,s:o,s:o}", "boot", (json_int_t)boot->boot, "count", (json_int_t)boot->count, "at_ms",
		(json_int_t)boot->at_s * 1000, "class", named(&mu__reset_class__descriptor, boot->reset_class), "cause",
		named(&mu__reset_cause__descriptor, boot->cause));
	char text[RECORD_TEXT_BYTES];
	boot_text(boot, text, sizeof text);
	json_object_set_new(object, "text", json_text(text, sizeof text));
	if (boot->hung_token[0])
		json_object_set_new(object, "hung_token", json_text(boot->hung_token, sizeof boot->hung_token));
	if (boot->task[0])
		json_object_set_new(object, "task", json_text(boot->task, sizeof boot->task));
	if (boot->pc)
		json_object_set_new(object, "pc", json_sprintf("0x%08x", boot->pc));
	if (boot->uptime_s != UINT32_MAX)
		json_object_set_new(object, "previous_uptime_s", json_integer(boot->uptime_s));
	if (boot->sha_size)
		json_object_set_new(object, "sha", json_hex(boot->sha, boot->sha_size));
	return object;
}

static json_t *boots_json(const struct device *device)
{
	json_t *boots = json_array();
	for (unsigned i = 0; i < device->boot_count; i++)
		json_array_append_new(boots, boot_json(&device->boots[i]));
	return boots;
}

static json_t *losses_json(const struct device *device)
{
	static const char *const kinds[] = { [LOSS_LINK] = "link", [LOSS_SESSION] = "session", [LOSS_PRESENCE] = "presence" };
	json_t *losses = json_array();
	for (unsigned i = 0; i < device->loss_count; i++) {
		const struct device_loss *loss = &device->losses[i];
		char text[RECORD_TEXT_BYTES];
		if (loss->kind > LOSS_PRESENCE)
			continue;
		loss_text(loss, text, sizeof text);
		json_array_append_new(losses,
			json_pack("{s:o,s:s,s:o,s:o}", "at_ms", json_u64(loss->at_ms), "kind", kinds[loss->kind], "reason",
				loss->reason ? json_u64(loss->reason) : json_null(), "text", json_text(text, sizeof text)));
	}
	return losses;
}

static json_t *reasons_json(const struct device *device)
{
	json_t *reasons = json_array();
	for (unsigned i = 0; i < device->reason_count; i++) {
		const struct device_reason *reason = &device->reasons[i];
		char text[RECORD_TEXT_BYTES];
		reason_text(reason, text, sizeof text);
		json_array_append_new(reasons,
			json_pack("{s:o,s:o,s:s}", "reason", json_u64(reason->reason), "count", json_u64(reason->count), "text", text));
	}
	return reasons;
}

static json_t *notices_json(const struct device *device)
{
	json_t *notices = json_object();
	for (unsigned i = 0; i < device->notice_count; i++) {
		const struct device_notice *notice = &device->notices[i];
		char text[RECORD_TEXT_BYTES];
		notice_text(notice, text, sizeof text);
		json_object_set_new(notices, mu_event_words[notice->event].name,
			json_pack("{s:o,s:o,s:o,s:s,s:o,s:o}", "at_ms", json_u64(notice->at_s * UINT64_C(1000)), "boot",
				json_u64(notice->boot), "value", json_i64(notice->value), "unit", mu_event_words[notice->event].unit,
				"said", json_text(notice->text, sizeof notice->text), "text", json_text(text, sizeof text)));
	}
	return notices;
}

static json_t *block_json(const struct device *device)
{
	if (!device->metric_at_s[MU_METRIC_rollback_block])
		return json_null();
	return named(&mu__rollback_block__descriptor, (int)device->metric[MU_METRIC_rollback_block]);
}

static json_t *ready_json(const struct device *device)
{
	bool known = device->metric_at_s[MU_METRIC_rollback_ready] != 0;
	return known ? json_boolean(device->metric[MU_METRIC_rollback_ready]) : json_null();
}

json_t *device_rollback_json(const struct device *device)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "running_sha", sha_json(device->running_sha, device->has_running_sha),
		"running_firmware", json_string_or_null(device->firmware), "target_sha", sha_json(device->other_sha, device->has_other_sha),
		"target_firmware", json_string_or_null(device->other_firmware), "rollback_ready", ready_json(device), "block",
		block_json(device));
}

static json_t *ota_json(const struct device *device)
{
	json_t *state = device->metric_at_s[MU_METRIC_ota_state]
		? named(&mu__ota_state__descriptor, (int)device->metric[MU_METRIC_ota_state])
		: json_null();
	return json_pack("{s:o,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "state", state, "slot", (json_int_t)device->slot, "running_sha",
		sha_json(device->running_sha, device->has_running_sha), "other_sha", sha_json(device->other_sha, device->has_other_sha),
		"other_firmware", json_string_or_null(device->other_firmware), "rollback_ready", ready_json(device), "block",
		block_json(device), "rolled_back_ms", time_json(device->rolled_back_ms));
}

static json_t *result_json(const struct device *device)
{
	if (!device->result_ms)
		return json_null();
	return json_pack("{s:o,s:o,s:o,s:o}", "id", json_hex(device->result_id, device->result_id_size), "outcome",
		named(&mu__command_outcome__descriptor, (int)device->result_outcome), "detail", json_string_or_null(device->result_detail),
		"at_ms", time_json(device->result_ms));
}

json_t *device_ledger_json(const struct device *device)
{
	const struct ledger *ledger = &device->ledger;
	json_t *gaps = json_object();
	for (int i = 0; i < LEDGER_REASONS; i++)
		if (ledger->gaps[i]) {
			const char *name = i == 14 ? "GAP_REFUSED" : enum_name(&mu__gap_reason__descriptor, i);
			json_object_set_new(gaps, name ? name : "GAP_UNKNOWN", json_u64(ledger->gaps[i]));
		}
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", device->id, "epoch",
		json_sprintf("0x%016llx", (unsigned long long)ledger->epoch), "through_seq", json_u64(ledger_through(ledger)), "accepted",
		json_u64(ledger->accepted), "duplicates", json_u64(ledger->duplicates), "holes", json_u64(ledger->holes), "gaps", gaps,
		"unexplained", json_u64(ledger->gaps[MU__GAP_REASON__GAP_UNEXPLAINED]), "dead_letters", json_u64(ledger->dead_letters),
		"epoch_changes", json_u64(ledger->epoch_changes), "epoch_returns", json_u64(ledger->epoch_returns), "reused",
		json_u64(ledger->reused), "conflict_ms", time_json(ledger->conflict_ms));
}

json_t *device_full_json(const struct device *device, const struct condition_view *view)
{
	json_t *object = device_row_json(device, view);
	json_t *more = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "first_seen_ms",
		time_json(device->first_seen_ms), "presence_since_ms", time_json(device->presence_since_ms), "hardware",
		json_string_or_null(device->hardware), "agent", json_string_or_null(device->agent), "time_quality",
		named(&mu__time_quality__descriptor, device->time_quality), "clock_offset_ms", json_i64(device->clock_offset_ms), "metrics",
		metrics_json(device, view->now_ms), "app", app_json(device, view->now_ms), "boots", boots_json(device), "losses",
		losses_json(device), "link_reasons", reasons_json(device), "notices", notices_json(device), "ota", ota_json(device),
		"last_result", result_json(device), "ledger", device_ledger_json(device));
	if (!object || !more || json_object_update(object, more) < 0) {
		json_decref(object);
		object = 0;
	}
	json_decref(more);
	if (object && device->stack_min_task[0])
		json_object_set_new(object, "stack_min_task", json_text(device->stack_min_task, sizeof device->stack_min_task));
	return object;
}
