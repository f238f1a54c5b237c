// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heartbeat.h"
#include "agent/image/crc32.h"
#include <string.h>

enum { PHASE_MS_MAX = 3600000, SOCKETS_MAX = 65535, PERMILLE_MAX = 1000, REASON_MAX = 65535, CPU_US_MAX = 64000000 };

// ---- when

static bool is_interval(uint32_t interval_ms)
{
	return interval_ms >= MU_HEARTBEAT_MIN_MS && interval_ms <= MU_HEARTBEAT_MAX_MS;
}

// The first instant after last_ms of this interval's plan.
static uint64_t next_after(const struct mu_heartbeat *heartbeat, uint32_t interval_ms, uint64_t last_ms)
{
	for (uint64_t early_ms = MU_HEARTBEAT_FIRST_MS; early_ms < interval_ms; early_ms *= 2)
		if (early_ms > last_ms)
			return early_ms;
	uint64_t phase_ms = heartbeat->phase % interval_ms;
	uint64_t at_ms = last_ms - last_ms % interval_ms + phase_ms;
	return at_ms > last_ms ? at_ms : at_ms + interval_ms;
}

static uint64_t plan(const struct mu_heartbeat *heartbeat, uint64_t last_ms)
{
	uint64_t usual_ms = next_after(heartbeat, heartbeat->interval_ms, last_ms);
	if (heartbeat->report_ms == 0 || last_ms >= heartbeat->report_until_ms)
		return usual_ms;
	uint64_t asked_ms = next_after(heartbeat, heartbeat->report_ms, last_ms);
	if (asked_ms <= heartbeat->report_until_ms)
		return asked_ms;
	return next_after(heartbeat, heartbeat->interval_ms, heartbeat->report_until_ms);
}

int mu_heartbeat_init(struct mu_heartbeat *heartbeat, const char *id, uint32_t interval_ms)
{
	if (!is_interval(interval_ms))
		return MU_ERR_RANGE;
	*heartbeat = (struct mu_heartbeat){ .interval_ms = interval_ms };
	heartbeat->phase = mu_crc32_le(0, id, strlen(id));
	heartbeat->next_ms = interval_ms < MU_HEARTBEAT_FIRST_MS ? interval_ms : MU_HEARTBEAT_FIRST_MS;
	return 0;
}

uint64_t mu_heartbeat_next(const struct mu_heartbeat *heartbeat)
{
	return heartbeat->next_ms;
}

int mu_heartbeat_report(struct mu_heartbeat *heartbeat, uint32_t interval_ms, uint64_t until_ms, uint64_t now_ms)
{
	if (!is_interval(interval_ms))
		return MU_ERR_RANGE;
	heartbeat->report_ms = interval_ms;
	heartbeat->report_until_ms = until_ms;
	heartbeat->next_ms = plan(heartbeat, now_ms);
	return 0;
}

void mu_heartbeat_full(struct mu_heartbeat *heartbeat)
{
	heartbeat->full_due = true;
}

void mu_heartbeat_recorded(struct mu_heartbeat *heartbeat, bool stored, uint64_t now_ms)
{
	heartbeat->full_due = !stored;
	if (stored) {
		heartbeat->recorded++;
		memcpy(heartbeat->digest, heartbeat->filled, sizeof heartbeat->digest);
	}
	heartbeat->next_ms = plan(heartbeat, now_ms);
}

// ---- what: one function a part

struct filling {
	struct mu_heartbeat *heartbeat;
	const struct mu_heartbeat_input *input;
	struct mu_heartbeat_storage *out;
	bool full;
};

static uint32_t at_most(uint32_t value, uint32_t max)
{
	return value < max ? value : max;
}

// Whether the slow part goes in: all of them do now, or this one's figures differ from those last recorded.
static bool is_due(const struct filling *filling, enum mu_heartbeat_part part, const void *figures, size_t size)
{
	uint32_t digest = mu_crc32_le(0, figures, size);
	filling->heartbeat->filled[part] = digest;
	return filling->full || digest != filling->heartbeat->digest[part];
}

static void fill_psram(const struct filling *filling, const struct mu_system_vitals *system, Mu__Vitals *vitals)
{
	if (!system->has_psram || !is_due(filling, MU_HEARTBEAT_PSRAM, &system->psram_min_bytes, sizeof system->psram_min_bytes))
		return;
	vitals->has_psram_free_bytes = true;
	vitals->psram_free_bytes = system->psram_free_bytes;
	vitals->has_psram_min_bytes = true;
	vitals->psram_min_bytes = system->psram_min_bytes;
	vitals->has_psram_largest_bytes = true;
	vitals->psram_largest_bytes = system->psram_largest_bytes;
}

