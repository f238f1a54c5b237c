// SPDX-License-Identifier: Apache-2.0
#include "agent/reporting.h"
#include "proto/limits.h"
#include "proto/link_reasons.h"
#include "proto/metrics.h"
#include "proto/text.h"
#include <string.h>

static struct mu_stamp stamp_of(const struct mu_agent *agent, uint64_t now_ms)
{
	return (struct mu_stamp){
		.boot = mu_boot_history_boot(&agent->boots),
		.uptime_ms = now_ms,
		.wall_ms = mu_clock_wall_ms(&agent->clock, now_ms),
		.time_quality = mu_clock_quality(&agent->clock),
	};
}

// message: the body, of the type that body_case says.
static uint64_t append(struct mu_agent *agent, enum mu_record_class record_class, Mu__Record__BodyCase body_case, void *message,
	uint64_t now_ms)
{
	Mu__Record record = MU__RECORD__INIT;
	uint64_t seq = 0;
	if (!agent->has_spool)
		return 0;
	struct mu_stamp stamp = stamp_of(agent, now_ms);
	record.body_case = body_case;
	record.event = message; // all bodies are pointers in one union
	int result = mu_record_append(&agent->spool, &stamp, record_class, &record, agent->scratch.record.packed, &seq);
	if (result < 0) {
		agent->flash_faults += result == MU_ERR_IO;
		mu_agent_log(agent, MU__LOG_LEVEL__LOG_ERROR, "what=record_not_stored");
		return 0;
	}
	return seq;
}

uint64_t mu_report_boot(struct mu_agent *agent, uint64_t now_ms)
{
	Mu__Boot boot = MU__BOOT__INIT;
	char *names[MU_APP_METRICS_MAX];
	mu_boot_history_fill(&agent->boots, &boot, &agent->scratch.record.from.boot);
	boot.firmware = agent->firmware;
	boot.agent = (char *)MU_AGENT_VERSION;
	boot.hardware = (char *)agent->port->system->hardware(agent->port->context);
	boot.has_slot = agent->has_slots;
	boot.slot = agent->slots.running;
	boot.has_watchdog_armed = true;
	boot.watchdog_armed = agent->watchdog_armed;
	boot.n_app_metric_names = mu_app_metrics_names(&agent->app, names);
	boot.app_metric_names = names;
	uint64_t seq = append(agent, MU_CLASS_BOOT, MU__RECORD__BODY_BOOT_REPORT, &boot, now_ms);
	if (seq) {
		mu_boot_history_reported(&agent->boots);
		agent->app.named = agent->app.count;
	}
	return seq;
}

void mu_disconnects_try(struct mu_disconnects *disconnects, uint32_t reason)
{
	uint32_t at = 0;
	while (at < disconnects->used && disconnects->by_reason[at].reason != reason)
		at++;
	if (at == disconnects->used && at == MU_AGENT_REASONS)
		at--; // full: the rarest gives up its place, not its count
	if (at == disconnects->used)
		disconnects->used++;
	disconnects->by_reason[at].reason = reason;
	disconnects->by_reason[at].count++;
	for (; at && disconnects->by_reason[at].count > disconnects->by_reason[at - 1].count; at--) {
		uint32_t above_reason = disconnects->by_reason[at - 1].reason, above_count = disconnects->by_reason[at - 1].count;
		disconnects->by_reason[at - 1] = disconnects->by_reason[at];
		disconnects->by_reason[at].reason = above_reason;
		disconnects->by_reason[at].count = above_count;
	}
}

void mu_disconnects_add(struct mu_disconnects *disconnects, uint32_t reason)
{
	disconnects->total++;
	mu_disconnects_try(disconnects, reason);
}

static struct mu_heartbeat_link link_part(struct mu_agent *agent)
{
	struct mu_heartbeat_link link = { .state = (int)agent->ladder.state, .disconnects = agent->disconnects.total };
	for (; link.reason_count < agent->disconnects.used && link.reason_count < MU_HEARTBEAT_REASONS; link.reason_count++) {
		link.reasons[link.reason_count].reason = agent->disconnects.by_reason[link.reason_count].reason;
		link.reasons[link.reason_count].count = agent->disconnects.by_reason[link.reason_count].count;
	}
	link.has_phases = agent->session.opened && agent->port->mqtt->phases(agent->port->context, &link.phases) >= 0;
	return link;
}

