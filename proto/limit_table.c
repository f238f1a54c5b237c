// SPDX-License-Identifier: Apache-2.0
#include "proto/limit_table.h"

#include "muster.pb-c.h"
#include "proto/limits.h"

#define U32_MAX INT64_C(4294967295)
#define ENUM_MAX INT64_C(2147483647)

// clang-format off
#define NUMBER(field, min, max)   { #field, MU_LIMIT_NUMBER, min, max, 0 }
#define ANY_U32(field)            { #field, MU_LIMIT_NUMBER, 0, U32_MAX, 0 }
#define ANY_ENUM(field)           { #field, MU_LIMIT_NUMBER, 0, ENUM_MAX, 0 }
#define ANY_S64(field)            { #field, MU_LIMIT_NUMBER, INT64_MIN, INT64_MAX, 0 }
#define FLAG(field)               { #field, MU_LIMIT_NUMBER, 0, 1, 0 }
#define FINITE(field)             { #field, MU_LIMIT_FINITE, 0, 0, 0 }
#define TEXT(field, min, max)     { #field, MU_LIMIT_TEXT, min, max, 0 }
#define WORD(field, max)          { #field, MU_LIMIT_WORD, 1, max, 0 }
#define DEVICE(field)             { #field, MU_LIMIT_DEVICE, 1, MU_DEVICE_ID_MAX, 0 }
#define BYTES(field, min, max)    { #field, MU_LIMIT_BYTES, min, max, 0 }
#define NONE_OR(field, size)      { #field, MU_LIMIT_EITHER, 0, size, 0 }
#define MESSAGE(field)            { #field, MU_LIMIT_MESSAGE, 0, 0, 0 }
#define HEARTBEAT(field)          { #field, MU_LIMIT_HEARTBEAT, 0, 0, 0 }
#define NUMBERS(field, max, most) { #field, MU_LIMIT_NUMBER, 0, max, most }
#define TEXTS(field, max, most)   { #field, MU_LIMIT_TEXT, 1, max, most }
#define MESSAGES(field, most)     { #field, MU_LIMIT_MESSAGE, 0, 0, most }
#define TABLE(message, limits)    { &message##__descriptor, limits, sizeof limits / sizeof *limits }
// clang-format on

static const struct mu_limit record[] = {
	NUMBER(boot, 1, U32_MAX),
	NUMBER(uptime_ms, 0, MU_UPTIME_MS_MAX),
	NUMBER(wall_ms, MU_WALL_MS_MIN, MU_WALL_MS_MAX),
	ANY_ENUM(time_quality),
	HEARTBEAT(heartbeat),
	MESSAGE(boot_report),
	MESSAGE(link),
	MESSAGE(ota),
	MESSAGE(command_result),
	MESSAGE(event),
	MESSAGE(log),
	MESSAGE(gap),
};

static const struct mu_limit gap[] = {
	NUMBER(count, 1, MU_GAP_COUNT_MAX),
	ANY_ENUM(reason),
};

static const struct mu_limit boot[] = {
	ANY_U32(reset_raw),
	ANY_ENUM(reset_class),
	ANY_U32(rom_reason_core0),
	ANY_U32(rom_reason_core1),
	TEXT(firmware, 0, MU_FIRMWARE_TEXT_MAX),
	BYTES(elf_sha, MU_IMAGE_SHA_BYTES, MU_IMAGE_SHA_BYTES),
	NUMBER(slot, 0, 15),
	ANY_ENUM(cause),
	TEXT(hung_token, 0, MU_NAME_TEXT_MAX),
	TEXT(task, 0, MU_NAME_TEXT_MAX),
	ANY_U32(pc),
	NUMBERS(backtrace, U32_MAX, MU_BACKTRACE_COUNT_MAX),
	ANY_U32(previous_uptime_s),
	ANY_U32(previous_heap_min_bytes),
	MESSAGES(unreported, MU_UNREPORTED_COUNT_MAX),
	TEXTS(app_metric_names, MU_NAME_TEXT_MAX, MU_APP_COUNT_MAX),
	TEXT(hardware, 0, MU_FIRMWARE_TEXT_MAX),
	TEXT(agent, 0, MU_FIRMWARE_TEXT_MAX),
	FLAG(watchdog_armed),
	ANY_U32(boots_lost),
};

static const struct mu_limit unreported_boot[] = {
	NUMBER(first_boot, 1, U32_MAX),
	NUMBER(count, 1, U32_MAX),
	ANY_U32(reset_raw),
	ANY_ENUM(reset_class),
	ANY_U32(last_uptime_s),
	ANY_ENUM(cause),
	TEXT(hung_token, 0, MU_NAME_TEXT_MAX),
	TEXT(task, 0, MU_NAME_TEXT_MAX),
	ANY_U32(pc),
	BYTES(elf_sha, 4, 4),
	NUMBERS(backtrace, U32_MAX, MU_BACKTRACE_COUNT_MAX),
};

static const struct mu_limit reason_count[] = {
	NUMBER(reason, 0, 65535),
	ANY_U32(count),
};