static void fill_system(const struct filling *filling, const struct mu_vitals *from, Mu__Vitals *vitals)
{
	const struct mu_system_vitals *system = &from->system;
	vitals->has_heap_free_bytes = true;
	vitals->heap_free_bytes = system->heap_free_bytes;
	vitals->has_heap_min_bytes = true;
	vitals->heap_min_bytes = from->heap_low_bytes;
	vitals->has_heap_largest_bytes = true;
	vitals->heap_largest_bytes = system->heap_largest_bytes;
	vitals->has_temperature_decicelsius = system->has_temperature && filling->full;
	vitals->temperature_decicelsius = system->temperature_decicelsius;
	fill_psram(filling, system, vitals);
}

static void fill_vitals(const struct filling *filling, uint64_t now_ms)
{
	const struct mu_vitals *from = filling->input->vitals;
	Mu__Vitals *vitals = &filling->out->vitals;
	mu__vitals__init(vitals);
	filling->out->heartbeat.vitals = vitals;
	uint64_t uptime_s = now_ms / 1000;
	vitals->has_uptime_s = true;
	vitals->uptime_s = uptime_s > UINT32_MAX ? UINT32_MAX : (uint32_t)uptime_s;
	vitals->has_verdict = true;
	vitals->verdict = filling->input->verdict;
	if (!from)
		return;
	if (from->has_system)
		fill_system(filling, from, vitals);
	vitals->has_heap_slope_bytes_per_h = mu_heap_trend_slope(&from->trend, &vitals->heap_slope_bytes_per_h) == 0;
}

static void fill_phases(const struct mu_heartbeat_link *from, Mu__LinkHealth *link)
{
	if (!from->has_phases)
		return;
	link->has_dns_ms = true;
	link->dns_ms = at_most(from->phases.dns_ms, PHASE_MS_MAX);
	link->has_tcp_ms = true;
	link->tcp_ms = at_most(from->phases.tcp_ms, PHASE_MS_MAX);
	link->has_tls_ms = from->phases.tls_ms > 0;
	link->tls_ms = at_most(from->phases.tls_ms, PHASE_MS_MAX);
	link->has_mqtt_ms = true;
	link->mqtt_ms = at_most(from->phases.mqtt_ms, PHASE_MS_MAX);
}

static void fill_reasons(const struct filling *filling, const struct mu_heartbeat_link *from, Mu__LinkHealth *link)
{
	uint32_t count = at_most(from->reason_count, MU_HEARTBEAT_REASONS);
	for (uint32_t i = 0; i < count; i++) {
		Mu__ReasonCount *reason = &filling->out->reasons[i];
		mu__reason_count__init(reason);
		reason->reason = at_most(from->reasons[i].reason, REASON_MAX);
		reason->count = from->reasons[i].count;
		filling->out->reason_list[i] = reason;
	}
	link->n_reasons = count;
	link->reasons = filling->out->reason_list;
}

static bool is_link_due(const struct filling *filling, const struct mu_link_status *status)
{
	const struct mu_heartbeat_link *from = filling->input->link;
	uint32_t figures[7 + 2 * MU_HEARTBEAT_REASONS] = {
		from->phases.dns_ms,
		from->phases.tcp_ms,
		from->phases.tls_ms,
		from->phases.mqtt_ms,
		status ? status->channel : 0,
		status ? status->associate_ms : 0,
		status ? status->dhcp_ms : 0,
	};
	for (uint32_t i = 0; i < from->reason_count && i < MU_HEARTBEAT_REASONS; i++) {
		figures[7 + 2 * i] = from->reasons[i].reason;
		figures[8 + 2 * i] = from->reasons[i].count;
	}
	return is_due(filling, MU_HEARTBEAT_LINK, figures, sizeof figures);
}

static void fill_signal(const struct mu_vitals *vitals, Mu__LinkHealth *link)
{
	if (!vitals)
		return;
	link->has_rssi_dbm = vitals->has_link && vitals->link.rssi_dbm < 0;
	link->rssi_dbm = vitals->link.rssi_dbm;
	link->has_rssi_min_dbm = vitals->has_rssi_min;
	link->rssi_min_dbm = vitals->rssi_min_dbm;
}

