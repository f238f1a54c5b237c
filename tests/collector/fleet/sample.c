// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/fleet/sample.h"

const uint8_t sample_sha_new[8] = { 0x11, 0x10, 2, 3, 4, 5, 6, 7 };
const uint8_t sample_sha_old[8] = { 0x22, 0x20, 2, 3, 4, 5, 6, 7 };

static void begin(struct sample *sample, uint32_t boot, uint64_t uptime_ms)
{
	*sample = (struct sample){ .record = MU__RECORD__INIT };
	sample->record.boot = boot;
	sample->record.uptime_ms = uptime_ms;
	sample->record.has_time_quality = 1;
	sample->record.time_quality = MU__TIME_QUALITY__TIME_SERVER;
}

void sample_heartbeat(struct sample *sample, uint32_t boot, uint64_t uptime_ms)
{
	begin(sample, boot, uptime_ms);
	sample->heartbeat = (Mu__Heartbeat)MU__HEARTBEAT__INIT;
	sample->vitals = (Mu__Vitals)MU__VITALS__INIT;
	sample->link_health = (Mu__LinkHealth)MU__LINK_HEALTH__INIT;
	sample->record.body_case = MU__RECORD__BODY_HEARTBEAT;
	sample->record.heartbeat = &sample->heartbeat;
	sample->heartbeat.vitals = &sample->vitals;
	sample->heartbeat.link = &sample->link_health;
	sample->vitals.has_heap_free_bytes = sample->vitals.has_uptime_s = sample->vitals.has_verdict = 1;
	sample->vitals.heap_free_bytes = 150000;
	sample->vitals.uptime_s = (uint32_t)(uptime_ms / 1000);
	sample->link_health.has_rssi_dbm = 1;
	sample->link_health.rssi_dbm = -60;
}

void sample_add_ota(struct sample *sample, const uint8_t running[8], const uint8_t other[8])
{
	sample->ota_health = (Mu__OtaHealth)MU__OTA_HEALTH__INIT;
	sample->heartbeat.ota = &sample->ota_health;
	sample->ota_health.has_running_sha = sample->ota_health.has_other_sha = sample->ota_health.has_rollback_ready = 1;
	sample->ota_health.running_sha = (ProtobufCBinaryData){ 8, (uint8_t *)running };
	sample->ota_health.other_sha = (ProtobufCBinaryData){ 8, (uint8_t *)other };
	sample->ota_health.other_firmware = (char *)"1.0.0";
	sample->ota_health.rollback_ready = 1;
	sample->ota_health.has_state = 1;
	sample->ota_health.state = MU__OTA_STATE__OTA_IDLE;
}

void sample_boot(struct sample *sample, uint32_t boot, int reset_class)
{
	begin(sample, boot, 0);
	sample->boot = (Mu__Boot)MU__BOOT__INIT;
	sample->record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	sample->record.boot_report = &sample->boot;
	sample->boot.reset_class = reset_class;
	sample->boot.firmware = (char *)"1.1.0";
	sample->boot.has_elf_sha = 1;
	sample->boot.elf_sha = (ProtobufCBinaryData){ 8, (uint8_t *)sample_sha_new };
	sample->unreported = (Mu__UnreportedBoot)MU__UNREPORTED_BOOT__INIT;
	sample->unreported_list[0] = &sample->unreported;
	sample->boot.unreported = sample->unreported_list;
}

void sample_link(struct sample *sample, int change)
{
	begin(sample, 1, 1000);
	sample->link = (Mu__Link)MU__LINK__INIT;
	sample->record.body_case = MU__RECORD__BODY_LINK;
	sample->record.link = &sample->link;
	sample->link.change = change;
}

void sample_event(struct sample *sample, uint32_t boot, const char *name, int64_t value, const char *text)
{
	begin(sample, boot, 1000);
	sample->event = (Mu__Event)MU__EVENT__INIT;
	sample->record.body_case = MU__RECORD__BODY_EVENT;
	sample->record.event = &sample->event;
	sample->event.name = (char *)name;
	sample->event.has_value = 1;
	sample->event.value = value;
	sample->event.text = (char *)text;
}

void sample_result(struct sample *sample, const uint8_t id[16], int outcome)
{
	begin(sample, 1, 1000);
	sample->result = (Mu__CommandResult)MU__COMMAND_RESULT__INIT;
	sample->record.body_case = MU__RECORD__BODY_COMMAND_RESULT;
	sample->record.command_result = &sample->result;
	sample->result.id = (ProtobufCBinaryData){ 16, (uint8_t *)id };
	sample->result.outcome = outcome;
}