static struct mu_heartbeat_uplink uplink_part(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_stamp now = stamp_of(agent, now_ms);
	const struct mu_uplink_stats *stats = mu_uplink_statistics(&agent->uplink);
	struct mu_spool *spool = &agent->spool;
	struct mu_heartbeat_uplink uplink = {
		.spool_records = mu_spool_depth(spool),
		.oldest_age_s = mu_uplink_oldest_age_s(&agent->uplink, &now),
		.has_ack = stats->last_ack_ms != 0,
		.ack_ms = stats->ack_ms,
		.reconnects = agent->reconnects,
		.retransmits = stats->retransmits,
		.spool_used_permille = mu_spool_used_permille(spool),
		.dropped_heartbeats = mu_spool_dropped(spool, MU_CLASS_HEARTBEAT),
		.dropped_events = mu_spool_dropped(spool, MU_CLASS_EVENT),
		.dropped_logs = mu_spool_dropped(spool, MU_CLASS_LOG),
	};
	for (int record_class = 0; record_class < MU_CLASS_COUNT; record_class++)
		uplink.dropped_records += mu_spool_dropped(spool, (enum mu_record_class)record_class);
	return uplink;
}

// A port that counts no sockets still has those that the heap gate refused.
static struct mu_heartbeat_sockets sockets_part(const struct mu_agent *agent)
{
	const struct mu_system_vitals *system = &agent->vitals.system;
	return (struct mu_heartbeat_sockets){
		.open = system->sockets_open,
		.limit = system->sockets_limit,
		.high_water = system->sockets_high_water,
		.orphans_closed = agent->sockets.registry.orphans_closed,
		.refused = agent->sockets.registry.refused,
	};
}

static struct mu_heartbeat_ota ota_part(const struct mu_agent *agent)
{
	const struct mu_slot *running = mu_slots_running(&agent->slots), *other = mu_slots_other(&agent->slots);
	return (struct mu_heartbeat_ota){
		.state = mu_journal_is_open(&agent->journal) ? MU__OTA_STATE__OTA_PLANNED : MU__OTA_STATE__OTA_IDLE,
		.running_slot = agent->slots.running,
		.running_state = (int)running->state,
		.other_state = (int)other->state,
		.running_sha = agent->config.elf_sha,
		.other_sha = other->has_image ? other->elf_sha : 0,
		.other_firmware = other->has_image ? other->version : 0,
		.rollback_block = (int)mu_slots_rollback_block(&agent->slots),
	};
}

static struct mu_heartbeat_cost cost_part(struct mu_agent *agent, uint64_t now_ms)
{
	uint64_t window_ms = now_ms > agent->cost.window_ms ? now_ms - agent->cost.window_ms : 1;
	struct mu_heartbeat_cost cost = {
		.cpu_us_per_s = (uint32_t)(agent->cost.busy_us * 1000 / window_ms),
		.sent_bytes = (uint32_t)mu_uplink_statistics(&agent->uplink)->published_bytes,
		.flash_erases = agent->vitals.system.flash_erases,
		.flash_written_bytes = agent->vitals.system.flash_written_bytes,
		.step_max_us = agent->cost.step_max_us,
	};
	agent->cost.window_ms = now_ms;
	agent->cost.busy_us = 0;
	return cost;
}

uint64_t mu_report_heartbeat(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_heartbeat_link link = link_part(agent);
	struct mu_heartbeat_sockets sockets = sockets_part(agent);
	struct mu_heartbeat_uplink uplink = uplink_part(agent, now_ms);
	struct mu_heartbeat_tasks tasks = { .watchdog_armed = agent->watchdog_armed, .watchdog_late_ms = agent->tokens.late_ms };
	struct mu_heartbeat_ota ota = agent->has_slots ? ota_part(agent) : (struct mu_heartbeat_ota){ .running_slot = 0 };
	struct mu_heartbeat_cost cost = cost_part(agent, now_ms);
	struct mu_heartbeat_input input = {
		.vitals = &agent->vitals,
		.verdict = agent->verdict,
		.link = &link,
		.sockets = agent->vitals.system.has_sockets || sockets.refused ? &sockets : 0,
		.uplink = &uplink,
		.tasks = &tasks,
		.ota = agent->has_slots ? &ota : 0,
		.cost = &cost,
		.app = &agent->app,
	};
	struct mu_heartbeat_storage *storage = &agent->scratch.record.from.heartbeat;
	mu_heartbeat_fill(&agent->heartbeat, &input, now_ms, storage);
	mu_metrics_withhold(&storage->heartbeat); // one mad sensor must not cost the heartbeat
	uint64_t seq = append(agent, MU_CLASS_HEARTBEAT, MU__RECORD__BODY_HEARTBEAT, &storage->heartbeat, now_ms);
	mu_heartbeat_recorded(&agent->heartbeat, seq != 0, now_ms);
	if (seq) {
		mu_vitals_reported(&agent->vitals);
		if (agent->verdict & MU__VERDICT_BIT__VERDICT_TASK_STALE)
			agent->tokens.close_call = MU_LIVENESS_NONE;
		mu_app_metrics_reported(&agent->app);
	}
	return seq;
}