static const struct mu_limit app_metric[] = {
	NUMBER(index, 0, MU_APP_COUNT_MAX - 1),
	ANY_S64(integer),
	FINITE(real),
};

static const struct mu_limit link[] = {
	ANY_ENUM(change),
	NUMBER(reason, 0, 65535),
	NUMBER(rssi_dbm, -128, 20),
	NUMBER(channel, 0, 255),
	ANY_ENUM(state),
	ANY_U32(outage_ms),
};

static const struct mu_limit ota[] = {
	ANY_ENUM(state),
	ANY_ENUM(cause),
	NONE_OR(from_sha, MU_IMAGE_SHA_BYTES),
	NONE_OR(to_sha, MU_IMAGE_SHA_BYTES),
	TEXT(firmware, 0, MU_FIRMWARE_TEXT_MAX),
	NONE_OR(command_id, MU_COMMAND_ID_BYTES),
	NUMBER(progress_permille, 0, 1000),
};

static const struct mu_limit event[] = {
	WORD(name, MU_EVENT_NAME_MAX),
	TEXT(text, 0, MU_EVENT_TEXT_MAX),
	ANY_S64(value),
};

static const struct mu_limit log_line[] = {
	ANY_ENUM(level),
	TEXT(tag, 0, MU_NAME_TEXT_MAX),
	TEXT(text, 0, MU_LOG_TEXT_MAX),
};

static const struct mu_limit command_result[] = {
	NONE_OR(id, MU_COMMAND_ID_BYTES),
	ANY_ENUM(outcome),
	TEXT(detail, 0, MU_DETAIL_TEXT_MAX),
	NONE_OR(key_id, MU_KEY_ID_BYTES),
	NUMBER(counter, 0, INT64_MAX),
	NONE_OR(digest, 4),
};

static const struct mu_limit ack[] = {
	NUMBER(epoch, 1, INT64_MAX),
	NUMBER(through_seq, 0, MU_SEQ_MAX),
	NUMBER(server_time_ms, MU_WALL_MS_MIN, MU_WALL_MS_MAX),
	NUMBER(retry_after_s, 0, 86400),
};

static const struct mu_limit signed_command[] = {
	BYTES(command, 1, MU_COMMAND_BYTES_MAX),
	BYTES(signature, 8, MU_SIGNATURE_BYTES_MAX),
	BYTES(key_id, MU_KEY_ID_BYTES, MU_KEY_ID_BYTES),
};

static const struct mu_limit command[] = {
	DEVICE(device),
	BYTES(id, MU_COMMAND_ID_BYTES, MU_COMMAND_ID_BYTES),
	NUMBER(counter, 1, INT64_MAX),
	NUMBER(not_after_ms, MU_WALL_MS_MIN, MU_WALL_MS_MAX),
	MESSAGE(rollback),
	MESSAGE(update),
	MESSAGE(reboot),
	MESSAGE(report),
	MESSAGE(log),
	MESSAGE(diagnose),
};

static const struct mu_limit rollback[] = {
	BYTES(running_sha, MU_IMAGE_SHA_BYTES, MU_IMAGE_SHA_BYTES),
	BYTES(target_sha, MU_IMAGE_SHA_BYTES, MU_IMAGE_SHA_BYTES),
};

static const struct mu_limit update[] = { TEXT(manifest_url, 1, MU_URL_TEXT_MAX) };

static const struct mu_limit report[] = {
	NUMBER(interval_s, 1, 86400),
	NUMBER(for_s, 1, 604800),
};

static const struct mu_limit set_log[] = {
	ANY_ENUM(level),
	NUMBER(for_s, 1, 604800),
};

static const struct mu_limit diagnose[] = { NUMBER(for_s, 1, 604800) };

const struct mu_limit_table mu_limit_tables[] = {
	TABLE(mu__record, record),
	TABLE(mu__gap, gap),
	TABLE(mu__boot, boot),
	TABLE(mu__unreported_boot, unreported_boot),
	TABLE(mu__reason_count, reason_count),
	TABLE(mu__app_metric, app_metric),
	TABLE(mu__link, link),
	TABLE(mu__ota, ota),
	TABLE(mu__event, event),
	TABLE(mu__log, log_line),
	TABLE(mu__command_result, command_result),
	TABLE(mu__ack, ack),
	TABLE(mu__signed_command, signed_command),
	TABLE(mu__command, command),
	TABLE(mu__rollback, rollback),
	TABLE(mu__update, update),
	{ &mu__reboot__descriptor, 0, 0 },
	TABLE(mu__report, report),
	TABLE(mu__set_log, set_log),
	TABLE(mu__diagnose, diagnose),
};
const size_t mu_limit_table_count = sizeof mu_limit_tables / sizeof *mu_limit_tables;

const struct mu_limit_table *mu_limit_table_find(const ProtobufCMessageDescriptor *message)
{
	for (size_t i = 0; i < mu_limit_table_count; i++)
		if (mu_limit_tables[i].message == message)
			return &mu_limit_tables[i];
	return 0;
}