static void fill_link(const struct filling *filling)
{
	const struct mu_heartbeat_link *from = filling->input->link;
	const struct mu_vitals *vitals = filling->input->vitals;
	if (!from)
		return;
	Mu__LinkHealth *link = &filling->out->link;
	mu__link_health__init(link);
	filling->out->heartbeat.link = link;
	link->has_state = true;
	link->state = (Mu__NetworkState)from->state;
	link->has_disconnects = true;
	link->disconnects = from->disconnects;
	fill_signal(vitals, link);

	const struct mu_link_status *status = vitals && vitals->has_link ? &vitals->link : NULL;
	if (!is_link_due(filling, status))
		return;
	fill_phases(from, link);
	fill_reasons(filling, from, link);
	if (!status)
		return;
	link->has_channel = true;
	link->channel = at_most(status->channel, 255);
	link->has_associate_ms = true;
	link->associate_ms = at_most(status->associate_ms, PHASE_MS_MAX);
	link->has_dhcp_ms = true;
	link->dhcp_ms = at_most(status->dhcp_ms, PHASE_MS_MAX);
}

static void fill_sockets(const struct filling *filling)
{
	const struct mu_heartbeat_sockets *from = filling->input->sockets;
	if (!from)
		return;
	Mu__Sockets *sockets = &filling->out->sockets;
	mu__sockets__init(sockets);
	filling->out->heartbeat.sockets = sockets;
	sockets->has_open = true;
	sockets->open = at_most(from->open, SOCKETS_MAX);
	const uint32_t figures[] = { from->limit, from->high_water, from->orphans_closed, from->refused };
	if (!is_due(filling, MU_HEARTBEAT_SOCKETS, figures, sizeof figures))
		return;
	sockets->has_limit = true;
	sockets->limit = at_most(from->limit, SOCKETS_MAX);
	sockets->has_high_water = true;
	sockets->high_water = at_most(from->high_water, SOCKETS_MAX);
	sockets->has_orphans_closed = true;
	sockets->orphans_closed = from->orphans_closed;
	sockets->has_refused = true;
	sockets->refused = from->refused;
}

static void fill_uplink(const struct filling *filling)
{
	const struct mu_heartbeat_uplink *from = filling->input->uplink;
	if (!from)
		return;
	Mu__UplinkHealth *uplink = &filling->out->uplink;
	mu__uplink_health__init(uplink);
	filling->out->heartbeat.uplink = uplink;
	uplink->has_spool_records = true;
	uplink->spool_records = from->spool_records;
	uplink->has_oldest_age_s = true;
	uplink->oldest_age_s = from->oldest_age_s;
	uplink->has_ack_ms = from->has_ack;
	uplink->ack_ms = from->ack_ms;
	uplink->has_spool_used_permille = true;
	uplink->spool_used_permille = at_most(from->spool_used_permille, PERMILLE_MAX);
	uplink->has_reconnects = filling->full || from->reconnects;
	uplink->reconnects = from->reconnects;
	uplink->has_retransmits = filling->full || from->retransmits;
	uplink->retransmits = from->retransmits;
	uplink->has_dropped_records = filling->full || from->dropped_records;
	uplink->dropped_records = from->dropped_records;
	uplink->has_dropped_heartbeats = filling->full || from->dropped_heartbeats;
	uplink->dropped_heartbeats = from->dropped_heartbeats;
	uplink->has_dropped_events = filling->full || from->dropped_events;
	uplink->dropped_events = from->dropped_events;
	uplink->has_dropped_logs = filling->full || from->dropped_logs;
	uplink->dropped_logs = from->dropped_logs;
}

static void fill_machine(const struct mu_system_vitals *system, Mu__Tasks *tasks)
{
	tasks->has_cpu0_permille = system->has_cpu;
	tasks->cpu0_permille = at_most(system->cpu_permille[0], PERMILLE_MAX);
	tasks->has_cpu1_permille = system->has_cpu && system->cpu_permille[1] > 0;
	tasks->cpu1_permille = at_most(system->cpu_permille[1], PERMILLE_MAX);
	tasks->has_stack_min_bytes = system->has_stack;
	tasks->stack_min_bytes = system->stack_min_bytes;
	if (system->has_stack && system->stack_min_task[0])
		tasks->stack_min_task = (char *)system->stack_min_task;
}

static void fill_tasks(const struct filling *filling)
{
	const struct mu_heartbeat_tasks *from = filling->input->tasks;
	const struct mu_vitals *vitals = filling->input->vitals;
	if (!from)
		return;
	const struct mu_system_vitals *system = vitals && vitals->has_system ? &vitals->system : NULL;
	const uint32_t figures[] = { from->watchdog_armed, system && system->has_stack ? system->stack_min_bytes : 0 };
	if (!is_due(filling, MU_HEARTBEAT_TASKS, figures, sizeof figures))
		return;
	Mu__Tasks *tasks = &filling->out->tasks;
	mu__tasks__init(tasks);
	filling->out->heartbeat.tasks = tasks;
	tasks->has_watchdog_armed = true;
	tasks->watchdog_armed = from->watchdog_armed;
	tasks->has_watchdog_late_ms = true;
	tasks->watchdog_late_ms = from->watchdog_late_ms;
	if (system)
		fill_machine(system, tasks);
}

