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
	boot.has_again = boot.again = agent->boots.reported;
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

// ---- the parts of a heartbeat: mu_heartbeat_begin() has marked all fields present

static uint32_t saturated(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

struct copy {
	uint16_t to, from; // offsets in struct mu_heartbeat_storage and struct mu_agent
};

#define OFFSET(type, field, size) (offsetof(type, field) + 0 * sizeof(char[sizeof(((type *)0)->field) == (size) ? 1 : -1]))

// Figures of 32 bits that need no thought.
static const struct copy figures[] = {
#define FIGURE(to, from) \
	{ \
		OFFSET(struct mu_heartbeat_storage, to, 4), OFFSET(struct mu_agent, from, 4) \
	}
	FIGURE(vitals.verdict, verdict),
	FIGURE(vitals.heap_free_bytes, vitals.system.heap_free_bytes),
	FIGURE(vitals.heap_min_bytes, vitals.heap_low_bytes),
	FIGURE(vitals.heap_largest_bytes, vitals.system.heap_largest_bytes),
	FIGURE(vitals.temperature_decicelsius, vitals.system.temperature_decicelsius),
	FIGURE(vitals.psram_free_bytes, vitals.system.psram_free_bytes),
	FIGURE(vitals.psram_min_bytes, vitals.system.psram_min_bytes),
	FIGURE(vitals.psram_largest_bytes, vitals.system.psram_largest_bytes),
	FIGURE(link.state, ladder.state),
	FIGURE(link.disconnects, disconnects.total),
	FIGURE(link.rssi_dbm, vitals.link.rssi_dbm),
	FIGURE(link.rssi_min_dbm, vitals.rssi_min_dbm),
	FIGURE(link.channel, vitals.link.channel),
	FIGURE(link.associate_ms, vitals.link.associate_ms),
	FIGURE(link.dhcp_ms, vitals.link.dhcp_ms),
	FIGURE(sockets.open, vitals.system.sockets_open),
	FIGURE(sockets.limit, vitals.system.sockets_limit),
	FIGURE(sockets.high_water, vitals.system.sockets_high_water),
	FIGURE(sockets.orphans_closed, sockets.registry.orphans_closed),
	FIGURE(sockets.refused, sockets.registry.refused),
	FIGURE(uplink.reconnects, reconnects),
	FIGURE(tasks.cpu0_permille, vitals.system.cpu_permille[0]),
	FIGURE(tasks.cpu1_permille, vitals.system.cpu_permille[1]),
	FIGURE(tasks.stack_min_bytes, vitals.system.stack_min_bytes),
	FIGURE(tasks.watchdog_late_ms, tokens.late_ms),
	FIGURE(ota.running_slot, slots.running),
	FIGURE(agent.flash_erases, vitals.system.flash_erases),
	FIGURE(agent.flash_written_bytes, vitals.system.flash_written_bytes),
	FIGURE(agent.step_max_us, cost.step_max_us),
};

// Flags: mostly whether there is such a figure.
static const struct copy flags[] = {
#define FLAG(to, from) \
	{ \
		OFFSET(struct mu_heartbeat_storage, to, sizeof(protobuf_c_boolean)), OFFSET(struct mu_agent, from, 1) \
	}
	FLAG(vitals.has_heap_free_bytes, vitals.has_system),
	FLAG(vitals.has_heap_min_bytes, vitals.has_system),
	FLAG(vitals.has_heap_largest_bytes, vitals.has_system),
	FLAG(vitals.has_temperature_decicelsius, vitals.system.has_temperature),
	FLAG(vitals.has_psram_free_bytes, vitals.system.has_psram),
	FLAG(vitals.has_psram_min_bytes, vitals.system.has_psram),
	FLAG(vitals.has_psram_largest_bytes, vitals.system.has_psram),
	FLAG(link.has_rssi_min_dbm, vitals.has_rssi_min),
	FLAG(link.has_channel, vitals.has_link),
	FLAG(link.has_associate_ms, vitals.has_link),
	FLAG(link.has_dhcp_ms, vitals.has_link),
	FLAG(tasks.has_cpu0_permille, vitals.system.has_cpu),
	FLAG(tasks.has_cpu1_permille, vitals.system.has_cpu),
	FLAG(tasks.has_stack_min_bytes, vitals.system.has_stack),
	FLAG(tasks.watchdog_armed, watchdog_armed),
	FLAG(agent.has_flash_erases, vitals.system.has_flash),
	FLAG(agent.has_flash_written_bytes, vitals.system.has_flash),
};

static void copy_all(const struct mu_agent *agent, struct mu_heartbeat_storage *storage)
{
	uint8_t *to = (uint8_t *)storage;
	const uint8_t *from = (const uint8_t *)agent;
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		memcpy(to + figures[i].to, from + figures[i].from, sizeof(uint32_t));
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		*(protobuf_c_boolean *)(void *)(to + flags[i].to) = from[flags[i].from];
}

// A code that is none must not cost the record.
static uint32_t code_of(uint32_t reason)
{
	return reason < UINT16_MAX ? reason : UINT16_MAX;
}

static void fill_reasons(const struct mu_disconnects *from, struct mu_heartbeat_storage *storage)
{
	Mu__LinkHealth *link = &storage->link;
	link->reasons = storage->reason_list;
	for (; link->n_reasons < from->used && link->n_reasons < MU_HEARTBEAT_REASONS; link->n_reasons++) {
		Mu__ReasonCount *reason = storage->reason_list[link->n_reasons] = &storage->reasons[link->n_reasons];
		mu__reason_count__init(reason);
		uint32_t code = from->by_reason[link->n_reasons].reason;
		reason->reason = code_of(code);
		reason->count = from->by_reason[link->n_reasons].count;
	}
}

static void fill_phases(const struct mu_agent *agent, Mu__LinkHealth *link)
{
	struct mu_mqtt_phases phases = { 0 };
	bool opened = agent->session.opened && agent->port->mqtt->phases(agent->port->context, &phases) >= 0;
	link->has_dns_ms = link->has_tcp_ms = link->has_mqtt_ms = opened;
	link->has_tls_ms = phases.tls_ms > 0;
	link->dns_ms = phases.dns_ms;
	link->tcp_ms = phases.tcp_ms;
	link->tls_ms = phases.tls_ms;
	link->mqtt_ms = phases.mqtt_ms;
}

static void fill_uplink(struct mu_agent *agent, Mu__UplinkHealth *uplink)
{
	const struct mu_uplink_stats *stats = mu_uplink_statistics(&agent->uplink);
	struct mu_spool *spool = &agent->spool;
	uplink->spool_records = mu_spool_depth(spool);
	uplink->has_ack_ms = stats->last_ack_ms != 0;
	uplink->ack_ms = stats->ack_ms;
	uplink->retransmits = stats->retransmits;
	uplink->spool_used_permille = mu_spool_used_permille(spool);
	for (int record_class = 0; record_class < MU_CLASS_COUNT; record_class++)
		uplink->dropped_records += mu_spool_dropped(spool, (enum mu_record_class)record_class);
	uplink->dropped_heartbeats = mu_spool_dropped(spool, MU_CLASS_HEARTBEAT);
	uplink->dropped_events = mu_spool_dropped(spool, MU_CLASS_EVENT);
	uplink->dropped_logs = mu_spool_dropped(spool, MU_CLASS_LOG);
}

static ProtobufCBinaryData sha_bytes(const uint8_t sha[MU_SHA_BYTES])
{
	return (ProtobufCBinaryData){ .len = MU_SHA_BYTES, .data = (uint8_t *)sha };
}

static void fill_ota(const struct mu_agent *agent, Mu__OtaHealth *ota)
{
	const struct mu_slot *other = mu_slots_other(&agent->slots);
	ota->state = mu_journal_is_open(&agent->journal) ? MU__OTA_STATE__OTA_PLANNED : MU__OTA_STATE__OTA_IDLE;
	ota->running_state = (Mu__SlotState)mu_slots_running(&agent->slots)->state;
	ota->running_sha = sha_bytes(agent->config.elf_sha);
	ota->other_state = (Mu__SlotState)other->state;
	ota->has_other_sha = other->has_image;
	ota->other_sha = sha_bytes(other->elf_sha);
	ota->other_firmware = other->has_image ? (char *)other->version : 0;
	ota->rollback_block = (Mu__RollbackBlock)mu_slots_rollback_block(&agent->slots);
	ota->has_rollback_block = ota->rollback_block != MU__ROLLBACK_BLOCK__ROLLBACK_READY;
	ota->rollback_ready = !ota->has_rollback_block;
}

static void fill_cost(struct mu_agent *agent, Mu__AgentCost *cost, uint64_t now_ms)
{
	uint64_t window_ms = now_ms > agent->cost.window_ms ? now_ms - agent->cost.window_ms : 1;
	cost->cpu_us_per_s = saturated(agent->cost.busy_us * 1000 / window_ms);
	cost->sent_bytes = (uint32_t)mu_uplink_statistics(&agent->uplink)->published_bytes;
	agent->cost.window_ms = now_ms;
	agent->cost.busy_us = 0;
}

// What is not sent, or not in this way, though the port gives a figure.
static void withdraw(const struct mu_agent *agent, struct mu_heartbeat_storage *storage)
{
	const struct mu_system_vitals *system = &agent->vitals.system;
	storage->link.has_rssi_dbm = agent->vitals.has_link && agent->vitals.link.rssi_dbm < 0;
	storage->tasks.has_cpu1_permille &= system->cpu_permille[1] > 0;
	storage->tasks.stack_min_task = system->has_stack && *system->stack_min_task ? (char *)system->stack_min_task : 0;
	if (!system->has_sockets && !storage->sockets.refused) // a port that counts none still has those that the heap gate refused
		storage->heartbeat.sockets = 0;
	if (!agent->has_slots)
		storage->heartbeat.ota = 0;
}

static void fill_heartbeat(struct mu_agent *agent, struct mu_heartbeat_storage *storage, uint64_t now_ms)
{
	struct mu_stamp now = stamp_of(agent, now_ms);
	uint32_t oldest_age_s =
		mu_uplink_oldest_age_s(&agent->uplink, &now); // reads through the scratch, so before the storage there is used
	mu_heartbeat_begin(storage);
	copy_all(agent, storage);
	storage->vitals.uptime_s = saturated(now_ms / 1000);
	storage->vitals.has_heap_slope_bytes_per_h =
		mu_heap_trend_slope(&agent->vitals.trend, &storage->vitals.heap_slope_bytes_per_h) == 0;
	fill_phases(agent, &storage->link);
	fill_reasons(&agent->disconnects, storage);
	fill_uplink(agent, &storage->uplink);
	storage->uplink.oldest_age_s = oldest_age_s;
	fill_cost(agent, &storage->agent, now_ms);
	fill_ota(agent, &storage->ota);
	withdraw(agent, storage);
	storage->heartbeat.app = storage->app_list;
	storage->heartbeat.n_app =
		mu_app_metrics_fill(&agent->app, !mu_heartbeat_is_full(&agent->heartbeat), storage->app, storage->app_list);
	mu_metrics_withhold(&storage->heartbeat); // one mad sensor must not cost the heartbeat
	mu_heartbeat_choose(&agent->heartbeat, storage);
}

uint64_t mu_report_heartbeat(struct mu_agent *agent, uint64_t now_ms)
{
	struct mu_heartbeat_storage *storage = &agent->scratch.record.from.heartbeat;
	fill_heartbeat(agent, storage, now_ms);
	bool tells_cost = storage->heartbeat.agent != 0;
	uint64_t seq = append(agent, MU_CLASS_HEARTBEAT, MU__RECORD__BODY_HEARTBEAT, &storage->heartbeat, now_ms);
	mu_heartbeat_recorded(&agent->heartbeat, seq != 0, now_ms);
	if (seq) {
		mu_vitals_reported(&agent->vitals);
		if (agent->verdict & MU__VERDICT_BIT__VERDICT_TASK_STALE)
			agent->tokens.close_calls = 0;
		mu_app_metrics_reported(&agent->app);
		if (tells_cost)
			agent->cost.step_max_us = 0;
	}
	return seq;
}

uint64_t mu_report_link(struct mu_agent *agent, Mu__LinkChange change, int32_t reason, uint64_t outage_ms, uint64_t now_ms)
{
	Mu__Link link = MU__LINK__INIT;
	link.change = change;
	link.has_reason = reason != 0;
	// An error of a session is no code of the radio.
	link.reason = code_of(reason < 0 ? MU_LINK_REASON_SESSION - (uint32_t)reason : (uint32_t)reason);
	link.has_rssi_dbm = agent->vitals.has_link && agent->vitals.link.rssi_dbm < 0 && agent->vitals.link.rssi_dbm >= INT8_MIN;
	link.rssi_dbm = agent->vitals.link.rssi_dbm;
	link.has_channel = agent->vitals.has_link && agent->vitals.link.channel <= UINT8_MAX;
	link.channel = agent->vitals.link.channel;
	link.has_state = true;
	link.state = (Mu__NetworkState)agent->ladder.state;
	link.has_outage_ms = outage_ms != 0;
	link.outage_ms = saturated(outage_ms);
	return append(agent, MU_CLASS_LINK, MU__RECORD__BODY_LINK, &link, now_ms);
}

void mu_outage_try(struct mu_outage *outage, int32_t reason, uint64_t since_ms)
{
	if (outage->since_ms == UINT64_MAX)
		outage->since_ms = since_ms;
	outage->reason = reason;
}

void mu_report_restored(struct mu_agent *agent, Mu__LinkChange change, struct mu_outage *outage, uint64_t now_ms)
{
	if (outage->since_ms != UINT64_MAX)
		mu_report_link(agent, change, outage->reason, now_ms - outage->since_ms, now_ms);
	*outage = (struct mu_outage){ .since_ms = UINT64_MAX };
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

void mu_report_close_calls(struct mu_agent *agent, uint64_t now_ms)
{
	const struct mu_liveness_token *late = agent->liveness.token;
	for (uint32_t bits = agent->tokens.close_calls & ~agent->close_calls_told, bit = 1; bit <= bits; bit <<= 1, late++)
		if (bits & bit && mu_report_event(agent, "close_call", late->name, late->deadline_ms, now_ms))
			agent->close_calls_told |= (uint16_t)bit;
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