uint64_t mu_report_link(struct mu_agent *agent, Mu__LinkChange change, int32_t reason, uint64_t outage_ms, uint64_t now_ms)
{
	Mu__Link link = MU__LINK__INIT;
	link.change = change;
	link.has_reason = reason != 0;
	link.reason = (uint32_t)(reason < 0 ? MU_LINK_REASON_SESSION - reason : reason); // an error of a session is no code of the radio
	link.has_rssi_dbm = agent->vitals.has_link;
	link.rssi_dbm = agent->vitals.link.rssi_dbm;
	link.has_channel = agent->vitals.has_link;
	link.channel = agent->vitals.link.channel;
	link.has_state = true;
	link.state = (Mu__NetworkState)agent->ladder.state;
	link.has_outage_ms = outage_ms != 0;
	link.outage_ms = outage_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)outage_ms;
	return append(agent, MU_CLASS_LINK, MU__RECORD__BODY_LINK, &link, now_ms);
}

uint64_t mu_report_event(struct mu_agent *agent, const char *name, const char *text, int64_t value, uint64_t now_ms)
{
	Mu__Event event = MU__EVENT__INIT;
	event.name = (char *)name;
	event.text = (char *)text;
	event.has_value = true;
	event.value = value;
	return append(agent, MU_CLASS_EVENT, MU__RECORD__BODY_EVENT, &event, now_ms);
}

void mu_report_spool(struct mu_agent *agent, uint64_t now_ms)
{
	uint32_t damaged = mu_spool_damaged(&agent->spool);
	if (damaged == agent->spool_damage_told || !mu_report_event(agent, "spool_damaged", "", damaged, now_ms))
		return; // the next heartbeat tries again
	agent->spool_damage_told = damaged;
}

void mu_report_close_call(struct mu_agent *agent, uint64_t now_ms)
{
	int token = agent->tokens.close_call;
	if (token == MU_LIVENESS_NONE || agent->close_calls_told & 1u << token)
		return;
	const struct mu_liveness_token *late = &agent->liveness.token[token];
	if (mu_report_event(agent, "close_call", late->name, late->deadline_ms, now_ms))
		agent->close_calls_told |= (uint16_t)(1u << token);
}

uint64_t mu_report_log(struct mu_agent *agent, int level, const char *tag, const char *text, uint64_t now_ms)
{
	char clean_tag[MU_NAME_TEXT_MAX + 1], clean_text[MU_LOG_TEXT_MAX + 1];
	Mu__Log log = MU__LOG__INIT;
	mu_text_copy(clean_tag, sizeof clean_tag, tag);
	mu_text_copy(clean_text, sizeof clean_text, text);
	log.level = (Mu__LogLevel)level;
	log.tag = clean_tag;
	log.text = clean_text;
	return append(agent, MU_CLASS_LOG, MU__RECORD__BODY_LOG, &log, now_ms);
}

uint64_t mu_report_command(struct mu_agent *agent, struct mu_command_result *result, uint64_t now_ms)
{
	return append(agent, MU_CLASS_COMMAND, MU__RECORD__BODY_COMMAND_RESULT, &result->message, now_ms);
}

static ProtobufCBinaryData sha_bytes(const uint8_t sha[MU_SHA_BYTES])
{
	return (ProtobufCBinaryData){ .len = MU_SHA_BYTES, .data = (uint8_t *)sha };
}

uint64_t mu_report_ota(struct mu_agent *agent, Mu__OtaState state, const struct mu_rollback_report *report, uint64_t now_ms)
{
	static const uint8_t nobody[MU_COMMAND_ID_SIZE];
	const struct mu_rollback_request *request = &report->request;
	Mu__Ota ota = MU__OTA__INIT;
	ota.state = state;
	ota.has_cause = true;
	ota.cause = (Mu__OtaCause)(report->failure ? report->failure : request->reason);
	ota.has_from_sha = true;
	ota.from_sha = sha_bytes(request->running_sha);
	ota.has_to_sha = true;
	ota.to_sha = sha_bytes(request->target_sha);
	ota.has_command_id = memcmp(request->command_id, nobody, sizeof nobody) != 0;
	ota.command_id = (ProtobufCBinaryData){ .len = MU_COMMAND_ID_SIZE, .data = (uint8_t *)request->command_id };
	return append(agent, MU_CLASS_OTA, MU__RECORD__BODY_OTA, &ota, now_ms);
}