static bool is_ota_due(const struct filling *filling)
{
	const struct mu_heartbeat_ota *from = filling->input->ota;
	uint32_t figures[8] = {
		(uint32_t)from->state,
		from->running_slot,
		(uint32_t)from->running_state,
		(uint32_t)from->other_state,
		(uint32_t)from->rollback_block,
	};
	if (from->running_sha)
		figures[5] = mu_crc32_le(0, from->running_sha, MU_SHA_BYTES);
	if (from->other_sha)
		figures[6] = mu_crc32_le(0, from->other_sha, MU_SHA_BYTES);
	if (from->other_firmware)
		figures[7] = mu_crc32_le(0, from->other_firmware, strlen(from->other_firmware));
	return is_due(filling, MU_HEARTBEAT_OTA, figures, sizeof figures);
}

static void fill_ota(const struct filling *filling)
{
	const struct mu_heartbeat_ota *from = filling->input->ota;
	if (!from || !is_ota_due(filling))
		return;
	Mu__OtaHealth *ota = &filling->out->ota;
	mu__ota_health__init(ota);
	filling->out->heartbeat.ota = ota;
	ota->has_state = true;
	ota->state = (Mu__OtaState)from->state;
	ota->has_running_slot = true;
	ota->running_slot = from->running_slot;
	ota->has_running_state = true;
	ota->running_state = (Mu__SlotState)from->running_state;
	ota->has_running_sha = from->running_sha != NULL;
	ota->running_sha = (ProtobufCBinaryData){ .len = MU_SHA_BYTES, .data = (uint8_t *)from->running_sha };
	ota->has_other_state = true;
	ota->other_state = (Mu__SlotState)from->other_state;
	ota->has_other_sha = from->other_sha != NULL;
	ota->other_sha = (ProtobufCBinaryData){ .len = MU_SHA_BYTES, .data = (uint8_t *)from->other_sha };
	ota->other_firmware = (char *)from->other_firmware;
	ota->has_rollback_ready = true;
	ota->rollback_ready = from->rollback_block == MU__ROLLBACK_BLOCK__ROLLBACK_READY;
	ota->has_rollback_block = !ota->rollback_ready;
	ota->rollback_block = (Mu__RollbackBlock)from->rollback_block;
}

static void fill_cost(const struct filling *filling)
{
	const struct mu_heartbeat_cost *from = filling->input->cost;
	if (!from || !filling->full)
		return;
	Mu__AgentCost *agent = &filling->out->agent;
	mu__agent_cost__init(agent);
	filling->out->heartbeat.agent = agent;
	agent->has_cpu_us_per_s = true;
	agent->cpu_us_per_s = at_most(from->cpu_us_per_s, CPU_US_MAX);
	agent->has_sent_bytes = true;
	agent->sent_bytes = from->sent_bytes;
	agent->has_flash_erases = true;
	agent->flash_erases = from->flash_erases;
	agent->has_flash_written_bytes = true;
	agent->flash_written_bytes = from->flash_written_bytes;
	agent->has_step_max_us = true;
	agent->step_max_us = from->step_max_us;
}

static void fill_app(const struct filling *filling)
{
	if (!filling->input->app)
		return;
	Mu__Heartbeat *heartbeat = &filling->out->heartbeat;
	heartbeat->app = filling->out->app_list;
	heartbeat->n_app = mu_app_metrics_fill(filling->input->app, !filling->full, filling->out->app, filling->out->app_list);
}

void mu_heartbeat_fill(struct mu_heartbeat *heartbeat, const struct mu_heartbeat_input *input, uint64_t now_ms,
	struct mu_heartbeat_storage *storage)
{
	bool full = heartbeat->full_due || heartbeat->recorded % MU_HEARTBEAT_FULL_EVERY == 0;
	const struct filling filling = { .heartbeat = heartbeat, .input = input, .out = storage, .full = full };
	mu__heartbeat__init(&storage->heartbeat);
	fill_vitals(&filling, now_ms);
	fill_link(&filling);
	fill_sockets(&filling);
	fill_uplink(&filling);
	fill_tasks(&filling);
	fill_ota(&filling);
	fill_cost(&filling);
	fill_app(&filling);
}
